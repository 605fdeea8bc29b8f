"""Attribute values: OTLP's unions, plain JSON, and JSON inside texts."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from harness.errors import ImportFault, quoted

# Deeper than any attribute means, and far from the interpreter's limit.
_DEEPEST = 64
_MOST_TOKENS = 10**12


def attributes_of(entries: Any, place: str) -> dict[str, Any]:
    """Attributes as plain values: a list of ``key`` and ``value``, or an object of them.

    Raises:
        ImportFault: If they are neither.
    """
    if entries is None:
        return {}
    if isinstance(entries, dict):
        return dict(entries)
    if not isinstance(entries, list):
        raise ImportFault(
            f"{place}: 'attributes' is a JSON {type(entries).__name__}; a list of 'key' and "
            "'value' was expected."
        )
    found = {}
    for n, entry in enumerate(entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("key"), str):
            raise ImportFault(
                f"{place}: attributes[{n}] is {quoted(entry)}; an object with the text 'key' was "
                "expected."
            )
        found[entry["key"]] = plain_value(entry.get("value") or {}, f"{place}: {entry['key']:.80}")
    return found


def plain_value(value: Any, place: str, depth: int = 0) -> Any:
    """What OTLP's union of a value holds; one of an unknown kind stays as it stands.

    Raises:
        ImportFault: If a number is none, or it is nested too deeply.
    """
    if depth > _DEEPEST:
        raise ImportFault(f"{place}: the value is nested deeper than {_DEEPEST} levels.")
    if not isinstance(value, dict):
        raise ImportFault(
            f"{place} is {quoted(value)}; an object such as {{'stringValue': ...}} was expected."
        )
    if not value:
        return None
    kind, inner = next(iter(value.items()))
    match kind:
        case "stringValue" | "boolValue" | "doubleValue" | "bytesValue":
            return inner
        case "intValue":
            return _integer(inner, place)
        case "arrayValue":
            members = _members(inner, place)
            return [plain_value(each, f"{place}[{n}]", depth + 1) for n, each in enumerate(members)]
        case "kvlistValue":
            return {
                str(each["key"]): plain_value(each.get("value") or {}, place, depth + 1)
                for each in _members(inner, place)
                if isinstance(each, dict) and "key" in each
            }
    return value


def _integer(value: Any, place: str) -> int:
    if isinstance(value, str) and len(value) <= 20 and value.isascii():
        try:
            return int(value)
        except ValueError:
            pass
    if isinstance(value, bool) or not isinstance(value, int) or value.bit_length() > 64:
        raise ImportFault(f"{place}: 'intValue' holds no whole number of at most 64 bits.")
    return value


def _members(inner: Any, place: str) -> list[Any]:
    members = inner.get("values") if isinstance(inner, dict) else inner
    if not isinstance(members, list | None):
        raise ImportFault(f"{place}: 'values' is no list.")
    return members or []


def text_at(attributes: dict[str, Any], key: str, place: str) -> str:
    """The text of an attribute; empty if it is not there.

    Raises:
        ImportFault: If it is no text.
    """
    value = attributes.get(key)
    if not isinstance(value, str | None):
        raise ImportFault(f"{place}: {key} is {quoted(value)}; a text was expected.")
    return value or ""


def count_at(attributes: dict[str, Any], keys: tuple[str, ...], place: str) -> int | None:
    """The first of some attributes that is there, as a number of tokens; None if none is.

    Raises:
        ImportFault: If it is no whole number from 0 to 10^12.
    """
    key = next((key for key in keys if attributes.get(key) is not None), None)
    if key is None:
        return None
    value = attributes[key]
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_TOKENS:
        is_huge = isinstance(value, int) and value.bit_length() > 256
        shown = "beyond all measure" if is_huge else quoted(value)
        raise ImportFault(
            f"{place}: {key} is {shown}; a whole number from 0 to 10^12 was expected."
        )
    return value


def unfolded(value: Any) -> Any:
    """What JSON in a text holds; any other text, and any other value, as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return value


def folded(value: Any) -> str:
    """A value as text: texts as they are, nothing as nothing, all else as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.encode(value).decode()
