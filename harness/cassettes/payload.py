"""Response bytes in a readable form that gives the same bytes back."""

from __future__ import annotations

import base64
import gzip
import importlib
import json
import zlib
from typing import TYPE_CHECKING, Any

import msgspec

from harness.cassettes.format import Payload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# The ways that msgspec writes come first: it is many times faster than json.dumps, from which
# it differs only in a few numbers and control characters.
_FAST: Mapping[str, Callable[[Any], bytes]] = {
    "dense": msgspec.json.encode,
    "pretty": lambda value: msgspec.json.format(msgspec.json.encode(value), indent=2),
    "dense+newline": lambda value: msgspec.json.encode(value) + b"\n",
    "pretty+newline": lambda value: (
        msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
    ),
}
_LAYOUTS: dict[str, dict[str, Any]] = {
    "compact": {"separators": (",", ":")},
    "spaced": {},
    "indented": {"indent": 2},
    "indented4": {"indent": 4},
}


def _styles() -> dict[str, tuple[dict[str, Any], str]]:
    """Every way of writing JSON that is recognised: json.dumps arguments and ending."""
    return {
        f"{layout}{suffix}{'+newline' if ending else ''}": (
            {**arguments, "ensure_ascii": ascii_only},
            ending,
        )
        for ending in ("", "\n")
        for layout, arguments in _LAYOUTS.items()
        for suffix, ascii_only in (("", False), ("-ascii", True))
    }


_SLOW = _styles()
STYLES = (*_FAST, *_SLOW)


def payload_of(content: bytes) -> Payload:
    """Choose the most readable form that restores content exactly."""
    value, style = parse_json(content)
    if style:
        payload = Payload(json=value, style=style)
        # msgspec reads what it has written as the same value; Python's module writes more.
        if style in _FAST or _survives(payload, content):
            return payload
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return Payload(base64=base64.b64encode(content).decode())
    return _events_of(text) or Payload(text=text)


def content_of(payload: Payload) -> bytes:
    """The bytes a payload stands for."""
    if payload.json is not msgspec.UNSET:
        return write_json(payload.json, payload.style)
    if payload.events is not msgspec.UNSET:
        return "\n".join([event_text(event, payload.style) for event in payload.events]).encode()
    if payload.text is not msgspec.UNSET:
        return str(payload.text).encode()
    return base64.b64decode(payload.base64)


def check_payload(payload: Payload) -> None:
    """Make sure that `content_of` can restore the bytes.

    Args:
        payload: As it stands in a file: folded, its events counted.

    Raises:
        ValueError: If it cannot.
    """
    has_style = payload.json is not msgspec.UNSET or payload.events is not msgspec.UNSET
    if has_style and payload.style not in STYLES:
        raise ValueError(f"unknown JSON style {payload.style!r}; known: {', '.join(STYLES)}")
    if payload.text is not msgspec.UNSET and not isinstance(payload.text, str | dict):
        raise ValueError(f"text is a {type(payload.text).__name__}, not a string")
    if payload.base64:
        base64.b64decode(payload.base64, validate=True)


_DATA = "data: "
# What `content_of` raises for values that somebody has put into a file: none that was read from
# a body, such as numbers and texts that no encoder writes.
UNWRITABLE = (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError)


def _events_of(text: str) -> Payload | None:
    """The text as lines of an event stream, if it is one with JSON in it."""
    if not text.startswith(("data:", "event:", "id:", ":")):
        return None
    lines = text.split("\n")
    first = next((line for line in lines if line.startswith("data: {")), None)
    if first is None:
        return None
    _, style = parse_json(first[len(_DATA) :].removesuffix("\r").encode())
    if not style:
        return None
    return Payload(events=[_event_of(line, style) for line in lines], style=style)


def _event_of(line: str, style: str) -> Any:
    """A line of an event stream: ``[value]`` if it is JSON in that style, else itself."""
    if not line.startswith(_DATA + "{"):
        return line
    ending = "\r" if line.endswith("\r") else ""
    try:
        value = json.loads(line[len(_DATA) :])
        event = [value, ending] if ending else [value]
        stored = msgspec.json.decode(msgspec.json.encode(event))
    except (ValueError, UnicodeEncodeError, RecursionError):
        return line
    return event if event_text(stored, style) == line else line


def event_text(event: Any, style: str) -> str:
    """The line an event stands for.

    Args:
        event: The line itself; or JSON and what ends the line, as values or still encoded.
        style: How the JSON is written.

    Raises:
        ValueError: If it is neither.
    """
    if isinstance(event, str):
        return event
    if not event:
        raise ValueError("an event cannot be an empty list")
    value, *endings = (
        msgspec.json.decode(item) if isinstance(item, msgspec.Raw) else item for item in event
    )
    ending = endings[0] if endings else ""
    if len(endings) > 1 or not isinstance(ending, str):
        raise ValueError("an event is a text, [JSON], or [JSON, what ends the line]")
    return f"{_DATA}{write_json(value, style).decode()}{ending}"


def bad_event(events: Sequence[Any], style: str) -> int:
    """The position, from 1, of the first event that `event_text` cannot write; 0 without one."""
    for position, event in enumerate(events, 1):
        try:
            event_text(event, style).encode()
        except UNWRITABLE:
            return position
    return 0


def negative_count(payload: Payload) -> str:
    """The first number below 0 in the usage of a JSON body, as "name = number"; "" without one."""
    usage = payload.json.get("usage") if isinstance(payload.json, dict) else None
    return next(_negative(usage), "") if isinstance(usage, dict) else ""


def _negative(counts: dict[str, Any]) -> Iterator[str]:
    for name, count in counts.items():
        if isinstance(count, dict):
            yield from _negative(count)
        elif isinstance(count, int | float) and count < 0:
            yield f"{name} = {count}"


def parse_json(content: bytes) -> tuple[Any, str]:
    """Parse JSON and name the style that writes these very bytes; ("" if none does)."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return msgspec.UNSET, ""
    ending = content[len(content.rstrip(b"\r\n")) :]
    layout = "pretty" if b"\n" in content[: len(content) - len(ending)] else "dense"
    fast = f"{layout}+newline" if ending == b"\n" else layout
    if content == _fast(value, fast):
        return value, fast
    text = content.decode(errors="replace")
    for style, (_, written_ending) in _SLOW.items():
        if written_ending.encode() == ending and text == _dumps(value, style):
            return value, style
    return value, ""


def write_json(value: Any, style: str) -> bytes:
    """JSON bytes in a named style.

    Raises:
        KeyError: If there is no such style.
    """
    return _FAST[style](value) if style in _FAST else _dumps(value, style).encode()


def _fast(value: Any, style: str) -> bytes:
    """What msgspec writes; nothing for what only Python's own module can write."""
    try:
        return _FAST[style](value)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return b""


def _dumps(value: Any, style: str) -> str:
    arguments, ending = _SLOW[style]
    return json.dumps(value, **arguments) + ending


def _survives(payload: Payload, content: bytes) -> bool:
    """Whether writing to the file and reading back restores the bytes (floats may not)."""
    try:
        again = msgspec.json.decode(msgspec.json.encode(payload.json))
        return write_json(again, payload.style) == content
    except (ValueError, UnicodeEncodeError, RecursionError):
        return False


def decompressed(content: bytes, encodings: str) -> bytes | None:
    """Undo content-encoding.

    Args:
        content: Body as received; a client may have decoded it already.
        encodings: Value of the content-encoding header.

    Returns:
        The decoded body; None if an encoding is unknown or the data do not fit it.
    """
    for name in reversed([part.strip().lower() for part in encodings.split(",")]):
        decode = _DECODERS.get(name)
        if decode is None:
            return None
        try:
            content = decode(content)
        except Exception:
            return None
    return content


def _identity(content: bytes) -> bytes:
    return content


def _gunzip(content: bytes) -> bytes:
    return gzip.decompress(content)


def _inflate(content: bytes) -> bytes:
    try:
        return zlib.decompress(content)
    except zlib.error:
        return zlib.decompress(content, -zlib.MAX_WBITS)


def _brotli(content: bytes) -> bytes:
    # Optional: installed only where a client advertises it.
    brotli = importlib.import_module("brotli")
    return bytes(brotli.decompress(content))


def _zstd(content: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdDecompressor().decompressobj().decompress(content)


_DECODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "": _identity,
    "identity": _identity,
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _inflate,
    "br": _brotli,
    "zstd": _zstd,
}
