"""Removing secrets before anything is written, in both directions.

Three sources say what is a secret: the shapes of known keys, the values of
environment variables whose name says so, and the credentials of the request
itself. Each is replaced by the same placeholder.
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from harness.cassettes.secret_shapes import FIELDS, LONG_WORD, REACH, SHAPES, VARIABLE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PLACEHOLDER = "[redacted]"
MINIMUM_LENGTH = 8
# Shorter credentials are words such as "no-key": replacing them would spoil the texts.
_MINIMUM_CREDENTIAL = 16

REQUEST_HEADERS = frozenset(
    {"accept", "anthropic-beta", "anthropic-version", "content-type", "openai-beta"}
)
RESPONSE_HEADERS = frozenset(
    {"content-type", "location", "retry-after", "retry-after-ms", "x-should-retry"}
)
_CREDENTIAL_HEADERS = frozenset(
    {"api-key", "authorization", "cookie", "proxy-authorization", "x-api-key", "x-goog-api-key"}
)

Span = tuple[int, int]
_DIGIT = re.compile("[0-9]")


class Redactor:
    """Replaces secrets in texts and JSON-like data; immutable.

    Args:
        values: Texts that are secret wherever they occur.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values = frozenset(
            value for value in values if len(value) >= MINIMUM_LENGTH and value not in PLACEHOLDER
        )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Redactor:
        """Know the values of every variable that looks secret.

        Args:
            environ: Names and values; a name with KEY, TOKEN, SECRET, PASSWORD or
                CREDENTIAL in it makes its value, of at least 8 characters, a secret.
        """
        return cls(value.strip() for name, value in environ.items() if VARIABLE_NAME.search(name))

    def knowing(self, headers: Mapping[str, str]) -> Redactor:
        """Know the credentials in a request's headers as well.

        Args:
            headers: Request headers, names in lower case.
        """
        found = {
            word
            for name in _CREDENTIAL_HEADERS & headers.keys()
            for word in headers[name].split()
            if len(word) >= _MINIMUM_CREDENTIAL
        }
        return Redactor(self._values | found) if found - self._values else self

    def text(self, text: str) -> str:
        """The text with every secret replaced by the placeholder."""
        return cut(text, self.spans(text))

    def spans(self, text: str) -> list[Span]:
        """Where the secrets are: start and end, in order, not overlapping."""
        found = [match.span() for match in self._known.finditer(text)] if self._values else []
        found += _shapes_in(text)
        return merged(span for span in found if text[slice(*span)] != PLACEHOLDER)

    def data(self, value: Any) -> Any:
        """JSON-like data with every secret in it replaced, in keys and numbers too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self._field(key, item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(item) for item in value]
        if isinstance(value, int | float) and self._values and self._known.search(repr(value)):
            return PLACEHOLDER
        return value

    def _field(self, key: str, value: Any) -> Any:
        if key.lower() in FIELDS and isinstance(value, str) and len(value) >= MINIMUM_LENGTH:
            return PLACEHOLDER
        return self.data(value)

    def content(self, content: bytes) -> bytes:
        """Bytes of unknown form with every secret replaced."""
        # Bytes that are no UTF-8 become lone surrogates and come back as they were.
        text = content.decode(errors="surrogateescape")
        return self.text(text).encode(errors="surrogateescape")

    @cached_property
    def _known(self) -> re.Pattern[str]:
        forms = {form for value in self._values for form in _written_forms(value)}
        return re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))))


def _shapes_in(text: str) -> Iterator[Span]:
    """Where something has the shape of a secret."""
    lowered = text.lower()
    windows = merged(
        (max(match.start() - REACH, 0), match.end())
        for match in LONG_WORD.finditer(text)
        if _DIGIT.search(match[0])
    )
    for shape in SHAPES:
        if not shape.hints:
            places = windows
        elif any(hint in lowered for hint in shape.hints):
            places = [(0, len(text))]
        else:
            continue
        group = "secret" if "secret" in shape.pattern.groupindex else 0
        for place in places:
            for match in shape.pattern.finditer(text, *place):
                yield match.span(group)


def _written_forms(value: str) -> set[str]:
    """A secret as it appears plain, inside JSON, inside JSON inside JSON, in a URL, and as
    UTF-8 in a binary body.
    """
    forms = {value, quote(value), quote(value, safe=""), quote_plus(value)}
    forms.add(value.encode(errors="surrogateescape").decode("latin-1"))
    for ascii_only in (True, False):
        once = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        forms |= {once, json.dumps(once, ensure_ascii=ascii_only)[1:-1]}
    return forms


def merged(spans: Iterable[Span]) -> list[Span]:
    """Sort spans and join those that overlap."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start < result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        elif end > start:
            result.append((start, end))
    return result


def cut(text: str, spans: Iterable[Span]) -> str:
    """Put the placeholder in place of each span."""
    pieces, position = [], 0
    for start, end in spans:
        pieces += [text[position:start], PLACEHOLDER]
        position = end
    return "".join([*pieces, text[position:]])


def kept_headers(
    headers: Mapping[str, list[str]], allowed: frozenset[str], redactor: Redactor
) -> dict[str, list[str]]:
    """The headers on an allow-list, names in lower case and sorted, secrets replaced."""
    kept = {name.lower(): values for name, values in headers.items() if name.lower() in allowed}
    return {name: [redactor.text(value) for value in kept[name]] for name in sorted(kept)}
