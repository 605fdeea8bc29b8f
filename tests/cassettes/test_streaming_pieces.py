"""The sizes of a stream's pieces count what is stored, whatever was done to it."""

from __future__ import annotations

import gzip
import zlib

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st
from slow_stream import chat_events, serving_slowly

from harness.cassettes import load_cassette, recording, replaying
from harness.cassettes.pieces import fitted
from harness.cassettes.redaction import Redactor
from harness.cassettes.scrub import Scrubber

STREAM = {"content-type": ["text/event-stream"]}
EVENTS = chat_events("One", " two", " three")
KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"


def brotli():
    return pytest.importorskip("brotli", reason="the package brotli is not installed")


def squeezed(encoding: str, pieces: list[bytes]) -> list[bytes]:
    """The pieces compressed one by one, each flushed, as a streaming server does."""
    if encoding == "br":
        packer = brotli().Compressor()
        packed = [packer.process(piece) + packer.flush() for piece in pieces]
        return [*packed[:-1], packed[-1] + packer.finish()]
    if encoding == "zstd":
        packer = zstandard.ZstdCompressor().compressobj()
        flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK
    else:
        packer = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
        flush = zlib.Z_SYNC_FLUSH
    packed = [packer.compress(piece) + packer.flush(flush) for piece in pieces]
    return [*packed[:-1], packed[-1] + packer.flush()]


def cut(body: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({*(place % (len(body) + 1) for place in places), len(body)})
    return [body[start:end] for start, end in zip([0, *ends], ends, strict=False) if end > start]


def timed(pieces: list[bytes]) -> tuple[tuple[int, float], ...]:
    return tuple((len(piece), number / 10) for number, piece in enumerate(pieces))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_a_compressed_stream_is_replayed_in_its_decoded_pieces(kit, path, encoding, library):
    module = pytest.importorskip(library)
    headers = {"content-type": "text/event-stream", "content-encoding": encoding}
    packed = squeezed(encoding, EVENTS)
    with serving_slowly(*packed, headers=headers, delay_seconds=0.02) as slow:
        with recording(path, kit.header(slow)), module.stream("POST", slow.base_url) as live:
            recorded = list(live.iter_raw())
        with replaying(path), module.stream("POST", slow.base_url) as again:
            replayed = list(again.iter_bytes())

    (interaction,) = load_cassette(path).interactions
    assert recorded == packed
    assert replayed == EVENTS
    assert [size for size, _ in interaction.chunks] == [len(event) for event in EVENTS]


@given(st.lists(st.integers(0, 500)), st.sampled_from(["", "gzip", "deflate", "zstd"]))
def test_sizes_add_up_wherever_a_body_is_cut(places, encoding):
    content = b"".join(EVENTS)
    body = b"".join(squeezed(encoding, EVENTS)) if encoding else content
    pieces = cut(body, places)
    headers = {**STREAM, "content-encoding": [encoding]} if encoding else STREAM

    response = Scrubber(Redactor()).response(200, "OK", headers, body, timed(pieces))

    sizes = [size for size, _ in response.chunks]
    assert sum(sizes) == (len(content) if sizes else 0)
    assert all(sizes)
    assert len(sizes) <= len(pieces)
    if not encoding and len(pieces) > 1:
        assert sizes == [len(piece) for piece in pieces]


LINES = st.lists(st.sampled_from([b"data: a", b"data: bb", b"", b"x\r", b"secret"]), max_size=8)


@given(LINES, LINES, st.lists(st.integers(0, 100), max_size=8))
@example([b"secret", b"x"], [b"x"], [3])
def test_sizes_add_up_whatever_cleaning_made_of_the_lines(old, new, places):
    content, clean = b"\n".join(old), b"\n".join(new)
    pieces = cut(content, places)

    chunks = fitted(timed(pieces), content, content, clean, "")

    assert sum(size for size, _ in chunks) == (len(clean) if chunks else 0)
    assert all(size > 0 for size, _ in chunks)


def test_a_piece_that_ends_in_a_changed_line_ends_before_it():
    content = b"data: 1\n\ndata: a secret\n\ndata: 3\n\n"
    clean = b"data: 1\n\ndata: [gone]\n\ndata: 3\n\n"
    pieces = [b"data: 1\n\n", b"data: a se", b"cret\n\nda", b"ta: 3\n\n"]

    chunks = fitted(timed(pieces), content, content, clean, "")

    # The second piece ended in the changed line, so it ends where that begins: it is empty.
    assert chunks == ((9, 0.0), (len(b"data: [gone]\n\nda"), 0.2), (len(b"ta: 3\n\n"), 0.3))


def test_pieces_keep_their_ends_around_lines_that_became_fewer():
    content = b"a\nBEGIN\nkey\nEND\nz\n"
    clean = b"a\n[gone]\nz\n"
    pieces = [b"a\n", b"BEGIN\nke", b"y\nEND\n", b"z\n"]

    chunks = fitted(timed(pieces), content, content, clean, "")

    assert chunks == ((2, 0.0), (len(b"[gone]\n"), 0.2), (2, 0.3))


def test_where_pieces_cannot_be_told_none_are_stored():
    content = b"".join(EVENTS)
    body = gzip.compress(content)

    unknown = fitted(((5, 0.1), (len(body) - 5, 0.2)), body, content, content, "x-own")
    torn = fitted(((5, 0.1), (6, 0.2)), body[:11], content, content, "gzip")
    whole = fitted(((len(content), 0.1),), content, content, content, "")

    assert unknown == torn == whole == ()


def test_a_secret_split_over_pieces_is_removed_and_the_others_keep_their_ends(kit, path):
    events = chat_events("Your key: ", KEY[:20], KEY[20:], " - keep it", ".")
    with serving_slowly(*events, delay_seconds=0.02) as slow:
        with recording(path, kit.header(slow)), kit.client(slow.base_url) as client:
            _read(client)
        with replaying(path), kit.client(slow.base_url) as client:
            replayed = _read(client)

    (interaction,) = load_cassette(path).interactions
    assert KEY[:20] not in path.read_text()
    assert KEY[20:] not in path.read_text()
    assert sum(size for size, _ in interaction.chunks) == len(interaction.content)
    assert len(interaction.chunks) == len(events)
    assert "".join(replayed).startswith("Your key: ")
    assert "".join(replayed).endswith(" - keep it.")


def _read(client):
    messages = [{"role": "user", "content": "key?"}]
    with client.chat.completions.create(
        model="scripted-1", messages=messages, stream=True
    ) as stream:
        return [chunk.choices[0].delta.content for chunk in stream]
