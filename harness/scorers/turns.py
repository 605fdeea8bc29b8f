"""How long was the conversation, and did it go in circles?

Definition: value is the number of turns, that is of messages the participants saw, the
opening one included. It measures and does not judge. Two messages are the same if speaker,
tool calls (name and arguments) and text agree; runs of white space count as one space, and
white space at either end as none.

- by_agent: turns per speaker, in order of first appearance; they add up to the value.
- repeated: ``[index, first_index]`` of every message that is the same as an earlier one,
  with the event index of the first such one.
- loops: stretches where a cycle of messages by at least two speakers is said and then said
  again at least twice, without anything between: ``agents`` are the speakers of one round,
  ``from`` is the event index where it begins, ``times`` (>= 3) how often it is said in
  full. Loops do not overlap; the earliest is taken first, with its shortest round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness.model.score import Score, Unscored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.model.team import FinishedSample
    from harness.model.transcript import Message

_TIMES_THAT_MAKE_A_LOOP = 3
_MOST_TOLD = 12


@dataclass(frozen=True)
class Turns:
    """Number of messages the participants saw; finds repeated messages and loops, too."""

    name: ClassVar[str] = "turns"

    def score(self, sample: FinishedSample) -> Score | Unscored:
        """Count the turns."""
        messages = sample.transcript.messages
        if not messages:
            return Unscored(scorer=self.name, reason="No message was exchanged.")
        by_agent: dict[str, int] = {}
        for message in messages:
            by_agent[message.speaker] = by_agent.get(message.speaker, 0) + 1
        repeated = _repeated(messages, _numbered(messages))
        loops = find_loops(messages)
        return Score(
            scorer=self.name,
            value=float(len(messages)),
            unit="turns",
            reason=_reason(by_agent, repeated, loops),
            evidence=tuple(index for index, _ in repeated),
            details={"by_agent": by_agent, "repeated": repeated, "loops": loops},
        )


def _numbered(messages: Sequence[Message]) -> list[int]:
    """A number per message; the same message has the number of its first occurrence."""
    numbers: dict[Any, int] = {}
    keys = (
        (
            message.speaker,
            " ".join(message.content.split()),
            tuple((call.name, call.arguments) for call in message.tool_calls),
        )
        for message in messages
    )
    return [numbers.setdefault(key, position) for position, key in enumerate(keys)]


def _repeated(messages: Sequence[Message], said: list[int]) -> list[list[int]]:
    return [
        [message.index, messages[first].index]
        for position, (message, first) in enumerate(zip(messages, said, strict=True))
        if first != position
    ]


def find_loops(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The loops among some messages; see the module for what one is.

    Returns:
        For each its ``agents``, the event index ``from`` where it begins, and ``times``.
    """
    said = _numbered(messages)
    found = []
    position = 0
    while position < len(said):
        period, times = _loop_at(messages, said, position)
        if times:
            agents = [message.speaker for message in messages[position : position + period]]
            found.append({"agents": agents, "from": messages[position].index, "times": times})
        position += period * times or 1
    return found


def _loop_at(messages: Sequence[Message], said: list[int], start: int) -> tuple[int, int]:
    """Length and number of rounds of the shortest loop that starts here; (0, 0) for none."""
    for period in _distances(said, start):
        times = _rounds(said, start, period)
        speakers = {message.speaker for message in messages[start : start + period]}
        if times >= _TIMES_THAT_MAKE_A_LOOP and len(speakers) > 1:
            return period, times
    return 0, 0


def _distances(said: list[int], start: int) -> Iterator[int]:
    """Lengths a round may have: distances to where the first message is said again."""
    longest = (len(said) - start) // _TIMES_THAT_MAKE_A_LOOP
    return (period for period in range(2, longest + 1) if said[start + period] == said[start])


def _rounds(said: list[int], start: int, period: int) -> int:
    """How often the round of this length that starts here is said without interruption."""
    end = start + period
    while end < len(said) and said[end] == said[end - period]:
        end += 1
    return (end - start) // period


def _reason(
    by_agent: dict[str, int], repeated: list[list[int]], loops: list[dict[str, Any]]
) -> str:
    counts = ", ".join(f"{agent} {count}" for agent, count in by_agent.items())
    parts = [f"{sum(by_agent.values())} turns ({counts})", _repetition(repeated)]
    parts += [
        f"from event {loop['from']}, {' and '.join(loop['agents'])} say the same "
        f"{loop['times']} times over"
        for loop in loops[:_MOST_TOLD]
    ]
    return "; ".join(parts) + f"{_more(loops)}."


def _repetition(repeated: list[list[int]]) -> str:
    if not repeated:
        return "no message repeated"
    pairs = ", ".join(f"{index} repeats {first}" for index, first in repeated[:_MOST_TOLD])
    return f"{len(repeated)} repeated (event {pairs}{_more(repeated)})"


def _more(told: Sequence[object]) -> str:
    """How many there are besides those that the reason tells; the details tell all."""
    return f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
