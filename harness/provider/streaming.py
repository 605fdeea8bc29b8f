"""A complete answer as the server-sent events of a stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.provider.completions import CREATED, AnsweredCall, Completion
from harness.provider.tokens import counter_for

if TYPE_CHECKING:
    from collections.abc import Iterator


def events(completion: Completion, *, wants_usage: bool) -> Iterator[bytes]:
    """The events in order: the role, text and tool calls token by token, the end, the usage.

    Args:
        completion: The answer.
        wants_usage: Whether an event with the token counts comes before the end mark, and
            the others say ``usage: null``, as the real API does with
            ``stream_options: {"include_usage": true}``.

    Yields:
        Each event with its closing blank line; last ``data: [DONE]``.
    """
    unknown_yet = {"usage": None} if wants_usage else {}
    for delta in _deltas(completion):
        yield _event(completion, [_choice(delta, None)], unknown_yet)
    yield _event(completion, [_choice({}, completion.finish_reason)], unknown_yet)
    if wants_usage:
        yield _event(completion, [], {"usage": completion.usage})
    yield b"data: [DONE]\n\n"


def _deltas(completion: Completion) -> Iterator[dict[str, Any]]:
    pieces = counter_for(completion.model).pieces
    first = "" if completion.content or not completion.tool_calls else None
    yield {"role": "assistant", "content": first, "refusal": None}
    for piece in pieces(completion.content):
        yield {"content": piece}
    for index, call in enumerate(completion.tool_calls):
        yield _call_delta(index, _opening(call))
        for piece in pieces(call.arguments):
            yield _call_delta(index, {"function": {"arguments": piece}})


def _opening(call: AnsweredCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}


def _call_delta(index: int, part: dict[str, Any]) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, **part}]}


def _choice(delta: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _event(completion: Completion, choices: list[dict[str, Any]], extra: dict[str, Any]) -> bytes:
    chunk = {
        "id": completion.id,
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": completion.model,
        "system_fingerprint": completion.fingerprint,
        "choices": choices,
        **extra,
    }
    return f"data: {json.dumps(chunk, separators=(',', ':'))}\n\n".encode()
