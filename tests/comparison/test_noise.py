"""How much of a run is chance: between scenarios, between epochs, against itself."""

import io
import random

import pytest
from report_logs import outcome_log

from harness.comparison import compare_config_pair, noise_of
from harness.reports.noise import print_noise


def printed(log, **options):
    stream = io.StringIO()
    print_noise(noise_of(log, **options), stream)
    return stream.getvalue()


def test_scenarios_that_always_agree_with_themselves_have_no_noise_within():
    (config,) = noise_of(outcome_log({"one": {"a": "pppp", "b": "ffff"}})).configs

    assert (config.rate, config.scenarios, config.epochs, config.mixed) == (0.5, 2, 4, 0)
    assert (config.within, config.between, config.repeatable) == (0.0, 0.5, 0.0)


def test_epochs_that_disagree_everywhere_alike_are_noise_within_alone():
    (config,) = noise_of(outcome_log({"one": {"a": "ppff", "b": "pfpf"}})).configs

    assert config.mixed == 2
    assert config.between == 0.0
    assert config.within == pytest.approx(1 / 3)


def test_errors_and_misses_count_as_failures():
    (config,) = noise_of(outcome_log({"one": {"a": "pe", "b": "pm"}})).configs

    assert (config.rate, config.mixed) == (0.5, 2)


def test_without_repeats_nothing_is_split_and_that_is_said():
    log = outcome_log({"one": {"a": "p", "b": "f"}, "two": {"a": "p", "b": "p"}})

    noise = noise_of(log)

    assert {(c.between, c.within, c.repeatable) for c in noise.configs} == {(None, None, None)}
    assert noise.sights == ()
    assert "no split: it takes two scenarios, and one of them with two epochs" in printed(log)


def test_a_config_differs_from_itself_by_no_more_than_it_says_in_95_of_100_cases():
    draw = random.Random(7)
    rates = {f"s{number}": draw.random() for number in range(12)}

    def outcomes():
        return {
            name: "".join("p" if draw.random() < rate else "f" for _ in range(6))
            for name, rate in rates.items()
        }

    def rate(found):
        return sum(marks.count("p") for marks in found.values()) / 72

    within = 0
    for _ in range(400):
        first, second = outcomes(), outcomes()
        (config,) = noise_of(outcome_log({"one": first})).configs
        within += abs(rate(first) - rate(second)) <= config.repeatable
    assert 0.91 <= within / 400 <= 0.99


def test_the_plan_names_what_was_run_and_what_sees_the_difference_asked_for():
    marks = {"a": "pfpf", "b": "ppff", "c": "fppf"}
    better = {"a": "pppf", "b": "pppp", "c": "pppf"}
    log = outcome_log({"base": marks, "new": better}, costs={"base": 0.01, "new": 0.03})

    (sight,) = noise_of(log, difference=0.1).sights

    assert (sight.candidate, sight.reference) == ("new", "base")
    assert (sight.now.scenarios, sight.now.epochs) == (3, 4)
    assert sight.now.cost_usd == pytest.approx(24 * 0.02)
    assert all(plan.difference <= 0.1 for plan in sight.plans)
    assert (
        "new vs base: 4 epochs x 3 scenarios of each config, about $0.48 for both, sees "
        in printed(log)
    )
    assert "To see 5 points: 1 epoch x " in printed(log)


def test_a_run_too_small_to_see_anything_is_told_so():
    log = outcome_log({"base": {"a": "ff", "b": "pp"}, "new": {"a": "pp", "b": "ff"}})

    assert "2 epochs x 2 scenarios of each config, sees no difference in 80 of 100 runs" in printed(
        log
    )


def test_no_noise_floor_is_told_of_a_run_so_small_that_any_config_looks_steady_in_it():
    log = outcome_log({"one": {"a": "pp", "b": "ff"}})

    (row,) = [line for line in printed(log).splitlines() if line.split()[:1] == ["one"]]
    assert row.split()[-1] == "\u2013"
    # (0.9^2 + 0.1^2)^2
    assert "67 of 100 runs of this size would show none that disagree" in " ".join(
        printed(log).split()
    )


def test_that_no_epochs_disagree_in_a_run_large_enough_is_a_noise_floor_of_nothing():
    log = outcome_log({"one": {f"s{number}": "pppp" for number in range(8)}})

    (row,) = [line for line in printed(log).splitlines() if line.split()[:1] == ["one"]]
    assert row.split()[-1] == "0"
    assert "no A/A" not in printed(log)


def test_of_few_scenarios_both_scopes_are_told_and_these_see_what_a_comparison_sees():
    marks = {"a": "pfff", "b": "ppff", "c": "fppp"}
    log = outcome_log({"base": marks, "new": {"a": "pppp", "b": "pppp", "c": "pfff"}})

    (sight,) = noise_of(log, difference=0.1).sights
    (suite,) = compare_config_pair(log, log, "base", "new").suites
    said = " ".join(printed(log, difference=0.1).split())

    assert sight.scope == suite.contrast.scope == "these scenarios"
    assert sight.here.difference == pytest.approx(suite.contrast.seen)
    assert sight.again.difference <= 0.1
    assert sight.again.scenarios == 3
    seen = f"{100 * sight.here.difference:.1f} points"
    assert f"in 80 of 100 runs, of scenarios like these; of these 3 scenarios alone, {seen}" in said
    assert (
        f"of these 3 scenarios alone: {sight.again.epochs} epochs of each scenario and config"
        in said
    )


def test_from_ten_scenarios_on_only_scenarios_like_these_are_spoken_of_as_a_comparison_does():
    names = [f"s{number}" for number in range(10)]
    log = outcome_log({"base": dict.fromkeys(names, "pf"), "new": dict.fromkeys(names, "pp")})

    (sight,) = noise_of(log).sights

    assert sight.scope == "scenarios like these"
    assert "these 10 scenarios" not in printed(log)


def test_what_a_run_sees_of_a_factor_is_what_comparing_its_levels_sees():
    marks = {"brief": "pfpf", "careful": "pppf"}
    factors = {
        f"{prompts}-t{heat}": {"prompts": prompts, "temperature": heat}
        for prompts in marks
        for heat in ("0.2", "1.0")
    }
    outcomes = {name: {"a": marks[each["prompts"]], "b": "ppff"} for name, each in factors.items()}
    log = outcome_log(outcomes, factors=factors, baseline="brief-t0.2")

    prompts, heat = noise_of(log).factors
    (suite,) = compare_config_pair(log, log, "prompts=brief", "prompts=careful").suites

    assert (prompts.factor, prompts.candidate, prompts.reference) == ("prompts", "careful", "brief")
    assert (heat.factor, heat.candidate, heat.reference) == ("temperature", "1.0", "0.2")
    assert prompts.here == pytest.approx(suite.contrast.seen)
    seen = f"prompts=careful vs brief, all configs of each: sees {100 * prompts.here:.1f} points of"
    assert seen in " ".join(printed(log).split())


def test_a_run_without_a_matrix_has_no_factors():
    log = outcome_log({"base": {"a": "pf", "b": "pp"}, "new": {"a": "pp", "b": "pf"}})

    assert noise_of(log).factors == ()


def test_scenarios_like_these_are_never_told_to_be_seen_more_finely_than_these_alone():
    # The scenarios' differences are all but the same: their spread cannot be told from 0.
    alike = {"a": "ppff", "b": "ppff", "c": "ppff"}
    pair = outcome_log({"base": alike, "new": {"a": "pppf", "b": "pppf", "c": "pppf"}})
    factors = {
        f"{prompts}-t{heat}": {"prompts": prompts, "temperature": heat}
        for prompts in ("brief", "careful")
        for heat in ("0.2", "1.0")
    }
    careful = {"a": "pppf", "b": "pppf", "c": "pppf"}
    nearly = careful | {"c": "pppp"}
    matrix = outcome_log(
        {
            name: alike if "brief" in name else nearly if "0.2" in name else careful
            for name in factors
        },
        factors=factors,
        baseline="brief-t0.2",
    )

    (sight,) = noise_of(pair).sights
    sights = {each.factor: each for each in noise_of(matrix).factors}
    told = [" ".join(printed(log).split()) for log in (pair, matrix)]

    no_finer = "of scenarios like these no finer, as the spread between scenarios could not be told"
    assert not sight.is_spread_told
    assert f"sees {100 * sight.here.difference:.1f} points in 80 of 100 runs, of these 3" in told[0]
    prompts, heat = sights["prompts"], sights["temperature"]
    assert prompts.like < prompts.here
    assert heat.like < heat.here
    for each in (prompts, heat):
        assert f"sees {100 * each.here:.1f} points of these 3 scenarios; {no_finer}" in told[1]
    assert all(no_finer in text for text in told)


def test_noise_says_that_what_it_sees_is_of_each_comparison_alone():
    log = outcome_log({"base": {"a": "pf", "b": "pp"}, "new": {"a": "pp", "b": "pf"}})

    assert "if it is the only comparison made. Reports and harness compare correct" in printed(log)
    assert "the only comparison" not in printed(outcome_log({"one": {"a": "pf", "b": "pp"}}))


@pytest.mark.parametrize(
    ("scenarios", "these"), [(("a",), "this scenario"), (("a", "b", "c"), "these 3 scenarios")]
)
def test_what_cannot_be_told_of_a_factor_is_a_sentence_of_one_scenario_and_of_several(
    scenarios, these
):
    names = {f"{prompts}-t{heat}": (prompts, heat) for prompts in ("x", "y") for heat in "01"}
    factors = {name: {"prompts": p, "temperature": t} for name, (p, t) in names.items()}
    log = outcome_log(
        {name: dict.fromkeys(scenarios, "pp") for name in names}, factors=factors, baseline="x-t0"
    )

    told = " ".join(printed(log).split())

    assert (
        f"prompts=y vs x, all configs of each: what it sees of {these} and of scenarios like these "
        "is not known, as no epochs disagree."
    ) in told
    assert "these 1 " not in told
