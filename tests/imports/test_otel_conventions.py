"""What spans after the GenAI conventions become: agents, tools, errors, conversations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from otel_spans import ANSWERED, ASKED, chat, event, export, io, samples, span, text

from harness.model.transcript import ToolResult


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
