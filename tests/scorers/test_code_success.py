from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.outcomes import OUTCOME_KINDS
from harness.model.score import Unscored
from harness.scorers.code_success import CodeSuccess

# What an event has for a block to end so, and how the reason tells it.
ENDINGS = {
    "passed": ({}, "passed"),
    "wrong": (
        {
            "exit_code": 1,
            "stderr": "Traceback (most recent call last):\nAssertionError: 3 != 4\n",
        },
        "wrong (AssertionError: 3 != 4)",
    ),
    "crashed": ({"exit_code": 2}, "crashed (exit code 2)"),
    "timed out": ({"exit_code": 124, "timed_out": True}, "timed out (after 0.1 s)"),
    "limit": ({"exit_code": -9, "limit": "memory"}, "limit (memory)"),
    "contained": (
        {"exit_code": 1, "contained": ("OSError: [Errno 101] Network is unreachable",)},
        "contained (OSError: [Errno 101] Network is unreachable)",
    ),
    "infrastructure": (
        {"exit_code": 1, "infrastructure": "OSError: File name too long", "sandbox": ""},
        "infrastructure (OSError: File name too long)",
    ),
    "not run": (
        {"exit_code": 1, "output": "unknown language cobol", "sandbox": ""},
        "not run (unknown language cobol)",
    ),
}


def running(*blocks):
    """Records a block for each exit code or fields of its event."""

    def record(recorder):
        recorder.message(speaker="coder", recipient="executor", content="run this")
        for block in blocks:
            fields = block if isinstance(block, dict) else {"exit_code": block}
            recorder.code_execution(
                **{
                    "agent": "executor",
                    "language": "python",
                    "code": "pass",
                    "exit_code": 0,
                    "output": "",
                    "duration_seconds": 0.1,
                    "sandbox": "process",
                    **fields,
                }
            )

    return record


def ending(*kinds):
    return running(*(ENDINGS[kind][0] for kind in kinds))


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
    assert {key: score.details[key] for key in list(score.details)[:5]} == {
        "blocks": len(codes),
        "succeeded": codes.count(0),
        "first_try": first_try,
        "recovered": recovered,
        "last_ok": last_ok,
    }
    assert score.evidence == tuple(range(1, len(codes) + 1))


@pytest.mark.parametrize("kind", OUTCOME_KINDS)
def test_each_ending_is_told_apart_in_reason_and_details(finished, kind):
    score = CodeSuccess().score(finished(ending(kind, "passed")))

    assert f"in order: {ENDINGS[kind][1]}, passed;" in score.reason
    assert score.details["by_block"][0]["outcome"] == kind
    assert score.details["by_block"][0]["event"] == score.evidence[0] == 1
    assert score.details["outcomes"][kind] == (2 if kind == "passed" else 1)


def test_a_block_that_ran_out_of_time_did_not_succeed_whatever_its_exit_code(finished):
    score = CodeSuccess().score(finished(running(0, {"exit_code": 0, "timed_out": True})))

    assert score.value == 0.5
    assert "in order: passed, timed out (after 0.1 s);" in score.reason


def test_the_reason_lets_a_reader_recompute_the_value(finished):
    score = CodeSuccess().score(finished(ending("wrong", "limit", "passed")))

    assert score.reason == (
        "1 of 3 blocks passed: 1 passed, 1 wrong, 1 limit; in order: "
        "wrong (AssertionError: 3 != 4), limit (memory), passed; "
        "did not pass at first try, recovered."
    )


def test_a_reason_stays_short_however_often_the_same_happens(finished):
    score = CodeSuccess().score(finished(ending("passed", *["wrong"] * 97, "passed", "passed")))

    assert "in order: passed, 97 times wrong (AssertionError: 3 != 4), passed, passed;" in (
        score.reason
    )
    assert len(score.details["by_block"]) == 100


def test_a_failure_of_infrastructure_counts_neither_way_and_is_told(finished):
    score = CodeSuccess().score(finished(ending("passed", "infrastructure")))

    assert (score.value, score.details["blocks"], score.details["last_ok"]) == (1.0, 1, True)
    assert "1 of 1 blocks passed (1 for infrastructure not counted)" in score.reason


def test_a_block_that_was_turned_down_counts_once_any_code_ran(finished):
    score = CodeSuccess().score(finished(ending("not run", "passed")))

    assert (score.value, score.details["first_try"], score.details["recovered"]) == (
        0.5,
        False,
        True,
    )


@pytest.mark.parametrize(
    ("kinds", "reason"),
    [
        ((), "No code was executed."),
        (("not run",), "No code was executed: not run (unknown language cobol)."),
        (
            ("infrastructure", "not run"),
            "No code was executed: infrastructure (OSError: File name too long), "
            "not run (unknown language cobol).",
        ),
    ],
)
def test_without_executed_code_nothing_is_scored(finished, kinds, reason):
    unscored = Unscored(scorer="code_success", reason=reason)

    assert CodeSuccess().score(finished(ending(*kinds))) == unscored


@given(st.lists(st.sampled_from(OUTCOME_KINDS), min_size=1, max_size=30))
def test_the_score_follows_from_how_its_blocks_ended(finished, kinds):
    score = CodeSuccess().score(finished(ending(*kinds)))

    counted = [kind == "passed" for kind in kinds if kind != "infrastructure"]
    if isinstance(score, Unscored):
        assert set(kinds) <= {"not run", "infrastructure"}
        return
    assert score.value == sum(counted) / len(counted)
    assert [block["outcome"] for block in score.details["by_block"]] == kinds
    assert score.details["outcomes"] == {each: kinds.count(each) for each in set(kinds)}
    assert score.details["recovered"] == (counted[-1] and False in counted)
    assert score.reason.startswith(f"{sum(counted)} of {len(counted)} blocks passed")
    assert json.loads(json.dumps(score.details)) == score.details
