"""What the readers of all foreign formats make, and what they share in making it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Headers = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class ForeignInteraction:
    """One recorded request with its response, as another tool kept it.

    Attributes:
        method: HTTP method.
        url: Absolute URL.
        request_headers: Names as they were written.
        request_body: Body as sent; b"" for none.
        status: HTTP status code.
        reason: HTTP reason phrase; "" if it was not kept.
        response_headers: Names as they were written.
        response_body: Body as kept, still compressed if the headers say so and the
            tool did not undo it.
        recorded_at: ISO 8601 UTC time of the response; None if the file does not say.
        latency_seconds: From sending the request to having read the response; 0.0 if
            the file does not say.
    """

    method: str
    url: str
    request_headers: Headers
    request_body: bytes
    status: int
    reason: str
    response_headers: Headers
    response_body: bytes
    recorded_at: str | None = None
    latency_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands, for messages.

    Attributes:
        path: The file.
        line: Line of it, from 1.
    """

    path: Path
    line: int

    def fail(self, what: str) -> NoReturn:
        """Refuse the file for what stands here.

        Raises:
            CassetteError: Always.
        """
        raise CassetteError(f"{self.path}:{self.line}: {what}. Nothing was imported from it.")

    def mapping(self, value: Any, name: str) -> dict[Any, Any]:
        """The value, which must be a mapping."""
        if not isinstance(value, dict):
            self.fail(f"{name} is {kind_of(value)}, not a mapping")
        return value

    def text(self, value: Any, name: str) -> str:
        """The value, which must be a text that is not empty."""
        if isinstance(value, bytes):
            value = value.decode("latin-1")
        if not isinstance(value, str) or not value:
            self.fail(f"{name} is {kind_of(value)}, not a text")
        return value

    def status(self, value: Any) -> int:
        """The value, which must be an HTTP status code."""
        if type(value) is not int or not 100 <= value <= 999:
            shown = value if type(value) is int else kind_of(value)
            self.fail(f"the status code is {shown}, not a number from 100 to 999")
        return value

    def headers(self, value: Any, name: str) -> dict[str, list[str]]:
        """Headers, given as a mapping or as pairs; each value one text or several."""
        if value is None:
            return {}
        if isinstance(value, list) and all(isinstance(pair, list) for pair in value):
            pairs = [pair for pair in value if len(pair) == 2]
            if len(pairs) != len(value):
                self.fail(f"{name} holds a pair that is none")
        else:
            pairs = [list(pair) for pair in self.mapping(value, name).items()]
        headers: dict[str, list[str]] = {}
        for key, values in pairs:
            listed = values if isinstance(values, list) else [values]
            texts = [self._header(item, name) for item in listed if item is not None]
            headers.setdefault(self._header(key, name), []).extend(texts)
        return headers

    def _header(self, value: Any, name: str) -> str:
        if isinstance(value, bytes):
            return value.decode("latin-1")
        if isinstance(value, list | dict):
            self.fail(f"{name} holds {kind_of(value)} where a text was expected")
        return str(value)

    def body(self, value: Any, name: str) -> bytes:
        """A body: text, bytes, a list of pieces of either, or nothing."""
        if value is None:
            return b""
        if isinstance(value, bytes):
            return value
        if isinstance(value, str):
            return value.encode(errors="surrogatepass")
        if isinstance(value, list):
            return b"".join([self.body(piece, name) for piece in value])
        self.fail(f"{name} is {kind_of(value)}, not a text, bytes or a list of them")


def kind_of(value: Any) -> str:
    """What a value is, in words."""
    if value is None:
        return "missing"
    if value in ("", b""):
        return "empty"
    names = {dict: "a mapping", list: "a list", bool: "a truth value", str: "a text"}
    names |= {bytes: "bytes", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)


def first_value(headers: Headers, wanted: str) -> str:
    """The first value of a header; "" without it.

    Args:
        headers: Names in any case.
        wanted: The name, in lower case.
    """
    for name, values in headers.items():
        if name.lower() == wanted and values:
            return values[0]
    return ""


def response_time(headers: Headers) -> str | None:
    """When a response was sent, by its Date header, as ISO 8601 UTC; None if it does not say."""
    from datetime import UTC
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(first_value(headers, "date"))
        return moment.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, TypeError, OverflowError):
        return None
