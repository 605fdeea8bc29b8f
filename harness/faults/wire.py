"""A model's answer as OpenAI's API sends it, plain or streamed, and back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.cassettes.answers import answer_of
from harness.cassettes.session import Given

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.mocks import MockReply

_CREATED = 1_735_689_600
_JSON = {"content-type": ["application/json"]}
_STREAM = {"content-type": ["text/event-stream"]}


@dataclass(frozen=True, kw_only=True)
class WireReply:
    """One answer, whatever way it travels.

    Attributes:
        content: Text; None for null.
        calls: Id, name and argument text of each tool call.
        refusal: Text of a refusal.
        finish_reason: As the provider says it.
        model: Model that answers.
        usage: Token counts as OpenAI shapes them; None for none.
    """

    content: str | None
    calls: tuple[tuple[str, str, str], ...] = ()
    refusal: str | None = None
    finish_reason: str = "stop"
    model: str = ""
    usage: Mapping[str, Any] | None = None

    def message(self) -> dict[str, Any]:
        """The message, as OpenAI shapes it."""
        message: dict[str, Any] = {
            "role": "assistant",
            "content": self.content,
            "refusal": self.refusal,
        }
        if self.calls:
            message["tool_calls"] = [
                {"id": each, "type": "function", "function": {"name": name, "arguments": text}}
                for each, name, text in self.calls
            ]
        return message


def from_mock(reply: MockReply, number: int, model: str) -> WireReply:
    """What a script says, on its way to HTTP."""
    usage = reply.usage
    counted = (
        {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.total_tokens,
        }
        if usage
        else None
    )
    return WireReply(
        content=reply.content,
        calls=tuple((c.id, c.name, c.arguments) for c in reply.calls(f"call_{number}")),
        finish_reason=reply.stopped_because,
        model=reply.model or model,
        usage=counted,
    )


def read(given: Given) -> WireReply | None:
    """The reply in a response; None if it holds none that OpenAI's API would send."""
    kind = "".join(given.headers.get("content-type", [""]))
    if "event-stream" in kind:
        answer = answer_of(kind, given.content)
        if answer is None or answer.error:
            return None
        calls = tuple((f"call_{at}", *call) for at, call in enumerate(answer.calls))
        return WireReply(
            content=answer.text or None,
            calls=calls,
            finish_reason="tool_calls" if calls else "stop",
        )
    try:
        return _from_body(json.loads(given.content))
    except (ValueError, KeyError, IndexError, TypeError):
        return None


def _from_body(body: Any) -> WireReply:
    choice = body["choices"][0]
    message = choice["message"]
    return WireReply(
        content=message.get("content"),
        calls=tuple(
            (call["id"], call["function"]["name"], call["function"]["arguments"])
            for call in message.get("tool_calls") or ()
        ),
        refusal=message.get("refusal"),
        finish_reason=choice.get("finish_reason") or "stop",
        model=body.get("model") or "",
        usage=body.get("usage"),
    )


def render(reply: WireReply, number: int, *, is_stream: bool) -> Given:
    """A response that says it.

    Args:
        reply: What to say.
        number: Makes its id.
        is_stream: Whether the request asked for events.
    """
    common = {
        "id": f"chatcmpl-fault-{number}",
        "created": _CREATED,
        "model": reply.model or "unknown",
    }
    if is_stream:
        return Given(status=200, headers=_STREAM, content=_events(reply, common))
    body = {
        **common,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": reply.message(), "finish_reason": reply.finish_reason}],
        "usage": reply.usage,
    }
    return Given(status=200, headers=_JSON, content=json.dumps(body).encode())


def _events(reply: WireReply, common: Mapping[str, Any]) -> bytes:
    delta = reply.message()
    for index, call in enumerate(delta.get("tool_calls", ())):
        call["index"] = index
    steps: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": reply.finish_reason}]},
        {"choices": [], "usage": reply.usage},
    ]
    shown = [{**common, "object": "chat.completion.chunk", **step} for step in steps]
    lines = [f"data: {json.dumps(each)}\n\n" for each in shown]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


def error(status: int, message: str, code: str, headers: Mapping[str, str] | None = None) -> Given:
    """A response in OpenAI's error shape."""
    body = {"error": {"message": message, "type": code, "param": None, "code": code}}
    extra = {name: [value] for name, value in (headers or {}).items()}
    return Given(status=status, headers={**_JSON, **extra}, content=json.dumps(body).encode())
