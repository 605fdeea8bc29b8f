from __future__ import annotations

import pytest

from harness.model.sample import SampleKey, SampleResult, decode_sample
from harness.model.score import Score
from harness.model.transcript import (
    CodeExecution,
    ExceptionInfo,
    Message,
    ModelCall,
    Termination,
    ToolCall,
    Transcript,
)
from harness.runner.redact import redacted_encoding

KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyz"


def result(**changes: str) -> SampleResult:
    text = {
        name: changes.get(name, "calm")
        for name in ("content", "arguments", "prompt", "output", "reason", "traceback", "detail")
    }
    call = ToolCall(id="1", name="f", arguments=text["arguments"])
    events = (
        Message(
            index=0,
            offset_seconds=0,
            speaker="a",
            recipient="b",
            content=text["content"],
            tool_calls=(call,),
        ),
        ModelCall(index=1, offset_seconds=0, agent="a", model_requested="m", prompt=text["prompt"]),
        CodeExecution(
            index=2,
            offset_seconds=0,
            agent="a",
            language="sh",
            code="env",
            exit_code=0,
            output=text["output"],
            duration_seconds=0,
        ),
        Termination(index=3, offset_seconds=0, reason="no_reply", detail="."),
    )
    details = {"checks": [{"reason": text["detail"]}]}
    return SampleResult(
        key=SampleKey(suite="s", scenario="c", config="c", epoch=1),
        status="completed",
        mode="mock",
        transcript=Transcript(engine="e", engine_version="1", events=events),
        scores=(Score(scorer="x", value=1, unit="share", reason=text["reason"], details=details),),
        failure=ExceptionInfo(type="E", message="m", traceback=text["traceback"]),
        started_at="now",
        duration_seconds=1,
    )


@pytest.mark.parametrize(
    "place", ["content", "arguments", "prompt", "output", "reason", "traceback", "detail"]
)
def test_a_secret_anywhere_in_a_result_is_not_kept(place: str) -> None:
    encoded = redacted_encoding(result(**{place: f"before {KEY} after"}))

    assert KEY.encode() not in encoded
    assert b"before [redacted] after" in encoded
    assert decode_sample(encoded).key == result().key


def test_a_result_without_a_secret_is_kept_as_it_is() -> None:
    assert decode_sample(redacted_encoding(result(content="a\nb"))) == result(content="a\nb")
