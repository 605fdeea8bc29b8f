"""A session that answers like a replay, and fails where it is planned."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cassettes import install
from harness.cassettes.format import CassetteHeader
from harness.cassettes.scope import CALLER
from harness.cassettes.session import AnsweringSession, Given, entered
from harness.errors import CassetteMiss
from harness.faults import wire
from harness.faults.clock import Clock, simulated
from harness.faults.planning import Decider, Decides
from harness.faults.spoiling import Spot, spoil
from harness.model.faults import FAULTS, FaultPlan

if TYPE_CHECKING:
    from harness.cassettes.session import Sent
    from harness.faults.sources import Source

# Told agent, kind and detail of every fault.
Listener = Callable[[str, str, str], object]


class FaultSession(AnsweringSession):
    """Answers requests from a source, some of them wrongly.

    Args:
        source: The good answers.
        plan: Which of them to spoil, and how; or who decides that for each.
        listener: Told of every fault before it takes effect.

    Attributes:
        clock: Simulated time.
        injected: Number of requests that got a fault.
        where: The first of them, for people.
    """

    skips_waits = False

    def __init__(self, source: Source, plan: FaultPlan | Decides, listener: Listener) -> None:
        super().__init__(Path("faults"), _HEADER, "a conversation with faults")
        self.clock = Clock()
        self.injected = 0
        self.where = ""
        self._source = source
        self._decider = Decider(plan) if isinstance(plan, FaultPlan) else plan
        self._listener = listener
        self._said: dict[str, str] = {}
        self._good: dict[tuple[str, str, bytes], Given] = {}

    def answer(self, sent: Sent) -> Given:
        """The answer to a request, spoilt if it is planned.

        Raises:
            CassetteMiss: If there is none.
        """
        caller = CALLER.get()
        agent, purpose = (caller.agent, caller.purpose) if caller else ("", "")
        with self._lock:
            self._count_call()
            given = self._answer(sent, agent, purpose)
            self.served += 1
        self._note_latency(given.latency_seconds)
        return given

    def _answer(self, sent: Sent, agent: str, purpose: str) -> Given:
        body = _body(sent)
        good = self._good_answer(sent, agent, purpose)
        tools = _tool_names(body)
        fault = self._decider.decide(
            agent, purpose, has_tools=bool(tools), has_spoken=bool(self._said.get(agent))
        )
        if fault is None:
            return self._settled(good, sent, agent, purpose)
        self._note(fault, agent, purpose)
        spot = Spot(
            good=good,
            number=self.asked,
            is_stream=bool(body.get("stream")),
            tools=tools,
            previous=self._said.get(agent, ""),
            names=_speakers(body),
            timeout_seconds=_timeout(sent),
        )
        return self._settled(spoil(fault, spot, self.clock), sent, agent, purpose)

    def _good_answer(self, sent: Sent, agent: str, purpose: str) -> Given:
        """The source's answer; a client that asks again gets the same."""
        key = (agent, purpose, sent.body)
        if key not in self._good:
            found = self._source.answer(sent, agent, purpose)
            if found is None:
                text = f"Nothing was recorded for {agent or 'an unknown agent'} ({purpose})."
                self._misses.append(text)
                raise CassetteMiss(text)
            self._good[key] = found
        return self._good[key]

    def _settled(self, given: Given, sent: Sent, agent: str, purpose: str) -> Given:
        """Forget a question that is answered: asked once more, it is another one."""
        if given.status < 400 and not given.is_cut:
            self._good.pop((agent, purpose, sent.body), None)
            if purpose == "reply":
                reply = wire.read(given)
                self._said[agent] = (reply.content if reply else None) or ""
        return given

    def _note(self, fault: str, agent: str, purpose: str) -> None:
        self.injected += 1
        call = self._last_call()
        where = f"call {call.agent_number} of {agent or 'an agent'} ({purpose})"
        self.where = self.where or where
        self._listener(agent, fault, f"{FAULTS[fault].summary}; {where}")

    def refuse_stray(self, sent: Sent) -> str:
        """Note a request from a context that belongs to no session."""
        text = f"{sent.method} {sent.url} came from outside the conversation with faults."
        self._misses.append(text)
        return text


_HEADER = CassetteHeader(recorded_at="", source="faults", base_url="")


@contextmanager
def faulty(source: Source, plan: FaultPlan | Decides, listener: Listener) -> Iterator[FaultSession]:
    """Answer every request of this context from a source, spoilt as planned.

    Args:
        source: The good answers.
        plan: Which of them to spoil, or who decides that.
        listener: Told agent, kind and detail of every fault.
    """
    install()
    session = FaultSession(source, plan, listener)
    try:
        with simulated(session.clock), entered(session):
            yield session
    finally:
        session.is_open = False


def _body(sent: Sent) -> dict[str, Any]:
    try:
        body = json.loads(sent.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _tool_names(body: dict[str, Any]) -> tuple[str, ...]:
    tools = body.get("tools") or ()
    return tuple(str((tool.get("function") or {}).get("name")) for tool in tools)


def _speakers(body: dict[str, Any]) -> tuple[str, ...]:
    """Who has spoken, by the names in the messages."""
    messages = body.get("messages") or ()
    return tuple(dict.fromkeys(str(m["name"]) for m in messages if m.get("name")))


def _timeout(sent: Sent) -> float | None:
    """What openai's SDK says of how long it waits."""
    try:
        return float(sent.headers.get("x-stainless-read-timeout", ""))
    except ValueError:
        return None
