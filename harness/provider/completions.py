"""From a checked request to a complete answer: the script's reply, cut to size and counted.

The same request, epoch and seed give the same answer to the last byte: ids are
digests of the request, and ``created`` is a fixed moment, because a clock would
make two recordings of one conversation differ.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import ScriptError
from harness.model.sample import SCRIPTED_FINGERPRINT
from harness.provider.behaviours import Behaviour, Behaviours, ask
from harness.provider.request import ApiError, ChatRequest
from harness.provider.script import Call, Reply, text_of
from harness.provider.tokens import TokenCounter, counter_for, truncate, well_formed
from harness.provider.usage import (
    count_cached,
    count_call,
    count_completion,
    count_prompt,
    usage_body,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

# 2025-01-01T00:00:00Z, of every answer.
CREATED = 1_735_689_600


@dataclass(frozen=True, kw_only=True)
class AnsweredCall:
    """A tool call of an answer: its id, function name and arguments as JSON text."""

    id: str
    name: str
    arguments: str

    def body(self) -> dict[str, Any]:
        """As OpenAI shapes it."""
        function = {"name": self.name, "arguments": self.arguments}
        return {"id": self.id, "type": "function", "function": function}


@dataclass(frozen=True, kw_only=True)
class Completion:
    """A complete answer, before it becomes one JSON body or a stream of events.

    Attributes:
        id: ``chatcmpl-`` and a digest of request, epoch and seed.
        scenario: The scenario whose script answered.
        model: As requested.
        content: Text; may be empty.
        tool_calls: Tool calls.
        finish_reason: "stop", "length", "tool_calls" or what the script said.
        usage: As OpenAI shapes it.
        counter: Name of the token counter behind usage.
    """

    id: str
    scenario: str
    model: str
    content: str
    tool_calls: tuple[AnsweredCall, ...]
    finish_reason: str
    usage: dict[str, Any]
    counter: str

    @property
    def fingerprint(self) -> str:
        """``system_fingerprint``: says that this is no model, and who counted the tokens."""
        return f"{SCRIPTED_FINGERPRINT}{self.counter}"

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer to a request that does not stream."""
        message: dict[str, Any] = {
            "role": "assistant",
            "content": self.content if self.content or not self.tool_calls else None,
            "refusal": None,
        }
        if self.tool_calls:
            message["tool_calls"] = [call.body() for call in self.tool_calls]
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": self.finish_reason,
        }
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": CREATED,
            "model": self.model,
            "choices": [choice],
            "usage": self.usage,
            "system_fingerprint": self.fingerprint,
        }


def complete(behaviours: Behaviours, request: ChatRequest, *, epoch: int, seed: int) -> Completion:
    """Answer a request.

    Raises:
        ApiError: 404 if no scenario's task occurs in the messages; 500 if the script fails.
    """
    behaviour = behaviours.find(request.messages)
    if behaviour is None:
        raise ApiError(
            404,
            "No scenario's task occurs in the messages of this request, so the scripted provider "
            f"has nothing to say to it. It knows: {behaviours.known()}.",
            param="messages",
            code="scenario_not_found",
        )
    try:
        reply = ask(behaviour, _call(behaviour, request, epoch, seed))
        return _completion(behaviour, request, reply, _identity(request, epoch, seed))
    except ScriptError as error:
        raise ApiError(500, str(error), kind="server_error", code="script_error") from error


def _call(behaviour: Behaviour, request: ChatRequest, epoch: int, seed: int) -> Call:
    system = [text_of(one) for one in request.messages if one["role"] in ("system", "developer")]
    return Call(
        scenario=behaviour.scenario,
        parameters=behaviour.parameters,
        model=request.model,
        temperature=request.temperature,
        system=system[0] if system else "",
        messages=request.messages,
        tools=request.tools,
        epoch=epoch,
        seed=seed,
    )


def _identity(request: ChatRequest, epoch: int, seed: int) -> str:
    text = f"{request.digest} {epoch} {seed}"
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _completion(
    behaviour: Behaviour, request: ChatRequest, reply: Reply, identity: str
) -> Completion:
    counter = counter_for(request.model)
    whole, is_stopped = _before_stop(well_formed(reply.content), request.stop)
    calls = () if is_stopped else _calls(behaviour, request, reply, identity)
    content, kept = _within(whole, calls, request.max_tokens, counter)
    is_cut = (content, kept) != (whole, calls)
    derived = "tool_calls" if kept else "stop"
    return Completion(
        id=f"chatcmpl-{identity}",
        scenario=behaviour.scenario,
        model=request.model,
        content=content,
        tool_calls=kept,
        finish_reason="length" if is_cut else reply.finish_reason or derived,
        usage=_usage(request, content, kept, counter),
        counter=counter.name,
    )


def _before_stop(content: str, stop: Sequence[str]) -> tuple[str, bool]:
    """The text before the earliest stop sequence, and whether there was one."""
    found = [at for at in (content.find(text) for text in stop) if at >= 0]
    return (content[: min(found)], True) if found else (content, False)


def _calls(
    behaviour: Behaviour, request: ChatRequest, reply: Reply, identity: str
) -> tuple[AnsweredCall, ...]:
    if len(reply.tool_calls) > 1 and not request.is_parallel:
        raise ScriptError(
            f"The provider script of scenario {behaviour.scenario!r} made "
            f"{len(reply.tool_calls)} tool calls at once, but the request says "
            "parallel_tool_calls: false."
        )
    return tuple(
        AnsweredCall(
            id=f"call_{identity}{at}",
            name=tool.name,
            arguments=_arguments(behaviour, tool.name, tool.arguments),
        )
        for at, tool in enumerate(reply.tool_calls)
    )


def _arguments(behaviour: Behaviour, name: str, arguments: object) -> str:
    try:
        text = json.dumps(arguments, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise ScriptError(
            f"The provider script of scenario {behaviour.scenario!r} gave the tool {name!r} "
            f"arguments that are not JSON: {error}."
        ) from None
    return well_formed(text)


def _within(
    content: str, calls: tuple[AnsweredCall, ...], limit: int | None, counter: TokenCounter
) -> tuple[str, tuple[AnsweredCall, ...]]:
    """What fits into limit tokens: text cut at a token, then whole tool calls in order."""
    if limit is None:
        return content, calls
    text = truncate(content, limit, counter)
    if text != content:
        return text, ()
    used = counter.count(text)
    kept: list[AnsweredCall] = []
    for call in calls:
        used += count_call(call.name, call.arguments, counter)
        if used > limit:
            break
        kept.append(call)
    return text, tuple(kept)


def _usage(
    request: ChatRequest, content: str, calls: Sequence[AnsweredCall], counter: TokenCounter
) -> dict[str, Any]:
    return usage_body(
        prompt=count_prompt(request.messages, request.tools, counter),
        completion=count_completion(
            content, [(call.name, call.arguments) for call in calls], counter
        ),
        cached=count_cached(request.messages, request.tools, counter),
    )
