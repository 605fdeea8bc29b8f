"""A request without an answer is a miss, whatever it looks like, and is counted as one."""

from __future__ import annotations

import pytest
import requests

from harness.cassettes import load_cassette, recording, replaying
from harness.errors import CassetteMiss


def post(provider, body):
    return requests.post(f"{provider.base_url}/chat/completions", json=body).content


def nested(levels):
    value = "the middle"
    for _ in range(levels):
        value = {"a": value}
    return value


def miss_of(kit, provider, path, recorded, asked):
    provider.reply = lambda *_: kit.completion("an answer")
    with recording(path, kit.header(provider)):
        post(provider, recorded)
    with replaying(path) as session, pytest.raises(CassetteMiss) as caught:
        post(provider, asked)
    assert (session.asked, session.served, len(session.misses)) == (1, 0, 1)
    return str(caught.value)


AGENTS = ("<Agent object at 0x7fcdd35eac10>", "<Agent object at 0x7fcdd35eac99>")


@pytest.mark.parametrize(
    ("wrap", "rule"),
    [
        pytest.param(
            lambda text: {"metadata": {"made by": text}},
            "$.metadata['made by']",
            id="a name with a blank",
        ),
        pytest.param(
            lambda text: {"metadata": {"a.b": text}}, "$.metadata['a.b']", id="a name with a dot"
        ),
        pytest.param(lambda text: {"metadata": {"by's": text}}, None, id="a name with a quote"),
        pytest.param(lambda text: {"metadata": {"": text}}, None, id="an empty name"),
        pytest.param(lambda text: text, None, id="the whole body"),
    ],
)
def test_an_address_under_any_name_is_explained(kit, provider, path, wrap, rule):
    text = miss_of(kit, provider, path, *map(wrap, AGENTS))

    assert "0x7fcdd35eac" in text
    if rule is not None:
        assert f'ignore: ["{rule}"]' in text


def test_the_rule_that_a_miss_names_makes_it_a_hit(kit, provider, path):
    one, other = ({"metadata": {"made by": agent}} for agent in AGENTS)
    with recording(path, kit.header(provider)):
        recorded = post(provider, one)

    with replaying(path, ignored=("$.metadata['made by']",)):
        assert post(provider, other) == recorded


@pytest.mark.parametrize("levels", [140, 200, 400, 600, 900])
def test_a_request_nested_deep_is_recorded_replayed_and_missed(kit, provider, path, levels):
    body = {"model": "m", "deep": nested(levels)}

    text = miss_of(kit, provider, path, body, {**body, "more": 1})

    assert "call 1" in text
    with replaying(path) as session:
        post(provider, body)
    assert session.served == 1


def test_a_message_nested_deep_is_recorded_and_replayed(kit, provider, path):
    body = {"messages": [{"content": "one"}, {"content": nested(500)}]}
    with recording(path, kit.header(provider)):
        recorded = post(provider, body)

    with replaying(path):
        assert post(provider, body) == recorded


@pytest.mark.parametrize("levels", [140, 200, 400, 600, 900])
def test_an_answer_nested_deep_is_recorded_as_it_came(kit, provider, path, levels):
    answer = b'{"a":' * levels + b'"sk-live-0123456789abcdef0123456789"' + b"}" * levels
    provider.reply = lambda *_: kit.Answer(answer)

    with recording(path, kit.header(provider)):
        post(provider, {"model": "m"})

    [interaction] = load_cassette(path).interactions
    clean = b"[redacted]"
    assert interaction.content == answer.replace(b"sk-live-0123456789abcdef0123456789", clean)


def test_a_whole_number_may_be_written_as_a_fraction_in_a_message_or_tool_too(kit, provider, path):
    tools = {"name": "t", "maximum": 10.0, "version": "1.0"}
    with recording(path, kit.header(provider)):
        recorded = post(provider, {"messages": [{"content": "a", "at": 1.0}], "tools": [tools]})

    with replaying(path):
        asked = {"messages": [{"content": "a", "at": 1}], "tools": [{**tools, "maximum": 10}]}
        assert post(provider, asked) == recorded
