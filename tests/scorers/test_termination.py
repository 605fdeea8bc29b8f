from __future__ import annotations

import pytest

from harness.model.score import Score, Unscored
from harness.model.transcript import TERMINATION_REASONS
from harness.scorers.termination import TerminationScorer


def ending(reason, **fields):
    def record(recorder):
        recorder.message(speaker="coder", recipient="boss", content="TERMINATE")
        recorder.terminate(reason, "It said so.", **fields)

    return record


@pytest.mark.parametrize("reason", TERMINATION_REASONS)
def test_a_reason_passes_exactly_when_the_scenario_accepts_it(finished, reason):
    accepted = TerminationScorer().score(finished(ending(reason), accept=(reason, "max_round")))
    other = "timeout" if reason != "timeout" else "max_turns"
    rejected = TerminationScorer().score(finished(ending(reason), accept=(other,)))

    assert (accepted.value, accepted.passed) == (1.0, True)
    assert (rejected.value, rejected.passed) == (0.0, False)
    assert accepted.details == {"reason": reason, "accepted": True, "agent": None}


def test_the_reason_names_what_ended_it_who_and_what_would_have_been_accepted(finished):
    sample = finished(
        ending("max_round", agent="manager", message_index=0),
        accept=("termination_message", "human_exit"),
    )

    score = TerminationScorer().score(sample)

    assert score.reason == (
        "Ended by max_round of manager, which is not among the accepted reasons "
        "(termination_message, human_exit): It said so."
    )
    assert score.evidence == (0, 1)
    assert score.details["agent"] == "manager"


def test_a_conversation_that_did_not_end_is_unscored(finished):
    sample = finished(lambda recorder: recorder.message(speaker="a", recipient="b", content="x"))

    score = TerminationScorer().score(sample)

    assert isinstance(score, Unscored)
    assert "did not end" in score.reason


def test_a_scenario_that_accepts_no_reason_in_particular_leaves_the_verdict_to_its_checks(finished):
    score = TerminationScorer().score(finished(ending("max_turns"), accept=()))

    assert not isinstance(score, Score)
    assert "max_turns" in score.reason
