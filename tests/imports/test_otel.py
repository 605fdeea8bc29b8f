"""Spans that AutoGen's own instrumentation and the OpenTelemetry SDK wrote of real conversations.

``otel_traces/`` holds three conversations of AutoGen 0.14.1 with the scripted provider, traced by
``autogen.opentelemetry`` and written by opentelemetry-sdk 1.45.2: as the OTLP encoder has them,
one export a line with the ids in hexadecimal as OTLP/JSON demands (``*.jsonl``), and by
``ConsoleSpanExporter`` (``two-console.json``).
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from harness.errors import ImportFault
from harness.model.run import RunLog
from harness.model.transcript import ModelCall, ToolInvocation, ToolResult
from harness.runner.importing import import_run

TRACES = Path(__file__).parent / "otel_traces"


def imported(path: Path, tmp_path: Path) -> RunLog:
    return import_run(path, None, None, tmp_path / "runs")


def test_a_traced_conversation_of_two_agents_comes_out_turn_by_turn(tmp_path: Path) -> None:
    (sample,) = imported(TRACES / "two.jsonl", tmp_path).samples

    transcript = sample.transcript
    assert transcript.speakers == ["user_proxy", "assistant"] * 3
    assert transcript.messages[0].content == "Compute 6 * 7."
    assert transcript.messages[5].content == "It is 42. TERMINATE"
    runs = [(run.agent, run.language, run.exit_code) for run in transcript.code_executions]
    assert runs == [("user_proxy", "python", 1), ("user_proxy", "python", 0)]
    assert transcript.code_executions[1].code == "print(6 * 7)\n"
    assert transcript.termination == "termination_message"
    usage = [call.usage for call in transcript.model_calls]
    assert [(u.prompt_tokens, u.completion_tokens) for u in usage if u] == [
        (474, 16),
        (549, 11),
        (588, 7),
    ]
    cost = sample.score_of("cost")
    assert cost is not None
    # 1,611 prompt and 34 completion tokens of gpt-4o-mini.
    assert cost.value == pytest.approx(1611 * 0.15e-6 + 34 * 0.6e-6)
    assert sample.origin is not None
    assert sample.origin.format == "otel"


def test_the_console_exporters_spans_tell_the_same_as_otlps(tmp_path: Path) -> None:
    (printed,) = imported(TRACES / "two-console.json", tmp_path).samples
    (sent,) = imported(TRACES / "two.jsonl", tmp_path).samples

    def told(events: object) -> object:
        # The console exporter rounds times to microseconds, and tells no scope.
        plain = msgspec.to_builtins(events)
        timed = ("offset_seconds", "latency_seconds")
        return [{key: each[key] for key in each if key not in timed} for each in plain]

    assert told(printed.transcript.events) == told(sent.transcript.events)
    assert sent.transcript.engine_version.startswith("opentelemetry.instrumentation.ag2 0.14.1")


def test_tool_calls_and_results_are_events_of_the_agent_that_ran_them(tmp_path: Path) -> None:
    (sample,) = imported(TRACES / "tools.jsonl", tmp_path).samples

    events = sample.transcript.events
    (call,) = [event for event in events if isinstance(event, ToolInvocation)]
    (result,) = [event for event in events if isinstance(event, ToolResult)]
    assert (call.agent, call.name, json.loads(call.arguments)) == (
        "user_proxy",
        "weather",
        {"city": "Bern"},
    )
    assert (result.content, result.is_error, result.call_id) == ("21 degrees", False, call.call_id)
    assert sample.transcript.messages[1].tool_calls[0].id == call.call_id
    assert sample.transcript.speakers == ["user_proxy", "assistant", "user_proxy", "assistant"]


def test_choosing_a_speaker_is_a_hidden_call_and_no_turn(tmp_path: Path) -> None:
    (sample,) = imported(TRACES / "group.jsonl", tmp_path).samples

    assert sample.transcript.speakers == ["user_proxy", "writer", "critic"]
    purposes = [(call.agent, call.purpose) for call in sample.transcript.model_calls]
    assert purposes == [
        ("speaker_selection_agent", "speaker_selection"),
        ("writer", "reply"),
        ("speaker_selection_agent", "speaker_selection"),
        ("critic", "reply"),
    ]


@pytest.mark.parametrize("name", ["two.jsonl", "tools.jsonl", "group.jsonl"])
def test_every_span_and_every_field_of_it_is_kept(name: str, tmp_path: Path) -> None:
    (sample,) = imported(TRACES / name, tmp_path).samples

    def spans(exports: list[dict]) -> list[str]:
        return sorted(
            json.dumps(span, sort_keys=True)
            for export in exports
            for resource in export["resourceSpans"]
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        )

    lines = (TRACES / name).read_text().splitlines()
    assert sample.origin is not None
    kept = json.loads(sample.origin.document)
    assert spans([kept]) == spans([json.loads(line) for line in lines])
    assert (
        kept["resourceSpans"][0]["resource"] == json.loads(lines[0])["resourceSpans"][0]["resource"]
    )
    assert "attribute gen_ai.provider.name" in {
        note.rpartition(" (")[0] for note in sample.origin.notes
    }


def test_a_folder_of_all_formats_becomes_one_run(tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    for name in ("two.jsonl", "group.jsonl"):
        (folder / name).write_bytes((TRACES / name).read_bytes())
    (folder / "chat.json").write_text('[{"name": "a", "role": "user", "content": "Hi"}]')
    result = {"task_id": 0, "trial": 0, "reward": 1, "traj": [{"role": "user", "content": "Hi"}]}
    (folder / "tau.json").write_text(json.dumps([result]))

    log = import_run(folder, None, None, tmp_path / "runs")

    formats = {sample.origin.format for sample in log.samples if sample.origin}
    assert formats == {"autogen", "otel", "tau-bench"}
    assert len(log.samples) == 4


def test_parts_of_a_conversation_in_two_files_are_refused_with_the_way_to_join_them(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "rotated"
    folder.mkdir()
    lines = (TRACES / "two.jsonl").read_text().splitlines(keepends=True)
    (folder / "1.jsonl").write_text("".join(lines[:4]))
    (folder / "2.jsonl").write_text("".join(lines[4:]))

    # The span that names the conversation is the last to end.
    with pytest.raises(ImportFault, match=r"has parts in .*cat .*1\.jsonl .*2\.jsonl"):
        imported(folder, tmp_path)

    joined = tmp_path / "all.jsonl"
    joined.write_text("".join(lines))
    (sample,) = imported(joined, tmp_path).samples
    assert sample.transcript.turns == 6


def test_calls_are_timed_by_their_spans(tmp_path: Path) -> None:
    (sample,) = imported(TRACES / "two.jsonl", tmp_path).samples

    calls = [event for event in sample.transcript.events if isinstance(event, ModelCall)]
    assert all(call.latency_seconds > 0 for call in calls)
    offsets = [call.offset_seconds for call in calls]
    assert offsets == sorted(offsets)
    assert offsets[-1] > 0
