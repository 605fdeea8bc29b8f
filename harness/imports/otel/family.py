"""Spans in their tree: in order, each with what it inherits from those around it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import ImportFault
from harness.imports.otel.values import count_at, text_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from harness.imports.otel.spans import Span

INFERENCE = frozenset({"chat", "text_completion", "generate_content", "completion"})
_OLD_KINDS: Mapping[str, str] = {
    "agent": "invoke_agent",
    "tool": "execute_tool",
    "workflow": "workflow",
    "task": "workflow",
}
INPUT_TOKENS = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
OUTPUT_TOKENS = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")


# As AutoGen's group chats name the agents that choose speakers.
_CHOOSERS = frozenset({"speaker_selection_agent", "checking_agent"})


@dataclass(frozen=True, kw_only=True)
class Member:
    """A span in its tree.

    Attributes:
        span: The span.
        operation: Its ``gen_ai.operation.name``, or what older attributes say in its place;
            empty if it has nothing to do with models or agents.
        agent: The nearest agent of it and those around it; empty without one.
        outer: The nearest other agent around that one: who called it.
        conversation: Likewise the nearest ``gen_ai.conversation.id``.
        is_hidden: Whether it is part of choosing a speaker, which no participant sees.
    """

    span: Span
    operation: str
    agent: str = ""
    outer: str = ""
    conversation: str = ""
    is_hidden: bool = False


def members_of(spans: Sequence[Span]) -> tuple[Member, ...]:
    """All spans, parents before children, each with what it inherits.

    Raises:
        ImportFault: If spans are each other's parents.
    """
    found: dict[tuple[str, str], Member] = {}
    for span, is_opening in walked(spans):
        if is_opening:
            around = found.get((span.trace, span.parent))
            found[span.trace, span.id] = _member(span, around)
    return tuple(found.values())


def walked(spans: Iterable[Span]) -> Iterator[tuple[Span, bool]]:
    """Each span when it begins (True) and, its children in between, when it ends (False).

    Siblings come by their start, and by their place in the file where that is the same.

    Raises:
        ImportFault: If spans are each other's parents.
    """
    ordered = sorted(spans, key=lambda span: span.start)
    known = {(span.trace, span.id) for span in ordered}
    children: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for span in ordered:
        parent = (span.trace, span.parent)
        children[parent if parent in known else ("", "")].append(span)
    waiting = [(span, True) for span in reversed(children["", ""])]
    seen = 0
    while waiting:
        span, is_opening = waiting.pop()
        yield span, is_opening
        if is_opening:
            seen += 1
            waiting.append((span, False))
            waiting += [(each, True) for each in reversed(children[span.trace, span.id])]
    if seen < len(ordered):
        raise ImportFault(_cycle(ordered))


def _cycle(spans: Sequence[Span]) -> str:
    parents = {(span.trace, span.id): span for span in spans}
    for span in spans:
        passed = set()
        around: Span | None = span
        while around is not None and (around.trace, around.id) not in passed:
            passed.add((around.trace, around.id))
            around = parents.get((around.trace, around.parent))
        if around is span:
            break
    return f"{span.place}: this span is its own parent, directly or through others."


def _member(span: Span, around: Member | None) -> Member:
    named = text_at(span.attributes, "gen_ai.agent.name", span.place)
    operation = _operation(span)
    if operation == "invoke_agent" and not named:
        named = text_at(span.attributes, "traceloop.entity.name", span.place)
    agent, outer = (around.agent, around.outer) if around else ("", "")
    if named and named != agent:
        agent, outer = named, agent
    conversation = text_at(span.attributes, "gen_ai.conversation.id", span.place)
    return Member(
        span=span,
        operation=operation,
        agent=agent,
        outer=outer,
        conversation=conversation or (around.conversation if around else ""),
        is_hidden=operation == "speaker_selection"
        or agent in _CHOOSERS
        or (around is not None and around.is_hidden),
    )


def _operation(span: Span) -> str:
    said = text_at(span.attributes, "gen_ai.operation.name", span.place)
    if said:
        return said
    kind = text_at(span.attributes, "traceloop.span.kind", span.place)
    if kind in _OLD_KINDS:
        return _OLD_KINDS[kind]
    request = text_at(span.attributes, "llm.request.type", span.place)
    if request:
        return "embeddings" if request == "embedding" else request
    keys = span.attributes.keys()
    if "gen_ai.tool.name" in keys:
        return "execute_tool"
    is_call = any(key.startswith(("gen_ai.prompt", "gen_ai.completion")) for key in keys)
    return "chat" if is_call or keys & {"gen_ai.request.model", "gen_ai.response.model"} else ""


def tokens_of(span: Span) -> tuple[int | None, int | None]:
    """Input and output tokens as the span tells them; None for what it does not tell."""
    return (
        count_at(span.attributes, INPUT_TOKENS, span.place),
        count_at(span.attributes, OUTPUT_TOKENS, span.place),
    )
