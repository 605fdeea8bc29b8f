"""Whatever the secret and wherever it stands, no spelling of it reaches the file."""

from __future__ import annotations

import base64
import gzip
import json
import struct
import tempfile
import zlib
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from secrets_drawn import known_by_shape, of_environment, spellings

from harness.cassettes import CassetteHeader, load_cassette
from harness.cassettes.leaks import find_leaks
from harness.cassettes.matching import request_of
from harness.cassettes.redaction import Redactor
from harness.cassettes.scope import Caller
from harness.cassettes.scrub import Scrubber
from harness.cassettes.writer import CassetteWriter

URL = "http://provider.example/v1/chat"
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
JSON = {"content-type": ["application/json"]}
EVENTS = {"content-type": ["text/event-stream"]}


class Call:
    """An interaction as it will be written; each place puts the text somewhere in it."""

    def __init__(self) -> None:
        self.method = "POST"
        self.url = URL
        self.request = json.dumps(CHAT).encode()
        self.request_headers = {"content-type": "application/json"}
        self.status = 200
        self.reason = "OK"
        self.headers = dict(JSON)
        self.response = b'{"ok": true}'
        self.agent = "writer"


def in_message(call, text):
    call.request = json.dumps({**CHAT, "messages": [{"role": "user", "content": text}]}).encode()


def in_a_key(call, text):
    call.request = json.dumps({**CHAT, "metadata": {text: 1}}).encode()


def in_the_name_of_a_list(call, text):
    call.request = json.dumps({**CHAT, text: [{"a": 1}]}).encode()


def in_json_in_json(call, text):
    inner = json.dumps({"arguments": json.dumps({"text": f"x\n{text}"})})
    call.request = json.dumps({**CHAT, "messages": [{"tool_calls": inner}]}).encode()


def in_form(call, text):
    call.request = f"a=1&field={quote_plus(text)}&b=2".encode()


def in_plain_request(call, text):
    call.request = f"say {text}!".encode()


def in_binary_request(call, text):
    call.request = b"\xff\xfe" + text.encode() + b"\xff"


def in_path(call, text):
    call.url = f"{URL}/{quote(text, safe='')}/x"


def in_query(call, text):
    call.url = f"{URL}?a=1&value={quote_plus(text)}"


def in_request_header(call, text):
    call.request_headers["openai-beta"] = quote(text, safe="/:@=,; ")


def in_reply(call, text):
    call.response = json.dumps({"choices": [{"message": {"content": text}}]}, indent=2).encode()


def in_a_reply_with_two_members_of_one_name(call, text):
    call.response = f'{{"a": {json.dumps(text)}, "a": 1}}'.encode()


def in_error_message(call, text):
    call.status, call.reason = 401, "Unauthorized"
    call.response = json.dumps(
        {"error": {"message": f"Incorrect API key provided: {text}"}}
    ).encode()


def in_reason(call, text):
    call.reason = quote(text, safe="/:@=,; ")


def in_location(call, text):
    call.headers["Location"] = [quote(text, safe="/:@=,; ?&")]


def in_plain_reply(call, text):
    call.response = f"<p>{text}</p>".encode()


def in_binary_reply(call, text):
    call.response = b"\x89PNG\xff" + text.encode() + b"\xff"


def in_compressed_reply(call, text):
    call.headers["content-encoding"] = ["gzip"]
    call.response = gzip.compress(json.dumps({"text": text}, ensure_ascii=False).encode())


def in_a_compressed_file(call, text):
    call.headers["content-type"] = ["application/gzip"]
    call.response = gzip.compress(b"\xff" + text.encode())


def in_one_event(call, text):
    call.headers = dict(EVENTS)
    call.response = f"data: {json.dumps({'delta': text})}\n\ndata: [DONE]\n\n".encode()


def in_pieces(text):
    return [text[at : at + 3] for at in range(0, len(text), 3)]


def over_events(call, text):
    call.headers = dict(EVENTS)
    deltas = [{"choices": [{"index": 0, "delta": {"content": one}}]} for one in in_pieces(text)]
    call.response = "".join(f"data: {json.dumps(one)}\r\n\r\n" for one in deltas).encode()


def over_two_interleaved_streams(call, text):
    call.headers = dict(EVENTS)
    events = []
    for piece in in_pieces(text):
        events.append({"type": "content_block_delta", "index": 0, "delta": {"text": piece}})
        events.append({"type": "content_block_delta", "index": 1, "delta": {"text": "other"}})
    call.response = "".join(f"event: x\ndata: {json.dumps(one)}\n\n" for one in events).encode()


def over_json_in_events(call, text):
    call.headers = dict(EVENTS)
    pieces = in_pieces(json.dumps({"command": text}))
    deltas = [{"index": 1, "delta": {"partial_json": piece}} for piece in pieces]
    call.response = "".join(f"data: {json.dumps(one)}\n\n" for one in deltas).encode()


def over_lines_of_json(call, text):
    call.headers["content-type"] = ["application/x-ndjson"]
    lines = [{"message": {"content": piece}} for piece in ["", *in_pieces(text)]]
    call.response = "".join(f"{json.dumps(one)}\n" for one in lines).encode()


def over_an_array(call, text):
    parts = [{"content": {"parts": [{"text": piece}]}} for piece in in_pieces(text)]
    call.response = json.dumps([{"candidates": [part]} for part in parts]).encode()


def over_log_probabilities(call, text):
    tokens = [{"token": one, "bytes": list(one.encode())} for one in in_pieces(text)]
    call.response = json.dumps({"choices": [{"logprobs": {"content": tokens}}]}).encode()


def _frame(body: bytes) -> bytes:
    prelude = struct.pack(">II", 16 + len(body), 0)
    start = prelude + struct.pack(">I", zlib.crc32(prelude)) + body
    return start + struct.pack(">I", zlib.crc32(start))


def over_binary_frames(call, text):
    call.headers["content-type"] = ["application/vnd.amazon.eventstream"]
    events = [{"type": "d", "delta": {"text": piece}} for piece in in_pieces(text)]
    wrapped = [{"bytes": base64.b64encode(json.dumps(one).encode()).decode()} for one in events]
    call.response = b"".join(_frame(json.dumps(one).encode()) for one in wrapped)


def as_agent(call, text):
    call.agent = text


PLACES = [
    value for name, value in list(globals().items()) if name.startswith(("in_", "over_", "as_"))
]
PLACES.remove(in_pieces)


def written(call: Call, redactor: Redactor, folder: str) -> Path:
    path = Path(folder) / "1.jsonl"
    scrubber = Scrubber(redactor)
    header = CassetteHeader(recorded_at="", source="provider.example", base_url=URL)
    writer = CassetteWriter(path, scrubber.header(header))
    scrubber.learn(call.request_headers)
    writer.write(
        scrubber.request(request_of(call.method, call.url, call.request)),
        scrubber.response(call.status, call.reason, call.headers, call.response),
        latency_seconds=0.0,
        caller=scrubber.caller(Caller(call.agent, "reply")),
        request_headers=scrubber.request_headers(call.request_headers),
    )
    writer.finish()
    return path


def said(content: bytes, content_type: str) -> str:
    """What a client puts together from the pieces of a body."""
    if "amazon" in content_type:
        from harness.cassettes.usage.eventstream import payloads

        inner = [base64.b64decode(json.loads(body)["bytes"]) for body in payloads(content)]
        return "".join(json.loads(body)["delta"]["text"] for body in inner)
    if content.startswith(b"\x1f\x8b"):
        return gzip.decompress(content).decode(errors="replace")
    texts: list[str] = []
    for line in content.decode(errors="replace").replace("\r", "").split("\n"):
        if line.startswith(("data: {", "{", "[")):
            _collect(json.loads(line.removeprefix("data: ")), texts)
    return "".join(text for text in texts if text != "other")


def _collect(value, texts) -> None:
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _collect(item, texts)


def assert_absent(secret: str, path: Path) -> None:
    text = path.read_text()
    assert not [spelling for spelling in spellings(secret) if spelling in text]
    (interaction,) = load_cassette(path).interactions
    assert secret.encode() not in interaction.content
    content_type = "".join(interaction.headers.get("content-type", [""]))
    try:
        joined = said(interaction.content, content_type)
    except ValueError:
        return
    assert not [spelling for spelling in spellings(secret) if spelling in joined]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
@settings(max_examples=30, deadline=None)
@given(known_by_shape())
def test_a_secret_of_known_shape_never_reaches_the_file(place, drawn):
    text, secret = drawn
    call = Call()
    place(call, text)

    with tempfile.TemporaryDirectory() as folder:
        path = written(call, Redactor(), folder)
        assert_absent(secret, path)
        assert find_leaks(path, Redactor()) == []


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
@settings(max_examples=30, deadline=None)
@given(of_environment, st.sampled_from(["{}", "it is {} today", '{{"a": "{}"}}', "{}{}"]))
def test_the_value_of_a_variable_never_reaches_the_file(place, secret, frame):
    call = Call()
    place(call, frame.replace("{{", "{").replace("}}", "}").replace("{}", secret))
    redactor = Redactor.from_environment({"SERVICE_PASSWORD": secret})

    with tempfile.TemporaryDirectory() as folder:
        path = written(call, redactor, folder)
        assert_absent(secret, path)
        assert find_leaks(path, redactor) == []
