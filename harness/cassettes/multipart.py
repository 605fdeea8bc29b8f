"""Uploads: bodies of several parts, whose boundary every client chooses anew."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable

_BOUNDARY = b"harness-boundary"
_FIRST_LINE = re.compile(rb"--([^\r\n]{1,70})\r\n")
_PARAMETER = re.compile(r"""\bboundary=("[^"]*"|[^\s;"]+)""", re.IGNORECASE)

# Name, file name or None, content type or None, content.
Field = tuple[str, "str | None", "str | None", Any]


def with_fixed_boundary(body: bytes) -> bytes:
    """The body with a boundary that is always the same; itself if it has none."""
    match = _FIRST_LINE.match(body)
    if match is None or not body.rstrip(b"\r\n").endswith(b"--" + match[1] + b"--"):
        return body
    rest = body[match.end(1) :].replace(b"\r\n--" + match[1], b"\r\n--" + _BOUNDARY)
    return b"--" + _BOUNDARY + rest


def with_fixed_parameter(content_type: str) -> str:
    """The header with a boundary that is always the same."""
    if not content_type.startswith("multipart/"):
        return content_type
    return _PARAMETER.sub(f"boundary={_BOUNDARY.decode()}", content_type)


def form_body(fields: Iterable[Field]) -> bytes:
    """The body of a form that a client has not written yet, with the fixed boundary.

    Args:
        fields: What it consists of.
    """
    fields = list(fields)
    if all(_is_plain(field) for field in fields):
        return urlencode([(name, content) for name, _, _, content in fields], doseq=True).encode()
    parts = [
        b"--%b\r\n%b\r\n\r\n%b\r\n" % (_BOUNDARY, _head(field), _content(field[3]))
        for field in fields
    ]
    return b"".join([*parts, b"--%b--\r\n" % _BOUNDARY])


def _is_plain(field: Field) -> bool:
    _, file_name, content_type, content = field
    is_file = isinstance(content, bytes | bytearray | memoryview) or hasattr(content, "read")
    return file_name is None and content_type is None and not is_file


def _head(field: Field) -> bytes:
    name, file_name, content_type, _ = field
    head = f'Content-Disposition: form-data; name="{name}"'
    if file_name is not None:
        head += f'; filename="{file_name}"'
    if content_type is not None:
        head += f"\r\nContent-Type: {content_type}"
    return head.encode()


def _content(content: Any) -> bytes:
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(content)
    if hasattr(content, "read") and hasattr(content, "seekable") and content.seekable():
        # Read and put back: the client is to send it yet.
        place, file = content.tell(), content
        content = file.read()
        file.seek(place)
        return content if isinstance(content, bytes) else str(content).encode()
    return str(content).encode()
