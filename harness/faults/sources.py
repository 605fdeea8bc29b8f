"""Where the good answers come from: a cassette, or a scripted model."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any, Protocol

from harness.cassettes.asking import RequestReader
from harness.cassettes.ignoring import Ignoring
from harness.cassettes.session import Given
from harness.faults import wire
from harness.mocks import MockReply

if TYPE_CHECKING:
    from harness.cassettes.cassette import Cassette, Interaction
    from harness.cassettes.session import Sent
    from harness.protocols import ModelScript


class Source(Protocol):
    """Answers requests as if nothing were wrong."""

    def answer(self, sent: Sent, agent: str, purpose: str) -> Given | None:
        """The answer to a request of an agent; None if there is none."""


class CassetteSource:
    """Answers from a cassette, and goes on with it when the conversation has changed.

    A request that was recorded gets its recorded answer. Any other gets what this agent was
    answered next for this purpose; when that is used up, the last of it again.
    """

    def __init__(self, cassette: Cassette) -> None:
        self._reader = RequestReader(Ignoring(cassette.header.ignored))
        self._by_key: dict[bytes, deque[Interaction]] = defaultdict(deque)
        self._by_caller: dict[tuple[str, str], deque[Interaction]] = defaultdict(deque)
        self._last: dict[tuple[str, str], Interaction] = {}
        self._played: set[int] = set()
        for interaction in cassette.interactions:
            self._by_key[interaction.key].append(interaction)
            self._by_caller[interaction.agent, interaction.purpose].append(interaction)

    def answer(self, sent: Sent, agent: str, purpose: str) -> Given | None:
        """The recorded answer, or the next one of this agent."""
        caller = (agent, purpose)
        found = (
            self._unplayed(self._by_key[sent.request(self._reader).digest])
            or self._unplayed(self._by_caller[caller])
            or self._last.get(caller)
        )
        if found is None:
            return None
        self._played.add(found.number)
        self._last[caller] = found
        return Given(
            status=found.status,
            reason=found.reason,
            headers={name: list(values) for name, values in found.headers.items()},
            content=found.content,
            latency_seconds=found.latency_seconds,
            cost_usd=found.cost_usd,
        )

    def _unplayed(self, waiting: deque[Interaction]) -> Interaction | None:
        while waiting:
            found = waiting.popleft()
            if found.number not in self._played:
                return found
        return None


class ScriptSource:
    """Answers from a scripted model, in OpenAI's form."""

    def __init__(self, script: ModelScript) -> None:
        self._script = script
        self._number = 0

    def answer(self, sent: Sent, agent: str, purpose: str) -> Given | None:
        """What the script says."""
        body: dict[str, Any] = json.loads(sent.body)
        self._number += 1
        tools = body.get("tools")
        offered = {"tools": tools} if tools else {}
        reply: Any = self._script.reply(agent, purpose, body.get("messages") or [], **offered)
        reply = MockReply(reply) if isinstance(reply, str) else reply
        said = wire.from_mock(reply, self._number, str(body.get("model") or ""))
        return wire.render(said, self._number, is_stream=bool(body.get("stream")))
