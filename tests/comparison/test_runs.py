import msgspec
import pytest
from report_logs import outcome_log

from harness.comparison import compare_runs
from harness.errors import HarnessError
from harness.model.scenario import AgentConfig


def live(log):
    samples = tuple(msgspec.structs.replace(sample, mode="live") for sample in log.samples)
    return msgspec.structs.replace(log, samples=samples)


def test_a_run_against_itself_changes_nothing():
    log = outcome_log({"one": {"a": "ppffe", "b": "pmfpp"}})

    comparison = compare_runs(log, log)

    assert comparison.changes == ()
    assert comparison.configs[0].contrast.difference.value == 0
    assert comparison.verdict == "No sample of 10 changed outcome or termination."
    assert comparison.statistics == (
        "No difference shown between the success rates of the two runs; with 10 samples a side "
        "it sees 69 points."
    )


def test_what_changed_between_two_replays_is_a_fact_and_comes_first():
    before = outcome_log({"one": {"a": "ppppf", "b": "ppp"}})
    after = outcome_log({"one": {"a": "mmmmp", "b": "ppf"}}, run_id="run-2")

    comparison = compare_runs(before, after)

    assert comparison.is_replay
    assert comparison.verdict == (
        "5 samples of 8 got worse (4 cassette misses, 1 failure); 1 got better."
    )
    assert comparison.statistics == (
        "Not comparable: in the second run 4 of 8 samples missed their cassette."
    )
    assert [each.direction for each in comparison.changes] == ["worse"] * 4 + ["better", "worse"]


def test_a_live_run_is_judged_by_its_statistics_first():
    before = live(outcome_log({"one": {"a": "pppff"}}))
    after = live(outcome_log({"one": {"a": "ppfff"}}, run_id="run-2"))

    comparison = compare_runs(before, after)

    assert not comparison.is_replay
    assert comparison.statistics == ""
    assert comparison.verdict == (
        "No difference shown between the success rates of the two runs; with 5 samples a side "
        "it sees 97 points. "
        "1 sample of 5 changed outcome or termination."
    )


def test_errors_in_one_of_two_live_runs_forbid_the_comparison():
    before = live(outcome_log({"one": {"a": "pppp"}}))
    after = live(outcome_log({"one": {"a": "ppee"}}, run_id="run-2"))

    comparison = compare_runs(before, after)

    assert comparison.alert == ("Not comparable: in the second run 2 of 4 samples ended in errors.")
    assert comparison.verdict == "2 samples of 4 changed outcome or termination."


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
    assert comparison.verdict == "10 samples of 10 got better."
    assert comparison.statistics.startswith(
        "shop/one solves 100 points more in the second run than in the first (interval +"
    )


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
