"""Record what participants say, what they ask humans, and the tools they call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.engines.autogen_requests import content_text, tool_calls_of
from harness.engines.autogen_scope import ChatFrame, Scope, current, entered

if TYPE_CHECKING:
    from harness.engines.autogen_termination import Observer

_ROLES = frozenset({"user", "assistant", "tool", "function", "system"})


def observe_received(
    scope: Scope, recipient: Any, message: Any, sender: Any, *_args: Any, **_kwargs: Any
) -> Observer:
    """Around ``_process_received_message``: every message a participant gets, exactly once.

    What the manager of a group chat passes on to the others is the same message again, and
    what is said to choose a speaker is hidden; neither is a turn.
    """
    yield
    if scope.selection is not None or _is_broadcast(sender, recipient):
        return
    event = scope.sample.recorder.message(
        speaker=sender.name, recipient=recipient.name, **_message_fields(message)
    )
    frame = scope.frame
    if frame is None:
        return
    frame.stop = None
    frame.last_index = event.index
    frame.last_speaker = sender
    if isinstance(frame, ChatFrame) and sender is frame.initiator and recipient is frame.recipient:
        frame.turns += 1


def _is_broadcast(sender: Any, recipient: Any) -> bool:
    groupchat = getattr(sender, "_groupchat", None)
    return groupchat is not None and any(agent is recipient for agent in groupchat.agents)


def _message_fields(message: Any) -> dict[str, Any]:
    if isinstance(message, str):
        return {"content": message}
    role = message.get("role")
    responses: list[dict[str, Any]] = message.get("tool_responses") or []
    answered = responses[0].get("tool_call_id") if len(responses) == 1 else None
    return {
        "content": content_text(message),
        "role": role if role in _ROLES else "assistant",
        "tool_calls": tool_calls_of(message),
        "tool_call_id": answered or message.get("tool_call_id"),
    }


def observe_tool(scope: Scope, agent: Any, func_call: Any, *args: Any, **kwargs: Any) -> Observer:
    """Around ``execute_function``: the call, and what came back."""
    recorder = scope.sample.recorder
    call_id = kwargs.get("call_id") or _call_id(agent, func_call) or ""
    name = str(func_call.get("name") or "")
    recorder.tool_call(
        agent=agent.name,
        name=name,
        arguments=str(func_call.get("arguments") or ""),
        call_id=call_id,
    )
    is_success, result = yield
    recorder.tool_result(
        agent=agent.name,
        name=name,
        content=str(result.get("content")),
        call_id=call_id,
        is_error=not is_success,
    )


def _call_id(agent: Any, func_call: Any) -> str | None:
    """The id of a call, which 0.2 does not pass on: found in the message that holds it."""
    for history in agent._oai_messages.values():
        for call in (history[-1].get("tool_calls") or ()) if history else ():
            if call.get("function") is func_call:
                found: str | None = call.get("id")
                return found
    return None


def observe_question(scope: Scope, agent: Any, *_args: Any, **_kwargs: Any) -> Observer:
    """Around ``get_human_input``: whoever reads the answer knows which agent asked."""
    from autogen.io import IOStream

    with entered(_asking(scope, agent)), IOStream.set_default(ScriptedStream()):
        yield


async def replace_async_question(
    _original: Any, scope: Scope, agent: Any, prompt: str, **_kwargs: Any
) -> str:
    """Instead of ``a_get_human_input``, which in 0.9 awaits what its console never gave."""
    with entered(_asking(scope, agent)):
        reply = ScriptedStream().input(prompt)
    agent._human_input.append(reply)
    return reply


def _asking(scope: Scope, agent: Any) -> Scope:
    return Scope(scope.sample, scope.frame, scope.selection, scope.is_summary, agent.name)


class ScriptedStream:
    """AutoGen's console of one sample: swallows what is printed, answers from the script."""

    def print(self, *objects: Any, sep: str = " ", end: str = "\n", flush: bool = False) -> None:
        """Print nothing."""

    def send(self, message: Any) -> None:
        """Show nothing."""

    def input(self, prompt: str = "", *, password: bool = False) -> str:
        """The scripted human's next answer, recorded.

        Raises:
            ScriptError: If none is left.
        """
        scope = current()
        if scope is None:
            raise RuntimeError("a human was asked after the sample had ended")
        asker = scope.asker or (scope.selection.manager if scope.selection else "unknown")
        reply = scope.sample.human.answer(asker, prompt)
        scope.sample.recorder.human_input(agent=asker, prompt=prompt, reply=reply)
        return reply
