"""Secrets in streamed answers, where a model may spell a key over several events."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from harness.cassettes.redaction import PLACEHOLDER, Redactor, Span, merged

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[object, ...]
Piece = tuple[int, Any, str | int, str]

_STARTS = ("data:", "event:", "id:", "retry:", ":")
_LINES = re.compile(r"(\r\n|\r|\n)")
# What tells the streams apart that one stream of events carries.
_LANES = ("type", "index", "output_index", "content_index", "item_id", "contentBlockIndex")


def is_event_stream(content_type: str, text: str) -> bool:
    """Whether a response body is a stream of server-sent events."""
    return "text/event-stream" in content_type or text.startswith(_STARTS)


def redact_events(text: str, redactor: Redactor) -> str:
    """Replace the secrets of an event stream, those split over events included.

    Events without a secret keep their exact text; changed ones are written as
    compact JSON. The first piece of a split secret becomes the placeholder and
    the others lose their share of it.

    Args:
        text: The whole stream, server-sent events or lines of JSON.
        redactor: Knows the secrets.
    """
    # Every other entry is what ends the line before it.
    lines = _LINES.split(text)
    found = {at: _event(lines[at]) for at in range(0, len(lines), 2)}
    # Plain data may be split like JSON; as a mapping, it is cleaned like it.
    events = [{"data": event} if isinstance(event, str) else event for event in found.values()]
    changed = redact_values(events, redactor)
    is_suspect = redactor.suspects(text) is not None
    for at, (number, event) in zip(found, enumerate(events), strict=True):
        if number in changed:
            lines[at] = _written(lines[at], event)
        if is_suspect and event is not None and redactor.spans(lines[at]):
            # Seen in the text alone, such as the first of two members with one name.
            lines[at] = redactor.text(_written(lines[at], event))
        elif is_suspect and event is None:
            lines[at] = redactor.text(lines[at])
    # Last, what spans lines, such as a PEM block in plain data lines.
    return redactor.text("".join(lines)) if is_suspect or changed else "".join(lines)


def _event(line: str) -> Any:
    """What a line carries: a JSON object, or other data as text; None for other lines."""
    data = line[5:] if line.startswith("data:") else line
    if data.lstrip()[:1] == "{":
        with suppress(ValueError, RecursionError):
            return json.loads(data)
    return data.removeprefix(" ") if line.startswith("data:") else None


def _written(line: str, event: Any) -> str:
    prefix = "data: " if line.startswith("data:") else ""
    if event.keys() == {"data"} and isinstance(event["data"], str) and "{" not in line[:8]:
        return prefix + event["data"]
    return prefix + json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def redact_values(events: list[Any], redactor: Redactor) -> set[int]:
    """Redact JSON values that continue each other, in place.

    Args:
        events: Objects, in order; whatever is no object is left alone.
        redactor: Knows the secrets.

    Returns:
        The positions of those that changed.
    """
    changed = redact_split(events, redactor)
    for number, event in enumerate(events):
        if isinstance(event, dict):
            clean = redactor.data(event)
            if clean is not event and not is_same(clean, event):
                events[number] = clean
                changed.add(number)
    return changed


def redact_split(events: list[Any], redactor: Redactor) -> set[int]:
    """Redact texts that continue from event to event, in place; returns the events changed."""
    series: dict[Path, list[Piece]] = {}
    for number, event in enumerate(events):
        if isinstance(event, dict):
            lane = tuple(event[name] for name in _LANES if isinstance(event.get(name), str | int))
            for path, holder, key, text in _texts(event, lane):
                series.setdefault(path, []).append((number, holder, key, text))
    several = [pieces for pieces in series.values() if len(pieces) > 1]
    joined = ["".join([text for *_, text in pieces]) for pieces in several]
    if redactor.suspects("\n".join(joined)) is None:
        return set()
    changed: set[int] = set()
    for pieces, whole in zip(several, joined, strict=True):
        changed |= _redact_pieces(pieces, whole, redactor)
    return changed


def _redact_pieces(pieces: list[Piece], whole: str, redactor: Redactor) -> set[int]:
    spans = redactor.spans(whole)
    offset = 0
    for *_, text in pieces:
        # By itself too: what precedes it in the joined text may hide where a key starts.
        spans += [(start + offset, end + offset) for start, end in redactor.spans(text)]
        offset += len(text)
    spans, offset, changed = merged(spans), 0, set()
    for number, holder, key, text in pieces:
        new = _without(text, offset, spans)
        offset += len(text)
        if new != text:
            holder[key] = new
            if key == "token" and "bytes" in holder:
                # Log probabilities spell each token a second time, in numbers.
                holder["bytes"] = None
            changed.add(number)
    return changed


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, Any, str | int, str]]:
    """Every text in a value: its path, its holder, its key there, and itself."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        here = (*path, _place(key, item))
        if isinstance(item, str):
            yield here, value, key, item
        elif isinstance(item, dict | list):
            yield from _texts(item, here)


def _place(key: str | int, item: Any) -> object:
    """What continues what: items by their index, tokens by being tokens."""
    if isinstance(item, dict) and isinstance(key, int):
        if "token" in item:
            return "*"
        index = item.get("index", key)
        return index if isinstance(index, str | int) else key
    return key


def _without(text: str, offset: int, spans: list[Span]) -> str:
    """A piece at an offset of the joined text, without the spans' share of it."""
    result, position = [], 0
    for start, end in spans:
        low, high = max(start - offset, 0), min(end - offset, len(text))
        if low < high:
            result += [text[position:low], PLACEHOLDER if start >= offset else ""]
            position = high
    return "".join([*result, text[position:]])


def is_same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same, 1 and True being different."""
    return json.dumps(one) == json.dumps(other)
