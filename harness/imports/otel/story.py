"""The events of one conversation, told by its spans.

A call of a model is a model call event, and a turn where it is a reply: requests repeat what
was said before, so a message of a request is a turn only if the conversation has not had it
as often yet. Its speaker is the name in the message, or by its role: the agent for
``assistant``, the tool for ``tool``, and for ``user`` the agent that called this agent, or
else "user". System prompts are no turns. A span of a model call or agent around others of model
calls counts no tokens, since it repeats theirs. Who a message was sent to is not told; it is
taken to be who spoke before. Offsets are those of spans.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from harness.imports.otel.calls import error_of, model_call
from harness.imports.otel.family import INFERENCE, Member, tokens_of, walked
from harness.imports.otel.messages import Said, answered, asked, instructions
from harness.imports.otel.values import folded, text_at, unfolded
from harness.imports.results import fenced_blocks
from harness.model.imported import NOT_RUN_HERE, TIMEOUT_CODE
from harness.model.requests import RequestTable
from harness.model.transcript import (
    AnyEvent,
    CodeExecution,
    HumanInput,
    Message,
    SpeakerSelection,
    Termination,
    ToolInvocation,
    ToolResult,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_TALKS = INFERENCE | {"invoke_agent", "conversation"}
_UNNAMED = "assistant"


def events_of(members: Sequence[Member], notes: Counter[str]) -> tuple[AnyEvent, ...]:
    """The events of one conversation, and into ``notes`` what of its spans is no part of them.

    Raises:
        ImportFault: If an attribute is not what the conventions make of it.
    """
    story = _Story(members, notes)
    by_id = {(member.span.trace, member.span.id): member for member in members}
    for span, is_opening in walked([member.span for member in members]):
        member = by_id[span.trace, span.id]
        (story.open if is_opening else story.close)(member)
    story.end(_failed_root(members, by_id))
    return _addressed(story.events)


def _failed_root(members: Sequence[Member], by_id: Mapping[Any, Member]) -> Member | None:
    """The last span with none around it, if its status is an error."""
    roots = [each for each in members if (each.span.trace, each.span.parent) not in by_id]
    last = max(roots, key=lambda member: member.span.start)
    return last if last.span.is_error else None


def _addressed(events: Sequence[AnyEvent]) -> tuple[AnyEvent, ...]:
    """The events with each message sent to the nearest other speaker before it, or after it."""
    from msgspec.structs import replace

    messages = [event for event in events if isinstance(event, Message)]
    recipients: list[str] = []
    for n, message in enumerate(messages):
        if n and messages[n - 1].speaker != message.speaker:
            recipients.append(messages[n - 1].speaker)
        else:
            recipients.append(recipients[n - 1] if n else "")
    # Until somebody else speaks, nobody else is known.
    first_other = next((m.speaker for m in messages if m.speaker != messages[0].speaker), "")
    named = iter(recipients)
    return tuple(
        replace(event, recipient=next(named) or first_other or "unknown")
        if isinstance(event, Message)
        else event
        for event in events
    )


class _Story:
    """Gathers the events while the spans are walked."""

    def __init__(self, members: Sequence[Member], notes: Counter[str]) -> None:
        self.events: list[AnyEvent] = []
        self.notes = notes
        self.begun = min((m.span.start for m in members if m.span.start), default=0)
        self.wrappers = _wrappers(members)
        # Everything said so far: how often, in which order, and how long it was at each opening.
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.said: list[tuple[str, ...]] = []
        self.marks: dict[tuple[str, str], int] = {}
        self.tools: dict[str, str] = {}
        self.requests = RequestTable()
        self.closing: Mapping[str, Callable[[Member], None]] = {
            "execute_tool": self._tool_result,
            "execute_code": self._execution,
            "speaker_selection": self._selection,
            "await_human_input": self._human_input,
        }

    def open(self, member: Member) -> None:
        """A span begins."""
        self.marks[member.span.trace, member.span.id] = len(self.said)
        if member.operation in _TALKS and not member.is_hidden:
            for message in self._new(asked(member.span, self.notes)):
                speaker = message.name or self._asker(member, message)
                self._say(speaker, message, member.span.start)
        elif member.operation == "execute_tool":
            self._tool_call(member)

    def close(self, member: Member) -> None:
        """A span ends."""
        if member.operation in _TALKS:
            self._talk(member)
        elif member.operation == "embeddings":
            self._add(model_call(member, (), (), self.notes, self.requests), member.span.start)
        elif member.operation in self.closing:
            self.closing[member.operation](member)

    def end(self, failed: Member | None) -> None:
        """All spans have ended."""
        if failed is not None:
            end: dict[str, Any] = {
                "reason": "error",
                "detail": "The outermost span ended with an error.",
                "agent": failed.agent or None,
                "exception": error_of(failed.span),
            }
            self._add(lambda where: Termination(**where, **end), failed.span.end)

    def _talk(self, member: Member) -> None:
        requests, replies = asked(member.span, Counter()), answered(member.span, self.notes)
        is_wrapper = (member.span.trace, member.span.id) in self.wrappers
        if not is_wrapper and (member.operation in INFERENCE or any(tokens_of(member.span))):
            sent = (*instructions(member.span, self.notes), *requests)
            call = model_call(member, sent, replies, self.notes, self.requests)
            self._add(call, member.span.start)
        if member.is_hidden:
            return
        if member.operation in INFERENCE and not is_wrapper:
            spoken = [reply for reply in replies if not self._is_alternative(reply)]
        elif len(replies) > 1:
            spoken = self._new(replies)
        else:
            since = self.said[self.marks[member.span.trace, member.span.id] :]
            spoken = [reply for reply in replies if reply.gist not in since]
        for reply in spoken:
            # The history of a conversation is told with roles, a reply by who gives it.
            is_reply = member.operation != "conversation"
            speaker = member.agent or _UNNAMED if is_reply else self._asker(member, reply)
            self._say(reply.name or speaker, reply, member.span.end)

    def _is_alternative(self, reply: Said) -> bool:
        if reply.choice:
            self.notes["further choice of a response"] += 1
        return reply.choice != 0

    def _new(self, messages: Iterable[Said]) -> list[Said]:
        """Those that the conversation has not had as often yet; no system prompt."""
        here: Counter[tuple[str, ...]] = Counter()
        found = []
        for message in messages:
            if message.role == "system":
                continue
            here[message.gist] += 1
            if here[message.gist] > self.counts[message.gist]:
                found.append(message)
        return found

    def _say(self, speaker: str, said: Said, time: int) -> None:
        self.counts[said.gist] += 1
        self.said.append(said.gist)
        self.tools.update({call.id: call.name for call in said.calls})
        message: dict[str, Any] = {
            "speaker": speaker,
            "recipient": "",
            "role": said.role,
            "content": said.text,
            "tool_calls": said.calls,
            "tool_call_id": said.answers,
        }
        self._add(lambda where: Message(**where, **message), time)

    def _asker(self, member: Member, said: Said) -> str:
        """Who said a message of a request, by its role."""
        match said.role:
            case "user" if member.operation == "conversation":
                return member.agent or "user"
            case "user":
                return member.outer or "user"
            case "tool" | "function":
                return self.tools.get(said.answers or "") or "tool"
        return member.agent or _UNNAMED

    def _tool_call(self, member: Member) -> None:
        span = member.span
        called: dict[str, Any] = {
            "agent": member.agent or _UNNAMED,
            "name": _tool(span),
            "call_id": _call_id(span),
        }
        arguments = span.attributes.get(
            "gen_ai.tool.call.arguments", span.attributes.get("traceloop.entity.input")
        )
        said = folded(arguments)
        self._add(lambda where: ToolInvocation(**where, **called, arguments=said), span.start)

    def _tool_result(self, member: Member) -> None:
        span = member.span
        called: dict[str, Any] = {
            "agent": member.agent or _UNNAMED,
            "name": _tool(span),
            "call_id": _call_id(span),
        }
        failure = error_of(span)
        content = span.attributes.get(
            "gen_ai.tool.call.result", span.attributes.get("traceloop.entity.output")
        )
        if content is None and failure is None:
            self.notes["tool whose result was not recorded"] += 1
        said = folded(content) or (f"{failure.type}: {failure.message}" if failure else "")
        result: dict[str, Any] = {**called, "content": said, "is_error": failure is not None}
        self._add(lambda where: ToolResult(**where, **result), span.end)

    def _execution(self, member: Member) -> None:
        """As AutoGen's instrumentation tells it; without an exit code nothing was run."""
        attributes, blocks = member.span.attributes, self._last_blocks()
        code = attributes.get("ag2.code_execution.exit_code")
        if not isinstance(code, int) or isinstance(code, bool):
            return
        languages = {language for language, _ in blocks}
        run: dict[str, Any] = {
            "agent": member.agent or _UNNAMED,
            "language": languages.pop() if len(languages) == 1 else "",
            "code": "\n".join(each for _, each in blocks),
            "exit_code": code,
            "output": folded(attributes.get("ag2.code_execution.output")),
            "duration_seconds": max(0, member.span.end - member.span.start) / 1e9,
            "timed_out": code == TIMEOUT_CODE,
            "sandbox": NOT_RUN_HERE,
        }
        self._add(lambda where: CodeExecution(**where, **run), member.span.start)

    def _last_blocks(self) -> list[tuple[str, str]]:
        for event in reversed(self.events):
            if isinstance(event, Message) and (blocks := fenced_blocks(event.content)):
                return blocks
        return []

    def _selection(self, member: Member) -> None:
        attributes = member.span.attributes
        candidates = unfolded(attributes.get("ag2.speaker_selection.candidates"))
        spoken = [event.speaker for event in self.events if isinstance(event, Message)]
        chosen = text_at(attributes, "ag2.speaker_selection.selected", member.span.place)
        choice: dict[str, Any] = {
            "manager": member.agent,
            "method": "auto",
            "last_speaker": spoken[-1] if spoken else "",
            "candidates": tuple(map(folded, candidates if isinstance(candidates, list) else ())),
            "selected": chosen or None,
        }
        self._add(lambda where: SpeakerSelection(**where, **choice), member.span.end)

    def _human_input(self, member: Member) -> None:
        attributes, place = member.span.attributes, member.span.place
        told: dict[str, Any] = {
            "agent": member.agent or _UNNAMED,
            "prompt": text_at(attributes, "ag2.human_input.prompt", place),
            "reply": text_at(attributes, "ag2.human_input.response", place),
        }
        self._add(lambda where: HumanInput(**where, **told), member.span.end)

    def _add(self, make: Callable[[dict[str, Any]], AnyEvent], time: int) -> None:
        since = max(0, time - self.begun) / 1e9 if time and self.begun else 0.0
        self.events.append(make({"index": len(self.events), "offset_seconds": since}))


def _tool(span: Any) -> str:
    """Its name; older spans have it as that of the entity."""
    named = text_at(span.attributes, "gen_ai.tool.name", span.place)
    return named or text_at(span.attributes, "traceloop.entity.name", span.place) or "unknown"


def _call_id(span: Any) -> str:
    return text_at(span.attributes, "gen_ai.tool.call.id", span.place)


def _wrappers(members: Sequence[Member]) -> frozenset[tuple[str, str]]:
    """The spans that have a model call somewhere below them."""
    parents = {(each.span.trace, each.span.id): each.span.parent for each in members}
    found: set[tuple[str, str]] = set()
    for member in members:
        if member.operation not in INFERENCE:
            continue
        trace, parent = member.span.trace, member.span.parent
        while (trace, parent) in parents and (trace, parent) not in found:
            found.add((trace, parent))
            parent = parents[trace, parent]
    return frozenset(found)
