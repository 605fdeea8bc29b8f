"""The sizes of a streamed body's pieces fit what is stored of it."""

from __future__ import annotations

import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st

from harness.cassettes.pieces import fitted
from harness.cassettes.redaction import Redactor
from harness.cassettes.scrub import Scrubber

KEY = "sk-proj-4f9A8b7C6d5E4f3A2b1C0d9E8f7A6b5C"
EVENTS = [f'data: {{"n": {number}}}\n\n'.encode() for number in range(5)]


def arrived(pieces: list[bytes]) -> tuple[tuple[int, float], ...]:
    return tuple((len(piece), 0.1 * number) for number, piece in enumerate(pieces, start=1))


def test_pieces_of_a_plain_body_stay_as_they_arrived():
    body = b"".join(EVENTS)

    assert fitted(arrived(EVENTS), body, body, body, "") == arrived(EVENTS)


def test_a_body_that_came_in_one_piece_has_none():
    assert fitted(((5, 0.1),), b"abcde", b"abcde", b"abcde", "") == ()


def test_pieces_of_a_compressed_body_are_measured_decompressed():
    packer = zlib.compressobj(wbits=31)
    pieces = [packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH) for event in EVENTS]
    pieces[-1] += packer.flush()
    body = b"".join(pieces)

    found = fitted(arrived(pieces), body, gzip.decompress(body), b"".join(EVENTS), "gzip")

    assert [size for size, _ in found] == [len(event) for event in EVENTS]


def test_a_removed_secret_moves_only_the_end_of_its_own_piece():
    events = [*EVENTS[:2], f'data: {{"key":"{KEY}"}}\n\n'.encode(), *EVENTS[2:]]
    headers = {"content-type": ["text/event-stream"]}

    response = Scrubber(Redactor()).response(200, "OK", headers, b"".join(events), arrived(events))

    shorter = len(KEY) - len("[redacted]")
    expected = [len(event) - shorter * (number == 2) for number, event in enumerate(events)]
    assert [size for size, _ in response.chunks] == expected


@given(st.lists(st.sampled_from([b"a\n", b"bc", KEY.encode(), b"\n\n", b"data: x"]), min_size=2))
def test_sizes_always_add_up_to_what_is_stored(pieces):
    body = b"".join(pieces)
    clean = Redactor().content(body)

    found = fitted(arrived(pieces), body, body, clean, "")

    assert not found or sum(size for size, _ in found) == len(clean)
    assert all(size > 0 for size, _ in found)
