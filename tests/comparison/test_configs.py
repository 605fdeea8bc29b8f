import random

import pytest
from report_logs import outcome_log, realistic_log

from harness.comparison import compare_configs
from harness.model.comparison import UNDECIDED
from harness.model.run import RunLog

FACTORS = {
    f"{prompts}-t{temperature}": {"prompts": prompts, "temperature": temperature}
    for prompts in ("brief", "careful")
    for temperature in ("0.2", "1.0")
}


def only_suite(log):
    (suite,) = compare_configs(log).suites
    return suite


def matrix_log(**marks):
    """Two prompts x two temperatures x three scenarios, the marks of each prompt as given."""
    return outcome_log(
        {
            name: dict.fromkeys(("a", "b", "c"), marks[levels["prompts"]])
            for name, levels in FACTORS.items()
        },
        factors=FACTORS,
        costs={name: 0.013 if "careful" in name else 0.01 for name in FACTORS},
        baseline="brief-t0.2",
    )


def test_errors_and_misses_count_as_failures_and_are_named():
    suite = only_suite(outcome_log({"one": {"a": "ppfem"}}))

    (config,) = suite.configs
    assert (config.success.successes, config.success.n) == (2, 5)
    assert (config.errors, config.misses) == (1, 1)
    assert "Counted as failures: 1 error and 1 miss." in suite.notes


def test_misses_that_strike_one_config_alone_forbid_every_claim():
    outcomes = {
        name: {"a": "mm" if levels["prompts"] == "brief" else "pp"}
        for name, levels in FACTORS.items()
    }

    suite = only_suite(outcome_log(outcomes, factors=FACTORS))

    assert suite.alert == "Not comparable: 4 of 8 samples missed their cassette."
    assert suite.verdict.startswith("No effect is claimed: ")
    assert "brief-t0.2 2 of 2, brief-t1.0 2 of 2, careful-t0.2 0 of 2" in suite.verdict
    # Nor can the temperatures be told apart where every sample of a prompt missed.
    assert {each.verdict for each in suite.effects} == {"not comparable"}
    assert suite.standing == ""


def test_of_one_sample_its_own_cassette_is_missed():
    (suite,) = compare_configs(outcome_log({"base": {"a": "m"}})).suites

    assert "1 of 1 sample missed its cassette" in suite.alert


def test_errors_that_strike_both_alike_are_said_first_and_leave_the_comparison():
    suite = only_suite(outcome_log({"base": {"a": "ffffe"}, "new": {"a": "pppep"}}))

    assert suite.alert == "2 of 10 samples ended in errors."
    assert suite.verdict.startswith("new solves 80 points more than base, interval +")
    assert suite.contrasts[0].verdict != "not comparable"


def test_a_config_that_completed_nothing_is_compared_with_nothing():
    suite = only_suite(outcome_log({"base": {"a": "mmmm"}, "new": {"a": "mmee"}}))

    assert suite.alert == (
        "Not comparable: 6 of 8 samples missed their cassette and 2 of 8 samples ended in errors."
    )
    assert suite.contrasts[0].verdict == "not comparable"


def test_a_config_untouched_by_errors_is_still_compared():
    suite = only_suite(
        outcome_log(
            {"base": {"a": "fffff" * 2}, "new": {"a": "ppppp" * 2}, "broken": {"a": "e" * 10}}
        )
    )

    assert suite.alert == "Partly not comparable: 10 of 30 samples ended in errors."
    assert suite.verdict.startswith("new solves 100 points more than base")
    assert "broken" not in suite.verdict


def test_a_verdict_never_contradicts_the_interval_beside_it():
    generator = random.Random(5)
    agree = total = 0
    for _ in range(60):
        marks = {
            name: {s: "".join(generator.choices("pf", (rate, 1 - rate), k=5)) for s in "abc"}
            for name, rate in zip(FACTORS, (0.2, 0.4, 0.7, 0.95), strict=True)
        }
        suite = only_suite(outcome_log(marks, factors=FACTORS))
        for each in [*suite.contrasts, *suite.effects, *suite.interactions]:
            interval = each.difference.interval
            excludes = not interval.low <= 0 <= interval.high
            decided = each.verdict not in UNDECIDED
            assert interval.level == pytest.approx(1 - 0.05 / 6)
            assert excludes or not decided
            agree += excludes == decided
            total += 1
    assert agree / total > 0.95


def test_too_few_repeats_are_said_with_the_smallest_p_they_can_reach():
    two = only_suite(outcome_log({"base": {"a": "ff"}, "new": {"a": "pp"}}))
    five = only_suite(outcome_log({"base": {"a": "fffff"}, "new": {"a": "ppppp"}}))

    assert two.verdict.endswith(" Too few repeats: the smallest p reachable is 0.33.")
    assert two.contrasts[0].p_adjusted == pytest.approx(1 / 3)
    assert "Too few" not in five.verdict


def test_missing_samples_count_as_failures_and_the_run_is_called_incomplete():
    suite = only_suite(outcome_log({"one": {"a": "pp..."}}))

    (config,) = suite.configs
    assert (config.success.successes, config.success.n, config.missing) == (2, 5, 3)
    assert (config.completed.successes, config.completed.n) == (2, 2)
    assert suite.alert == "3 of 5 planned samples have no result."
    assert any("3 planned samples of 5 without a result, counted" in note for note in suite.notes)


def test_a_sample_nobody_judged_is_no_success_and_the_reader_is_told():
    suite = only_suite(outcome_log({"one": {"a": "pu"}}))

    assert suite.configs[0].success.successes == 1
    assert "No score judged 1 sample; they count as failures." in suite.notes


def test_a_clear_difference_between_prompts_is_found_and_its_cost_named():
    suite = only_suite(matrix_log(brief="pffff", careful="ppppf"))

    prompts, temperature = suite.effects
    assert (prompts.candidate, prompts.reference) == ("careful", "brief")
    assert prompts.verdict == "better"
    assert prompts.difference.value == pytest.approx(0.6)
    assert (prompts.candidate_success.n, prompts.reference_success.n) == (30, 30)
    assert temperature.verdict == "inconclusive"
    assert suite.verdict.startswith("prompts=careful solves 60 points more than brief, interval +")
    assert (
        "n = 3 scenarios \N{MULTIPLICATION SIGN} 10 samples, at 1.3\N{MULTIPLICATION SIGN} the "
        "mean cost (p < 0.001, sees 40 points)" in suite.verdict
    )
    assert "temperature=1.0: 0 points against 0.2, inconclusive (" in suite.verdict


def test_what_could_have_been_seen_decides_between_inconclusive_and_no_difference_shown():
    few = only_suite(outcome_log({"base": {"a": "pf", "b": "fp"}, "new": {"a": "pf", "b": "pf"}}))
    many = only_suite(
        outcome_log({"base": {"a": "pf" * 200, "b": "pf" * 200}, "new": {"a": "pf" * 200}})
    )
    blind = only_suite(outcome_log({"base": {"a": "pp"}, "new": {"a": "pp"}}))

    assert [each.contrasts[0].verdict for each in (few, many, blind)] == [
        "inconclusive",
        "no difference shown",
        "inconclusive",
    ]
    assert "new: 0 points against base, inconclusive (" in few.verdict
    assert "sees no difference)" in few.verdict
    assert many.contrasts[0].seen == pytest.approx(0.099, abs=0.001)
    assert (
        "no difference shown (interval -7 to +7, n = 1 scenario \N{MULTIPLICATION SIGN} 400 epochs"
        in many.verdict
    )
    assert "sees 10 points)" in many.verdict
    assert blind.contrasts[0].seen is None
    assert "what it could see is not known: no repeat came out otherwise" in blind.verdict


def test_a_sentence_keeps_the_order_and_the_sign_of_its_table_row():
    suite = only_suite(matrix_log(brief="ppppp", careful="fffff"))

    prompts = suite.effects[0]
    assert (prompts.candidate, prompts.reference) == ("careful", "brief")
    assert (prompts.verdict, prompts.difference.value) == ("worse", -1)
    assert suite.verdict.startswith(
        "prompts=careful solves 100 points fewer than brief, interval -"
    )
    assert "at 1.3\N{MULTIPLICATION SIGN} the mean cost" in suite.verdict


@pytest.mark.parametrize("baseline", list(FACTORS))
def test_words_are_measured_against_the_baselines_level_and_numbers_against_the_lowest(baseline):
    outcomes = {name: {"a": "ppfff", "b": "pffff"} for name in FACTORS}

    suite = only_suite(outcome_log(outcomes, factors=FACTORS, baseline=baseline))

    reference = {"prompts": FACTORS[baseline]["prompts"], "temperature": "0.2"}
    assert {each.factor: each.reference for each in suite.effects} == reference
    (crossing,) = suite.interactions
    assert {crossing.factor: crossing.reference, crossing.by: crossing.by_reference} == reference
    assert {each.reference for each in suite.contrasts} == {baseline}
    for each in suite.effects:
        assert f"{each.factor}={each.candidate}: 0 points against {each.reference}" in suite.verdict


def test_configs_not_shown_to_be_worse_are_named_with_what_that_means():
    clear = only_suite(matrix_log(brief="fffff", careful="ppppf"))
    level = only_suite(matrix_log(brief="ppfff", careful="pppff"))

    assert clear.not_worse == ("careful-t0.2", "careful-t1.0")
    assert clear.standing == (
        "Best set: careful-t0.2, careful-t1.0. No config is shown to beat one of these; "
        "a pair has fewer samples than a factor and shows less."
    )
    assert level.not_worse == tuple(FACTORS)
    assert level.standing == (
        "Best set: all 4 configs. None is shown to beat another; "
        "a pair has fewer samples than a factor and shows less."
    )


def test_configs_that_share_few_scenarios_are_said_to_be_compared_on_those_alone():
    names = [f"s{number:02}" for number in range(23)]
    one = {name: dict.fromkeys(names[:12], "p" * 8) for name in ("A",)}
    other = {"B": dict.fromkeys(names[11:], "f" * 8)}

    suite = only_suite(outcome_log(one | other, baseline="A"))

    assert suite.notes[0].startswith("The claim is about this scenario;")
    assert suite.notes[1] == (
        "B and A share only 1 scenario; what is said of the two is about that one alone."
    )


def test_without_a_scenario_in_common_there_is_no_best_set():
    good, bad = {"s": "pppp", "t": "pppp"}, {"s": "ffff", "t": "ffff"}
    suite = only_suite(outcome_log({"A": good, "B": bad, "C": {"u": "ffff"}}, baseline="A"))

    assert suite.standing == (
        "There is no best set: A and C share no scenario, nor do 1 more pair."
    )
    assert suite.not_worse == ("A", "B", "C")


def test_a_baseline_apart_from_all_others_is_named():
    apart = {"A": {"s": "pp"}, "B": {"t": "pp"}, "C": {"t": "ff"}}

    verdict = only_suite(outcome_log(apart, baseline="A")).verdict

    assert verdict == "No other config shares a scenario with A: nothing is compared with it."


def test_a_factor_is_compared_within_the_levels_of_the_others():
    # Brief ran only at 0.2 in scenario b: nothing pairs with its careful samples at 1.0.
    outcomes = {name: {"a": "ppfff", "b": "pppff"} for name in FACTORS}
    outcomes["brief-t1.0"].pop("b")

    prompts = only_suite(outcome_log(outcomes, factors=FACTORS)).effects[0]

    assert prompts.strata == 3
    assert prompts.candidate_success.n == prompts.reference_success.n == 15


def test_a_harder_scenario_is_never_held_against_the_config_that_met_it():
    # Equal in both scenarios, but the candidate met the hard one twice as often.
    outcomes = {
        "base": {"easy": "p" * 10, "hard": "f" * 5},
        "other": {"easy": "p" * 5, "hard": "f" * 10},
    }

    contrast = only_suite(outcome_log(outcomes)).contrasts[0]

    assert contrast.difference.value == 0
    assert contrast.p_value == 1


def test_configs_without_factors_are_compared_with_the_baseline():
    suite = only_suite(
        outcome_log({"base": {"a": "fffff", "b": "fffff"}, "new": {"a": "ppppp", "b": "ppppf"}})
    )

    assert suite.baseline == "base"
    assert suite.verdict.startswith("new solves 90 points more than base")


def test_p_values_are_corrected_over_everything_shown_for_the_suite():
    suite = only_suite(matrix_log(brief="ppfff", careful="ppppf"))

    family = [*suite.contrasts, *suite.effects, *suite.interactions]
    smallest = min(family, key=lambda each: each.p_value)
    assert len(family) == 6
    assert smallest.p_adjusted == pytest.approx(6 * smallest.p_value)


def test_one_config_alone_is_reported_without_a_comparison():
    suite = only_suite(outcome_log({"one": {"a": "ppppf"}}))

    assert suite.verdict == (
        "one solves 4 of 5 samples (80 %, interval 38 to 96 %); "
        "there is no other config to compare it with."
    )
    assert suite.standing == ""


def test_a_run_without_any_result_says_so():
    suite = only_suite(outcome_log({"one": {"a": "..."}, "two": {"a": "..."}}))

    assert suite.verdict == "No sample of this suite has a result yet."
    assert suite.configs[0].success.interval is None


def test_an_unknown_cost_is_left_out_and_never_zero():
    log = outcome_log({"base": {"a": "pp"}, "new": {"a": "pp"}}, costs={"new": 0.5})
    suite = only_suite(log)

    base, new = suite.configs
    assert (base.cost.n, base.cost.mean, base.cost.absent) == (0, None, 2)
    assert new.cost.total == 1.0
    assert suite.contrasts[0].cost_ratio is None
    assert "Cost is unknown for 2 samples, left out of every cost." in suite.notes


def test_the_measures_of_whole_conversations_are_summarised():
    suite = compare_configs(realistic_log()).suites[0]

    config = suite.configs[0]
    assert config.success.n == 15
    assert config.turns.median in {4, 5, 6}
    assert config.code.samples == 15
    assert config.code.first_try + config.code.recovered == 15
    assert sum(config.terminations.values()) == 15
    assert [scorer.scorer for scorer in config.scorers] == [
        "termination",
        "turns",
        "code_success",
        "acceptance",
        "cost",
    ]


def test_the_order_of_the_samples_changes_nothing():
    log = realistic_log(epochs=3)
    shuffled = list(log.samples)
    random.Random(1).shuffle(shuffled)

    other = compare_configs(RunLog(header=log.header, samples=tuple(shuffled)))

    for left, right in zip(compare_configs(log).suites, other.suites, strict=True):
        assert left.verdict == right.verdict
        assert left.contrasts == right.contrasts
        assert [c.cost.interval for c in left.configs] == [c.cost.interval for c in right.configs]


def test_nothing_is_called_better_too_often_when_nothing_differs():
    generator = random.Random(23)
    runs, alarms = 150, 0
    for _ in range(runs):
        outcomes = {
            name: {
                scenario: "".join("p" if generator.random() < rate else "f" for _ in range(5))
                for scenario, rate in (("a", 0.9), ("b", 0.5), ("c", 0.3))
            }
            for name in FACTORS
        }
        suite = only_suite(outcome_log(outcomes, factors=FACTORS))
        shown = [*suite.contrasts, *suite.effects]
        alarms += any(each.verdict not in UNDECIDED for each in shown)

    assert alarms / runs <= 0.05


def test_recoveries_are_counted_among_samples_in_which_some_block_did_not_pass():
    import msgspec

    from harness.model.score import Score
    from harness.scorers.code_success import CodeSuccess

    def scored(*codes):
        passed = [code == 0 for code in codes]
        details = {"first_try": passed[0], "recovered": passed[-1] and not all(passed)}
        return Score(
            scorer=CodeSuccess.name,
            value=sum(passed) / len(passed),
            unit="share",
            reason="",
            details=details,
        )

    log = outcome_log({"one": {"a": "pppp"}})
    ran_codes = [(0, 1, 0), (1, 0), (1,), (0,)]
    samples = tuple(
        msgspec.structs.replace(each, scores=(*each.scores, scored(*codes)))
        for each, codes in zip(log.samples, ran_codes, strict=True)
    )
    code = only_suite(msgspec.structs.replace(log, samples=samples)).configs[0].code

    assert (code.first_try, code.troubled, code.recovered) == (2, 3, 2)
