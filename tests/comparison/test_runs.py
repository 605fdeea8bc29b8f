import pytest
from report_logs import outcome_log

from harness.comparison import compare_runs
from harness.errors import HarnessError
from harness.model.scenario import AgentConfig


def test_a_run_against_itself_changes_nothing():
    log = outcome_log({"one": {"a": "ppffe", "b": "pmfpp"}})

    comparison = compare_runs(log, log)

    assert comparison.changes == ()
    assert comparison.configs[0].contrast.difference.value == 0
    assert comparison.verdict == (
        "No difference shown between the two runs; 0 samples of 10 changed outcome or termination."
    )


def test_samples_that_changed_are_listed_with_both_outcomes():
    before = outcome_log({"one": {"a": "pff"}})
    after = outcome_log({"one": {"a": "ppe"}}, run_id="run-2")

    comparison = compare_runs(before, after)

    changes = [(each.key.epoch, each.outcome_a, each.outcome_b) for each in comparison.changes]
    assert changes == [(2, "fail", "pass"), (3, "fail", "error")]
    assert comparison.changes[1].termination_a == "termination_message"
    assert comparison.changes[1].termination_b is None


def test_a_run_that_got_better_is_called_better():
    before = outcome_log({"one": {"a": "fffff", "b": "fffff"}})
    after = outcome_log({"one": {"a": "ppppp", "b": "ppppp"}}, run_id="run-2")

    comparison = compare_runs(before, after)

    assert comparison.configs[0].contrast.verdict == "better"
    assert comparison.verdict.startswith("shop/one is better in the second run by 100 points")


def test_only_samples_of_both_runs_are_compared():
    before = outcome_log({"one": {"a": "pppp"}})
    after = outcome_log({"one": {"a": "pp"}, "two": {"a": "p"}}, run_id="run-2")

    comparison = compare_runs(before, after)

    assert comparison.samples == 2
    assert [key.epoch for key in comparison.only_in_a] == [3, 4]
    assert [key.config for key in comparison.only_in_b] == ["two"]


def test_a_config_whose_settings_changed_is_marked():
    before = outcome_log({"one": {"a": "pp"}})
    settings = (AgentConfig(name="one", temperature=0.9),)
    after = outcome_log({"one": {"a": "pp"}}, configs=settings)

    assert compare_runs(before, after).configs[0].is_changed
    assert not compare_runs(before, before).configs[0].is_changed


def test_drifted_scenarios_are_refused_by_name():
    before = outcome_log({"one": {"a": "pp", "b": "pp"}})
    after = outcome_log({"one": {"a": "pp", "b": "pp"}}, digest="other", run_id="run-2")

    with pytest.raises(HarnessError, match=r"'run-1' and 'run-2' cannot .* shop/a, shop/b changed"):
        compare_runs(before, after)


def test_runs_without_a_common_sample_are_refused():
    with pytest.raises(HarnessError, match="no sample in common"):
        compare_runs(outcome_log({"one": {"a": "p"}}), outcome_log({"two": {"a": "p"}}))
