"""What the history says of a run against the one before is what a comparison of the two says."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_logs import outcome_log

from harness.comparison import compare_configs, compare_runs
from harness.history import history_of, run_of
from harness.model.run import RunLog
from harness.model.scenario import AgentConfig

MARKS = st.text("ppffem", min_size=1, max_size=6)


def run(outcomes, number=1, **changes):
    """The run of that number, each a minute after the one before."""
    mode = changes.pop("mode", "replay")
    log = outcome_log(outcomes, run_id=f"run-{number}", **changes)
    started = f"2026-11-28T10:{number:02}:00+00:00"
    header = msgspec.structs.replace(log.header, started_at=started, mode=mode)
    return run_of(RunLog(header=header, samples=log.samples))


def last_change(*runs):
    return history_of(runs).entries[-1].change


@settings(max_examples=60)
@given(
    before=st.dictionaries(st.sampled_from(["a", "b", "c"]), MARKS, min_size=1),
    after=st.dictionaries(st.sampled_from(["a", "b", "c"]), MARKS, min_size=1),
)
def test_one_change_is_what_the_comparison_of_the_two_runs_says(before, after):
    found = last_change(run({"one": before}, 1), run({"one": after}, 2))
    if not before.keys() & after.keys():
        assert found.step == "other scenarios"
        return

    logs = outcome_log({"one": before}, run_id="1"), outcome_log({"one": after}, run_id="2")
    comparison = compare_runs(*logs)
    # A comparison leaves out epochs that only one of the runs has; the history does not.
    if comparison.only_in_a or comparison.only_in_b:
        return
    contrast = comparison.configs[0].contrast
    assert found.changed == sum(each.outcome_a != each.outcome_b for each in comparison.changes)
    if found.step == "same outcomes":
        assert not found.changed
    else:
        assert found.step == contrast.verdict
    if found.difference is not None:
        assert found.difference == contrast.difference
        assert (found.p_adjusted, found.seen) == (contrast.p_adjusted, contrast.seen)


def test_a_flip_is_no_regression_and_a_collapse_is_worse():
    good, flipped, collapsed = "pppppppppp", "pppppppppf", "ffffffffff"
    runs = [run({"one": {"a": marks}}, n) for n, marks in enumerate([good, flipped, collapsed], 1)]

    first, second, third = history_of(runs).entries

    assert first.change is None
    assert (second.change.step, second.change.changed) == ("inconclusive", 1)
    assert (third.change.step, third.change.before) == ("worse", "run-2")


def test_replays_that_find_the_same_say_so_and_live_runs_that_do_are_still_a_sample():
    outcomes = {"one": {"a": "pf"}}

    assert last_change(run(outcomes, 1), run(outcomes, 2)).step == "same outcomes"
    live = [run(outcomes, number, mode="live") for number in (1, 2)]
    assert last_change(*live).step == "inconclusive"


def test_scenarios_that_changed_are_left_out_and_counted():
    outcomes = {"one": {"a": "pppp", "b": "pppp"}}
    before = run(outcomes, 1)
    suite = msgspec.structs.replace(before.suites[0], scenarios={"a": "d", "b": "older"})
    before = msgspec.structs.replace(before, suites=(suite,))

    change = last_change(before, run(outcomes, 2))

    assert (change.scenarios, change.left_out) == (1, 1)
    drifted = run(outcomes, 2, digest="newer")
    assert last_change(run(outcomes, 1), drifted).step == "other scenarios"


def test_a_run_without_a_result_is_not_said_to_have_other_scenarios():
    none, some = run({"one": {"a": "...."}}, 1), run({"one": {"a": "pppp"}}, 2)

    assert last_change(none, some).step == "no results"
    assert last_change(run({"one": {"a": "pppp"}}, 1), run({"one": {"a": "...."}}, 2)).step == (
        "no results"
    )


def test_a_history_counts_a_run_as_its_report_does():
    outcomes = {"one": {"a": "ppfe.", "b": "pm..."}}
    (entry,) = history_of([run(outcomes)]).entries

    (suite,) = compare_configs(outcome_log(outcomes)).suites
    (summary,) = suite.configs
    assert (entry.success, entry.missing) == (summary.success, 4)


def test_a_changed_config_is_marked_and_compared():
    outcomes = {"one": {"a": "pppp"}}
    changed = (AgentConfig(name="one", temperature=0.9),)

    change = last_change(run(outcomes, 1), run(outcomes, 2, configs=changed))

    assert change.is_config_changed
    assert change.step == "same outcomes"


def test_errors_of_one_run_alone_forbid_the_comparison_and_are_counted():
    entry = history_of([run({"one": {"a": "pppp"}}, 1), run({"one": {"a": "ppe."}}, 2)]).entries[-1]

    assert entry.change.step == "not comparable"
    assert (entry.success.successes, entry.success.n) == (2, 4)
    assert (entry.errors, entry.misses, entry.missing) == (1, 0, 1)


def test_cost_and_turns_leave_out_what_is_not_known():
    priced, unpriced = (
        history_of([run({"one": {"a": "pm"}}, costs={"one": 0.5})]),
        history_of([run({"one": {"a": "pm"}})]),
    )

    assert (priced.entries[0].cost_usd_mean, priced.entries[0].costs_unknown) == (0.5, 0)
    assert (unpriced.entries[0].cost_usd_mean, unpriced.entries[0].costs_unknown) == (None, 2)


def test_the_oldest_run_shown_is_still_compared_with_the_one_before_it():
    runs = [run({"one": {"a": "pf"}, "two": {"a": "pp"}}, number) for number in (1, 2, 3)]

    history = history_of(runs, configs=["one"], last=1)

    (entry,) = history.entries
    assert (entry.config, entry.run_id, entry.change.before) == ("one", "run-3", "run-2")


@pytest.mark.slow
def test_a_config_that_stays_the_same_is_called_better_or_worse_in_one_history_of_twenty_at_most():
    generator = random.Random(7)
    alarms = 0
    for _ in range(300):
        marks = ["".join(generator.choices("pf", k=10)) for _ in range(12)]
        runs = [
            run({"one": {"a": marks[2 * n], "b": marks[2 * n + 1]}}, n, mode="live")
            for n in range(6)
        ]
        steps = {entry.change.step for entry in history_of(runs).entries if entry.change}
        alarms += bool(steps & {"better", "worse"})

    # 300 histories at 5 %: more than 24 would happen once in a hundred times.
    assert alarms <= 24
