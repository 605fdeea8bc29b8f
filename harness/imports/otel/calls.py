"""Model calls and errors of spans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.imports.otel.family import tokens_of
from harness.imports.otel.values import count_at, folded, text_at, unfolded
from harness.model.requests import RequestMessage
from harness.model.transcript import ExceptionInfo, ModelCall, Usage

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    from harness.imports.otel.family import Member
    from harness.imports.otel.messages import Said
    from harness.imports.otel.spans import Span
    from harness.model.requests import RequestTable

CACHE_READ = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.input_tokens.cached",
)
CACHE_WRITTEN = (
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.input_tokens.cache_write",
)
REASONING = (
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.output_tokens.reasoning",
    "gen_ai.usage.reasoning_tokens",
)
# Stands where a model's name should, and none has a price.
_NO_MODEL = "not recorded"


def model_call(
    member: Member,
    requests: Sequence[Said],
    replies: Sequence[Said],
    notes: Counter[str],
    table: RequestTable,
) -> Callable[[dict[str, Any]], ModelCall]:
    """The call of a span, but for its index and offset.

    Args:
        member: The span and whose it is.
        requests: The messages it sent, system instructions first.
        replies: Those it got.
        notes: Where to count what cannot be kept.
        table: Numbers the messages of the requests of this conversation.
    """
    span, attributes = member.span, member.span.attributes
    model = text_at(attributes, "gen_ai.request.model", span.place)
    answered = text_at(attributes, "gen_ai.response.model", span.place)
    first = replies[:1]
    call: dict[str, Any] = {
        "agent": member.agent or "assistant",
        "purpose": _purpose(member),
        "model_requested": model or answered or _NO_MODEL,
        "model_answered": answered or None,
        "usage": _usage(member, notes),
        "finish_reason": _finish(span) or next((each.finish for each in first), "") or None,
        "latency_seconds": max(0, span.end - span.start) / 1e9,
        "prompt": requests[-1].text if requests else "",
        "prompt_messages": len(requests),
        **table.enter(tuple(map(_sent, requests))),
        "reply": "\n".join(each.text for each in replies if not each.choice),
        "tool_calls": tuple(call for each in replies if not each.choice for call in each.calls),
        "error": error_of(span),
    }
    return lambda where: ModelCall(**where, **call)


def _sent(said: Said) -> RequestMessage:
    return RequestMessage(
        role=said.role,
        name=said.name,
        content=said.text,
        tool_calls=said.calls,
        tool_call_id=said.answers,
    )


def _purpose(member: Member) -> str:
    if member.is_hidden:
        return "speaker_selection"
    return "other" if member.operation == "embeddings" else "reply"


def _usage(member: Member, notes: Counter[str]) -> Usage | None:
    span = member.span
    given, got = tokens_of(span)
    if member.operation == "embeddings" and given is not None:
        got = got or 0
    if given is None or got is None:
        if (given, got) != (None, None):
            notes["tokens of which only input or only output are told"] += 1
        return None
    cached, written, thought = (
        count_at(span.attributes, keys, span.place) or 0
        for keys in (CACHE_READ, CACHE_WRITTEN, REASONING)
    )
    return Usage(
        prompt_tokens=given,
        completion_tokens=got,
        cached_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=thought,
    )


def _finish(span: Span) -> str:
    reasons = unfolded(span.attributes.get("gen_ai.response.finish_reasons"))
    first = reasons[0] if isinstance(reasons, list) and reasons else reasons
    return folded(first) if first else ""


def error_of(span: Span) -> ExceptionInfo | None:
    """How a span failed: by its status, or by the type of error that it names."""
    kind = text_at(span.attributes, "error.type", span.place)
    if not span.is_error and not kind:
        return None
    raised = [event.attributes for event in span.events if event.name == "exception"]
    last = raised[-1] if raised else {}
    return ExceptionInfo(
        type=kind or folded(last.get("exception.type")) or "error",
        message=span.status or folded(last.get("exception.message")),
        traceback=folded(last.get("exception.stacktrace")),
    )
