"""Spans written by hand after each generation of the GenAI conventions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.model.sample import SampleResult
from harness.model.transcript import ToolResult
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
GENERATIONS = [
    pytest.param(
        span(
            1,
            chat()
            | {
                "gen_ai.input.messages": json.dumps(ASKED),
                "gen_ai.output.messages": json.dumps(ANSWERED),
            },
        ),
        id="json-in-attributes",
    ),
    pytest.param(
        span(1, chat() | {"gen_ai.input.messages": ASKED, "gen_ai.output.messages": ANSWERED}),
        id="structured-attributes",
    ),
    pytest.param(
        span(
            1,
            chat(),
            events=[
                event(
                    "gen_ai.client.inference.operation.details",
                    {"gen_ai.input.messages": ASKED, "gen_ai.output.messages": ANSWERED},
                )
            ],
        ),
        id="details-event",
    ),
    pytest.param(
        span(
            1,
            chat(),
            events=[
                event("gen_ai.system.message", {"content": "Be brief."}),
                event("gen_ai.user.message", {"content": "Hi"}),
                event(
                    "gen_ai.choice",
                    {
                        "gen_ai.event.content": json.dumps(
                            {
                                "index": 0,
                                "finish_reason": "stop",
                                "message": {"role": "assistant", "content": "Hello"},
                            }
                        )
                    },
                ),
            ],
        ),
        id="message-events",
    ),
    pytest.param(
        span(
            1,
            chat(),
            events=[
                event(
                    "gen_ai.content.prompt",
                    {
                        "gen_ai.prompt": json.dumps(
                            [
                                {"role": "system", "content": "Be brief."},
                                {"role": "user", "content": "Hi"},
                            ]
                        )
                    },
                ),
                event(
                    "gen_ai.content.completion",
                    {
                        "gen_ai.completion": json.dumps(
                            [{"role": "assistant", "content": "Hello", "finish_reason": "stop"}]
                        )
                    },
                ),
            ],
        ),
        id="content-events",
    ),
    pytest.param(
        span(
            1,
            {
                "llm.request.type": "chat",
                "gen_ai.request.model": "gpt-4o",
                "gen_ai.usage.prompt_tokens": 10,
                "gen_ai.usage.completion_tokens": 3,
                "gen_ai.prompt.0.role": "system",
                "gen_ai.prompt.0.content": "Be brief.",
                "gen_ai.prompt.1.role": "user",
                "gen_ai.prompt.1.content": "Hi",
                "gen_ai.completion.0.role": "assistant",
                "gen_ai.completion.0.content": "Hello",
                "gen_ai.completion.0.finish_reason": "stop",
            },
        ),
        id="openllmetry",
    ),
]


@pytest.mark.parametrize("one", GENERATIONS)
def test_every_generation_of_the_conventions_tells_the_same(
    one: dict[str, Any], tmp_path: Path
) -> None:
    (sample,) = samples(tmp_path, export(one))

    messages = sample.transcript.messages
    said = [(each.speaker, each.recipient, each.role, each.content) for each in messages]
    assert said == [
        ("user", "assistant", "user", "Hi"),
        ("assistant", "user", "assistant", "Hello"),
    ]
    (call,) = sample.transcript.model_calls
    assert call.usage is not None
    assert (call.usage.prompt_tokens, call.usage.completion_tokens) == (10, 3)
    assert (call.prompt, call.prompt_messages, call.reply) == ("Hi", 2, "Hello")
    system, asked = sample.transcript.request_of(call)
    assert (system.role, bool(system.content), asked.role, asked.content) == (
        *("system", True, "user"),
        "Hi",
    )
    assert (call.finish_reason, call.latency_seconds) == ("stop", 1.0)
    assert sample.score_of("cost") is not None


def test_log_records_are_events_of_the_span_that_they_name(tmp_path: Path) -> None:
    records = [
        {"traceId": f"{1:032x}", "spanId": f"{1:016x}", "timeUnixNano": time, **record}
        for time, record in (
            (
                "2",
                {"eventName": "gen_ai.choice", "body": valued({"message": {"content": "Hello"}})},
            ),
            (
                "1",
                {
                    "attributes": listed({"event.name": "gen_ai.user.message"}),
                    "body": valued({"content": "Hi"}),
                },
            ),
        )
    ]
    logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}

    (sample,) = samples(tmp_path, [export(span(1, chat())), logs])

    assert [each.content for each in sample.transcript.messages] == ["Hi", "Hello"]
    assert sample.origin is not None
    assert len(json.loads(sample.origin.document)["logRecords"]) == 2


def test_what_one_agent_hands_to_another_is_said_by_the_one_and_told_once(tmp_path: Path) -> None:
    def agent(name: str) -> dict[str, Any]:
        return {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name}

    task, order = text("user", "Plan a trip."), text("user", "Find flights.")
    handed = {"role": "assistant", "parts": [{"type": "tool_call", "id": "c", "name": "ask"}]}
    found = {
        "role": "tool",
        "parts": [{"type": "tool_call_response", "id": "c", "response": "LX 8"}],
    }
    (sample,) = samples(
        tmp_path,
        export(
            span(1, agent("planner") | {"gen_ai.input.messages": [task]}),
            span(2, chat() | io([task], [handed]), parent=1),
            span(3, agent("searcher"), parent=1),
            span(4, chat() | io([order], [text("assistant", "LX 8")]), parent=3),
            span(5, chat() | io([task, handed, found], [text("assistant", "Done.")]), parent=1),
        ),
    )

    told = [(each.speaker, each.content) for each in sample.transcript.messages]
    assert told == [
        ("user", "Plan a trip."),
        ("planner", ""),
        ("planner", "Find flights."),
        ("searcher", "LX 8"),
        ("planner", "Done."),
    ]
    assert [call.agent for call in sample.transcript.model_calls] == [
        "planner",
        "searcher",
        "planner",
    ]


def io(asked: list[Any], answered: list[Any]) -> dict[str, Any]:
    return {"gen_ai.input.messages": json.dumps(asked), "gen_ai.output.messages": answered}


def test_a_span_around_model_calls_counts_none_of_their_tokens_again(tmp_path: Path) -> None:
    (sample,) = samples(
        tmp_path,
        export(
            span(1, chat() | {"gen_ai.operation.name": "invoke_agent"}),
            span(2, chat() | io([], ANSWERED), parent=1),
            span(3, chat() | io([], ANSWERED), parent=2),
        ),
    )

    assert len(sample.transcript.model_calls) == 1
    assert sample.transcript.turns == 1


def test_an_error_of_the_outermost_span_ends_the_conversation_as_a_failure(tmp_path: Path) -> None:
    raised = {"exception.type": "openai.RateLimitError", "exception.message": "slow down"}
    failed = {
        "status": {"code": 2, "message": "429"},
        "events": [event("exception", raised | {"exception.stacktrace": "Traceback ..."})],
    }
    (sample,) = samples(
        tmp_path,
        export(
            span(1, {"gen_ai.operation.name": "invoke_agent"}, status={"code": 2}),
            span(2, chat() | io([text("user", "Hi")], []), parent=1, **failed),
        ),
    )

    (call,) = sample.transcript.model_calls
    assert call.error is not None
    assert (call.error.type, call.error.message) == ("openai.RateLimitError", "429")
    assert call.error.traceback == "Traceback ..."
    assert (sample.status, sample.outcome) == ("error", "error")
    assert sample.transcript.termination == "error"


def test_a_failed_tool_says_so(tmp_path: Path) -> None:
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}
    (sample,) = samples(
        tmp_path,
        export(
            span(1, chat() | io([text("user", "Hi")], ANSWERED)),
            span(
                2, tool | {"error.type": "timeout"}, parent=1, status={"code": 2, "message": "late"}
            ),
        ),
    )

    (result,) = [each for each in sample.transcript.events if isinstance(each, ToolResult)]
    assert (result.name, result.content, result.is_error) == ("search", "timeout: late", True)
    assert sample.status == "completed"


def test_a_conversation_may_span_traces_and_a_trace_conversations(tmp_path: Path) -> None:
    def turn(number: int, name: str, said: str, trace: int) -> dict[str, Any]:
        messages = io([text("user", said)], [text("assistant", f"{said}!")])
        return span(number, chat() | messages | {"gen_ai.conversation.id": name}, trace=trace)

    found = samples(
        tmp_path,
        export(
            turn(1, "a", "one", 1), turn(2, "a", "two", 2), turn(3, "b", "three", 2),
            span(4, chat() | io([text("user", "four")], ANSWERED), trace=3),
        ),
    )  # fmt: skip

    told = {each.key.scenario: [m.content for m in each.transcript.messages] for each in found}
    assert told == {
        "a": ["one", "one!", "two", "two!"],
        "b": ["three", "three!"],
        f"{3:032x}": ["four", "Hello"],
    }


def test_a_mapping_names_attributes_and_the_verdict(tmp_path: Path) -> None:
    tried = {"app.task": "trip", "app.ok": True, "gen_ai.request.temperature": 0.2}
    (sample,) = samples(
        tmp_path,
        export(span(1, chat() | io(ASKED, ANSWERED) | tried)),
        "fields: {scenario: app.task, config: gen_ai.request.temperature, correct: app.ok}",
    )

    assert str(sample.key) == "t/trip/0.2/1"
    assert sample.is_success
    correct = sample.score_of("correct")
    assert correct is not None
    assert correct.passed


def test_what_has_no_place_in_a_transcript_is_kept_and_named(tmp_path: Path) -> None:
    thought = {"role": "assistant", "parts": [{"type": "reasoning", "content": "hm"}]}
    image = {"role": "user", "parts": [{"type": "blob", "modality": "image", "content": "QUJD"}]}
    (sample,) = samples(
        tmp_path,
        export(
            span(1, chat() | io([image], [thought]) | {"my.own": 1}),
            span(2, {"http.method": "POST"}, parent=1),
            span(3, {"gen_ai.operation.name": "handoff"}, parent=1),
            resourceMetrics=[],
        ),
    )

    assert sample.origin is not None
    assert set(sample.origin.notes) == {
        "attribute my.own (1)",
        "operation handoff (1)",
        "part of a message: blob (1)",
        "reasoning of the model (1)",
        "resourceMetrics of the file (1)",
        "span span 2 (1)",
    }
    assert sample.transcript.messages[0].content == "[blob]"
    assert "QUJD" in sample.origin.document
    assert "http.method" in sample.origin.document


def test_calls_whose_contents_were_not_recorded_are_calls_all_the_same(tmp_path: Path) -> None:
    (sample,) = samples(tmp_path, export(span(1, chat())))

    assert sample.transcript.turns == 0
    assert sample.score_of("cost") is not None
    assert sample.origin is not None
    assert any("were not recorded" in note for note in sample.origin.notes)
