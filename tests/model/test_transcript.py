import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.capture import Recorder
from harness.errors import SchemaError
from harness.model.outcomes import outcome_of
from harness.model.requests import RequestMessage
from harness.model.transcript import (
    CodeExecution,
    Fault,
    HumanInput,
    Message,
    ModelCall,
    SpeakerSelection,
    Termination,
    ToolInvocation,
    ToolResult,
    Transcript,
    decode_transcript,
    encode_transcript,
    transcript_json_schema,
)

EVENT_TYPES = [
    Message,
    ModelCall,
    CodeExecution,
    ToolInvocation,
    ToolResult,
    SpeakerSelection,
    HumanInput,
    Fault,
    Termination,
]
REAL_LOGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "who_and_when"


# Anything JSON can carry: a lone surrogate has no UTF-8 form and is refused by the encoder.
st.register_type_strategy(str, st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
st.register_type_strategy(float, st.floats(0, 1e9, allow_nan=False))
st.register_type_strategy(int, st.integers(0, 2**53))


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    kinds = draw(st.lists(st.sampled_from(EVENT_TYPES), max_size=8))
    events = [draw(st.from_type(kind)) for kind in kinds]
    numbered = [msgspec.structs.replace(e, index=i) for i, e in enumerate(events)]
    sent = 0
    for i, event in enumerate(numbered):
        if isinstance(event, ModelCall):
            sent += len(event.new_messages)
            request = draw(st.lists(st.integers(0, sent - 1), max_size=4)) if sent else []
            numbered[i] = msgspec.structs.replace(event, request=tuple(request))
    return Transcript(engine=draw(st.text(max_size=5)), engine_version="1", events=tuple(numbered))


@given(transcripts())
def test_encoding_loses_nothing(transcript: Transcript) -> None:
    assert decode_transcript(encode_transcript(transcript)) == transcript


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_other_json_is_refused_with_a_schema_error(document: object) -> None:
    try:
        decoded = decode_transcript(json.dumps(document))
    except SchemaError as error:
        assert str(error).startswith("The ")
    else:
        assert document == []
        assert decoded.events == ()


def message(**changes: object) -> dict[str, object]:
    return {
        "type": "message",
        "index": 0,
        "offset_seconds": 0,
        "speaker": "a",
        "recipient": "b",
        **changes,
    }


HI = {"role": "user", "content": "Hi."}


def call(**changes: object) -> dict[str, object]:
    return {
        "type": "model_call",
        "index": 0,
        "offset_seconds": 0,
        "agent": "a",
        "model_requested": "m",
        **changes,
    }


def document(*events: dict[str, object], version: object = 3) -> str:
    return json.dumps(
        {"schema_version": version, "engine": "x", "engine_version": "1", "events": events}
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param(document(message(mood="glad")), "unknown field `mood`", id="unknown field"),
        pytest.param(document(message(role="boss")), "Invalid enum value 'boss'", id="role"),
        pytest.param(document(message(type="gossip")), "gossip", id="event type"),
        pytest.param(document(message(index=1)), "index 1", id="gap"),
        pytest.param(document(version=99), "reads up to 3", id="newer version"),
        pytest.param(document(version="1"), "'1'", id="version as text"),
        pytest.param(document(version=True), "True", id="version as a boolean"),
        pytest.param(document(call(request=[0])), "sent message 0, but", id="request"),
        pytest.param(document(call(request=[-1], new_messages=[HI])), "-1", id="number below 0"),
        pytest.param("{", "not JSON", id="half"),
        pytest.param("3", "JSON int", id="number"),
        pytest.param('["x"]', "entry 0", id="list of text"),
    ],
)
def test_a_wrong_document_is_refused_and_the_fault_named(text: str, complaint: str) -> None:
    with pytest.raises(SchemaError, match=complaint):
        decode_transcript(text)


def test_a_bare_autogen_chat_history_is_migrated() -> None:
    history = [
        {"content": "hi", "role": "assistant", "name": "user"},
        {"content": None, "role": "user", "name": "bot"},
    ]

    transcript = decode_transcript(json.dumps(history))

    assert transcript.speakers == ["user", "bot"]
    assert [m.content for m in transcript.messages] == ["hi", ""]
    assert [m.recipient for m in transcript.messages] == ["bot", "user"]
    assert transcript.schema_version == 3


EXECUTION = {
    "type": "code_execution",
    "index": 0,
    "offset_seconds": 0.5,
    "agent": "runner",
    "language": "python",
    "code": "1 / 0",
    "exit_code": 1,
    "output": "ZeroDivisionError",
    "duration_seconds": 0.1,
    "timed_out": False,
    "sandbox": "process (NOT ISOLATED)",
}


def test_a_transcript_of_version_1_is_read_with_what_it_had() -> None:
    turned_down = {**EXECUTION, "index": 1, "duration_seconds": 0.0, "output": "unknown language"}

    ran, refused = decode_transcript(document(EXECUTION, turned_down, version=1)).code_executions

    assert (ran.sandbox, ran.output, ran.exit_code) == (
        "process (NOT ISOLATED)",
        "ZeroDivisionError",
        1,
    )
    assert (ran.stdout, ran.stderr, ran.files, ran.limit, ran.peak_memory_bytes) == (
        *("", "", (), None),
        None,
    )
    assert (refused.sandbox, outcome_of(refused).kind) == ("", "not run")


def test_version_1_with_a_wrong_event_is_refused_like_any_other() -> None:
    with pytest.raises(SchemaError, match="unknown field `mood`"):
        decode_transcript(document({**EXECUTION, "mood": "glad"}, version=1))


def test_a_call_of_version_2_has_the_last_message_of_its_prompt_alone() -> None:
    old = call(prompt="Hi.", prompt_messages=3, reply="Ho.")

    transcript = decode_transcript(document(old, version=2))

    (asked,) = transcript.model_calls
    assert (asked.prompt, asked.prompt_messages, asked.reply) == ("Hi.", 3, "Ho.")
    assert transcript.request_of(asked) == ()


MESSAGES = st.builds(RequestMessage, role=st.sampled_from("us"), content=st.sampled_from("abc"))


@given(st.lists(st.lists(MESSAGES, max_size=5), max_size=6))
def test_every_request_comes_back_and_no_message_is_kept_twice(
    requests: list[list[RequestMessage]],
) -> None:
    recorder = Recorder()
    for sent in requests:
        recorder.model_call(agent="a", model_requested="m", sent=sent)

    transcript = decode_transcript(encode_transcript(recorder.transcript("x", "1")))

    calls = transcript.model_calls
    assert [list(transcript.request_of(each)) for each in calls] == requests
    kept = [message for each in calls for message in each.new_messages]
    assert len(kept) == len(set(kept))


@pytest.mark.skipif(
    not REAL_LOGS.is_dir(), reason="no folder of real agent logs beside this checkout"
)
def test_real_agent_histories_are_migrated_turn_by_turn() -> None:
    files = sorted(REAL_LOGS.rglob("*.json"))
    assert files

    for file in files:
        history = json.loads(file.read_text(encoding="utf-8"))["history"]
        transcript = decode_transcript(json.dumps(history))
        assert [m.content for m in transcript.messages] == [e["content"] for e in history], file


def test_the_json_schema_names_every_event_type() -> None:
    schema = transcript_json_schema()

    assert {kind.__name__ for kind in EVENT_TYPES} <= set(schema["$defs"])


def test_derived_values_follow_the_events() -> None:
    events = (
        Message(index=0, offset_seconds=0, speaker="a", recipient="b"),
        Message(index=1, offset_seconds=1, speaker="b", recipient="a"),
        Termination(index=2, offset_seconds=1, reason="no_reply", detail="."),
    )

    transcript = Transcript(engine="x", engine_version="1", events=events)

    assert transcript.turns == 2
    assert transcript.speakers == ["a", "b"]
    assert transcript.termination == "no_reply"
