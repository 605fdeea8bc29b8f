"""Taking texts out of a record, for reading and for storing them once; and putting them back."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LINES = "$lines"
REPLY = "$reply"
# Shorter texts are not worth a reference.
WORTH_QUOTING = 24

# What is never folded; most values are.
_WHOLE = frozenset({int, float, bool, type(None)})
# Where somebody's words stand: of one line, too, they are a line of their own in a change.
_SAID = frozenset({"content", "text", "arguments"})
_MARKERS = re.compile(r"\$+(?:lines|reply)")


class Folder:
    """Folds values, collecting the lines of their texts.

    Attributes:
        lines: JSON of each line taken out so far.
        replies: Interactions referred to so far.
    """

    def __init__(self, find: Callable[[str], list[int | str] | None] | None = None) -> None:
        self._find = find
        self.lines: list[bytes] = []
        self.replies: list[int] = []

    def fold(self, value: Any) -> Any:
        """Replace by markers what is said, texts of several lines, and what was said before."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {
                key if key[:1] != "$" else _escaped(key): (
                    item
                    if type(item) in _WHOLE
                    else self._text(item, is_said=key in _SAID)
                    if type(item) is str
                    else self.fold(item)
                )
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.fold(item) for item in value]
        return value

    def _text(self, text: str, *, is_said: bool = False) -> Any:
        if self._find is not None and len(text) >= WORTH_QUOTING:
            found = self._find(text)
            if found is not None:
                self.replies.append(int(found[0]))
                return {REPLY: found}
        if "\n" not in text and not (is_said and text):
            return text
        lines = text.split("\n")
        self.lines += [msgspec.json.encode(line) for line in lines]
        return {LINES: len(lines)}


def unfold(value: Any, texts: Iterator[str], reply: Callable[[list[Any]], str]) -> Any:
    """Put texts back; the inverse of `Folder.fold`.

    Args:
        value: A folded value.
        texts: The lines that were taken out.
        reply: The text behind a reference to a reply.

    Raises:
        StopIteration: If a text has fewer lines than its marker says.
    """
    # Exact types and a plain loop: a replay spends much of its time here.
    if type(value) is dict:
        if len(value) == 1:
            count, place = value.get(LINES), value.get(REPLY)
            if type(count) is int:
                return _joined(texts, count)
            if type(place) is list:
                return reply(place)
        result = {}
        for key, item in value.items():
            plain = key if key[:2] != "$$" else _unescaped(key)
            kind = type(item)
            result[plain] = unfold(item, texts, reply) if kind is dict or kind is list else item
        return result
    if type(value) is list:
        return [unfold(item, texts, reply) for item in value]
    return value


def _joined(texts: Iterator[str], count: int) -> str:
    lines = list(islice(texts, max(count, 0)))
    if len(lines) != count:
        raise StopIteration
    return "\n".join(lines)


def texts_in(value: Any, path: tuple[int | str, ...] = ()) -> Iterator[tuple[str, list[int | str]]]:
    """Every text in a value that is worth quoting, with its path."""
    items: Iterable[tuple[int | str, Any]] = ()
    if isinstance(value, str):
        if len(value) >= WORTH_QUOTING:
            yield value, list(path)
    elif isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        # Asked here as well: a recording looks at every value of every response.
        kind = type(item)
        if kind is dict or kind is list or (kind is str and len(item) >= WORTH_QUOTING):
            yield from texts_in(item, (*path, key))


def text_at(value: Any, path: list[Any]) -> str:
    """The text at a path of a value.

    Raises:
        LookupError: If there is none.
    """
    for step in path:
        if not isinstance(value, dict | list):
            raise LookupError(step)
        try:
            value = value[step]
        except TypeError:
            raise LookupError(step) from None
    if not isinstance(value, str):
        raise LookupError(path)
    return value


def _escaped(key: str) -> str:
    """Keep a user's own key "$lines" apart from the marker, by one more dollar."""
    return f"${key}" if _MARKERS.fullmatch(key) else key


def _unescaped(key: str) -> str:
    return key[1:] if _MARKERS.fullmatch(key) else key
