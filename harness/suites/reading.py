"""Readers of values: each returns what it promises or raises `Invalid`.

Containers keep the faults of their parts and read on, so that one pass finds
every mistake; what they return after a fault is only good for finding more.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar

from harness.suites.document import Invalid, Source, Value, joined

T = TypeVar("T")
Reader = Callable[[Value], T]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")


class Section:
    """A mapping with a fixed set of keys."""

    def __init__(self, value: Value, keys: Collection[str]) -> None:
        """Check that value is a mapping and report every key that is not among keys."""
        if not isinstance(value.content, Mapping):
            raise Invalid(value, f"expected a mapping, got {described(value)}")
        self.place = value
        self._items = value.content
        for name, item in value.content.items():
            if name not in keys:
                Invalid(item, unknown("key", name, keys)).report()

    @property
    def source(self) -> Source:
        """The file it is in."""
        return self.place.source

    def get(self, key: str, reader: Reader[T], default: T) -> T:
        """The value of a key; default if it is absent or wrong (then also reported)."""
        item = self._items.get(key)
        if item is None:
            return default
        try:
            return reader(item)
        except Invalid as error:
            error.report()
            return default

    def find(self, key: str, reader: Reader[T]) -> T | None:
        """The value of a key; None if it is absent or wrong (then also reported)."""
        item = self._items.get(key)
        return None if item is None else tried(item, reader)

    def require(self, key: str, reader: Reader[T], default: T) -> T:
        """As `get`, but the key must be there."""
        if key not in self._items:
            Invalid(self.place, f"the key {key!r} is missing").report()
        return self.get(key, reader, default)

    def has(self, key: str) -> bool:
        """Whether the key is written, right or wrong."""
        return key in self._items

    def report(self, text: str, key: str = "") -> None:
        """Keep a mistake, at the key if it is written, else at the section."""
        item = self._items.get(key)
        place = item or self.place
        self.source.report(text, line=place.line, key=joined(self.place.key, key))


def tried(value: Value, reader: Reader[T]) -> T | None:
    """What reader makes of value; None, and the fault kept, if it is wrong."""
    try:
        return reader(value)
    except Invalid as error:
        error.report()
        return None


def text(value: Value) -> str:
    """Text that is not blank, line ends normalised, blanks around it removed."""
    if not isinstance(value.content, str):
        quotes = "; put it in quotes" if isinstance(value.content, bool | int | float) else ""
        raise Invalid(value, f"expected text, got {described(value)}{quotes}")
    found = tidy(value.content)
    if not found:
        raise Invalid(value, "the text is empty")
    return found


def tidy(found: str) -> str:
    r"""Text with ``\n`` line ends and no blanks around it: the same on every machine."""
    return found.replace("\r\n", "\n").strip()


def any_text(value: Value) -> str:
    """Text that may be empty."""
    return "" if value.content == "" else text(value)


def name(value: Value) -> str:
    """A name that can stand in a path and on a command line."""
    found = str(value.content) if type(value.content) in (int, float) else text(value)
    if not NAME.match(found):
        raise Invalid(value, bad_name(found))
    return found


def bad_name(found: str) -> str:
    """The sentence for a name with characters that names may not have.

    Names become those of files, and an accented letter is spelled in two ways that look alike:
    a cassette written on one machine would not be found on another.
    """
    strange = "".join(dict.fromkeys(each for each in found if each.isalpha() and ord(each) > 127))
    why = f"; {shortened(strange)} is none of these" if strange else ""
    plain = unicodedata.normalize("NFKD", found).encode("ascii", "ignore").decode()
    is_near = strange and NAME.match(plain) and len(plain) == len(found)
    near = f" (for example {plain!r})" if is_near else ""
    return (
        f"the name {shortened(found)} is not valid; use up to 100 letters (a to z, A to Z), "
        f"digits, '.', '_' and '-', beginning with a letter or digit{near}{why}"
    )


def whole(minimum: int, maximum: int = 1_000_000) -> Reader[int]:
    """A whole number from minimum to maximum."""

    def read(value: Value) -> int:
        if not isinstance(value.content, int) or isinstance(value.content, bool):
            raise Invalid(value, f"expected a whole number, got {described(value)}")
        if not minimum <= value.content <= maximum:
            wanted = f"expected a whole number from {minimum} to {maximum}"
            raise Invalid(value, f"{value.content} is out of range; {wanted}")
        return value.content

    return read


def number(minimum: float, maximum: float = math.inf) -> Reader[float]:
    """A number from minimum to maximum."""

    def read(value: Value) -> float:
        found = _float(value)
        if not minimum <= found <= maximum:
            upper = f" to {maximum:g}" if maximum < math.inf else " up"
            wanted = f"expected a number from {minimum:g}{upper}"
            raise Invalid(value, f"{found:g} is out of range; {wanted}")
        return found

    return read


def positive(value: Value) -> float:
    """A number above 0."""
    found = _float(value)
    if found <= 0:
        raise Invalid(value, f"{found:g} is out of range; expected a number above 0")
    return found


def flag(value: Value) -> bool:
    """True or false."""
    if not isinstance(value.content, bool):
        raise Invalid(value, f"expected true or false, got {described(value)}")
    return value.content


def _float(value: Value) -> float:
    if not isinstance(value.content, int | float) or isinstance(value.content, bool):
        raise Invalid(value, f"expected a number, got {described(value)}")
    return float(value.content)


def one_of(what: str, choices: Collection[str]) -> Reader[str]:
    """One of a fixed set of words."""

    def read(value: Value) -> str:
        found = text(value)
        if found not in choices:
            raise Invalid(value, unknown(what, found, choices))
        return found

    return read


def optional(reader: Reader[T]) -> Reader[T | None]:
    """What reader reads, or null."""
    return lambda value: None if value.content is None else reader(value)


def list_of(reader: Reader[T]) -> Reader[tuple[T, ...]]:
    """A list, each item as reader reads it; wrong items are reported and left out."""

    def read(value: Value) -> tuple[T, ...]:
        if not isinstance(value.content, tuple):
            raise Invalid(value, f"expected a list, got {described(value)}")
        found = []
        for item in value.content:
            try:
                found.append(reader(item))
            except Invalid as error:
                error.report()
        return tuple(found)

    return read


def mapping_of(reader: Reader[T]) -> Reader[dict[str, T]]:
    """A mapping with free keys; wrong values are reported and left out."""

    def read(value: Value) -> dict[str, T]:
        if not isinstance(value.content, Mapping):
            raise Invalid(value, f"expected a mapping, got {described(value)}")
        found = {}
        for key, item in value.content.items():
            if not key.strip():
                Invalid(item, "the key is empty").report()
            try:
                found[key] = reader(item)
            except Invalid as error:
                error.report()
        return found

    return read


def with_example(reader: Reader[T], example: str) -> Reader[T]:
    """As reader; when the value itself has the wrong shape, an example is part of the message."""

    def read(value: Value) -> T:
        try:
            return reader(value)
        except Invalid as error:
            if error.value is not value or not error.text.startswith("expected"):
                raise
            raise Invalid(value, f"{error.text}; for example: {example}") from None

    return read


def filled(reader: Reader[Any]) -> Reader[Any]:
    """As reader, but the list or mapping must not be written empty."""

    def read(value: Value) -> Any:
        if value.content in ((), {}):
            raise Invalid(value, "expected at least one entry")
        return reader(value)

    return read


def data(value: Value) -> Any:
    """Any plain data: what JSON can hold."""
    if isinstance(value.content, tuple):
        return [data(item) for item in value.content]
    if isinstance(value.content, Mapping):
        return {key: data(item) for key, item in value.content.items()}
    return value.content


def described(value: Value) -> str:
    """What a value is, for error texts."""
    content = value.content
    if content is None:
        return "nothing"
    if isinstance(content, tuple):
        return "a list"
    if isinstance(content, Mapping):
        return "a mapping"
    if isinstance(content, bool):
        return str(content).lower()
    if isinstance(content, str):
        return f"the text {shortened(content)}"
    return f"the number {content}"


def shortened(found: str) -> str:
    """Text in quotes for an error message: one line, at most about 60 characters."""
    return repr(found if len(found) <= 60 else found[:57] + "...")


def unknown(what: str, found: str, choices: Iterable[str]) -> str:
    """The sentence for a word that is not one of the choices, with the nearest one."""
    known = list(choices)
    near = difflib.get_close_matches(found, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"unknown {what} {shortened(found)}; valid choices: {', '.join(known)}.{hint}"
