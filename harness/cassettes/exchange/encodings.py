"""Undoing content-encoding within a limit: a few kilobytes can stand for gigabytes."""

from __future__ import annotations

import gzip
import importlib.util
import io
import zlib
from typing import TYPE_CHECKING

from harness.cassettes.exchange.limits import BODY_BYTES, MEGABYTE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.cassettes.exchange.foreign import Headers, Place


def plain_body(headers: Headers, body: bytes, place: Place) -> tuple[dict[str, list[str]], bytes]:
    """A body without its content-encoding, and the headers that then hold.

    A body that does not fit its encoding stays as it is: if it is text, a client
    had decoded it before it was stored, and the header goes.

    Args:
        headers: Names in any case.
        body: As recorded.
        place: Where the interaction stands.

    Raises:
        CassetteError: If brotli is needed and not installed, or the body is beyond the limit.
    """
    rest = {key: list(values) for key, values in headers.items() if key.lower() != _HEADER}
    encodings = [
        part.strip().lower()
        for key, values in headers.items()
        if key.lower() == _HEADER
        for value in values
        for part in value.split(",")
    ]
    content = body
    for encoding in reversed(encodings):
        decoded = _decoded(content, encoding, place)
        if decoded is None:
            return (rest, body) if _is_text(body) else (_listed(headers), body)
        content = decoded
    return rest, content


_HEADER = "content-encoding"


def _listed(headers: Headers) -> dict[str, list[str]]:
    return {key: list(values) for key, values in headers.items()}


def _decoded(content: bytes, encoding: str, place: Place) -> bytes | None:
    """None if the encoding is unknown or the content does not fit it."""
    decode = _DECODERS.get(encoding)
    if decode is None or not content:
        return content if decode else None
    if encoding == "br" and not _is_text(content) and not importlib.util.find_spec("brotli"):
        place.fail(
            "the response is compressed with brotli, and the package that undoes it is not "
            "installed. Install it with: pip install brotli"
        )
    try:
        result = decode(content)
    except Exception:  # each library has errors of its own, and hostile bytes find them all
        return None
    if len(result) > BODY_BYTES:
        place.fail(
            f"a body of {len(content):,} bytes has more than {BODY_BYTES // MEGABYTE} MB when "
            "decompressed; it was not read further"
        )
    return result


def _identity(content: bytes) -> bytes:
    return content


def _gzip(content: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        return file.read(BODY_BYTES + 1)


def _deflate(content: bytes) -> bytes:
    try:
        return _inflated(zlib.decompressobj(), content)
    except zlib.error:
        return _inflated(zlib.decompressobj(-zlib.MAX_WBITS), content)


def _inflated(decoder: zlib._Decompress, content: bytes) -> bytes:
    result = decoder.decompress(content, BODY_BYTES + 1)
    if not decoder.eof and len(result) <= BODY_BYTES:
        raise zlib.error("cut off")
    return result


def _brotli(content: bytes) -> bytes:
    # Optional, and has no types.
    brotli = importlib.import_module("brotli")
    decoder = brotli.Decompressor()
    pieces: list[bytes] = []
    size = 0
    # In small steps, as there is no other way to stop it in every version.
    for start in range(0, len(content), 256):
        pieces.append(decoder.process(content[start : start + 256]))
        size += len(pieces[-1])
        if size > BODY_BYTES:
            return b"".join(pieces)
    if not decoder.is_finished():
        raise ValueError("cut off")
    return b"".join(pieces)


def _zstd(content: bytes) -> bytes:
    import zstandard

    stream = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content))
    result = stream.read(BODY_BYTES + 1)
    if not result or len(result) <= BODY_BYTES:
        # The stream does not say when a frame is cut off; this does.
        return zstandard.ZstdDecompressor().decompressobj().decompress(content)
    return result


_DECODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "": _identity,
    "identity": _identity,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
