"""The mock engine: no framework at all, mock agents speak in turn until one ends it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from harness.capture import exception_info, storable
from harness.errors import HarnessError, LimitReached, SampleInterrupt
from harness.mocks import MockAgent, MockReply, faults_reported_to
from harness.mocks.faults import deliver
from harness.model.requests import RequestMessage

if TYPE_CHECKING:
    from harness.model.team import Team
    from harness.protocols import Assignment

_VERSION = "mock 1"


class MockEngine:
    """Lets mock agents speak in turn: the initiator, the recipient, then any others.

    A team's `max_turns` counts what the initiator says, as in AutoGen; its option
    ``max_round`` counts all messages. The one who would speak next decides whether the
    last message ends the conversation, before any limit is looked at.
    """

    name: ClassVar[str] = "mock"

    def version(self) -> str:
        """The engine's own version: there is no framework."""
        return _VERSION

    def preload(self) -> None:
        """Nothing to import."""

    def run(self, assignment: Assignment) -> None:
        """Run the conversation, recording every event and, last, the termination.

        Raises:
            SampleInterrupt: What stops a sample and is no limit, after it was recorded.
        """
        recorder = assignment.recorder
        try:
            with faults_reported_to(
                lambda agent, kind, detail: recorder.fault(agent=agent, kind=kind, detail=detail)
            ):
                _Conversation(assignment, _team(assignment)).run()
        except SampleInterrupt as interrupt:
            recorder.terminate_for(interrupt)
            if not isinstance(interrupt, LimitReached):
                raise
        except Exception as error:
            recorder.terminate_for(error)


def _team(assignment: Assignment) -> Team:
    team = assignment.build_team(assignment.context)
    for agent in (team.initiator, team.recipient, *team.agents):
        if not isinstance(agent, MockAgent):
            raise HarnessError(
                f"The mock engine was given a {type(agent).__name__} as an agent; it drives "
                "harness.mocks.MockAgent only. Use engine: autogen for AutoGen's agents."
            )
    return team


@dataclass
class _Conversation:
    """One conversation in progress."""

    assignment: Assignment
    team: Team
    history: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._recorder = self.assignment.recorder
        others = (agent for agent in self.team.agents if agent not in self._pair)
        self._ring: list[MockAgent] = [*self._pair, *others]
        self._replies = dict.fromkeys((agent.name for agent in self._ring), 0)

    @property
    def _pair(self) -> tuple[Any, Any]:
        return (self.team.initiator, self.team.recipient)

    def run(self) -> None:
        """Speak in turn until something ends it."""
        self._say(0, MockReply(self.assignment.scenario.task))
        while not self._has_ended():
            position = len(self.history) % len(self._ring)
            reply = self._reply_of(self._ring[position])
            if reply is None:
                name = self._ring[position].name
                self._end("no_reply", f"{name} made no reply.", name)
                return
            self._say(position, reply)

    def _say(self, position: int, reply: MockReply) -> None:
        speaker = self._ring[position]
        listener = self._ring[(position + 1) % len(self._ring)]
        self._recorder.message(
            speaker=speaker.name,
            recipient=listener.name,
            content=reply.text,
            tool_calls=reply.calls(f"call_{len(self.history)}"),
        )
        self.history.append({"role": "user", "name": speaker.name, "content": reply.text})

    def _has_ended(self) -> bool:
        next_speaker = self._ring[len(self.history) % len(self._ring)]
        name = next_speaker.name
        rounds, turns = self.team.options.get("max_round"), self.team.max_turns
        if next_speaker.is_termination(self.history[-1]["content"]):
            self._end("termination_message", f"The last message met the condition of {name}.", name)
        elif rounds is not None and len(self.history) >= rounds:
            self._end("max_round", f"The conversation had its {rounds} rounds.", None)
        elif turns is not None and len(self.history) >= turns * len(self._ring):
            self._end("max_turns", f"The conversation had its {turns} turns.", None)
        elif self._replies[name] >= next_speaker.max_replies:
            cap = next_speaker.max_replies
            self._end("max_consecutive_auto_reply", f"{name} had used up its {cap} replies.", name)
        return self._recorder.termination is not None

    def _end(self, reason: Any, detail: str, agent: str | None) -> None:
        index = self._recorder.last_message_index
        self._recorder.terminate(reason, detail, agent=agent, message_index=index)

    def _reply_of(self, agent: MockAgent) -> MockReply | None:
        self._replies[agent.name] += 1
        return self._ask_model(agent) if agent.asks_model else agent.reply(self.history)

    def _ask_model(self, agent: MockAgent) -> MockReply:
        """Ask the scenario's scripted model, as an agent of a framework would."""
        script = self.assignment.script
        if script is None:
            raise HarnessError(
                f"Mock agent {agent.name!r} has no replies and the scenario scripts no model. Give "
                "MockAgent(name, replies=[...]), or script: script.py:build in the suite."
            )
        call: dict[str, Any] = {
            "agent": agent.name,
            "model_requested": self.assignment.config.model or "mock",
            "prompt": self.history[-1]["content"],
            "prompt_messages": len(self.history),
            "sent": tuple(map(_sent, self.history)),
        }
        started = time.perf_counter()
        try:
            answer = script.reply(agent.name, "reply", self.history)
            reply = deliver(MockReply(answer) if isinstance(answer, str) else answer, agent.name)
        except Exception as error:
            call["error"] = exception_info(error, with_traceback=False)
            self._recorder.model_call(**call, latency_seconds=time.perf_counter() - started)
            raise
        self._recorder.model_call(
            **call,
            latency_seconds=time.perf_counter() - started,
            model_answered=reply.model or call["model_requested"],
            usage=reply.usage,
            finish_reason=reply.stopped_because,
            reply=reply.text,
            tool_calls=reply.calls(f"call_{len(self.history)}"),
        )
        return reply


def _sent(message: dict[str, Any]) -> RequestMessage:
    return RequestMessage(
        role=message["role"],
        name=storable(message["name"]),
        content=storable(message["content"]),
    )
