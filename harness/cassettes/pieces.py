"""The pieces a body arrived in, after the body was decoded and cleaned."""

from __future__ import annotations

import zlib
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.cassettes.format import Chunks

_GZIP_OR_ZLIB = 47  # window bits that let zlib tell by itself which of the two it is


def fitted(chunks: Chunks, body: bytes, content: bytes, clean: bytes) -> Chunks:
    """Sizes that add up to what is stored, each piece ending where it did.

    Args:
        chunks: Size in bytes and seconds of each piece, as received.
        body: The body as received.
        content: The body decompressed.
        clean: The body as stored, its secrets replaced.
    """
    if len(chunks) < 2 or not clean:
        return ()
    ends = list(accumulate(size for size, _ in chunks))
    if body != content:
        ends = _decompressed_ends(ends, body, content)
    if ends[-1] != len(content):
        ends = _scaled(ends, len(content))
    if clean != content:
        ends = _moved(ends, content, clean)
    return _sized(ends, [seconds for _, seconds in chunks])


def _sized(ends: list[int], seconds: list[float]) -> Chunks:
    """Sizes from ends; what became empty is left out."""
    result, start = [], 0
    for end, moment in zip(ends, seconds, strict=True):
        if end > start:
            result.append((end - start, moment))
            start = end
    return tuple(result) if len(result) > 1 else ()


def _decompressed_ends(ends: list[int], body: bytes, content: bytes) -> list[int]:
    decoder = zlib.decompressobj(_GZIP_OR_ZLIB)
    result, start, length = [], 0, 0
    try:
        for end in ends:
            length += len(decoder.decompress(body[start:end]))
            result.append(length)
            start = end
    except zlib.error:
        return _scaled(ends, len(content))
    return result


def _scaled(ends: list[int], length: int) -> list[int]:
    total = ends[-1] or 1
    return [end * length // total for end in ends[:-1]] + [length]


def _moved(ends: list[int], content: bytes, clean: bytes) -> list[int]:
    """Where the ends are after texts within lines were replaced."""
    old, new = content.split(b"\n"), clean.split(b"\n")
    if len(old) != len(new):
        return _scaled(ends, len(clean))
    starts = [0, *accumulate(len(line) + 1 for line in old)]
    moved = [0, *accumulate(len(line) + 1 for line in new)]
    result = []
    for end in ends[:-1]:
        line = bisect_right(starts, end) - 1
        result.append(min(moved[line] + min(end - starts[line], len(new[line])), len(clean)))
    return [*result, len(clean)]
