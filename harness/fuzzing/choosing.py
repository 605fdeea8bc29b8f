"""Who decides what models, programs and humans do: Hypothesis, or a saved conversation."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from harness.fuzzing import phrases
from harness.fuzzing.moves import Failed, Move, Opened, Ran, Said, Typed

if TYPE_CHECKING:
    from harness.fuzzing.settings import FuzzSettings

T = TypeVar("T")
Pick = Callable[[Sequence[Any]], Any]


class Chooser(Protocol):
    """Decides each move when it is asked for."""

    def open(self, task: str) -> Opened:
        """The task to open with, given the scenario's."""

    def say(self, agent: str, purpose: str, tools: tuple[Mapping[str, Any], ...]) -> Said:
        """What a model says to an agent."""

    def fail(self, agent: str, faults: tuple[str, ...]) -> Failed:
        """What goes wrong with a request, of the faults that fit."""

    def run(self) -> Ran:
        """What becomes of a piece of code."""

    def type(self, agent: str) -> Typed:
        """What a human types."""


class Drawn:
    """Draws each move from the menu that fits.

    Args:
        pick: Picks one of several, the first when it does not matter.
        settings: The words that matter to the team.
    """

    def __init__(self, pick: Pick, settings: FuzzSettings) -> None:
        self._pick = pick
        self._settings = settings
        self._said: dict[str, str] = {}
        self._number = 0
        self._is_polite = False
        self.names: tuple[str, ...] = ()

    def open(self, task: str) -> Opened:
        """Draw the task, and whether anybody will ever come to the point."""
        # One in eight, so that a team without an end of its own is found early.
        self._is_polite = self._pick((False,) * 7 + (True,))
        menu = phrases.tasks(task, self._settings.closing, varies=self._settings.varies_task)
        return Opened(task=self._pick(menu))

    def say(self, agent: str, purpose: str, tools: tuple[Mapping[str, Any], ...]) -> Said:
        """Draw a reply, or the name of a speaker."""
        self._number += 1
        if purpose == "speaker_selection":
            choice: phrases.Choice = self._pick(phrases.speakers(self.names))
            return Said(agent=agent, purpose=purpose, kind=choice.kind, text=choice.text)
        if purpose != "reply":
            return Said(agent=agent, purpose=purpose, kind="summary", text="They agreed.")
        return self._reply(agent, tools)

    def _reply(self, agent: str, tools: tuple[Mapping[str, Any], ...]) -> Said:
        menu = phrases.menu_for(self._settings, agent, tools, is_polite=self._is_polite)
        phrase: phrases.Phrase = self._pick(menu)
        ask = phrases.Ask(
            agent=agent,
            number=self._number,
            closing=self._settings.closing,
            tools=tools,
            names=self.names,
            previous=self._said.get(agent, ""),
        )
        text = phrase.text(ask)
        self._said[agent] = text or ""
        closers = self._settings.closers
        is_heard = phrase.means != "end" or not closers or agent in closers
        return Said(
            agent=agent,
            kind=phrase.kind,
            text=text,
            tool_calls=phrase.calls(ask) if phrase.calls else (),
            finish_reason=phrase.finish_reason,
            means=phrase.means if is_heard else "either",
            approves=phrase.approves,
        )

    def fail(self, agent: str, faults: tuple[str, ...]) -> Failed:
        """Draw a fault, or none."""
        return Failed(agent=agent, fault=self._pick(phrases.failures(faults)))

    def run(self) -> Ran:
        """Draw an outcome."""
        outcome: Ran = self._pick(phrases.outcomes(self._settings.closing))
        return outcome

    def type(self, agent: str) -> Typed:
        """Draw an answer."""
        return Typed(agent=agent, reply=self._pick(phrases.answers(self._settings.approval)))


class Replayed:
    """Repeats saved moves; each agent says again what it said.

    When a team that has changed since asks for more, everybody comes to the point: models
    say the closing word or name a participant, code succeeds, a human types "exit".

    Args:
        moves: The conversation.
        settings: The words that matter to the team.
    """

    def __init__(self, moves: Iterable[Move], settings: FuzzSettings) -> None:
        self._settings = settings
        self._queues: dict[tuple[str, ...], deque[Move]] = {}
        self.names: tuple[str, ...] = ()
        for move in moves:
            self._queues.setdefault(_place(move), deque()).append(move)

    def open(self, task: str) -> Opened:
        """The saved task."""
        return self._next(Opened(task=task))

    def say(self, agent: str, purpose: str, tools: tuple[Mapping[str, Any], ...]) -> Said:
        """What this agent's model said next."""
        kind, text = "closing word", self._settings.closing
        if purpose == "speaker_selection":
            kind, text = "speaker", self.names[0] if self.names else ""
        return self._next(Said(agent=agent, purpose=purpose, kind=kind, text=text))

    def fail(self, agent: str, faults: tuple[str, ...]) -> Failed:
        """What went wrong with this agent's next request."""
        return self._next(Failed(agent=agent))

    def run(self) -> Ran:
        """What became of the next piece of code."""
        return self._next(Ran(exit_code=0, output="ok\n"))

    def type(self, agent: str) -> Typed:
        """What the human of this agent typed next."""
        return self._next(Typed(agent=agent, reply="exit"))

    def _next(self, otherwise: T) -> T:
        queue = self._queues.get(_place(otherwise))
        # A place holds moves of one type only, that of `otherwise`.
        return queue.popleft() if queue else otherwise  # type: ignore[return-value]


def _place(move: Any) -> tuple[str, ...]:
    """Which queue a move waits in."""
    if isinstance(move, Said):
        return ("said", move.agent, move.purpose)
    if isinstance(move, Typed | Failed):
        return (type(move).__name__, move.agent)
    return (type(move).__name__,)
