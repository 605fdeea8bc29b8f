from __future__ import annotations

import pytest

from harness.model.score import Unscored
from harness.scorers.code_success import CodeSuccess


def running(*exit_codes, timed_out=()):
    def record(recorder):
        recorder.message(speaker="coder", recipient="executor", content="run this")
        for position, code in enumerate(exit_codes):
            recorder.code_execution(
                agent="executor",
                language="python",
                code="pass",
                exit_code=code,
                output="",
                duration_seconds=0.1,
                timed_out=position in timed_out,
            )

    return record


@pytest.mark.parametrize(
    ("codes", "value", "first_try", "recovered", "last_ok"),
    [
        pytest.param((0,), 1.0, True, False, True, id="worked at once"),
        pytest.param((1,), 0.0, False, False, False, id="never worked"),
        pytest.param((1, 0), 0.5, False, True, True, id="recovered"),
        pytest.param((0, 1, 0, 0), 0.75, True, True, True, id="broke in between"),
        pytest.param((0, 1), 0.5, True, False, False, id="broke at the end"),
        pytest.param((1, 0, -9), 1 / 3, False, False, False, id="recovered and was killed"),
    ],
)
def test_outcomes_in_order_decide(finished, codes, value, first_try, recovered, last_ok):
    score = CodeSuccess().score(finished(running(*codes)))

    assert score.value == pytest.approx(value)
    assert score.passed is None
    assert score.details == {
        "blocks": len(codes),
        "succeeded": codes.count(0),
        "first_try": first_try,
        "recovered": recovered,
        "last_ok": last_ok,
    }
    assert score.evidence == tuple(range(1, len(codes) + 1))


def test_a_block_that_ran_out_of_time_did_not_succeed_whatever_its_exit_code(finished):
    score = CodeSuccess().score(finished(running(0, 0, timed_out={1})))

    assert score.value == 0.5
    assert "exit codes in order: 0, 0 out of time" in score.reason


def test_the_reason_lets_a_reader_recompute_the_value(finished):
    score = CodeSuccess().score(finished(running(1, 0)))

    assert score.reason == (
        "1 of 2 executed blocks exited 0 (exit codes in order: 1, 0); failed at first try, "
        "recovered."
    )


def test_without_code_nothing_is_scored(finished):
    assert CodeSuccess().score(finished(running())) == Unscored(
        scorer="code_success", reason="No code was executed."
    )
