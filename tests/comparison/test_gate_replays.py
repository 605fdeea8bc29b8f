"""When a run that says the same as its baseline is left to no chance, and when it is."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_logs import outcome_log
from spoken import end, ran, say, transcript

from harness.comparison import compare_runs, judge, outcomes_of
from harness.model.gate import Gate
from harness.reports.gate import notes_of

MARGIN = Gate(success_margin=0.0)
MARKS = st.text("pfe", min_size=1, max_size=4)
ENDINGS = ("termination_message", "max_turns")


def spoken_log(words, marks=None, *, mode="replay", run_id="run-1", **changes):
    """A log of one config and scenario; an epoch per word, which the coder says."""
    log = outcome_log({"one": {"a": marks or "p" * len(words)}}, run_id=run_id)
    samples = tuple(
        msgspec.structs.replace(each, transcript=said(word, **changes))
        for each, word in zip(log.samples, words, strict=True)
    )
    return msgspec.structs.replace(
        log, samples=samples, header=msgspec.structs.replace(log.header, mode=mode)
    )


def said(word, *, exit_code=0, ending="termination_message"):
    steps = [say("coder", word)] if word else []
    return transcript(say("user", "Go."), ran(exit_code), *steps, end(ending))


def finding(now, before):
    (run,), (baseline,) = outcomes_of(now), outcomes_of(before)
    return judge(MARGIN, run, baseline).findings[0]


def test_a_replay_of_every_conversation_passes_whatever_came_out_and_has_no_interval():
    before = spoken_log(["yes", "no", "well"], "pff", mode="record")

    found = finding(spoken_log(["yes", "no", "well"], "pff", run_id="run-2"), before)

    assert (found.outcome, found.identical, found.value, found.interval) == ("passed", 3, 0, None)
    assert found.without_failed == "passed"


@pytest.mark.parametrize("mode", ["live", "record", "imported"])
def test_the_same_words_of_a_model_that_was_asked_again_are_a_matter_of_chance(mode):
    before = spoken_log(["yes", "yes"], mode=mode)

    again = finding(spoken_log(["yes", "yes"], mode=mode, run_id="run-2"), before)
    itself = finding(before, before)

    assert (again.outcome, again.identical) == ("inconclusive", 0)
    assert (itself.outcome, itself.identical) == ("passed", 2)


@pytest.mark.parametrize(
    ("words", "marks", "changes"),
    [
        pytest.param(["yes", "maybe"], "pp", {}, id="another conversation"),
        pytest.param(["yes", "no"], "pf", {}, id="another outcome"),
        pytest.param(["yes"], "p", {}, id="fewer epochs"),
        pytest.param(["yes", "no", "no"], "ppp", {}, id="more epochs"),
        pytest.param(["yes", "no"], "pe", {}, id="an error"),
        pytest.param(["yes", "no"], "pp", {"ending": "max_turns"}, id="another ending"),
        pytest.param(["yes", "no"], "pp", {"exit_code": 1}, id="code that failed"),
    ],
)
def test_what_is_not_the_same_in_every_sample_is_left_to_the_interval(words, marks, changes):
    found = finding(
        spoken_log(words, marks, run_id="run-2", **changes), spoken_log(["yes", "no"], "pp")
    )

    assert (found.outcome, found.identical) == ("inconclusive", 0)


def test_samples_that_did_not_complete_in_either_are_not_the_same():
    log = spoken_log(["yes", "no"], "pe")

    assert finding(log, log).identical == 0


SIDES = st.tuples(
    st.sampled_from(["yes", "no", "yes\r\n", "yes\n", ""]),
    st.sampled_from("pfe"),
    st.sampled_from([0, 1]),
    st.sampled_from(ENDINGS),
)


@given(SIDES, SIDES)
def test_the_gate_calls_the_same_what_a_comparison_calls_identical(before, now):
    first, second = (
        spoken_log([word], mark, run_id=run, exit_code=code, ending=ending)
        for run, (word, mark, code, ending) in (("run-1", before), ("run-2", now))
    )

    (pair,) = compare_runs(first, second).pairs.samples

    assert bool(finding(second, first).identical) == pair.is_identical


def test_what_the_baseline_has_and_the_run_lacks_is_named_and_not_called_compared():
    # Of each config, the samples of its scenarios.
    (baseline,) = outcomes_of(outcome_log({"a": {"x": "pp", "y": "p"}, "b": {"x": "p", "y": "p"}}))
    (narrow,) = outcomes_of(outcome_log({"a": {"x": "pp", "y": "p"}}))
    (ragged,) = outcomes_of(outcome_log({"a": {"x": "pp", "y": "p"}, "b": {"x": "p"}}))

    assert judge(MARGIN, narrow, baseline).dropped == ("b",)
    assert judge(MARGIN, ragged, baseline).dropped == ("y/b",)
    assert judge(MARGIN, baseline, baseline).dropped == ()
    note = " ".join(notes_of(judge(MARGIN, narrow, baseline)))
    assert "has more, of which this run has no sample and the gate says nothing: b." in note
