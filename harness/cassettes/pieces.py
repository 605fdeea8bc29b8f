"""The pieces a body arrived in, after the body was decoded and cleaned, or edited."""

from __future__ import annotations

import importlib
import zlib
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.cassettes.format import Chunks

    Decode = Callable[[bytes], bytes]

_GZIP_OR_ZLIB = 47  # window bits that let zlib tell by itself which of the two it is


def fitted(chunks: Chunks, body: bytes, content: bytes, clean: bytes, encodings: str) -> Chunks:
    """Sizes that add up to what is stored, each piece ending where it did.

    A piece that ended inside a line that was changed ends before that line. Pieces
    that became empty are left out.

    Args:
        chunks: Size in bytes and seconds of each piece, as received.
        body: The body as received.
        content: The body decompressed.
        clean: The body as stored, its secrets replaced.
        encodings: Value of the content-encoding header.

    Returns:
        The pieces; none if there are fewer than two, or where they end cannot be told.
    """
    if len(chunks) < 2 or not clean:
        return ()
    ends = list(accumulate(size for size, _ in chunks))
    if body != content:
        ends = _decoded_ends(ends, body, encodings)
    if not ends or ends[-1] != len(content):
        return ()
    if clean != content:
        ends = _moved(ends, content, clean)
    return _sized(ends, [seconds for _, seconds in chunks])


def refitted(chunks: Chunks, content: bytes) -> Chunks:
    """The pieces of a body that was edited in the file, so that they add up to it again.

    Each ends where it did in proportion to the length, at the nearest end of a line;
    the times stay.

    Args:
        chunks: Size in bytes and seconds of each piece of the body before.
        content: The body now.

    Returns:
        The pieces, as they are if they fit; none if fewer than two are left.
    """
    ends = list(accumulate(size for size, _ in chunks))
    length = len(content)
    if not ends or ends[-1] == length:
        return chunks
    moved = [_nearest_line(content, end * length // ends[-1]) for end in ends[:-1]]
    return _sized([*moved, length], [seconds for _, seconds in chunks])


def _nearest_line(content: bytes, place: int) -> int:
    """Where the line ends that ends nearest to a place; 0 counts as such an end."""
    before = content.rfind(b"\n", 0, place) + 1
    after = content.find(b"\n", place) + 1 or len(content)
    return before if place - before <= after - place else after


def _sized(ends: list[int], seconds: list[float]) -> Chunks:
    """Sizes from ends; what became empty is left out."""
    result, start = [], 0
    for end, moment in zip(ends, seconds, strict=True):
        if end > start:
            result.append((end - start, moment))
            start = end
    return tuple(result) if len(result) > 1 else ()


def _decoded_ends(ends: list[int], body: bytes, encodings: str) -> list[int]:
    """Where the ends are in the decoded body: how much each piece yields; none if unknown."""
    names = [name.strip().lower() for name in encodings.split(",")]
    result, start, length = [], 0, 0
    try:
        decoders = [_DECODERS[name]() for name in reversed(names)]
        for end in ends:
            piece = body[start:end]
            for decode in decoders:
                piece = decode(piece)
            length += len(piece)
            result.append(length)
            start = end
    except Exception:
        # Each library has errors of its own, and may not be there.
        return []
    return result


def _unzipping() -> Decode:
    return zlib.decompressobj(_GZIP_OR_ZLIB).decompress


def _unbrotling() -> Decode:
    decompressor: Any = importlib.import_module("brotli").Decompressor()
    return lambda piece: bytes(decompressor.process(piece)) if piece else b""


def _unzstding() -> Decode:
    import zstandard

    return zstandard.ZstdDecompressor().decompressobj().decompress


_DECODERS = {
    "gzip": _unzipping,
    "x-gzip": _unzipping,
    "deflate": _unzipping,
    "br": _unbrotling,
    "zstd": _unzstding,
}


def _moved(ends: list[int], content: bytes, clean: bytes) -> list[int]:
    """Where the ends are after lines were changed."""
    old, new = content.splitlines(keepends=True), clean.splitlines(keepends=True)
    if len(old) != len(new):
        old, new = _framed(old, new)
    starts = [0, *accumulate(map(len, old))]
    moved = [0, *accumulate(map(len, new))]
    result = []
    for end in ends[:-1]:
        line = bisect_right(starts, end) - 1
        is_same = line < len(old) and old[line] == new[line]
        result.append(moved[line] + (end - starts[line] if is_same else 0))
    return [*result, len(clean)]


def _framed(old: list[bytes], new: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """The same lines, those between the first and the last difference as one."""
    shorter = min(len(old), len(new))
    before = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    rest = range(1, shorter - before + 1)
    after = next((at - 1 for at in rest if old[-at] != new[-at]), shorter - before)
    return _joined(old, before, after), _joined(new, before, after)


def _joined(lines: list[bytes], before: int, after: int) -> list[bytes]:
    end = len(lines) - after
    return [*lines[:before], b"".join(lines[before:end]), *lines[end:]]
