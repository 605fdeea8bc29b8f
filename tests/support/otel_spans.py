"""Spans by hand, as OTLP/JSON has them, and what importing them gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.model.sample import SampleResult
from harness.runner.importing import import_run

SECOND = 10**9


def valued(value: Any) -> dict[str, Any]:
    """OTLP's union of a value."""
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [valued(each) for each in value]}}
        case dict():
            return {"kvlistValue": {"values": listed(value)}}
    return {"stringValue": value}


def listed(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": valued(value)} for key, value in attributes.items()]


def span(
    number: int, attributes: dict[str, Any], parent: int = 0, trace: int = 1, **more: Any
) -> dict[str, Any]:
    """A span that begins at its number of seconds, in trace 1."""
    return {
        "traceId": f"{trace:032x}",
        "spanId": f"{number:016x}",
        "parentSpanId": f"{parent:016x}" if parent else "",
        "name": f"span {number}",
        "startTimeUnixNano": str((100 + number) * SECOND),
        "endTimeUnixNano": str((101 + number) * SECOND),
        "attributes": listed(attributes),
        **more,
    }


def event(name: str, attributes: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "timeUnixNano": "1", "attributes": listed(attributes)}


def export(*spans: dict[str, Any], **more: Any) -> dict[str, Any]:
    scope = {"scope": {"name": "hand", "version": "1"}, "spans": list(spans)}
    resource = {"attributes": listed({"service.name": "shop"})}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}], **more}


def samples(tmp_path: Path, document: Any, mapping: str | None = None) -> tuple[SampleResult, ...]:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(document))
    rules = None
    if mapping is not None:
        rules = tmp_path / "m.yaml"
        rules.write_text(mapping)
    return import_run(path, None, rules, tmp_path / "runs").samples


def chat(**more: Any) -> dict[str, Any]:
    tokens = {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 3}
    return {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", **tokens, **more}


def text(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": content}]}


ASKED = [text("system", "Be brief."), text("user", "Hi")]
ANSWERED = [text("assistant", "Hello") | {"finish_reason": "stop"}]


def io(asked: list[Any], answered: list[Any]) -> dict[str, Any]:
    return {"gen_ai.input.messages": json.dumps(asked), "gen_ai.output.messages": answered}
