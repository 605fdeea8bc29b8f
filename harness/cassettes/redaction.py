"""Removing secrets before anything is written, in both directions.

Four sources say what is a secret: the shapes of known keys, the values of
environment variables whose name says so, the credentials of the request itself,
and the user's rules. Each secret is replaced by the same placeholder.

Nearly every text has none, so a text is first looked through for hints, which is
cheap, and only the shapes and values hinted at are looked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from harness.cassettes.credentials import credentials_in, secrets_of_variables
from harness.cassettes.known_secrets import KnownSecret, has_odd_escapes
from harness.cassettes.percent import is_percent_encoded, percent_decoded
from harness.cassettes.secret_assignments import ASSIGNMENTS
from harness.cassettes.secret_rules import shapes_of
from harness.cassettes.secret_shapes import (
    FIELDS,
    SHAPES,
    TRIGGERS,
    Shape,
    is_keyed,
    long_words,
)
from harness.errors import CassetteError
from harness.model.scenario import SecretRules

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PLACEHOLDER = "[redacted]"
NO_RULES = SecretRules()
MINIMUM_LENGTH = 8

REQUEST_HEADERS = frozenset(
    {"accept", "anthropic-beta", "anthropic-version", "content-type", "openai-beta"}
)
RESPONSE_HEADERS = frozenset(
    {
        "content-type",
        "location",
        "retry-after",
        "retry-after-ms",
        "x-amzn-bedrock-content-type",
        "x-amzn-bedrock-cache-read-input-token-count",
        "x-amzn-bedrock-cache-write-input-token-count",
        "x-amzn-bedrock-input-token-count",
        "x-amzn-bedrock-output-token-count",
        "x-amzn-errortype",
        "x-should-retry",
    }
)

Span = tuple[int, int]
# Suite, scenario, config and epoch: the names that make a cassette's path.
_NAMES = 4
# A cleaned text may hold a secret only now; each time it gets shorter or has one more placeholder.
_MOST_PASSES = 5


class Finding(NamedTuple):
    """A secret in a text: where it starts and ends, and what kind it is."""

    start: int
    end: int
    kind: str


class Suspects(NamedTuple):
    """What may be found in a text, as its hints say."""

    shapes: tuple[Shape, ...]
    known: tuple[KnownSecret, ...]


class Cleaner(Protocol):
    """Whatever replaces the secrets of a text."""

    def text(self, text: str) -> str:
        """The text with every secret replaced."""


class Redactor:
    """Replaces secrets in texts and JSON-like data; immutable.

    Args:
        values: Texts that are secret wherever they occur, by themselves or with what they are.
        rules: The user's own.
    """

    def __init__(
        self, values: Iterable[str] | Mapping[str, str] = (), rules: SecretRules = NO_RULES
    ) -> None:
        labelled = values if isinstance(values, Mapping) else dict.fromkeys(values, "a credential")
        self._values = {
            value: label
            for value, label in labelled.items()
            if len(value) >= MINIMUM_LENGTH and value not in PLACEHOLDER
        }
        self._rules = rules
        self._fields = FIELDS | {field.lower() for field in rules.fields}
        shapes = (*SHAPES, *ASSIGNMENTS, *shapes_of(rules.patterns, rules.fields))
        # By a character that a hint has: most texts lack some, and need fewer looks.
        self._long: dict[str, list[tuple[str, Shape]]] = {}
        for shape in shapes:
            for hint in shape.hints if shape.is_long else ():
                rare = next((char for char in "=_-." if char in hint), "")
                self._long.setdefault(rare, []).append((hint, shape))
        self._loose = [
            (hint, shape)
            for shape in shapes
            if not (shape.is_long or shape.words)
            # Every text has the empty one in it.
            for hint in shape.hints or ("",)
        ]
        self._assigned = [(word, shape) for shape in shapes for word in shape.words]

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], rules: SecretRules = NO_RULES
    ) -> Redactor:
        """Know the values of every variable that looks secret.

        Args:
            environ: Names and values. A name with KEY, TOKEN, SECRET, PASSWORD or the like
                in it makes its value, of at least 8 characters, a secret; so does a
                password in a value that is a URL.
            rules: The user's own, which may name more variables.
        """
        return cls(secrets_of_variables(environ, rules.variables), rules)

    def knowing(self, headers: Mapping[str, str]) -> Redactor:
        """Know the credentials in a request's headers as well.

        Args:
            headers: Request headers, names in lower case.
        """
        return self.knowing_values(credentials_in(headers))

    def knowing_values(self, values: Iterable[str]) -> Redactor:
        """Know more credentials; itself if it knows them already."""
        new = {value for value in values if value not in self._values}
        if not new:
            return self
        labelled = dict.fromkeys(new, "a credential of the request")
        return Redactor({**self._values, **labelled}, self._rules)

    def suspects(self, text: str) -> Suspects | None:
        """What secrets a text, or the JSON that spells it, may hold; None for none."""
        found = self._suspects(text)
        if is_percent_encoded(text):
            decoded = self._suspects(percent_decoded(text)[0])
            if decoded is not None:
                one = found or Suspects((), ())
                shapes = dict.fromkeys((*one.shapes, *decoded.shapes))
                return Suspects(tuple(shapes), tuple(dict.fromkeys((*one.known, *decoded.known))))
        return found

    def _suspects(self, text: str) -> Suspects | None:
        lowered = text.lower()
        words = long_words(lowered)
        assigned = [
            word
            for word, trigger in TRIGGERS.items()
            if word in lowered and trigger.search(lowered)
        ]
        shapes = [shape for hint, shape in self._loose if hint in lowered]
        if words:
            for rare, hinted in self._long.items():
                if rare in words:
                    shapes += [shape for hint, shape in hinted if hint in words]
        if assigned:
            shapes += [shape for word, shape in self._assigned if word in assigned]
        is_odd = bool(self._known) and has_odd_escapes(text)
        known = [one for one in self._known if is_odd or one.may_be_in(text, words)]
        if not (shapes or known):
            return None
        return Suspects(tuple(dict.fromkeys(shapes)), tuple(known))

    def text(self, text: str) -> str:
        """The text with every secret replaced by the placeholder."""
        return self._clean(text, self.suspects(text))

    def _clean(self, text: str, suspects: Suspects | None) -> str:
        if suspects is None:
            return text
        for _ in range(_MOST_PASSES):
            found = _findings(text, suspects)
            if not found:
                return text
            text = cut(text, merged((start, end) for start, end, _ in found))
            suspects = self.suspects(text) or Suspects((), ())
        return text

    def findings(self, text: str) -> list[Finding]:
        """Every secret in a text, in order; they may overlap."""
        suspects = self.suspects(text)
        if suspects is None:
            return []
        # The longest first; among equals the shape that says most, as they are in that order.
        return sorted(_findings(text, suspects), key=lambda each: (each.start, -each.end))

    def spans(self, text: str) -> list[Span]:
        """Where the secrets are: start and end, in order, not overlapping."""
        return merged((start, end) for start, end, _ in self.findings(text))

    def data(self, value: Any, spelled: str | None = None) -> Any:
        """JSON-like data with every secret in it replaced, in keys and numbers too.

        Args:
            value: The data; returned itself if there is no hint of a secret.
            spelled: The data as JSON, if the caller has it.
        """
        suspects = self.suspects(_spelled(value) if spelled is None else spelled)
        return value if suspects is None else self._data(value, suspects)

    def _data(self, value: Any, suspects: Suspects) -> Any:
        if isinstance(value, str):
            return self._clean(value, suspects)
        if isinstance(value, dict):
            result: dict[str, Any] = {}
            for key, item in value.items():
                name = self._clean(key, suspects)
                while name in result:  # Two secrets as keys; the placeholder fits any text.
                    name += PLACEHOLDER
                result[name] = self._member(key, item, suspects)
            return result
        if isinstance(value, list | tuple):
            return [self._data(item, suspects) for item in value]
        if type(value) in (int, float) and any(one.value in repr(value) for one in suspects.known):
            return PLACEHOLDER
        return value

    def _member(self, key: str, value: Any, suspects: Suspects) -> Any:
        if isinstance(value, str):
            if len(value) >= MINIMUM_LENGTH and key.lower() in self._fields:
                return PLACEHOLDER
            return self._clean(_without_named(key, value, suspects), suspects)
        if isinstance(value, list | tuple) and key.lower() in self._fields:
            return [self._member(key, item, suspects) for item in value]
        return self._data(value, suspects)

    def pair(self, name: str, value: str) -> tuple[str, str]:
        """A parameter of a URL or form, decoded, without secrets."""
        if len(value) >= MINIMUM_LENGTH and (is_keyed(name) or name.lower() in self._fields):
            return self.text(name), PLACEHOLDER
        return self.text(name), self.text(value)

    def require_clean_name(self, path: Path) -> None:
        """Make sure that the names in a cassette's path that come from its sample hold none.

        Raises:
            CassetteError: If one does; the message does not repeat it.
        """
        for depth, name in enumerate(path.parts[-_NAMES:][::-1]):
            if found := self.findings(name):
                what = "its file name" if depth == 0 else f"the folder {depth} above it"
                raise CassetteError(
                    f"The cassette was not recorded: {what} holds what looks like a secret "
                    f"({found[0].kind}). Rename the scenario or config that it is named after."
                )

    def content(self, content: bytes) -> bytes:
        """Bytes of unknown form with every secret replaced."""
        # Bytes that are no UTF-8 become lone surrogates and come back as they were.
        text = content.decode(errors="surrogateescape")
        return self.text(text).encode(errors="surrogateescape")

    @cached_property
    def _known(self) -> tuple[KnownSecret, ...]:
        # Longest first: a value may be part of another.
        values = sorted(self._values, key=len, reverse=True)
        return tuple(KnownSecret(value, self._values[value]) for value in values)


def _spelled(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(value, ensure_ascii=False)


def _findings(text: str, suspects: Suspects) -> list[Finding]:
    found = _plain_findings(text, suspects)
    if is_percent_encoded(text):
        # What a URL or a form spells, in the terms of the text.
        decoded, places = percent_decoded(text)
        found += [
            Finding(places[start], places[end], kind)
            for start, end, kind in _plain_findings(decoded, suspects)
        ]
    return [each for each in found if text[each.start : each.end] not in ("", PLACEHOLDER)]


def _plain_findings(text: str, suspects: Suspects) -> list[Finding]:
    found = [Finding(*span, one.label) for one in suspects.known for span in one.spans(text)]
    # What made a shape suspect may stand in another text of the same body.
    lowered = text.lower()
    found += [
        Finding(*span, shape.kind)
        for shape in suspects.shapes
        if not shape.words or any(word in lowered for word in shape.words)
        for span in shape.spans(text)
    ]
    return found


def _without_named(key: str, value: str, suspects: Suspects) -> str:
    """The text of a JSON member without what its name makes a secret."""
    named = [shape for shape in suspects.shapes if shape.words]
    start = len(key) + 5
    text = f'"{key}": "{value}"'
    spans = [span for shape in named for span in shape.spans(text) if span[0] >= start]
    spans = [(first - start, last - start) for first, last in spans]
    return cut(value, merged(span for span in spans if value[slice(*span)] != PLACEHOLDER))


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
    headers: Mapping[str, list[str]], allowed: frozenset[str], redactor: Cleaner
) -> dict[str, list[str]]:
    """The headers on an allow-list, names in lower case and sorted, secrets replaced."""
    kept = {name.lower(): values for name, values in headers.items() if name.lower() in allowed}
    return {name: [redactor.text(value) for value in kept[name]] for name in sorted(kept)}
