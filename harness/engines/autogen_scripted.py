"""A model client for AutoGen that asks the sample's script instead of a provider."""

from __future__ import annotations

from contextvars import ContextVar
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from harness.mocks.faults import deliver
from harness.mocks.replies import MockReply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.engines.autogen_scope import SampleState
    from harness.model.transcript import Purpose
    from harness.protocols import ModelScript

# For whom the client is asked, which AutoGen does not tell it.
_CALLER: ContextVar[tuple[str, Purpose] | None] = ContextVar("harness_autogen_caller", default=None)


class Answering:
    """Tells the scripted client on whose behalf and why it is asked inside.

    Every call of every mock passes here, so it is no generator, which would take longer.
    """

    __slots__ = ("_caller", "_token")

    def __init__(self, agent: str, purpose: Purpose) -> None:
        self._caller = agent, purpose

    def __enter__(self) -> Callable[[float], float]:
        """Begin; what is measured is the latency."""
        self._token = _CALLER.set(self._caller)
        return _as_measured

    def __exit__(self, *_error: object) -> None:
        _CALLER.reset(self._token)


def _as_measured(latency: float) -> float:
    return latency


class ScriptedClient:
    """A model client, as AutoGen wants them, that asks the sample's script."""

    def __init__(self, sample: SampleState, script: ModelScript, config: Mapping[str, Any]) -> None:
        self._sample = sample
        self._script = script
        self._model = str(config.get("model") or "scripted")

    def create(self, params: Mapping[str, Any]) -> Any:
        """Answer one request from the script.

        Raises:
            ScriptError: If the script has no answer.
        """
        agent, purpose = _CALLER.get() or ("unknown", "other")
        messages = params.get("messages") or [{"content": params.get("prompt", "")}]
        tools = params.get("tools")
        # Named only where there are any: a script without tools need not know the word.
        offered = {"tools": tools} if tools else {}
        reply: Any = self._script.reply(agent, purpose, messages, **offered)
        reply = MockReply(reply) if isinstance(reply, str) else reply
        deliver(reply, agent)
        return self._response(reply)

    def _response(self, reply: MockReply) -> SimpleNamespace:
        self._sample.replies += 1
        number = self._sample.replies
        calls = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in reply.calls(f"call_{number}")
        ]
        message = SimpleNamespace(
            role="assistant", content=reply.content, tool_calls=calls or None, function_call=None
        )
        return SimpleNamespace(
            id=f"scripted-{number}",
            choices=[SimpleNamespace(message=message, finish_reason=reply.stopped_because)],
            usage=reply.usage,
            model=reply.model or self._model,
            cost=0.0,
            message_retrieval_function=None,
            config_id=None,
            pass_filter=None,
        )

    def message_retrieval(self, response: Any) -> list[Any]:
        """The reply: its text, or a whole message if it calls tools."""
        message = response.choices[0].message
        if not message.tool_calls:
            return [message.content]
        return [{"role": "assistant", "content": message.content, "tool_calls": message.tool_calls}]

    def cost(self, response: Any) -> float:
        """Nothing: AutoGen's figure is not used."""
        return 0.0

    @staticmethod
    def get_usage(response: Any) -> dict[str, Any]:
        """Nothing: AutoGen's own sums are not used."""
        return {}


class PartialClient:
    """Asks the script on behalf of some agents, and the real client for all others.

    Args:
        real: AutoGen's own client, whose requests are recorded, replayed or live.
        scripted: Answers where `answering` says so.
    """

    def __init__(self, real: Any, scripted: ScriptedClient) -> None:
        self._real = real
        self._scripted = scripted

    def create(self, params: Mapping[str, Any]) -> Any:
        """Answer one request, from wherever this agent's answers come."""
        return (self._scripted if _CALLER.get() else self._real).create(params)

    def _of(self, response: Any) -> Any:
        return self._scripted if isinstance(response, SimpleNamespace) else self._real

    def message_retrieval(self, response: Any) -> Any:
        """The reply, as the client that gave it reads it."""
        return self._of(response).message_retrieval(response)

    def cost(self, response: Any) -> Any:
        """As the client that gave the response says."""
        return self._of(response).cost(response)

    def get_usage(self, response: Any) -> Any:
        """As the client that gave the response says."""
        return self._of(response).get_usage(response)

    def __getattr__(self, name: str) -> Any:
        # What else AutoGen looks up on its own clients.
        return getattr(self._real, name)
