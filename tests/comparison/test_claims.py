"""What a comparison claims: about which scenarios, by which test, with errors counted how."""

import random
from math import acos

import msgspec
import numpy as np
import pytest
from report_logs import outcome_log

from harness.comparison import compare_configs
from harness.model.comparison import UNDECIDED
from harness.model.run import RunLog

FACTORS = {
    f"{prompts}-t{temperature}": {"prompts": prompts, "temperature": temperature}
    for prompts in ("brief", "careful")
    for temperature in ("0.2", "1.0")
}
TIMES = "\N{MULTIPLICATION SIGN}"


def only_suite(log):
    (suite,) = compare_configs(log).suites
    return suite


def many(marks, scenarios):
    return {f"s{number:02}": marks for number in range(scenarios)}


def marks_drawn(generator, rates, epochs):
    return {
        name: "".join("p" if generator.random() < rate else "f" for _ in range(epochs))
        for name, rate in rates.items()
    }


def test_few_scenarios_with_repeats_are_spoken_of_themselves_and_others_get_a_wider_interval():
    suite = only_suite(
        outcome_log(
            {
                "base": {"a": "fffff", "b": "pffff", "c": "ffppf"},
                "new": {"a": "ppppp", "b": "pppff", "c": "ppppf"},
            }
        )
    )

    (contrast,) = suite.contrasts
    assert contrast.scope == suite.configs[0].scope == "these scenarios"
    assert contrast.test == "permutation within scenarios"
    assert contrast.verdict == "better"
    assert contrast.difference.interval.low > 0 > contrast.across.low
    assert (contrast.scenarios, contrast.epochs) == (3, 5)
    assert (contrast.wins, contrast.losses, contrast.ties) == (3, 0, 0)
    assert suite.verdict.startswith("new solves 60 points more than base, interval +")
    assert f", n = 3 scenarios {TIMES} 5 epochs (p = " in suite.verdict
    assert suite.notes[0].startswith(
        "The claim is about these 3 scenarios; epochs are the repeats."
    )


def test_many_scenarios_are_spoken_of_as_a_sample_of_others():
    outcomes = {"base": {**many("pf", 9), "t": "ff"}, "new": {**many("pp", 9), "t": "ff"}}

    suite = only_suite(outcome_log(outcomes))

    (contrast,) = suite.contrasts
    assert contrast.scope == suite.configs[0].scope == "scenarios like these"
    assert contrast.test == "sign-flip over scenarios"
    assert contrast.across == contrast.difference.interval
    assert contrast.p_value == pytest.approx(2 / 2**9)
    assert contrast.verdict == "better"
    assert suite.notes[0].startswith("The claim is about scenarios like these 10: ")


def test_epochs_of_many_scenarios_do_not_feign_more_evidence():
    few = only_suite(outcome_log({"base": {**many("ff", 6), **dict.fromkeys("abcdef", "pp")}}))
    more = only_suite(
        outcome_log({"base": {**many("f" * 9, 6), **dict.fromkeys("abcdef", "p" * 9)}})
    )

    assert few.configs[0].success.interval == more.configs[0].success.interval


def test_one_epoch_of_each_scenario_is_tested_by_mcnemar():
    outcomes = {
        "base": {f"s{n:02}": mark for n, mark in enumerate("fffffffffpppp")},
        "new": {f"s{n:02}": mark for n, mark in enumerate("ppppppppfpppp")},
    }

    suite = only_suite(outcome_log(outcomes))

    (contrast,) = suite.contrasts
    assert contrast.test == "exact McNemar"
    assert contrast.p_value == pytest.approx(2 / 2**8)
    assert (contrast.wins, contrast.losses, contrast.ties) == (8, 0, 5)
    assert f"n = 13 scenarios {TIMES} 1 epoch" in suite.verdict
    # Cohen's h of 12/13 against 4/13, by the other form of its angles.
    assert contrast.effect_size == pytest.approx(acos(1 - 24 / 13) - acos(1 - 8 / 13))


def test_every_scorer_has_an_interval_and_skewed_ones_that_of_the_median():
    costs = {"one": 0.02}
    suite = only_suite(outcome_log({"one": {"a": "pppff", "b": "ppppp"}}, costs=costs))

    acceptance, cost = suite.configs[0].scorers
    assert (acceptance.passed, acceptance.pass_rate.n) == (8, 10)
    assert acceptance.interval.low < acceptance.mean == 0.8 < acceptance.interval.high
    assert acceptance.pass_rate.interval == acceptance.interval
    assert not acceptance.is_skewed
    assert cost.is_skewed
    assert (cost.median, cost.median_interval.low, cost.median_interval.high) == (0.02,) * 3
    # Values that do not vary tell nothing of how far their mean may be off.
    assert cost.interval is None


def test_a_verdict_that_rests_on_errors_is_told_with_what_it_would_be_without_them():
    # Both lose two fifths to errors; of what is left one side solves all and the other half.
    suite = only_suite(
        outcome_log({"base": {"a": "ffffff" + "eeee"}, "new": {"a": "pppppp" + "eeee"}})
    )
    same = only_suite(
        outcome_log({"base": {"a": "f" * 4 + "e" * 9}, "new": {"a": "p" * 4 + "e" * 9}})
    )

    assert suite.contrasts[0].verdict == "better"
    assert suite.warning == ""
    assert same.contrasts[0].verdict == "inconclusive"
    assert same.contrasts[0].verdict_if_dropped == "better"
    assert same.warning == (
        "The samples that did not complete decide a verdict: new against base is inconclusive "
        "if they count as failures, and better without them."
    )


def test_errors_of_one_side_alone_are_not_compared_but_both_ways_of_counting_are_told():
    suite = only_suite(outcome_log({"base": {"a": "p" * 12}, "new": {"a": "p" * 4 + "e" * 8}}))

    (contrast,) = suite.contrasts
    assert contrast.verdict == "not comparable"
    assert (contrast.verdict_by_count, contrast.verdict_if_dropped) == ("worse", "inconclusive")
    assert "new against base is worse if they count as failures" in suite.warning


def test_missing_samples_of_one_side_bar_the_comparison_until_the_run_is_finished():
    suite = only_suite(outcome_log({"base": {"a": "ppppp"}, "new": {"a": "ppp.."}}))

    assert suite.contrasts[0].verdict == "not comparable"
    assert suite.contrasts[0].candidate_success.n == 5
    assert suite.alert == "Not comparable: 2 of 10 planned samples have no result."
    assert any("Go on with: harness run --resume" in note for note in suite.notes)


def test_a_scenario_that_no_side_has_a_result_of_is_left_out_of_the_comparison():
    suite = only_suite(
        outcome_log({"base": {"a": "fffff", "b": "....."}, "new": {"a": "ppppp", "b": "....."}})
    )

    (contrast,) = suite.contrasts
    assert (contrast.scenarios, contrast.verdict) == (1, "better")
    assert suite.configs[1].success.n == 10


def test_factors_that_help_only_together_interact():
    outcomes = {name: many("p" * 8 if name == "careful-t1.0" else "f" * 8, 3) for name in FACTORS}

    suite = only_suite(outcome_log(outcomes, factors=FACTORS, baseline="brief-t0.2"))

    (found,) = suite.interactions
    assert (found.factor, found.candidate, found.reference) == ("prompts", "careful", "brief")
    assert (found.by, found.by_candidate, found.by_reference) == ("temperature", "1.0", "0.2")
    assert (found.n, found.scenarios, found.strata) == (96, 3, 3)
    assert found.difference.value == pytest.approx(1)
    assert found.verdict == "better"
    assert (
        "the effect of prompts=careful is 100 points larger at temperature=1.0 than at 0.2"
        in suite.verdict
    )


def test_effects_that_add_up_do_not_interact():
    marks = {
        "brief-t0.2": "pfff",
        "careful-t0.2": "ppff",
        "brief-t1.0": "ppff",
        "careful-t1.0": "pppf",
    }

    suite = only_suite(
        outcome_log({name: many(each * 2, 3) for name, each in marks.items()}, factors=FACTORS)
    )

    (found,) = suite.interactions
    assert found.difference.value == pytest.approx(0)
    assert (found.verdict, found.p_value) == ("inconclusive", pytest.approx(1))
    assert "the effect of" not in suite.verdict


def test_a_matrix_that_lacks_a_cell_has_no_interaction_there():
    three = {f"{p}-{m}": {"prompts": p, "model": m} for p in "ab" for m in "xyz"}
    whole = {name: many("pf", 2) for name in three}
    holed = {name: marks for name, marks in whole.items() if name != "b-z"}

    complete = only_suite(outcome_log(whole, factors=three, baseline="a-x")).interactions
    lacking = only_suite(outcome_log(holed, factors=three, baseline="a-x")).interactions

    assert [(each.candidate, each.by_candidate) for each in complete] == [("b", "y"), ("b", "z")]
    assert [(each.candidate, each.by_candidate) for each in lacking] == [("b", "y")]


def test_an_inconclusive_verdict_names_about_how_much_would_decide_and_the_next_command():
    suite = only_suite(
        outcome_log(
            {"base": many("pffpf", 3), "new": many("ppfpf", 3)}, costs={"base": 0.1, "new": 0.1}
        )
    )

    (contrast,) = suite.contrasts
    epochs = -(-5 * contrast.seen**2 // 0.1**2)
    assert suite.notes[-1] == (
        f"About {epochs:.0f} epochs of these 3 scenarios (about "
        f"${3 * (contrast.seen / 0.1) ** 2:,.2f}) would show a difference of 10 points where it "
        "is inconclusive now; plan a run that sees more with: harness noise --difference 10"
    )
    blind = only_suite(outcome_log({"base": many("pp", 3), "new": many("pp", 3)}))
    assert blind.notes[-1].endswith("plan a run that sees more with: harness noise --difference 10")


@pytest.mark.parametrize(("scenarios", "epochs"), [(3, 4), (12, 1), (11, 2)])
def test_neither_the_order_of_samples_nor_the_names_of_scenarios_change_a_number(scenarios, epochs):
    generator = random.Random(scenarios)
    names = [f"s{n:02}" for n in range(scenarios)]
    outcomes = {
        name: marks_drawn(generator, dict.fromkeys(names, rate), epochs)
        for name, rate in zip(FACTORS, (0.3, 0.6, 0.6, 0.9), strict=True)
    }
    log = outcome_log(outcomes, factors=FACTORS, costs=dict.fromkeys(FACTORS, 0.01))
    samples = list(log.samples)
    generator.shuffle(samples)
    renamed = dict(zip(names, generator.sample(names, len(names)), strict=True))
    moved = outcome_log(
        {name: {renamed[s]: m for s, m in each.items()} for name, each in outcomes.items()},
        factors=FACTORS,
        costs=dict.fromkeys(FACTORS, 0.01),
    )

    found = only_suite(log)

    assert only_suite(RunLog(header=log.header, samples=tuple(samples))) == found
    other = only_suite(moved)
    assert (other.verdict, other.standing, other.notes) == (
        found.verdict,
        found.standing,
        found.notes,
    )
    for one, two in zip(found.contrasts, other.contrasts, strict=True):
        for field in ("p_value", "p_adjusted", "effect_size"):
            assert getattr(two, field) == pytest.approx(getattr(one, field))
        assert two.difference.interval.low == pytest.approx(one.difference.interval.low)


@pytest.mark.parametrize(
    ("scenarios", "epochs", "runs"),
    [
        pytest.param(3, 5, 200, id="few scenarios"),
        pytest.param(12, 1, 100, id="one epoch each"),
        pytest.param(10, 3, 100, id="many scenarios with repeats"),
    ],
)
def test_where_nothing_differs_a_family_seldom_shows_anything(scenarios, epochs, runs):
    """Through everything: configs, factors and interactions of a matrix, after Holm."""
    generator = random.Random(29)
    alarms = 0
    for _ in range(runs):
        rates = {f"s{n:02}": generator.betavariate(2, 2) for n in range(scenarios)}
        outcomes = {name: marks_drawn(generator, rates, epochs) for name in FACTORS}
        suite = only_suite(outcome_log(outcomes, factors=FACTORS))
        shown = [*suite.contrasts, *suite.effects, *suite.interactions]
        alarms += any(each.verdict not in UNDECIDED for each in shown)

    # 5 %, and twice the standard error of counting it.
    assert alarms / runs <= 0.05 + 2 * (0.05 * 0.95 / runs) ** 0.5


@pytest.mark.parametrize(("scenarios", "epochs"), [(3, 5), (20, 1)])
def test_the_intervals_of_a_report_cover_the_truth(scenarios, epochs):
    generator = random.Random(31)
    hits = {"rate": [], "difference": [], "scorer": []}
    for _ in range(300):
        rates = {f"s{n:02}": generator.uniform(0.1, 0.7) for n in range(scenarios)}
        raised = {name: rate + 0.2 for name, rate in rates.items()}
        outcomes = {
            "base": marks_drawn(generator, rates, epochs),
            "new": marks_drawn(generator, raised, epochs),
        }
        suite = only_suite(outcome_log(outcomes))
        mean = sum(rates.values()) / scenarios if epochs > 1 else 0.4
        base = suite.configs[0]
        for name, interval, truth in (
            ("rate", base.success.interval, mean),
            ("scorer", base.scorers[0].interval, mean),
            ("difference", suite.contrasts[0].difference.interval, 0.2),
        ):
            hits[name].append(interval.low <= truth <= interval.high)

    # 2,000 draws of each are made in tests/stats, this is that the report uses the same.
    for name, each in hits.items():
        assert np.mean(each) >= 0.92, name


def test_numbers_are_the_same_bytes_every_time():
    log = outcome_log(
        {name: many("ppfpf", 3) for name in FACTORS},
        factors=FACTORS,
        costs=dict.fromkeys(FACTORS, 1),
    )

    one, other = (msgspec.json.encode(compare_configs(log)) for _ in range(2))

    assert one == other


def test_beside_a_decided_difference_nothing_is_said_of_what_could_be_seen_if_that_is_not_known():
    marks = {"a": "ppppp", "b": "ppppp", "c": "ppppp"}
    log = outcome_log({"base": marks, "new": dict.fromkeys(marks, "fffff")})

    suite = only_suite(log)

    assert (suite.contrasts[0].verdict, suite.contrasts[0].seen) == ("worse", None)
    assert "(p < 0.001)" in suite.verdict
    assert "not known" not in suite.verdict
