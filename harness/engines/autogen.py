"""The classic AutoGen engine: pyautogen 0.2 and 0.9, ag2 0.x, autogen 0.14.

AutoGen is imported only when it is needed. What it does not tell is read from hooks on
its classes (`harness.engines.autogen_hooks`).
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, ClassVar

from harness.engines.autogen_distribution import installed_version
from harness.engines.autogen_quiet import hushed, silenced
from harness.engines.autogen_scope import ContextExecutor, SampleState, entered
from harness.engines.autogen_speed import remember_protocol_members
from harness.errors import HarnessError, LimitReached, SampleInterrupt
from harness.mocks import ScriptedHuman, faults_reported_to
from harness.mocks.human import IN_SCENARIO, IN_TEST, ON_COMMAND_LINE
from harness.model.sample import SCRIPTS, TESTS
from harness.model.team import Team

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.protocols import Assignment


class AutogenEngine:
    """Drives a team of classic AutoGen agents."""

    name: ClassVar[str] = "autogen"

    def version(self) -> str:
        """Distribution and version that bring ``autogen``, e.g. "pyautogen 0.2.35".

        Raises:
            EnvironmentFault: If AutoGen is missing, or two distributions bring it.
        """
        return installed_version()

    def preload(self) -> None:
        """Import AutoGen and hook its classes."""
        from harness.engines import autogen_hooks

        installed_version()
        remember_protocol_members()
        autogen_hooks.install()

    def run(self, assignment: Assignment) -> None:
        """Run the conversation, recording every event and, last, the termination.

        Raises:
            EnvironmentFault: If AutoGen is missing, or two distributions bring it.
            SampleInterrupt: A cassette miss or a blocked connection, after it was recorded.
        """
        self.preload()
        sample = _sample_of(assignment)
        with suppress(LimitReached, Exception), _recorded(sample), silenced():
            _converse(assignment)

    @contextmanager
    def capturing(self, assignment: Assignment) -> Iterator[None]:
        """Record whatever AutoGen chats the block holds, in threads and tasks it starts, too.

        The termination recorded last is that of the newest chat that was not part of another.

        Raises:
            EnvironmentFault: If AutoGen is missing, or two distributions bring it.
        """
        self.preload()
        with _recorded(_sample_of(assignment)), hushed():
            yield


def _sample_of(assignment: Assignment) -> SampleState:
    place = {SCRIPTS: ON_COMMAND_LINE, TESTS: IN_TEST}.get(assignment.key.suite, IN_SCENARIO)
    human = assignment.human or ScriptedHuman(assignment.scenario.human, place=place)
    return SampleState(assignment, assignment.recorder, human)


@contextmanager
def _recorded(sample: SampleState) -> Iterator[None]:
    """Enter a sample, and record why it ended; what is raised inside goes on outwards."""
    try:
        with _sample_entered(sample):
            yield
    except SampleInterrupt as interrupt:
        sample.recorder.terminate_for(interrupt)
        raise
    except Exception as error:
        _terminate_after(sample, error)
        raise
    _terminate(sample)


@contextmanager
def _sample_entered(sample: SampleState) -> Iterator[None]:
    from autogen.io import IOStream

    from harness.engines.autogen_messages import ScriptedStream

    with ExitStack() as stack:
        stack.enter_context(entered(sample.scope))
        stack.enter_context(IOStream.set_default(ScriptedStream()))
        stack.enter_context(
            faults_reported_to(
                lambda agent, kind, detail: sample.recorder.fault(
                    agent=agent, kind=kind, detail=detail
                )
            )
        )
        try:
            yield
        finally:
            sample.is_active = False


def _converse(assignment: Assignment) -> None:
    team = assignment.build_team(assignment.context)
    _check_team(team)
    options = {
        "message": assignment.scenario.task,
        "max_turns": team.max_turns,
        "summary_method": team.summary_method,
        "silent": True,
        **team.options,
    }
    if not team.is_async:
        team.initiator.initiate_chat(team.recipient, **options)
        return
    with asyncio.Runner() as runner:
        # Else AutoGen's model calls would run in threads that know nothing of the sample.
        runner.get_loop().set_default_executor(ContextExecutor())
        runner.run(team.initiator.a_initiate_chat(team.recipient, **options))


def _check_team(team: Any) -> None:
    if not isinstance(team, Team):
        raise HarnessError(
            f"The team factory returned a {type(team).__name__}; a harness.Team was expected. "
            "Return Team(initiator=..., recipient=...)."
        )
    for role in ("initiator", "recipient"):
        agent = getattr(team, role)
        if not hasattr(agent, "initiate_chat"):
            raise HarnessError(
                f"The team's {role} is a {type(agent).__name__}, not an AutoGen agent. Give an "
                "autogen.ConversableAgent or GroupChatManager; a MockAgent becomes one with "
                ".as_autogen()."
            )


def _terminate(sample: SampleState) -> None:
    stop = sample.outcome
    if stop is None:
        sample.recorder.terminate("no_reply", "The team started no conversation.")
        return
    sample.recorder.terminate(
        stop.reason, stop.detail, agent=stop.agent, message_index=stop.message_index
    )


def _terminate_after(sample: SampleState, error: Exception) -> None:
    from harness.engines.autogen_termination import is_no_eligible_speaker

    recorder = sample.recorder
    if sample.outcome is not None:
        # The chat was over when whoever started it failed.
        _terminate(sample)
    elif is_no_eligible_speaker(error):
        # 0.2 lets it out of an async group chat, where later releases end the chat.
        index = recorder.last_message_index
        recorder.terminate("no_next_speaker", str(error), message_index=index)
    else:
        recorder.terminate_for(error)
