"""What a hand edit may break: each damage is refused with its line, and what can be read is."""

from __future__ import annotations

import json

import httpx
import pytest

from harness.cassettes import load_cassette, recording, replaying
from harness.cassettes.format import ResponseRecord
from harness.cassettes.matching import request_of
from harness.cassettes.payload import payload_of
from harness.cassettes.pieces import refitted
from harness.cassettes.writer import CassetteWriter
from harness.errors import CassetteError

EVENTS = b'data: {"delta":"one"}\r\n\r\ndata: {"delta":"two"}\r\n\r\ndata: [DONE]\n\n'
CHUNKS = ((25, 0.1), (25, 0.2), (14, 0.3))


@pytest.fixture
def cassette(kit, path):
    """A chat, a stream and a request that is text."""
    writer = CassetteWriter(path, kit.header())
    chat = b'{"model":"m","messages":[{"role":"user","content":"one\\ntwo"}]}'
    quoting = b'{"model":"m","messages":[{"role":"user","content":"A text that is quoted later."}]}'
    stream = {"headers": {"content-type": ["text/event-stream"]}, "chunks": CHUNKS}
    for body, content, more in (
        (chat, b'{"text":"A text that is quoted later."}', {}),
        (quoting, EVENTS, stream),
        (b"plain text", b"two\nlines", {}),
    ):
        writer.write(
            request_of("POST", "http://127.0.0.1:1/v1/chat", body),
            ResponseRecord(status=200, reason="OK", body=payload_of(content), **more),
            latency_seconds=0.5,
        )
    writer.finish()
    return path


def damage(path, old: str, new: str) -> int:
    """Replace a text that stands in the file once; returns its line."""
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1


def read(path) -> list[bytes]:
    interactions = load_cassette(path).interactions
    return [interaction.content for interaction in interactions if interaction.request.shape]


ONE = '[{"delta":"one"},"\\r"]'
DAMAGED = [
    pytest.param('{"$reply":[1,"text"]}', '{"$reply":[]}', 0, "quotes a reply", id="no place"),
    pytest.param('{"$reply":[1,"text"]}', '{"$reply":[true,"text"]}', 0, "a reply", id="a truth"),
    pytest.param('{"$lines":2}},"lines', '{"$lines":9e99}},"lines', 0, "texts", id="a fraction"),
    pytest.param(
        '"content":{"$lines":2}', f'"content":{{"$lines":{2**64}}}', 0, "texts", id="vast"
    ),
    pytest.param(ONE, "[]", 0, "an event cannot be an empty list", id="empty event"),
    pytest.param(ONE, '[{"delta":"one"},5]', 0, "what ends the line", id="ending"),
    pytest.param(ONE, '[{"delta":"one"},"","\\r"]', 0, "what ends the line", id="endings"),
    pytest.param(
        '{"text":{"$lines":2}}', '{"text":{"x":{"$lines":2}}}', 0, "neither a string", id="text"
    ),
    pytest.param('"fields":"plain text"', '"fields":7', 0, "must be a string", id="opaque"),
    pytest.param('"fields":{"model":"m"}', '"fields":[1]', 4, "no object", id="room for lists"),
]


@pytest.mark.parametrize(("old", "new", "below", "words"), DAMAGED)
def test_damage_inside_a_record_names_its_line(cassette, old, new, below, words):
    line = damage(cassette, old, new) + below

    with pytest.raises(CassetteError) as caught:
        read(cassette)

    assert str(caught.value).startswith(f"{cassette}:{line}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("[25,0.1]", "[0,0.1]", id="an empty piece"),
        pytest.param("[25,0.1]", "[-25,0.1]", id="a negative piece"),
        pytest.param("[25,0.1]", "[25,-0.1]", id="a negative time"),
    ],
)
def test_pieces_that_cannot_be_are_refused_at_once(cassette, old, new):
    line = damage(cassette, old, new)

    with pytest.raises(CassetteError, match=rf":{line}: the line is not a cassette record"):
        load_cassette(cassette)


@pytest.mark.parametrize("status", ["-1", "0", "99", "1000"])
def test_a_status_that_is_none_is_refused_at_once(cassette, status):
    text = cassette.read_text()
    cassette.write_text(text.replace('"status":200', f'"status":{status}', 1))

    with pytest.raises(CassetteError, match="the line is not a cassette record"):
        load_cassette(cassette)


def test_a_header_whose_name_is_not_ascii_is_refused_at_once(cassette):
    line = damage(cassette, '"content-type"', '"cöntent-type"')

    with pytest.raises(CassetteError, match=rf":{line}: 'cöntent-type' cannot be the name"):
        load_cassette(cassette)


@pytest.mark.parametrize("said", ["1", "one, and now much longer than it was"])
def test_an_edited_stream_is_still_replayed_event_by_event(cassette, said):
    damage(cassette, '"delta":"one"', f'"delta":"{said}"')
    interaction = load_cassette(cassette).interactions[1]
    request = b'{"model":"m","messages":[{"role":"user","content":"A text that is quoted later."}]}'

    with replaying(cassette), httpx.Client() as client:
        url = "http://127.0.0.1:1/v1/chat"
        with client.stream("POST", url, content=request) as response:
            pieces = list(response.iter_raw())

    assert b"".join(pieces) == interaction.content == EVENTS.replace(b"one", said.encode())
    assert [len(piece) for piece in pieces] == [size for size, _ in interaction.chunks]
    assert [seconds for _, seconds in interaction.chunks] == [0.1, 0.2, 0.3]
    assert all(piece.endswith(b"\n") for piece in pieces)


def test_pieces_without_lines_to_end_at_are_dropped():
    assert refitted(CHUNKS, b"one line") == ()
    assert refitted(CHUNKS, b"") == ()
    assert refitted(CHUNKS, EVENTS) == CHUNKS


@pytest.mark.parametrize("library", ["httpx", "httpx2", "requests"])
@pytest.mark.parametrize("place", ["/caf\xe9", "/caf\xc3\xa9"], ids=["latin-1", "utf-8"])
def test_a_header_that_is_not_ascii_is_replayed_as_it_came(kit, provider, path, library, place):
    module = pytest.importorskip(library)
    follow = "allow_redirects" if library == "requests" else "follow_redirects"
    provider.reply = lambda request, number: kit.Answer(b"{}", 302, {"location": place})

    with recording(path, kit.header(provider)):
        live = module.request("POST", provider.base_url, **{follow: False})
    with replaying(path):
        again = module.request("POST", provider.base_url, **{follow: False})

    assert again.headers["location"] == live.headers["location"]
    assert json.loads(again.content) == {}
