"""Response bodies as a series of JSON documents, however they are framed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from harness.cassettes.usage.counts import MALFORMED

if TYPE_CHECKING:
    from collections.abc import Iterator

_EVENT_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":")
_raw = msgspec.json.Decoder(msgspec.Raw).decode
_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode


def documents(content_type: str, content: bytes) -> Iterator[bytes]:
    """The JSON documents of a body, undecoded.

    Args:
        content_type: Value of the header; recorded ones are not always true.
        content: Server-sent events, JSON lines, a JSON array, or one JSON document.
    """
    if "event-stream" in content_type or content.startswith(_EVENT_STARTS):
        return _events(content)
    if content[:1] == b"[":
        return _items(content)
    line, _, rest = content.partition(b"\n")
    return _lines(content) if rest and _is_json(line) else iter((content,))


def _events(content: bytes) -> Iterator[bytes]:
    """Data of the server-sent events; the last one counts even if its blank line is missing."""
    data: list[bytes] = []
    for line in content.splitlines():
        if line.startswith(b"data:"):
            data.append(line[5:])
        elif not line and data:
            yield b"\n".join(data)
            data = []
    if data:
        yield b"\n".join(data)


def _items(content: bytes) -> Iterator[bytes]:
    try:
        items = _raws(content)
    except MALFORMED:
        return
    for item in items:
        yield bytes(item)


def _lines(content: bytes) -> Iterator[bytes]:
    return (line for line in content.splitlines() if line)


def _is_json(line: bytes) -> bool:
    try:
        _raw(line)
    except MALFORMED:
        return False
    return True
