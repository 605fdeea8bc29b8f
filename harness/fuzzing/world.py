"""The world of one fuzzed conversation: its model, sandbox and human, all asking one chooser.

Code is not run. Its outcome is a move like any other, which is what lets a conversation be
shrunk, and repeated anywhere; transcripts and stories say so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from harness.errors import HarnessError, LimitReached, SampleInterrupt
from harness.faults import suits
from harness.mocks import MockReply, MockToolCall, ScriptedHuman
from harness.model.transcript import Usage
from harness.protocols import Execution
from harness.sandboxes.workspace import store_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

    from harness.capture import Recorder
    from harness.fuzzing.choosing import Chooser
    from harness.fuzzing.moves import Move, Said
    from harness.model.execution import CodeLimits
    from harness.protocols import Program

LABEL = "scripted (code is not run; its outcome is made up)"
_CHARACTERS_PER_TOKEN = 4


class Enough(SampleInterrupt):
    """The conversation has broken an invariant: what would follow does not matter."""


@dataclass(frozen=True)
class Attempt:
    """A piece of code that would have run.

    Attributes:
        code: Source text.
        at: Number of events before it.
    """

    code: str
    at: int


@dataclass
class World:
    """What happens around the team, and has happened so far.

    Attributes:
        chooser: Decides every move.
        recorder: The conversation's events.
        most_calls: Model calls after which the conversation counts as endless.
        counts_tokens: Whether replies claim tokens, which a limit on cost needs.
        is_over: Whether the conversation so far has shown what it can show.
        noted: Gets each move before the team does, with the number of events before it.
        moves: Every move, in order.
        said: Each reply of a model, with the number of events before it.
        attempts: Every piece of code that would have run.
    """

    chooser: Chooser
    recorder: Recorder
    most_calls: int
    counts_tokens: bool = False
    is_over: Callable[[World], bool] = lambda _world: False
    noted: Callable[[Move, int], None] | None = None
    moves: list[Move] = field(default_factory=list)
    said: list[tuple[Said, int]] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    def open(self, task: str) -> str:
        """The task of this conversation, given the scenario's."""
        move = self.chooser.open(task)
        self.note(move)
        return move.task

    def note(self, move: Move) -> None:
        """Keep a move."""
        self.moves.append(move)
        if self.noted is not None:
            self.noted(move, self.position)

    @property
    def position(self) -> int:
        """Number of events so far."""
        return len(self.recorder.events)

    def go_on(self) -> None:
        """Stop the conversation before its next move, if nothing more can be learned from it.

        What follows a failure would only be more to shrink.

        Raises:
            Enough: If it is over.
        """
        if self.is_over(self):
            raise Enough


class WorldModel:
    """Answers every model call of the team."""

    def __init__(self, world: World) -> None:
        self._world = world

    def reply(
        self,
        agent: str,
        purpose: str,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> MockReply:
        """The next reply.

        Raises:
            LimitReached: If the models have been asked more often than any conversation needs.
        """
        world = self._world
        world.go_on()
        if len(world.said) >= world.most_calls:
            raise LimitReached("turn_limit", f"The models were asked {world.most_calls} times.")
        said = world.chooser.say(agent, purpose, tuple(tools))
        world.note(said)
        world.said.append((said, world.position))
        return MockReply(
            said.text or "",
            is_null=said.text is None,
            tool_calls=tuple(
                MockToolCall(name=call.name, arguments=call.arguments, id=call.id)
                for call in said.tool_calls
            ),
            finish_reason=said.finish_reason,
            usage=_usage(messages, said) if world.counts_tokens else None,
        )


def _usage(messages: Sequence[Mapping[str, Any]], said: Said) -> Usage:
    asked = sum(len(str(message.get("content") or "")) for message in messages)
    return Usage(
        prompt_tokens=asked // _CHARACTERS_PER_TOKEN + 1,
        completion_tokens=len(said.text or "") // _CHARACTERS_PER_TOKEN + 1,
    )


class WorldFaults:
    """Decides what goes wrong with each request.

    Args:
        world: Where it happens.
        faults: Names of the faults that may.
    """

    def __init__(self, world: World, faults: tuple[str, ...]) -> None:
        self._world = world
        self._faults = faults

    def decide(self, agent: str, purpose: str, *, has_tools: bool, has_spoken: bool) -> str | None:
        """The fault for the next request; None for none."""
        fitting = tuple(
            fault
            for fault in self._faults
            if suits(fault, purpose, has_tools=has_tools, has_spoken=has_spoken)
        )
        if not fitting:
            return None
        failed = self._world.chooser.fail(agent, fitting)
        self._world.note(failed)
        return failed.fault


class WorldSandbox:
    """Stands in for every sandbox: says what became of code without running it."""

    name: ClassVar[str] = "scripted"

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def label(self) -> str:
        """That nothing is run."""
        return LABEL

    @property
    def is_isolated(self) -> bool:
        """Nothing runs, so nothing reaches anything."""
        return True

    @property
    def leaves_code_to_team(self) -> bool:
        """Never: the team's own executor would really run it."""
        return False

    @property
    def fault(self) -> str | None:
        """It works everywhere."""
        return None

    @property
    def gives(self) -> tuple[str, ...]:
        """That nothing is run."""
        return (LABEL,)

    @property
    def processes(self) -> tuple[int, ...]:
        """None."""
        return ()

    def run(  # noqa: PLR0913 - one run has so many sides; all but two by keyword
        self,
        workspace: Path,
        code: str,
        *,
        language: str,
        filename: str,
        timeout_seconds: float,
        folder: str = "",
        limits: CodeLimits | None = None,
    ) -> Execution:
        """The outcome that the chooser decides."""
        world = self._world
        world.go_on()
        # As a real one would, which may be asked for the file, or to remove it.
        if filename:
            store_text(workspace / folder, filename, code)
        world.attempts.append(Attempt(code, world.position))
        ran = world.chooser.run()
        world.note(ran)
        return Execution(
            exit_code=ran.exit_code,
            stdout=ran.output if ran.exit_code == 0 else "",
            # Where a program that fails says so, and where AutoGen looks for it.
            stderr="" if ran.exit_code == 0 else ran.output,
            duration_seconds=timeout_seconds if ran.timed_out else 0.0,
            timed_out=ran.timed_out,
        )

    def run_in_copy(
        self,
        workspace: Path,
        code: str,
        *,
        files: Mapping[str, str],
        timeout_seconds: float,
        limits: CodeLimits | None = None,
    ) -> Execution:
        """As `run`; nothing is copied."""
        return self.run(
            workspace, code, language="python", filename="", timeout_seconds=timeout_seconds
        )

    def check(
        self, workspace: Path, program: Program, converse: Callable[[Connection, str], None]
    ) -> Execution:
        """Made-up conversations are held to invariants, not to a scenario's checks."""
        raise HarnessError("The checks of a scenario cannot judge a made-up conversation.")

    def close(self) -> None:
        """Nothing was started."""


class WorldHuman(ScriptedHuman):
    """Answers every agent that asks a human."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def answer(self, agent: str, prompt: str) -> str:
        """What the chooser decides is typed."""
        typed = self._world.chooser.type(agent)
        self._world.note(typed)
        return typed.reply
