"""Amazon's binary event streams (application/vnd.amazon.eventstream)."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PRELUDE = struct.Struct(">III")
_CHECKSUM = struct.Struct(">I")


def payloads(content: bytes) -> Iterator[bytes]:
    """Payloads of the messages of a stream.

    A message is its length and that of its headers, a CRC-32 of these two, the
    headers, the payload, and a CRC-32 of all of it. The headers are passed over.

    Raises:
        ValueError: If a message is cut off, its lengths do not fit, or a checksum differs.

    Source: https://smithy.io/2.0/aws/amazon-eventstream.html
    """
    start = 0
    while start < len(content):
        length, headers_length = _prelude(content, start)
        end = start + length
        first, last = start + _PRELUDE.size + headers_length, end - _CHECKSUM.size
        if end > len(content) or first > last:
            raise ValueError(f"the message at byte {start} is cut off")
        (checksum,) = _CHECKSUM.unpack_from(content, last)
        if zlib.crc32(content[start:last]) != checksum:
            raise ValueError(f"the message at byte {start} is damaged")
        yield content[first:last]
        start = end


def _prelude(content: bytes, start: int) -> tuple[int, int]:
    try:
        length, headers_length, checksum = _PRELUDE.unpack_from(content, start)
    except struct.error:
        raise ValueError(f"the message at byte {start} is cut off") from None
    if zlib.crc32(content[start : start + 8]) != checksum:
        raise ValueError(f"the message at byte {start} has a damaged head")
    return length, headers_length
