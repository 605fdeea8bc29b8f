"""Secrets in server-sent events, where a model may spell a key over several events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.cassettes.redaction import PLACEHOLDER, Redactor, Span, merged

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[object, ...]


def is_event_stream(content_type: str, content: bytes) -> bool:
    """Whether a response body is a stream of server-sent events."""
    return "text/event-stream" in content_type or content.startswith((b"data:", b"event:"))


def redact_events(text: str, redactor: Redactor) -> str:
    """Replace the secrets of an event stream, those split over events included.

    Events without a secret keep their exact text; changed ones are written as
    compact JSON. The first piece of a split secret becomes the placeholder and
    the others lose their share of it.

    Args:
        text: The whole stream.
        redactor: Knows the secrets.
    """
    lines = text.split("\n")
    events = {number: event for number, line in enumerate(lines) if (event := _event(line))}
    changed = _redact_split(events, redactor)
    for number, line in enumerate(lines):
        if number in changed:
            ending = "\r" if line.endswith("\r") else ""
            written = json.dumps(events[number], ensure_ascii=False, separators=(",", ":"))
            lines[number] = f"data: {written}{ending}"
        lines[number] = redactor.text(lines[number])
    # Last, what spans lines, such as a PEM block in plain data lines.
    return redactor.text("\n".join(lines))


def _event(line: str) -> dict[str, Any] | None:
    if not line.startswith("data:"):
        return None
    try:
        value = json.loads(line[5:])
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _redact_split(events: dict[int, dict[str, Any]], redactor: Redactor) -> set[int]:
    """Redact texts that continue from event to event; returns the events changed."""
    series: dict[Path, list[tuple[int, Any, str | int, str]]] = {}
    for number, event in events.items():
        for path, holder, key, text in _texts(event, ()):
            series.setdefault(path, []).append((number, holder, key, text))
    changed = set()
    for places in series.values():
        texts = [text for *_, text in places]
        for (number, holder, key, text), new in zip(
            places, _redacted_pieces(texts, redactor), strict=True
        ):
            if new != text:
                holder[key] = new
                changed.add(number)
    return changed


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, Any, str | int, str]]:
    """Every text in a value: its path, its holder, its key there, and itself."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        place = item.get("index", key) if isinstance(item, dict) else key
        here = (*path, place)
        if isinstance(item, str):
            yield here, value, key, item
        elif isinstance(item, dict | list):
            yield from _texts(item, here)


def _redacted_pieces(texts: list[str], redactor: Redactor) -> list[str]:
    """Redact texts as if they were one, keeping them apart."""
    spans = redactor.spans("".join(texts))
    offset = 0
    for text in texts:
        # By itself too: what precedes it in the joined text may hide where a key starts.
        spans += [(start + offset, end + offset) for start, end in redactor.spans(text)]
        offset += len(text)
    spans = merged(spans)
    result, offset = [], 0
    for text in texts:
        result.append(_without(text, offset, spans))
        offset += len(text)
    return result


def _without(text: str, offset: int, spans: list[Span]) -> str:
    """A piece at an offset of the joined text, without the spans' share of it."""
    result, position = [], 0
    for start, end in spans:
        low, high = max(start - offset, 0), min(end - offset, len(text))
        if low < high:
            result += [text[position:low], PLACEHOLDER if start >= offset else ""]
            position = high
    return "".join([*result, text[position:]])
