"""Small logs; a plain module, as other processes import it too."""

from harness.logs import create_log
from harness.model.run import RunHeader
from harness.model.sample import SampleKey, SampleResult
from harness.model.transcript import Message, Termination, Transcript

__all__ = ["create_log", "header", "key", "result"]


def key(epoch):
    return SampleKey(suite="s", scenario="a", config="c", epoch=epoch)


def header(run_id="20260101T000000-abc", epochs=3):
    return RunHeader(
        run_id=run_id,
        started_at="2026-01-01T00:00:00+00:00",
        mode="mock",
        command="harness run",
        harness_version="0",
        python="3",
        platform="x",
        sandbox="none",
        suites=(),
        plan=tuple(key(epoch) for epoch in range(1, epochs + 1)),
    )


def result(epoch):
    events = (
        Message(index=0, offset_seconds=0.0, speaker="a", recipient="b", content="hello"),
        Termination(index=1, offset_seconds=0.1, reason="no_reply", detail="nobody answered"),
    )
    return SampleResult(
        key=key(epoch),
        status="completed",
        mode="mock",
        transcript=Transcript(engine="mock", engine_version="mock", events=events),
        started_at="2026-01-01T00:00:00+00:00",
        duration_seconds=0.1,
    )
