"""No secret reaches the file, wherever it was, and the replay still works without it."""

from __future__ import annotations

import json
import os
import string
import tempfile
from pathlib import Path
from unittest import mock
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.cassettes import calling, load_cassette, recording, replaying

VARIABLE = "DEPLOYMENT_PASSWORD"
ALPHANUMERIC = string.ascii_letters + string.digits
_word = st.text(ALPHANUMERIC, min_size=36, max_size=36).filter(
    lambda word: any(letter.isdigit() for letter in word)
)
_any_text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), min_size=10, max_size=40
).filter(
    # Not a word of the file format, which Hypothesis likes to borrow from the source.
    lambda text: any(letter.isdigit() or not letter.isascii() for letter in text)
)

# Each gives the secret, and whether the environment is needed to know it.
_secrets = st.one_of(
    st.tuples(_any_text, st.just(True)),
    st.tuples(st.tuples(_any_text, _any_text).map("\n".join), st.just(True)),
    st.tuples(st.integers(10**9, 10**15).map(str), st.just(True)),
    *(
        st.tuples(_word.map(prefix.__add__), st.just(False))
        for prefix in ("sk-", "sk-ant-api03-", "ghp_", "github_pat_", "xoxb-", "gsk_", "hf_")
    ),
    st.tuples(st.text(ALPHANUMERIC, min_size=35, max_size=35).map("AIza".__add__), st.just(False)),
)
_texts = st.sampled_from(["{}", "it is {} today", "line\n{}\nline", '"{}"', "a {} b {} c"])


def in_message(request, response, secret):
    request["json"]["messages"][0]["content"] = secret


def in_message_key(request, response, secret):
    request["json"]["messages"][0][secret] = 1


def in_nested_json(request, response, secret):
    arguments = json.dumps({"text": secret})
    request["json"]["messages"][0]["tool_calls"] = [{"function": {"arguments": arguments}}]


def in_field(request, response, secret):
    request["json"]["user"] = secret


def in_binary_request(request, response, secret):
    del request["json"]
    request["content"] = b"\xff\xfe" + secret.encode() + b"\xff"


def in_text_request(request, response, secret):
    del request["json"]
    request["content"] = f"field={secret}&other=1".encode()


def in_path(request, response, secret):
    request["path"] += "/" + quote(secret, safe="")


def in_query(request, response, secret):
    request["params"] = {"value": secret}


def in_request_header(request, response, secret):
    request["headers"] = {
        "authorization": quote(secret),
        "openai-beta": quote(secret),
        "x-other": quote(secret),
    }


def in_reply(request, response, secret):
    response["body"] = json.dumps({"choices": [{"message": {"content": secret}}]}, indent=2)


def in_reply_key(request, response, secret):
    response["body"] = json.dumps({"choices": [{secret: {"x": secret}}]}, ensure_ascii=False)


def in_plain_reply(request, response, secret):
    response["body"] = f"no JSON: {secret}"


def in_binary_reply(request, response, secret):
    response["body"] = b"\xff\xfe" + secret.encode() + b"\xff"


def in_stream(request, response, secret):
    response["headers"]["content-type"] = "text/event-stream"
    response["body"] = f"data: {json.dumps({'delta': secret})}\n\ndata: [DONE]\n\n"


def in_split_stream(request, response, secret):
    response["headers"]["content-type"] = "text/event-stream"
    pieces = ["say: ", *(secret[at : at + 3] for at in range(0, len(secret), 3)), " done"]
    events = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
    response["body"] = "".join(f"data: {json.dumps(event)}\n\n" for event in events)


def in_response_header(request, response, secret):
    response["headers"] |= {"location": f"/{quote(secret)}", "set-cookie": quote(secret)}


def in_agent(request, response, secret):
    request["agent"] = secret


PLACES = [
    in_message,
    in_message_key,
    in_nested_json,
    in_field,
    in_binary_request,
    in_text_request,
    in_path,
    in_query,
    in_request_header,
    in_reply,
    in_reply_key,
    in_plain_reply,
    in_binary_reply,
    in_stream,
    in_split_stream,
    in_response_header,
    in_agent,
]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=_secrets, template=_texts)
def test_no_secret_reaches_the_file_and_the_replay_works_without_it(
    kit, provider, place, drawn, template
):
    secret, is_from_environment = drawn
    request = {"path": "/chat", "json": {"model": "m", "messages": [{"role": "user"}]}}
    response = {"headers": {"content-type": "application/json"}, "body": '{"ok": true}'}
    place(request, response, template.format(secret, secret) if _takes_text(place) else secret)
    body = response["body"]
    provider.reply = lambda *_: kit.Answer(
        body if isinstance(body, bytes) else body.encode(), 200, response["headers"]
    )

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.jsonl"
        with (
            mock.patch.dict(os.environ, {VARIABLE: secret} if is_from_environment else {}),
            recording(path, kit.header(provider)),
        ):
            _send(provider, request)
        _assert_absent(secret, path)
        with replaying(path) as session:
            replayed = _send(provider, request)

    assert (session.served, session.misses) == (1, ())
    assert secret not in replayed


def _takes_text(place) -> bool:
    return place in (in_message, in_reply, in_plain_reply, in_stream)


_PARTS = ("json", "content", "params", "headers")


def _send(provider, request) -> str:
    url = provider.base_url + request["path"]
    others = {name: request[name] for name in _PARTS if name in request}
    with calling(request.get("agent", "writer"), "reply"):
        return httpx.post(url, **others).text


def _assert_absent(secret: str, path: Path) -> None:
    text = path.read_text()
    spellings = {
        secret,
        quote(secret, safe=""),
        *(json.dumps(secret, ensure_ascii=a)[1:-1] for a in (True, False)),
    }
    assert not [spelling for spelling in spellings if spelling in text]
    for interaction in load_cassette(path).interactions:
        assert secret not in repr((interaction.request, interaction.headers, interaction.agent))
        assert secret.encode() not in interaction.content
        assert secret not in _joined(interaction.content)


def _joined(content: bytes) -> str:
    """The text that a client puts together from a stream's pieces."""
    pieces = []
    for line in content.decode(errors="replace").split("\n"):
        if line.startswith("data: {"):
            event = json.loads(line[6:])
            pieces += [choice["delta"]["content"] for choice in event.get("choices", ())]
    return "".join(pieces)


def test_credentials_of_the_request_are_secret_in_the_answer_too(kit, provider, path):
    key = "a-key-of-no-known-shape"
    provider.reply = lambda *_: kit.completion(f"your key is {key}")

    with recording(path, kit.header(provider)):
        httpx.post(provider.base_url, json={"a": 1}, headers={"authorization": f"Bearer {key}"})

    assert key not in path.read_text()
    assert "your key is [redacted]" in path.read_text()


def test_only_few_headers_are_kept(kit, provider, path):
    provider.reply = lambda *_: kit.Answer(
        b"{}",
        headers={
            "content-type": "application/json",
            "set-cookie": "__cf_bm=abc",
            "openai-organization": "my-company",
            "x-request-id": "req_1",
        },
    )

    kit.record(provider, path, *[])
    path.unlink()
    with recording(path, kit.header(provider)), kit.client(provider.base_url) as client:
        client.models.with_raw_response.list()
    text = path.read_text().lower()

    for word in ("cookie", "cf_bm", "my-company", "organization", "req_1", "stainless", "bearer"):
        assert word not in text
    (interaction,) = load_cassette(path).interactions
    assert interaction.headers == {"content-type": ["application/json"]}


def test_the_header_line_is_cleaned(kit, provider, path):
    header = kit.header(provider, engine_version="https://me:hunter22@host/v1")

    with recording(path, header):
        pass

    assert load_cassette(path).header.engine_version == "https://me:[redacted]@host/v1"


def test_a_prompt_with_a_secret_replays_although_the_environment_differs(
    kit, provider, path, monkeypatch
):
    monkeypatch.setenv("SERVICE_TOKEN", "correct horse battery")
    recorded = kit.record(provider, path, ("say correct horse battery", "twice"))
    monkeypatch.delenv("SERVICE_TOKEN")
    monkeypatch.setenv("ANOTHER_SECRET", "something else")

    with replaying(path) as session, kit.client(provider.base_url) as client:
        replayed = kit.ask(client, "say correct horse battery", "twice")

    assert replayed == recorded[0]
    assert (session.served, session.unplayed) == (1, 0)
    assert "battery" not in path.read_text()


def test_a_secret_in_the_replaying_environment_changes_no_match(kit, provider, path, monkeypatch):
    recorded = kit.record(provider, path, ("please use postgres here",))
    monkeypatch.setenv("DB_PASSWORD", "postgres")

    with replaying(path), kit.client(provider.base_url) as client:
        assert kit.ask(client, "please use postgres here") == recorded[0]
