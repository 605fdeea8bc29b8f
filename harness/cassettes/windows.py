"""Where two texts part, and the words around that place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from harness.cassettes.ignoring import PRESETS
from harness.cassettes.redaction import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS = "address"  # what looks volatile, but has no preset of its own
_CONTEXT = 40  # characters shown on either side of the words that differ
_LONGEST_WORD = 60  # one that is longer is cut
_REACH = 100  # how far before a difference a volatile word may begin
_ANCHORS = (24, 8, 2)  # how many characters that follow a removed secret are looked for


@dataclass(frozen=True)
class Parting:
    """Where two texts part.

    Attributes:
        recorded: Position in the recorded text, from 0.
        asked: Position in the text that was asked; differs if a volatile word
            before had another length.
        is_real: False if the texts differ in nothing but volatile words and removed secrets.
        volatile: Rules whose words differ before that place: presets of
            `harness.cassettes.ignoring`, or "address".
        start: Where the first difference of any sort is, the same in both texts.
    """

    recorded: int
    asked: int
    is_real: bool
    volatile: frozenset[str] = frozenset()
    start: int = 0


def parting(recorded: str, asked: str) -> Parting:
    """Find the first difference that is neither volatile nor due to a removed secret.

    Args:
        recorded: Text in the cassette.
        asked: Text of the request.
    """
    one = other = start = common_length(recorded, 0, asked, 0)
    volatile: set[str] = set()
    while True:
        is_end = one == len(recorded) and other == len(asked)
        step = None if is_end else _step_over(recorded, one, asked, other)
        if step is None:
            return Parting(one, other, not is_end, frozenset(volatile), start)
        rule, one, other = step
        volatile |= {rule} - {""}
        shared = common_length(recorded, one, asked, other)
        one, other = one + shared, other + shared


def common_length(one: str, start: int, other: str, begin: int) -> int:
    """How many characters two texts have in common from two positions on.

    Compares slices, as comparing characters takes a second for a long text.
    """
    length = min(len(one) - start, len(other) - begin)
    if one[start : start + length] == other[begin : begin + length]:
        return length
    low, high = 0, length  # equal up to low, not up to high
    while high - low > 1:
        middle = (low + high) // 2
        if one[start + low : start + middle] == other[begin + low : begin + middle]:
            low = middle
        else:
            high = middle
    return low


def _step_over(recorded: str, one: int, asked: str, other: int) -> tuple[str, int, int] | None:
    """The rule that explains a difference, "" for a removed secret, and where both go on."""
    ends = _after_secret(recorded, one, asked, other)
    if ends is not None:
        return "", *ends
    for rule, pattern in _volatile().items():
        asked_ends = {other - start: end for start, end in _words_at(pattern, asked, other)}
        for start, end in _words_at(pattern, recorded, one):
            asked_end = asked_ends.get(one - start)
            if asked_end is not None and end + asked_end > one + other:
                return rule, end, asked_end
    return None


def _after_secret(recorded: str, one: int, asked: str, other: int) -> tuple[int, int] | None:
    """Where both texts go on after a secret that the recorded one does not show."""
    size = len(PLACEHOLDER)
    start = recorded.rfind(PLACEHOLDER, max(one - size + 1, 0), one + size)
    if start < 0:
        return None
    end, begin = start + size, other - (one - start)
    following = recorded[end : end + max(_ANCHORS)].partition(PLACEHOLDER)[0]
    if not following:
        return end, len(asked)
    # What follows may differ too, so a shorter piece of it must do.
    places = [asked.find(following[:length], begin + 1) for length in _ANCHORS]
    found = next((place for place in places if place > begin), None)
    return None if found is None else (end, found)


@lru_cache(maxsize=1)
def _volatile() -> dict[str, re.Pattern[str]]:
    """What a volatile word looks like in a text, by rule."""
    rules = {rule: re.compile(pattern.pattern.decode()) for rule, pattern in PRESETS.items()}
    return {**rules, ADDRESS: re.compile(r"\b0x[0-9a-fA-F]{4,16}\b")}


def _words_at(pattern: re.Pattern[str], text: str, position: int) -> Iterator[tuple[int, int]]:
    """Where the volatile words begin and end that hold a position, or end there."""
    for match in pattern.finditer(text, max(position - _REACH, 0), position + 2 * _REACH):
        if match.start() <= position <= match.end():
            yield match.span()


def window(text: str, position: int) -> str:
    """The words around a position, quoted, with marks where the text goes on.

    The word that holds the position is shown whole, and none is cut at the edges.

    Args:
        text: The text.
        position: From 0; its length for the end.
    """
    first, last = _word(text, position)
    start, end = first, last
    if not first or text[first - 1].isspace():
        start = _after_space(text, max(first - _CONTEXT, 0), first)
    if last < len(text) and text[last].isspace():
        end = _before_space(text, last, min(last + _CONTEXT, len(text)))
    before, after = "…" if start else "", "…" if end < len(text) else ""
    is_end = position == len(text) and before
    return f"{before}{text[start:end]!r}{after}{' (its end)' if is_end else ''}"


def _word(text: str, position: int) -> tuple[int, int]:
    """Where the word that holds a position begins and ends."""
    first = last = position
    while first and position - first < _LONGEST_WORD and not text[first - 1].isspace():
        first -= 1
    while last < len(text) and last - position < _LONGEST_WORD and not text[last].isspace():
        last += 1
    return first, last


def _after_space(text: str, start: int, stop: int) -> int:
    """The first place from start on where a word begins, at most stop."""
    places = (place for place in range(start, stop) if not place or text[place - 1].isspace())
    return next(places, stop)


def _before_space(text: str, start: int, stop: int) -> int:
    """The last place up to stop where a word ends, at least start."""
    places = (place for place in range(stop, start, -1) if text[place : place + 1].strip() == "")
    return next(places, start)


def place(text: str, position: int) -> str:
    """A position as people count: character, of how many, and line if there are several."""
    line = text.count("\n", 0, position) + 1
    lines = f", line {line}" if "\n" in text else ""
    return f"character {position + 1:,} of {len(text):,}{lines}"
