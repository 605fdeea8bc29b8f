"""Regular expressions whose letters are speakers, matched in linear time.

A pattern is turned into a nondeterministic automaton, all of whose states are followed at once
(Thompson, "Regular expression search algorithm", Communications of the ACM 11(6), 1968), so no
pattern can take exponential time as in a matcher that tries one way after the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from harness.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_TOKEN = re.compile(r"\s*(\"[^\"]*\"|\{\d*,?\d*\}|[()|+*?]|[^\s()|+*?{}\"]+)")
_ANY = "."
_MOST_STATES = 5_000
_MOST_DEPTH = 50
_MOST_DIGITS = 6
_REPEATS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


@dataclass
class _Automaton:
    """States and the ways between them: by one speaker (None: by anyone), or by nothing."""

    steps: list[list[tuple[str | None, int]]] = field(default_factory=list)
    leaps: list[list[int]] = field(default_factory=list)

    def add(self) -> int:
        if len(self.steps) >= _MOST_STATES:
            raise OverflowError
        self.steps.append([])
        self.leaps.append([])
        return len(self.steps) - 1

    def reached(self, states: Iterable[int]) -> set[int]:
        """These states, and all that nothing has to be said to get to."""
        found = set(states)
        waiting = list(found)
        while waiting:
            new = set(self.leaps[waiting.pop()]) - found
            found |= new
            waiting.extend(new)
        return found

    def after(self, states: set[int], speaker: str) -> set[int]:
        return self.reached(
            target
            for state in states
            for name, target in self.steps[state]
            if name is None or name == speaker
        )


class _Part(Protocol):
    """A part of the pattern."""

    def __call__(self, automaton: _Automaton, start: int, /) -> int:
        """Add the states that lead on from one; returns the last."""
        ...


@dataclass(frozen=True)
class Match:
    """How far a sequence of speakers fits.

    Attributes:
        is_whole: Whether all of it matches.
        fits: How many speakers, from the first, could still become a match, >= 0.
    """

    is_whole: bool
    fits: int


class SpeakerPattern:
    """A regular expression over speakers, e.g. ``executor (coder reviewer)+ executor``.

    Args:
        text: Names separated by spaces, in double quotes if they hold spaces or operators;
            ``( ) | + * ?``, ``{2}``, ``{2,}``, ``{,3}``, ``{2,3}``; ``.`` for any speaker.

    Attributes:
        names: The names in it, as first written.

    Raises:
        HarnessError: If it is not well formed or stands for more than 5,000 speakers.
    """

    def __init__(self, text: str) -> None:
        reader = _Reader(text)
        part = reader.all()
        self.names: tuple[str, ...] = tuple(dict.fromkeys(reader.names))
        self._automaton = _Automaton()
        self._first = self._automaton.add()
        try:
            self._last = part(self._automaton, self._first)
        except OverflowError:
            raise reader.malformed(
                f"it stands for more than {_MOST_STATES:,} speakers in a row"
            ) from None

    def match(self, spoken: Sequence[str]) -> Match:
        """Follow the speakers through the pattern; time grows with their number, no faster."""
        states = self._automaton.reached([self._first])
        for position, speaker in enumerate(spoken):
            states = self._automaton.after(states, speaker)
            if not states:
                return Match(is_whole=False, fits=position)
        return Match(is_whole=self._last in states, fits=len(spoken))


class _Reader:
    """Reads a pattern, one token after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self._depth = 0
        self.names: list[str] = []

    def malformed(self, what: str) -> HarnessError:
        return HarnessError(
            f"The pattern of speakers {self._text!r} is not well formed: {what}. Write names with "
            "spaces between, and ( ) | + * ? {2,3} as in regular expressions; . is any speaker. "
            "Example: 'executor (coder reviewer)+ executor'"
        )

    def _split(self) -> list[str]:
        position, tokens = 0, []
        while position < len(self._text.rstrip()):
            token = _TOKEN.match(self._text, position)
            if token is None:
                rest = self._text[position:].strip()
                raise self.malformed(f"{rest[:1]!r} was not expected")
            tokens.append(token[1])
            position = token.end()
        return tokens[::-1]

    def _next(self) -> str:
        return self._tokens[-1] if self._tokens else ""

    def all(self) -> _Part:
        part = self._choice()
        if self._tokens:
            raise self.malformed(f"{self._next()!r} was not expected")
        return part

    def _choice(self) -> _Part:
        ways = [self._sequence()]
        while self._next() == "|":
            self._tokens.pop()
            ways.append(self._sequence())
        return ways[0] if len(ways) == 1 else _either(ways)

    def _sequence(self) -> _Part:
        parts = []
        while self._next() not in ("", "|", ")"):
            parts.append(self._repeated())
        return _one_after_the_other(parts)

    def _repeated(self) -> _Part:
        part = self._single()
        if self._next()[:1] not in (*_REPEATS, "{"):
            return part
        part = _repeat(part, *self._bounds(self._tokens.pop()))
        if self._next()[:1] in (*_REPEATS, "{"):
            raise self.malformed(f"{self._next()!r} repeats a repetition; put that in ( )")
        return part

    def _bounds(self, token: str) -> tuple[int, int | None]:
        if token in _REPEATS:
            return _REPEATS[token]
        low, comma, high = token[1:-1].partition(",")
        if not low + high:
            raise self.malformed(f"{token!r} has no number")
        if max(len(low), len(high)) > _MOST_DIGITS:
            raise self.malformed(f"it stands for more than {_MOST_STATES:,} speakers in a row")
        least = int(low or 0)
        most = (int(high) if high else None) if comma else least
        if most is not None and most < least:
            raise self.malformed(f"{token!r} ends before it begins")
        return least, most

    def _single(self) -> _Part:
        token = self._tokens.pop()
        if token == "(":
            return self._group()
        if token in _REPEATS or token[0] == "{":
            raise self.malformed(f"{token!r} has nothing to repeat")
        if token == _ANY:
            return _said_by(None)
        self.names.append(token.strip('"'))
        return _said_by(self.names[-1])

    def _group(self) -> _Part:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise self.malformed(f"more than {_MOST_DEPTH} groups lie in one another")
        part = self._choice()
        if self._next() != ")":
            raise self.malformed("missing )")
        self._tokens.pop()
        self._depth -= 1
        return part


def _said_by(name: str | None) -> _Part:
    def build(automaton: _Automaton, start: int) -> int:
        end = automaton.add()
        automaton.steps[start].append((name, end))
        return end

    return build


def _one_after_the_other(
    parts: Sequence[_Part],
) -> _Part:
    def build(automaton: _Automaton, start: int) -> int:
        if not parts:
            # One state, so that repeating nothing counts towards the limit, too.
            end = automaton.add()
            automaton.leaps[start].append(end)
            return end
        for part in parts:
            start = part(automaton, start)
        return start

    return build


def _either(
    ways: Sequence[_Part],
) -> _Part:
    def build(automaton: _Automaton, start: int) -> int:
        ends = []
        for way in ways:
            begin = automaton.add()
            automaton.leaps[start].append(begin)
            ends.append(way(automaton, begin))
        end = automaton.add()
        for each in ends:
            automaton.leaps[each].append(end)
        return end

    return build


def _repeat(part: _Part, least: int, most: int | None) -> _Part:
    def build(automaton: _Automaton, start: int) -> int:
        for _ in range(least):
            start = part(automaton, start)
        end = automaton.add()
        if most is None:
            # A state of its own to come back to, lest the loop joins what was before it.
            again = automaton.add()
            automaton.leaps[start].append(again)
            automaton.leaps[part(automaton, again)].append(again)
            automaton.leaps[again].append(end)
            return end
        automaton.leaps[start].append(end)
        for _ in range(most - least):
            start = part(automaton, start)
            automaton.leaps[start].append(end)
        return end

    return build
