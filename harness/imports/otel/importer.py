"""OpenTelemetry GenAI spans: OTLP/JSON, one export a line, or as the console exporter prints them.

A conversation is what shares a ``gen_ai.conversation.id``: that of a span or of those around
it, or the only one of its trace; where there is none, it is a trace. It is named by that id,
and the fields of a mapping are attributes: of the first of its spans that has it, or of its
resource. What is no part of the transcript stands in the sample's document with all the rest,
and is named in its notes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from harness.errors import ImportFault, quoted
from harness.imports.chat import with_termination
from harness.imports.mapping import mapped_values
from harness.imports.otel.calls import CACHE_READ, CACHE_WRITTEN, REASONING
from harness.imports.otel.family import INFERENCE, INPUT_TOKENS, OUTPUT_TOKENS, Member, members_of
from harness.imports.otel.messages import EVENTS
from harness.imports.otel.spans import is_export, read_spans
from harness.imports.otel.story import events_of
from harness.imports.results import with_executions
from harness.model.imported import ImportedConversation, ImportMapping
from harness.model.transcript import Transcript

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.imports.otel.spans import Span

_OPERATIONS = INFERENCE | {
    *("embeddings", "invoke_agent", "execute_tool", "conversation", "execute_code"),
    *("speaker_selection", "await_human_input"),
}
_READ = frozenset(
    {
        *("gen_ai.operation.name", "gen_ai.agent.name", "gen_ai.conversation.id", "error.type"),
        *("gen_ai.request.model", "gen_ai.response.model", "gen_ai.response.finish_reasons"),
        *("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.prompt", "gen_ai.completion"),
        *("gen_ai.tool.name", "gen_ai.tool.call.id", "gen_ai.tool.call.arguments"),
        *("gen_ai.tool.call.result", "traceloop.span.kind", "traceloop.entity.name"),
        *("traceloop.entity.input", "traceloop.entity.output", "llm.request.type"),
        *("ag2.code_execution.exit_code", "ag2.code_execution.output", "ag2.span.type"),
        *("ag2.speaker_selection.candidates", "ag2.speaker_selection.selected"),
        *("ag2.human_input.prompt", "ag2.human_input.response"),
        *INPUT_TOKENS,
        *OUTPUT_TOKENS,
        *CACHE_READ,
        *CACHE_WRITTEN,
        *REASONING,
    }
)


class OtelImporter:
    """Reads OpenTelemetry's GenAI spans as JSON, every conversation or trace of them."""

    name: ClassVar[str] = "otel"

    @staticmethod
    def recognises(document: Any) -> bool:
        """Whether it begins as an export of spans does."""
        return is_export(document)

    def read(
        self, where: str, text: str, document: Any, mapping: ImportMapping
    ) -> tuple[ImportedConversation, ...]:
        """The conversations of one file, in the order they began."""
        del text
        if mapping.fields.messages is not None:
            raise ImportFault(
                f"{where}: fields.messages is {quoted(mapping.fields.messages)}, but messages of "
                "spans are where the conventions put them; remove that line of the mapping."
            )
        spans, notes = read_spans(document, where)
        found = _conversations(members_of(spans), notes)
        if not found:
            raise ImportFault(
                f"{where}: none of the {len(spans)} spans tells of a model or an agent: no "
                "attribute of them is 'gen_ai.operation.name', nor one of older conventions."
            )
        read = [_conversation(name, each, mapping, where) for name, each in found.items()]
        first = read[0]
        told = (*first.notes, *(f"{name} ({count})" for name, count in sorted(notes.items())))
        return (msgspec.structs.replace(first, notes=told), *read[1:])


def _conversations(members: Sequence[Member], notes: Counter[str]) -> dict[str, list[Member]]:
    """The members of each conversation by its id, in the order they began."""
    ids: dict[str, list[str]] = defaultdict(list)
    for member in members:
        if member.conversation and member.conversation not in ids[member.span.trace]:
            ids[member.span.trace].append(member.conversation)
    found: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        of_trace = ids[member.span.trace]
        only = of_trace[0] if len(of_trace) == 1 else ""
        found[member.conversation or only or member.span.trace].append(member)
    talking = {name for name, each in found.items() if any(m.operation for m in each)}
    for name in [name for name in found if name not in talking]:
        # What surrounds several conversations of a trace is kept with the first of them.
        rest = found.pop(name)
        host = next((each for each in ids[rest[0].span.trace] if each in talking), None)
        if host is None:
            notes["span of a trace without any model or agent, left out"] += len(rest)
        else:
            found[host] += rest
    return found


def _conversation(
    name: str, members: Sequence[Member], mapping: ImportMapping, where: str
) -> ImportedConversation:
    notes = Counter(_unread(members))
    events = with_executions(events_of(members, notes), mapping.executors)
    spans = [member.span for member in members]
    transcript = Transcript(
        engine="otel",
        engine_version=f"{_scope(members)} (imported)",
        events=events,
    )
    if not transcript.messages:
        notes["no message: the contents of calls were not recorded"] += 1
    return ImportedConversation(
        transcript=with_termination(transcript, mapping.terminators),
        document=_document(spans, where),
        values={"scenario": name, **mapped_values(_fields(spans), mapping.fields, where)},
        notes=tuple(f"{told} ({count})" for told, count in sorted(notes.items())),
        identities=tuple({name: 0} | {span.trace: 0 for span in spans}),
    )


def _scope(members: Iterable[Member]) -> str:
    """What made the first span of a model or agent."""
    return next((m.span.scope for m in members if m.operation and m.span.scope), "OpenTelemetry")


def _fields(spans: Sequence[Span]) -> dict[str, Any]:
    """All attributes; where several spans have one, it is that of the first."""
    found: dict[str, Any] = {}
    for attributes in (*(span.attributes for span in spans), *(span.resource for span in spans)):
        for key, value in attributes.items():
            found.setdefault(key, value)
    return found


def _unread(members: Sequence[Member]) -> Iterator[str]:
    for member in members:
        if not member.operation:
            yield f"span {member.span.name:.60}"
            continue
        if member.operation not in _OPERATIONS:
            yield f"operation {member.operation:.60}"
        for key in member.span.attributes:
            if key not in _READ and not key.startswith(("gen_ai.prompt.", "gen_ai.completion.")):
                yield f"attribute {key:.80}"
        for event in member.span.events:
            if event.name not in EVENTS:
                yield f"event {event.name:.60}"


def _document(spans: Sequence[Span], where: str) -> str:
    """The spans as the file has them, with the resources and scopes around them."""
    resources: dict[int, dict[str, Any]] = {}
    scopes: dict[tuple[int, int], dict[str, Any]] = {}
    printed = [span.raw[2] for span in spans if not span.raw[0] and not span.raw[1]]
    for span in spans:
        around, rest, raw = span.raw
        if not around and not rest:
            continue
        resource = resources.setdefault(id(around), {**around, "scopeSpans": []})
        if (id(around), id(rest)) not in scopes:
            scopes[id(around), id(rest)] = {**rest, "spans": []}
            resource["scopeSpans"].append(scopes[id(around), id(rest)])
        scopes[id(around), id(rest)]["spans"].append(raw)
    document: dict[str, Any] = {}
    if resources:
        document["resourceSpans"] = list(resources.values())
    if printed:
        document["spans"] = printed
    if logs := [record for span in spans for record in span.logs]:
        document["logRecords"] = logs
    try:
        return msgspec.json.encode(document).decode()
    except (RecursionError, ValueError) as error:
        raise ImportFault(f"{where}: a span cannot be kept as JSON: {error}.") from None
