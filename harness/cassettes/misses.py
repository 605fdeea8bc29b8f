"""Explaining a miss: the recorded call it was meant to be, and what differs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.cassettes.matching import shared_length
from harness.model.sample import SCRIPTED_SOURCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.cassettes.cassette import Cassette, Interaction
    from harness.cassettes.matching import Index, Part, Request

_WINDOW = 40
_VALUE_LIMIT = 160


@dataclass(frozen=True)
class Asked:
    """Who asked.

    Attributes:
        agent: Name of the agent; "" if nobody said.
        purpose: Why.
        number: Which request of the sample, from 1.
        agent_number: Which request of this agent, from 1.
    """

    agent: str
    purpose: str
    number: int
    agent_number: int

    def __str__(self) -> str:
        if not self.agent:
            return f"call {self.number}"
        return f"call {self.number} ({self.agent}'s {_ordinal(self.agent_number)}, {self.purpose})"


@dataclass(frozen=True)
class Difference:
    """Where two values part: JSON path, and each side there in a few words."""

    path: str
    recorded: str
    asked: str


def explain(label: str, cassette: Cassette, index: Index, request: Request, asked: Asked) -> str:
    """Say in one paragraph why a request has no answer.

    Args:
        label: What to call the cassette.
        cassette: Where an answer was looked for.
        index: What of it is still unplayed.
        request: The request.
        asked: Who asked.
    """
    head = f"{label}: no recorded answer for {asked}: {request.method} {request.path}."
    return f"{head} {_reason(cassette, index, request, asked)} {_remedy(cassette)}"


def explain_finished(label: str, request: Request, asked: Asked) -> str:
    """Say that a request came after its replay had ended."""
    return (
        f"{label}: {asked}, {request.method} {request.path}, was made after the replay had "
        "ended, by a thread or task that outlived its sample."
    )


def _reason(cassette: Cassette, index: Index, request: Request, asked: Asked) -> str:
    total = len(cassette.interactions)
    if not total:
        return "The cassette holds no interaction."
    same = [entry for entry in cassette.interactions if entry.request.digest == request.digest]
    if same:
        numbers = ", ".join(str(entry.number) for entry in same)
        return (
            f"It is recorded as interaction {numbers} of {total}, already played: "
            f"the request was made more often than when recorded."
        )
    nearest = max(
        cassette.interactions,
        key=lambda entry: _nearness(entry, index, request, asked),
    )
    return _compared(nearest, total, request)


def _nearness(
    entry: Interaction, index: Index, request: Request, asked: Asked
) -> tuple[object, ...]:
    recorded = entry.request
    shared = sum(
        _shared(parts, request.shape.lists.get(name, ()))
        for name, parts in recorded.shape.lists.items()
    )
    return (
        (recorded.method, recorded.path) == (request.method, request.path),
        shared,
        entry.agent == asked.agent,
        index.is_unplayed(entry),
        -abs(_length(recorded) - _length(request)),
        -entry.number,
    )


def _compared(nearest: Interaction, total: int, request: Request) -> str:
    who = f" ({nearest.agent}, {nearest.purpose})" if nearest.agent else ""
    start = f"The nearest is interaction {nearest.number} of {total}{who}"
    found = differences(nearest.request, request)
    if not found:
        return f"{start}, which differs only in what was redacted."
    first = found[0]
    others = [difference.path for difference in found[1:4]]
    also = f" Also different: {', '.join(others)}." if others else ""
    return (
        f"{start}; it differs at {first.path}: recorded {first.recorded}, "
        f"asked {first.asked}.{also}"
    )


def differences(recorded: Request, asked: Request) -> list[Difference]:
    """Where two requests differ: short fields first, then the first item of each list."""
    found = [
        _difference(name, getattr(recorded, name), getattr(asked, name))
        for name in ("method", "path", "query")
        if getattr(recorded, name) != getattr(asked, name)
    ]
    found += _field_differences(recorded.shape.fields, asked.shape.fields)
    one, other = recorded.shape.lists, asked.shape.lists
    for name in dict.fromkeys((*one, *other)):
        found += _list_difference(name, one.get(name, ()), other.get(name, ()))
    return found


def _field_differences(recorded: Any, asked: Any) -> list[Difference]:
    if not (isinstance(recorded, dict) and isinstance(asked, dict)):
        return [] if recorded == asked else [_difference("body", recorded, asked)]
    names = dict.fromkeys((*recorded, *asked))
    return [
        _difference(name, recorded.get(name, _ABSENT), asked.get(name, _ABSENT))
        for name in names
        if recorded.get(name, _ABSENT) != asked.get(name, _ABSENT)
    ]


def _list_difference(
    name: str, recorded: Sequence[Part], asked: Sequence[Part]
) -> list[Difference]:
    shared = _shared(recorded, asked)
    if shared == len(recorded) == len(asked):
        return []
    path = f"{name}[{shared}]"
    one = recorded[shared].value if shared < len(recorded) else _ABSENT
    other = asked[shared].value if shared < len(asked) else _ABSENT
    if one is _ABSENT or other is _ABSENT:
        counts = f"{name} (recorded {len(recorded)}, asked {len(asked)}), first extra {path}"
        return [Difference(counts, _shown(one), _shown(other))]
    return [_difference(path, one, other)]


def _difference(path: str, recorded: Any, asked: Any) -> Difference:
    """Descend to the first place where two values differ."""
    if isinstance(recorded, dict) and isinstance(asked, dict):
        for key in dict.fromkeys((*recorded, *asked)):
            one, other = recorded.get(key, _ABSENT), asked.get(key, _ABSENT)
            if one != other:
                return _difference(f"{path}.{key}", one, other)
    if isinstance(recorded, list) and isinstance(asked, list):
        shared = shared_length(recorded, asked)
        if shared < len(recorded) and shared < len(asked):
            return _difference(f"{path}[{shared}]", recorded[shared], asked[shared])
        return Difference(f"{path} (length)", str(len(recorded)), str(len(asked)))
    if isinstance(recorded, str) and isinstance(asked, str):
        position = shared_length(recorded, asked)
        where = f"{path}, character {position + 1}" if position else path
        return Difference(where, _window(recorded, position), _window(asked, position))
    return Difference(path, _shown(recorded), _shown(asked))


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


_ABSENT = _Absent()


def _window(text: str, position: int) -> str:
    """The text around a position, quoted, with marks where it was shortened."""
    start, end = max(position - _WINDOW, 0), position + _WINDOW
    before = "…" if start else ""
    after = "…" if end < len(text) else ""
    return f"{before}{text[start:end]!r}{after}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _VALUE_LIMIT else f"{text[:_VALUE_LIMIT]}…"


def _shared(one: Sequence[Part], other: Sequence[Part]) -> int:
    return shared_length([part.digest for part in one], [part.digest for part in other])


def _length(request: Request) -> int:
    return sum(len(parts) for parts in request.shape.lists.values())


def _remedy(cassette: Cassette) -> str:
    suite, _, rest = cassette.header.sample.partition("/")
    scenario, _, rest = rest.partition("/")
    config, _, epoch = rest.rpartition("/")
    chosen = f" {suite} -k {scenario} --config {config} --epoch {epoch}" if config else ""
    # The URL a scripted provider had is gone with it; any other one is asked again.
    is_scripted = cassette.header.source == SCRIPTED_SOURCE
    provider = " --scripted" if is_scripted else f" --base-url {cassette.header.base_url}"
    return f"To record it again: harness record{chosen} --overwrite{provider}"


def _ordinal(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
