"""What differs is overlooked only where a rule says so, and the rules stand in the cassette."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cassettes import load_cassette, recording, replaying
from harness.cassettes.ignoring import Ignoring
from harness.cassettes.matching import request_of
from harness.errors import CassetteError, CassetteMiss

URL = "http://host/v1/chat/completions"
ONE = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
OTHER = "9b2d7c51-7d1c-4f0a-8c55-6f1d2a3b4c5d"


def key(body: object, *rules: str) -> bytes:
    return request_of("POST", URL, json.dumps(body).encode(), Ignoring(rules)).digest


def chat(content: str, **fields: object) -> dict[str, object]:
    return {"model": "m", "messages": [{"role": "user", "content": content}], **fields}


@pytest.mark.parametrize(
    ("rule", "one", "other"),
    [
        ("uuid", f"job {ONE}", f"job {OTHER}"),
        ("timestamp", "at 2026-11-20T10:00:00Z", "at 2025-01-31 23:59:59.123+02:00"),
        ("timestamp", "on 2026-11-20.", "on 2025-01-31."),
        ("tool_call_id", "call_abc123XYZ", "call_zzz999AAA000"),
        ("tool_call_id", "toolu_01A09q90qw90lq917835lq9", "toolu_01B"),
    ],
)
def test_a_preset_overlooks_its_kind_and_only_when_named(rule, one, other):
    if rule == "tool_call_id":
        other = other.ljust(16, "q")
    assert key(chat(one), rule) == key(chat(other), rule)
    assert key(chat(one)) != key(chat(other))


@pytest.mark.parametrize(
    ("rule", "one", "other"),
    [
        (
            "uuid",
            "ab3f2504e0-4f89-41d3-9a0c-0305e82c3301",
            "cd3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        ),
        ("timestamp", "build 12026-11-201", "build 12026-11-202"),
        ("timestamp", "version 1.2", "version 1.3"),
        ("tool_call_id", "call it a day", "call it a night"),
    ],
)
def test_a_preset_overlooks_nothing_else(rule, one, other):
    assert key(chat(one), rule) != key(chat(other), rule)


@pytest.mark.parametrize(
    ("rule", "one", "other"),
    [
        ("$.user", chat("x", user="ann"), chat("x", user="bob")),
        ("$.user", chat("x", user="ann"), chat("x")),
        ("$.metadata.run", chat("x", metadata={"run": 1, "a": 2}), chat("x", metadata={"a": 2})),
        ("$.metadata[*]", chat("x", metadata={"run": 1}), chat("x", metadata={"go": 2})),
        ("$['user']", chat("x", user="ann"), chat("x", user="bob")),
        (
            "$.messages[*].name",
            {"messages": [{"role": "user", "name": "a"}]},
            {"messages": [{"role": "user", "name": "b"}]},
        ),
        ("$.messages", chat("x"), chat("y")),
        ("$.stop[0]", chat("x", stop=["a", "b"]), chat("x", stop=["c", "b"])),
    ],
)
def test_a_path_overlooks_what_it_names(rule, one, other):
    assert key(one, rule) == key(other, rule)
    assert key(one) != key(other)


def test_a_path_overlooks_nothing_beside_it():
    rule = "$.messages[*].name"
    one = {"messages": [{"role": "user", "name": "a", "content": "x"}]}
    other = {"messages": [{"role": "user", "name": "a", "content": "y"}]}

    assert key(one, rule) != key(other, rule)


@pytest.mark.parametrize("rule", ["uid", "", "$", "$.", "user", "$.a[", "$.a[x]", "$..a", "$.a b"])
def test_what_is_no_rule_is_refused_with_the_choices(rule):
    with pytest.raises(CassetteError, match="uuid, timestamp, tool_call_id"):
        Ignoring([rule])


@given(st.text(string.printable, max_size=30), st.uuids(), st.uuids(), st.text(max_size=30))
def test_any_two_uuids_are_the_same_anywhere(before, one, other, after):
    # A word that runs on is no longer an identifier.
    texts = [f"{before} {each} {after}" for each in (one, other)]

    assert key(chat(texts[0]), "uuid") == key(chat(texts[1]), "uuid")


def test_the_rules_stand_in_the_cassette_and_are_applied_in_a_replay(kit, provider, path):
    header = kit.header(provider, ignored=("uuid", "$.user"))
    with recording(path, header), kit.client(provider.base_url) as client:
        kit.ask(client, f"job {ONE}", user="ann")

    with replaying(path) as session, kit.client(provider.base_url) as client:
        answer = kit.ask(client, f"job {OTHER}", user="bob")

    assert answer == f"reply 1 to: job {ONE}"
    assert session.served == 1
    assert load_cassette(path).header.ignored == ("uuid", "$.user")


def test_what_is_ignored_is_recorded_all_the_same(kit, provider, path):
    header = kit.header(provider, ignored=("uuid",))
    with recording(path, header), kit.client(provider.base_url) as client:
        kit.ask(client, f"job {ONE}")
        kit.ask(client, f"job {ONE}", f"job {OTHER}")

    messages = load_cassette(path).interactions[1].request.shape.lists["messages"]
    assert [part.value["content"] for part in messages] == [f"job {ONE}", f"job {OTHER}"]


def test_without_a_rule_a_changed_uuid_is_a_miss(kit, provider, path):
    kit.record(provider, path, (f"job {ONE}",))

    with (
        replaying(path),
        kit.client(provider.base_url) as client,
        pytest.raises(CassetteMiss, match="uuid"),
    ):
        kit.ask(client, f"job {OTHER}")


def test_a_repeated_request_is_answered_again_only_when_asked_to(kit, provider, path):
    kit.record(provider, path, ("hello",), ("hello",))

    with replaying(path, is_repeating=True), kit.client(provider.base_url) as client:
        answers = [kit.ask(client, "hello") for _ in range(4)]
    with replaying(path), kit.client(provider.base_url) as client:
        kit.ask(client, "hello")
        kit.ask(client, "hello")
        with pytest.raises(CassetteMiss, match="already played"):
            kit.ask(client, "hello")

    assert answers == ["reply 1 to: hello", "reply 2 to: hello"] + ["reply 2 to: hello"] * 2
