"""A response body without its secrets, in the form it came in."""

from __future__ import annotations

import base64
import gzip
import json
import re
import struct
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote_plus

import msgspec

from harness.cassettes.nesting import is_deep
from harness.cassettes.payload import parse_json, write_json
from harness.cassettes.streams import (
    is_event_stream,
    is_same,
    redact_events,
    redact_split,
    redact_values,
)
from harness.cassettes.usage.eventstream import payloads

if TYPE_CHECKING:
    from harness.cassettes.redaction import Redactor

_GZIP = b"\x1f\x8b\x08"
_AMAZON = "vnd.amazon.eventstream"
_FORM = re.compile(r"[^\s=&{}\"<>]+=[^\s&{}\"<>]*(?:&[^\s=&{}\"<>]+=[^\s&{}\"<>]*)*\Z")
_PRELUDE = struct.Struct(">II")
_CHECKSUM = struct.Struct(">I")


def clean_body(content: bytes, content_type: str, redactor: Redactor) -> bytes:
    """The body with every secret replaced; itself if it has none.

    Args:
        content: The body, its content-encoding undone.
        content_type: Value of the header.
        redactor: Knows the secrets.
    """
    if _AMAZON in content_type:
        try:
            return _clean_frames(content, redactor)
        except ValueError:
            return redactor.content(content)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return _clean_binary(content, redactor)
    if is_event_stream(content_type, text) or _is_lines_of_json(text):
        clean = redact_events(text, redactor)
        return content if clean == text else clean.encode()
    suspects = redactor.suspects(text)
    if text[:1] != "[" and '"token"' not in text and suspects is None:
        return content
    return _clean_text(content, text, redactor)


def clean_form(text: str, redactor: Redactor) -> str:
    """A text with every secret replaced; a form's in its decoded values too."""
    if "=" in text and _FORM.match(text):
        text = "&".join(_clean_pair(pair, redactor) for pair in text.split("&"))
    return redactor.text(text)


def _clean_pair(text: str, redactor: Redactor) -> str:
    """One name and value of a form, spelled as they were unless a secret is in them."""
    [pair] = parse_qsl(text, keep_blank_values=True) or [("", "")]
    clean = redactor.pair(*pair)
    return text if clean == pair else "=".join(quote_plus(each, safe="[]") for each in clean)


def _clean_binary(content: bytes, redactor: Redactor) -> bytes:
    if content.startswith(_GZIP):
        try:
            plain = gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            return redactor.content(content)
        clean = clean_body(plain, "", redactor)
        return content if clean == plain else gzip.compress(clean, mtime=0)
    return redactor.content(content)


def _clean_text(content: bytes, text: str, redactor: Redactor) -> bytes:
    try:
        value, style = parse_json(content)
    except RecursionError:
        value, style = msgspec.UNSET, ""
    if value is msgspec.UNSET or is_deep(value, content):
        return clean_form(text, redactor).encode()
    clean = _clean_value(value, text, redactor)
    if clean is not value:
        return write_json(clean, style or "spaced")
    if style or not redactor.spans(text):
        return content
    # Seen in the text alone, such as the first of two members with one name.
    return redactor.content(write_json(value, "spaced"))


def _clean_value(value: Any, text: str, redactor: Redactor) -> Any:
    """The value without secrets; itself if it has none."""
    wrapped = value if isinstance(value, list) else [value]
    is_changed = False
    if '"token"' in text or len(wrapped) > 1:
        # Log probabilities, and streams that are sent as one array, spell texts in pieces.
        wrapped = json.loads(json.dumps(wrapped))
        is_changed = bool(redact_split(wrapped, redactor))
    pieces = wrapped if isinstance(value, list) else wrapped[0]
    base = pieces if is_changed else value
    clean = redactor.data(base)
    return clean if is_changed or not is_same(clean, value) else value


def _is_lines_of_json(text: str) -> bool:
    first, _, rest = text.partition("\n")
    second = rest.partition("\n")[0]
    return all(_is_object(line) for line in (first, second))


def _is_object(line: str) -> bool:
    if line[:1] != "{" or line.rstrip()[-1:] != "}":
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _clean_frames(content: bytes, redactor: Redactor) -> bytes:
    """Amazon's binary stream of events, with the lengths and checksums of what changed.

    Raises:
        ValueError: If it is no such stream.
    """
    bodies = list(payloads(content))
    inner = [_opened(body) for body in bodies]
    values = [value for value, _ in inner]
    changed = redact_values(values, redactor)
    result, start = [], 0
    for number, body in enumerate(bodies):
        length, headers_length = _PRELUDE.unpack_from(content, start)
        if number in changed:
            head = content[start + 12 : start + 12 + headers_length]
            result.append(_frame(head, _closed(inner[number][1], values[number])))
        elif redactor.content(body) != body:
            head = content[start + 12 : start + 12 + headers_length]
            result.append(_frame(head, redactor.content(body)))
        else:
            result.append(content[start : start + length])
        start += length
    return b"".join(result)


def _opened(body: bytes) -> tuple[Any, Any]:
    """What a frame says, and the wrapper it came in, if any: a model's own event in base64."""
    try:
        outer = json.loads(body)
        if isinstance(outer, dict) and isinstance(outer.get("bytes"), str):
            return json.loads(base64.b64decode(outer["bytes"], validate=True)), outer
    except (ValueError, RecursionError):
        return None, None
    return outer, None


def _closed(wrapper: Any, value: Any) -> bytes:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    if wrapper is None:
        return body
    wrapped = {**wrapper, "bytes": base64.b64encode(body).decode()}
    return json.dumps(wrapped, separators=(",", ":")).encode()


def _frame(headers: bytes, body: bytes) -> bytes:
    prelude = _PRELUDE.pack(16 + len(headers) + len(body), len(headers))
    start = prelude + _CHECKSUM.pack(zlib.crc32(prelude)) + headers + body
    return start + _CHECKSUM.pack(zlib.crc32(start))
