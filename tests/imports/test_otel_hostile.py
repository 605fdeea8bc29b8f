"""Whatever stands in an export of spans, importing it works or is refused as the user's mistake."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError, ImportFault
from harness.runner.importing import import_run

SPAN = {"traceId": "aa", "spanId": "01", "name": "chat", "startTimeUnixNano": "5"}
CHAT = {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}


def exported(*spans: Any) -> dict[str, Any]:
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}


def with_attribute(key: str, value: Any) -> dict[str, Any]:
    return SPAN | {"attributes": [CHAT, {"key": key, "value": value}]}


def refusal(tmp_path: Path, text: str) -> str:
    path = tmp_path / "t.json"
    path.write_text(text)
    with pytest.raises(ImportFault) as caught:
        import_run(path, "otel", None, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
    return str(caught.value)


@pytest.mark.parametrize(
    ("spans", "said"),
    [
        ([SPAN | {"parentSpanId": "01"}], "this span is its own parent"),
        (
            [
                SPAN,
                SPAN | {"spanId": "02", "parentSpanId": "03"},
                SPAN | {"spanId": "03", "parentSpanId": "02"},
            ],
            "span 02): this span is its own parent, directly or through others",
        ),
        ([{"spanId": "01"}], "'traceId' is missing; an id"),
        ([SPAN | {"spanId": None}], "'spanId' is missing"),
        ([SPAN | {"spanId": 7}], "'spanId' is 7; an id"),
        ([SPAN | {"spanId": "a" * 999}], "'spanId' is 'aaa"),
        ([SPAN, SPAN | {"name": "other"}], "this id is also that of another span"),
        ([SPAN | {"startTimeUnixNano": "-1"}], "nanoseconds since 1970"),
        ([SPAN | {"startTimeUnixNano": 10**300}], "beyond all measure"),
        ([SPAN | {"startTimeUnixNano": [1]}], "nanoseconds since 1970"),
        ([SPAN | {"attributes": "all"}], "'attributes' is a JSON str"),
        ([SPAN | {"attributes": [{"key": 1}]}], "an object with the text 'key'"),
        ([SPAN | {"events": [3]}], "events[0] is a JSON int"),
        ([SPAN | {"status": []}], "none of the 1 spans tells"),
        ([SPAN | {"status": [1]}], "'status' is a JSON list"),
        ([SPAN | {"name": {}}], "'name' is {}; a text"),
        ([with_attribute("gen_ai.usage.input_tokens", {"intValue": "9" * 50})], "at most 64 bits"),
        ([with_attribute("gen_ai.usage.input_tokens", {"intValue": "-4"})], "from 0 to 10^12"),
        ([with_attribute("gen_ai.usage.input_tokens", {"doubleValue": 1.5})], "is 1.5; a whole"),
        ([with_attribute("gen_ai.usage.input_tokens", {"boolValue": True})], "is True; a whole"),
        ([with_attribute("gen_ai.agent.name", {"intValue": 3})], "gen_ai.agent.name is 3; a text"),
        ([with_attribute("gen_ai.input.messages", {"intValue": 3})], "message 0 is 3; an object"),
        (
            [with_attribute("gen_ai.input.messages", {"stringValue": '[{"role": 3}]'})],
            "'role' is 3; a text",
        ),
        ([with_attribute("a", "b")], "an object such as {'stringValue': ...}"),
        ([SPAN | {"attributes": []}], "none of the 1 spans tells of a model or an agent"),
        ([], "holds no span"),
    ],
)
def test_what_cannot_be_a_span_is_refused_with_its_place(
    spans: list[Any], said: str, tmp_path: Path
) -> None:
    text = refusal(tmp_path, json.dumps(exported(*spans)))

    assert said in text
    assert text.startswith(str(tmp_path / "t.json"))
    assert "\n" not in text


def test_a_line_that_was_cut_short_is_named(tmp_path: Path) -> None:
    whole = json.dumps(exported(with_attribute("gen_ai.request.model", {"stringValue": "m"})))

    text = refusal(tmp_path, f"{whole}\n{whole[:40]}")

    assert text.startswith(
        f"{tmp_path / 't.json'}:2: after 1 JSON values, what begins here is none"
    )


def test_values_nested_without_end_are_refused(tmp_path: Path) -> None:
    value: Any = {"stringValue": "x"}
    for _ in range(80):
        value = {"arrayValue": {"values": [value]}}

    assert "nested deeper than 64" in refusal(
        tmp_path, json.dumps(exported(with_attribute("a", value)))
    )


def test_more_spans_inside_each_other_than_python_has_frames_are_read(tmp_path: Path) -> None:
    count = 5_000
    spans = [
        SPAN | {"spanId": f"{n:x}", "parentSpanId": f"{n - 1:x}" if n else "", "attributes": [CHAT]}
        for n in range(count)
    ]
    path = tmp_path / "t.json"
    path.write_text(json.dumps(exported(*spans)))

    (sample,) = import_run(path, None, None, tmp_path / "runs").samples

    # All others are around it.
    assert len(sample.transcript.model_calls) == 1


SCALARS = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12)
ANY = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "role": st.sampled_from(["user", "assistant", "tool", "system", "x"]) | ANY,
            "name": SCALARS,
            "content": ANY,
            "parts": ANY
            | st.lists(
                st.fixed_dictionaries(
                    {"type": st.sampled_from(["text", "tool_call", "tool_call_response", "x"])},
                    optional={
                        "content": ANY,
                        "id": SCALARS,
                        "name": SCALARS,
                        "arguments": ANY,
                        "response": ANY,
                    },
                ),
                max_size=3,
            ),
            "tool_calls": ANY | st.lists(ANY, max_size=2),
            "finish_reason": ANY,
            "index": ANY,
            "message": ANY,
        },
    )
    | ANY,
    max_size=3,
)
KEYS = st.sampled_from(
    [
        "gen_ai.agent.name",
        "gen_ai.conversation.id",
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.request.model",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.tool.call.result",
        "gen_ai.response.finish_reasons",
        "gen_ai.prompt.0.content",
        "gen_ai.completion.0.tool_calls.0.arguments",
        "ag2.code_execution.exit_code",
        "ag2.speaker_selection.candidates",
        "error.type",
    ]
)
OPERATIONS = st.sampled_from(
    [
        *("chat", "invoke_agent", "execute_tool", "execute_code", "speaker_selection"),
        *("conversation", "embeddings", "await_human_input", "handoff"),
    ]
)
VALUES = ANY | MESSAGES | MESSAGES.map(json.dumps)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["gen_ai.user.message", "gen_ai.choice", "exception"])},
        optional={"attributes": st.dictionaries(st.sampled_from(["content", "message"]), VALUES)},
    ),
    max_size=2,
)
SPANS = st.fixed_dictionaries(
    {
        "traceId": st.sampled_from(["aa", "bb"]),
        "spanId": st.sampled_from(["01", "02", "03"]),
        "attributes": st.builds(
            lambda operation, rest: {"gen_ai.operation.name": operation, **rest},
            OPERATIONS,
            st.dictionaries(KEYS, VALUES, max_size=5),
        ),
    },
    optional={
        "name": SCALARS,
        "parentSpanId": st.sampled_from(["", "01", "02", "03"]) | SCALARS,
        "startTimeUnixNano": st.integers(0, 9) | SCALARS,
        "endTimeUnixNano": st.integers(0, 9).map(str) | SCALARS,
        "events": EVENTS | ANY,
        "status": st.sampled_from([{}, {"code": 2}, {"code": 2, "message": "m"}]) | ANY,
    },
)


def imports(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "a.json"
        path.write_bytes(content)
        try:
            log = import_run(path, "otel", None, Path(made) / "runs")
        except HarnessError as error:
            assert str(error)
        else:
            assert log.samples
            for sample in log.samples:
                indices = [event.index for event in sample.transcript.events]
                assert indices == list(range(len(indices)))


@given(st.lists(SPANS, min_size=1, max_size=4))
def test_any_spans_are_imported_or_refused(spans: list[Any]) -> None:
    imports(json.dumps(exported(*spans)).encode())


@given(ANY)
def test_any_json_is_imported_or_refused(document: Any) -> None:
    imports(json.dumps({"resourceSpans": document}).encode())
    imports(json.dumps([{"context": {"trace_id": "1", "span_id": "2"}, "name": document}]).encode())


@given(st.lists(SPANS, min_size=1, max_size=3), st.integers(0, 400))
def test_a_file_cut_anywhere_is_imported_or_refused(spans: list[Any], end: int) -> None:
    lines = "\n".join(json.dumps(exported(span)) for span in spans)
    imports(lines.encode()[:end])
