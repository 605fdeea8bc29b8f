"""Spans and log records as files have them, checked and read into one shape."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harness.errors import ImportFault, quoted
from harness.imports.otel.values import attributes_of, plain_value

if TYPE_CHECKING:
    from collections.abc import Iterator

# Unsigned 64-bit nanoseconds, as OTLP has them.
_LATEST = 2**64
_OTHER_SIGNALS = ("resourceMetrics", "resourceProfiles")


@dataclass(frozen=True, kw_only=True)
class SpanEvent:
    """Something told of a span at one time: an event of it, or a log record that names it."""

    name: str
    time: int
    attributes: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Span:
    """One span.

    Attributes:
        trace: Id of its trace.
        id: Its own, unique in the trace.
        parent: Id of its parent; empty for a root.
        name: As the file has it.
        start: Nanoseconds since 1970; 0 if the file does not tell.
        end: Likewise.
        attributes: Its own, as plain values.
        resource: Those of its resource.
        events: In order of time.
        is_error: Whether its status says so.
        status: What the status tells of it.
        scope: Name and version of what made it.
        raw: It and what surrounds it, as the file has them: the object of the resource, that
            of the scope (both without their spans), and that of the span.
        logs: The log records among its events, as the file has them.
        place: Where it is, for errors.
    """

    trace: str
    id: str
    parent: str
    name: str
    start: int
    end: int
    attributes: dict[str, Any]
    resource: dict[str, Any]
    events: tuple[SpanEvent, ...]
    is_error: bool
    status: str
    scope: str
    raw: tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
    logs: tuple[dict[str, Any], ...] = ()
    place: str


@dataclass(frozen=True)
class _Log:
    trace: str
    span: str
    event: SpanEvent
    raw: dict[str, Any]


@dataclass
class _Found:
    spans: list[Span] = field(default_factory=list)
    logs: list[_Log] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)


def is_export(document: Any) -> bool:
    """Whether a document looks like spans; only its first part is looked at."""
    first = document[0] if isinstance(document, list) and document else document
    return isinstance(first, dict) and (
        any(key in first for key in ("resourceSpans", "resourceLogs", *_OTHER_SIGNALS))
        or (isinstance(first.get("context"), dict) and "trace_id" in first["context"])
        or {"traceId", "spanId"} <= first.keys()
    )


def read_spans(document: Any, where: str) -> tuple[tuple[Span, ...], Counter[str]]:
    """All spans of a file in its order, and what of the file is none.

    Raises:
        ImportFault: If the document is not of a shape that is known, or an id, a time or a
            number in it is none.
    """
    found = _Found()
    for position, entry in enumerate(document if isinstance(document, list) else [document]):
        place = f"{where}: {f'entry {position}' if isinstance(document, list) else 'the document'}"
        _read_entry(_object(entry, place), place, found)
    if not found.spans:
        raise ImportFault(f"{where}: the file holds no span, so there is no conversation in it.")
    return _with_logs(_single(found), found), found.notes


def _read_entry(entry: dict[str, Any], place: str, found: _Found) -> None:
    known = False
    for signal, read in (("resourceSpans", _read_resource), ("resourceLogs", _read_logs)):
        if signal in entry:
            known = True
            for n, each in enumerate(_list(entry, signal, place)):
                read(_object(each, f"{place}: {signal}[{n}]"), f"{place}: {signal}[{n}]", found)
    for signal in _OTHER_SIGNALS:
        if signal in entry:
            known = True
            found.notes[f"{signal} of the file"] += 1
    if known:
        return
    if isinstance(entry.get("context"), dict):
        found.spans.append(_printed(entry, place))
    elif {"traceId", "spanId"} <= entry.keys():
        found.spans.append(_span(entry, ({}, {}), place))
    else:
        there = ", ".join(quoted(key, 40) for key in list(entry)[:10]) or "nothing"
        raise ImportFault(
            f"{place}: these are no spans of OpenTelemetry: 'resourceSpans' as OTLP/JSON has it, "
            f"or 'context' as the console exporter prints it, was expected; there is: {there}."
        )


def _read_resource(entry: dict[str, Any], place: str, found: _Found) -> None:
    # The older name of the same.
    key = "scopeSpans" if "scopeSpans" in entry else "instrumentationLibrarySpans"
    around = {name: value for name, value in entry.items() if name != key}
    for n, scope in enumerate(_list(entry, key, place)):
        inner = f"{place}.{key}[{n}]"
        rest = {name: each for name, each in _object(scope, inner).items() if name != "spans"}
        for m, span in enumerate(_list(scope, "spans", inner)):
            spot = f"{inner}.spans[{m}]"
            found.spans.append(_span(_object(span, spot), (around, rest), spot))


def _span(entry: dict[str, Any], homes: tuple[dict[str, Any], dict[str, Any]], at: str) -> Span:
    trace, identity = _identity(entry, "traceId", at), _identity(entry, "spanId", at)
    name = _text(entry, "name", at)
    place = f"{at} ({quoted(name, 60)}, span {identity})"
    around, rest = homes
    status = _object(entry.get("status") or {}, f"{place}: 'status'")
    events = [
        SpanEvent(
            name=_text(each, "name", f"{place}: events[{n}]"),
            time=_time(each, "timeUnixNano", f"{place}: events[{n}]"),
            attributes=attributes_of(each.get("attributes"), f"{place}: events[{n}]"),
        )
        for n, each in enumerate(_objects(entry, "events", place))
    ]
    resource = _object(around.get("resource") or {}, f"{place}: 'resource'")
    return Span(
        trace=trace,
        id=identity,
        parent=_identity(entry, "parentSpanId", at, is_optional=True),
        name=name,
        start=_time(entry, "startTimeUnixNano", place),
        end=_time(entry, "endTimeUnixNano", place),
        attributes=attributes_of(entry.get("attributes"), place),
        resource=attributes_of(resource.get("attributes"), f"{place}: resource"),
        events=tuple(events),
        is_error=status.get("code") in (2, "STATUS_CODE_ERROR"),
        status=_text(status, "message", f"{place}: 'status'"),
        scope=_scope(rest.get("scope") or rest.get("instrumentationLibrary"), place),
        raw=(around, rest, entry),
        place=place,
    )


def _printed(entry: dict[str, Any], at: str) -> Span:
    """As ``ReadableSpan.to_json`` writes it."""
    context = entry["context"]
    trace, identity = _identity(context, "trace_id", at), _identity(context, "span_id", at)
    name = _text(entry, "name", at)
    place = f"{at} ({quoted(name, 60)}, span {identity})"
    status = _object(entry.get("status") or {}, f"{place}: 'status'")
    resource = _object(entry.get("resource") or {}, f"{place}: 'resource'")
    events = [
        SpanEvent(
            name=_text(each, "name", f"{place}: events[{n}]"),
            time=_clock(each, "timestamp", f"{place}: events[{n}]"),
            attributes=attributes_of(each.get("attributes"), f"{place}: events[{n}]"),
        )
        for n, each in enumerate(_objects(entry, "events", place))
    ]
    return Span(
        trace=trace,
        id=identity,
        parent=_identity(entry, "parent_id", at, is_optional=True),
        name=name,
        start=_clock(entry, "start_time", place),
        end=_clock(entry, "end_time", place),
        attributes=attributes_of(entry.get("attributes"), place),
        resource=attributes_of(resource.get("attributes"), f"{place}: resource"),
        events=tuple(events),
        is_error=status.get("status_code") == "ERROR",
        status=_text(status, "description", f"{place}: 'status'"),
        scope="",
        raw=({}, {}, entry),
        place=place,
    )


def _read_logs(entry: dict[str, Any], place: str, found: _Found) -> None:
    for n, scope in enumerate(_objects(entry, "scopeLogs", place)):
        for m, record in enumerate(_objects(scope, "logRecords", f"{place}.scopeLogs[{n}]")):
            spot = f"{place}.scopeLogs[{n}].logRecords[{m}]"
            attributes = attributes_of(record.get("attributes"), spot)
            body = plain_value(record.get("body") or {}, f"{spot}: 'body'")
            said = body if isinstance(body, dict) else {"gen_ai.event.content": body}
            event = SpanEvent(
                name=_text(record, "eventName", spot) or str(attributes.get("event.name", "")),
                time=_time(record, "timeUnixNano", spot),
                attributes={**attributes, **said},
            )
            trace = _identity(record, "traceId", spot, is_optional=True)
            span = _identity(record, "spanId", spot, is_optional=True)
            found.logs.append(_Log(trace, span, event, record))


def _single(found: _Found) -> Iterator[Span]:
    """Each span once: exporters that try again write one twice."""
    seen: dict[tuple[str, str], Span] = {}
    for span in found.spans:
        first = seen.setdefault((span.trace, span.id), span)
        if first is span:
            yield span
        elif first.raw[2] != span.raw[2]:
            raise ImportFault(
                f"{span.place}: this id is also that of another span of the trace: {first.place}."
            )
        else:
            found.notes["span that stands in the file twice"] += 1


def _with_logs(spans: Iterator[Span], found: _Found) -> tuple[Span, ...]:
    logs: dict[tuple[str, str], list[_Log]] = defaultdict(list)
    for log in found.logs:
        logs[log.trace, log.span].append(log)
    joined = []
    for span in spans:
        own = logs.pop((span.trace, span.id), [])
        events = [*span.events, *(log.event for log in own)]
        joined.append(
            replace(
                span,
                events=tuple(sorted(events, key=lambda event: event.time)),
                logs=tuple(log.raw for log in own),
            )
        )
    if stray := sum(map(len, logs.values())):
        found.notes["log record of no span of the file"] += stray
    return tuple(joined)


def _scope(scope: Any, place: str) -> str:
    said = _object(scope or {}, f"{place}: 'scope'")
    return " ".join(filter(None, (_text(said, key, place) for key in ("name", "version"))))


def _identity(entry: dict[str, Any], key: str, place: str, *, is_optional: bool = False) -> str:
    value = entry.get(key)
    if is_optional and value in (None, ""):
        return ""
    if not isinstance(value, str) or not 0 < len(value) <= 64:
        said = "is missing" if value is None else f"is {quoted(value)}"
        raise ImportFault(f"{place}: {key!r} {said}; an id, such as '5b8efff798038103', is needed.")
    return value.removeprefix("0x").lower() if _is_hex(value) else value


def _is_hex(value: str) -> bool:
    return all(letter in "0123456789abcdefABCDEFx" for letter in value)


def _time(entry: dict[str, Any], key: str, place: str) -> int:
    value = entry.get(key) or 0
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LATEST:
        raise ImportFault(
            f"{place}: {key!r} is {_shown(entry[key])}; nanoseconds since 1970 were expected."
        )
    return value


def _shown(value: Any) -> str:
    if isinstance(value, int) and value.bit_length() > 256:
        return "a number beyond all measure"
    return quoted(value)


def _clock(entry: dict[str, Any], key: str, place: str) -> int:
    value = entry.get(key)
    if value is None:
        return 0
    try:
        moment = datetime.fromisoformat(value)
        told = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        since = told - datetime(1970, 1, 1, tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        raise ImportFault(
            f"{place}: {key!r} is {_shown(value)}; a time, such as '2025-01-31T12:00:00Z', was "
            "expected."
        ) from None
    return max(0, (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000)


def _text(entry: dict[str, Any], key: str, place: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str | None):
        raise ImportFault(f"{place}: {key!r} is {_shown(value)}; a text was expected.")
    return value or ""


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ImportFault(f"{place} is a JSON {type(value).__name__}; an object was expected.")
    return value


def _list(entry: dict[str, Any], key: str, place: str) -> list[Any]:
    value = entry.get(key)
    if not isinstance(value, list | None):
        raise ImportFault(
            f"{place}: {key!r} is a JSON {type(value).__name__}; a list was expected."
        )
    return value or []


def _objects(entry: dict[str, Any], key: str, place: str) -> list[dict[str, Any]]:
    return [
        _object(each, f"{place}: {key}[{n}]") for n, each in enumerate(_list(entry, key, place))
    ]
