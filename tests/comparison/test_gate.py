import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_logs import outcome_log

from harness.comparison import judge, outcomes_of
from harness.comparison.measures import binomial_tail
from harness.errors import HarnessError
from harness.model.gate import Gate, SampleOutcome, Thresholds

MARGIN = Gate(success_margin=0.0)


def outcomes(marks, **changes):
    (found,) = outcomes_of(outcome_log(marks, **changes))
    return found


def at_least(share, **changes):
    return Gate(thresholds=Thresholds(success_at_least=share), **changes)


def at_most(limit):
    return Gate(thresholds=Thresholds(cost_usd_at_most=limit))


def priced(costs):
    """Passed samples of one scenario with these costs."""
    found = outcomes({"one": {"a": "p" * len(costs)}})
    samples = tuple(
        msgspec.structs.replace(sample, cost_usd=cost)
        for sample, cost in zip(found.samples, costs, strict=True)
    )
    return msgspec.structs.replace(found, samples=samples)


@pytest.mark.parametrize(
    ("marks", "outcome"),
    [
        pytest.param("p" * 30, "passed", id="all of many"),
        pytest.param("p", "inconclusive", id="one that passes shows nothing"),
        pytest.param("f", "inconclusive", id="one that fails shows nothing"),
        pytest.param("pppf", "inconclusive", id="few"),
        pytest.param("f" * 10, "regressed", id="none"),
        pytest.param("p" * 10 + "f" * 20, "regressed", id="too few of many"),
    ],
)
def test_a_rate_is_judged_by_its_interval(marks, outcome):
    found = judge(at_least(0.8), outcomes({"one": {"a": marks}}))

    assert found.outcome == outcome
    assert found.is_failed == (outcome == "regressed")


def test_what_is_inconclusive_fails_only_where_the_gate_says_so():
    run = outcomes({"one": {"a": "pppf"}})

    assert not judge(at_least(0.8), run).is_failed
    assert judge(at_least(0.8, fails_inconclusive=True), run).is_failed


def test_one_failure_proves_that_a_rate_is_not_1_and_none_is_all_that_can_be_asked():
    assert judge(at_least(1.0), outcomes({"one": {"a": "ppppppppf"}})).outcome == "regressed"
    assert judge(at_least(1.0), outcomes({"one": {"a": "ppppppppp"}})).outcome == "passed"
    assert judge(at_least(1.0), outcomes({"one": {"a": "ppppppppm"}})).outcome != "passed"


def test_the_epochs_that_would_decide_do_decide():
    (finding,) = judge(at_least(0.8), outcomes({"one": {"a": "pppp", "b": "pppp"}})).findings

    assert finding.epochs is not None
    more = "p" * finding.epochs
    assert judge(at_least(0.8), outcomes({"one": {"a": more, "b": more}})).outcome == "passed"


def test_a_config_of_its_own_threshold_is_judged_by_that():
    gate = Gate(
        thresholds=Thresholds(success_at_least=0.2),
        configs={"two": Thresholds(success_at_least=1.0)},
    )

    found = judge(gate, outcomes({"one": {"a": "ppf"}, "two": {"a": "ppf"}}))

    assert [(each.config, each.limit) for each in found.findings] == [("one", 0.2), ("two", 1.0)]
    assert found.findings[1].outcome == "regressed"


@pytest.mark.parametrize("mark", ["e", "m", "."])
def test_samples_that_did_not_complete_count_as_failures_and_it_is_told_if_they_decide(mark):
    found = judge(at_least(0.8), outcomes({"one": {"a": "p" * 30 + mark * 30}}))

    (finding,) = found.findings
    assert found.incomplete == 30
    assert (finding.outcome, finding.without_failed) == ("regressed", "passed")
    assert (finding.rate.successes, finding.rate.n) == (30, 60)


@pytest.mark.parametrize(
    ("costs", "outcome"),
    [
        pytest.param([0.01, 0.02, 0.015], "passed", id="below"),
        pytest.param([0.11, 0.12, 0.15], "regressed", id="above"),
        pytest.param([0.01, 0.12, 0.15], "inconclusive", id="around"),
        pytest.param([0.12], "inconclusive", id="one"),
        pytest.param([None, None], "inconclusive", id="unknown"),
        pytest.param([0.01, 0.02, None], "inconclusive", id="in part unknown"),
        pytest.param([0.11, 0.12, None], "regressed", id="too much is too much"),
    ],
)
def test_a_cost_passes_only_if_all_of_it_is_known(costs, outcome):
    assert judge(at_most(0.1), priced(costs)).outcome == outcome


def test_a_gate_for_configs_that_did_not_run_shows_nothing():
    gate = Gate(configs={"two": Thresholds(success_at_least=0.5)})

    found = judge(gate, outcomes({"one": {"a": "pppp"}}))

    assert (found.findings, found.outcome) == ((), "inconclusive")


def test_one_flip_is_no_regression():
    before = outcomes({"one": {"a": "ppppp", "b": "ppppp"}})
    after = outcomes({"one": {"a": "ppppf", "b": "ppppp"}}, run_id="run-2")

    found = judge(MARGIN, after, before)

    assert found.outcome == "inconclusive"
    assert found.findings[0].changed == 1


def test_a_clear_drop_regresses_and_a_gain_passes():
    good = outcomes({"one": {"a": "p" * 10, "b": "p" * 10}})
    bad = outcomes({"one": {"a": "f" * 9 + "p", "b": "f" * 10}}, run_id="run-2")

    assert judge(MARGIN, bad, good).is_failed
    assert judge(MARGIN, good, bad).outcome == "passed"


def test_a_drop_within_the_margin_does_not_regress():
    before = outcomes({"one": {"a": "p" * 200}})
    after = outcomes({"one": {"a": "p" * 180 + "f" * 20}}, run_id="run-2")

    assert judge(Gate(success_margin=0.2), after, before).outcome == "passed"
    assert judge(Gate(success_margin=0.02), after, before).outcome == "regressed"


def test_a_drop_beyond_the_margin_whose_interval_reaches_it_is_inconclusive():
    before = outcomes({"one": {"a": "p" * 40}})
    after = outcomes({"one": {"a": "p" * 33 + "f" * 7}}, run_id="run-2")

    (finding,) = judge(Gate(success_margin=0.1), after, before).findings

    assert finding.value < -0.1 < finding.interval.high
    assert finding.outcome == "inconclusive"


def test_an_interval_below_the_margin_is_not_enough_where_the_exact_test_disagrees():
    before = outcomes({"one": {"a": "ppp"}})
    after = outcomes({"one": {"a": "fff"}}, run_id="run-2")

    (finding,) = judge(MARGIN, after, before).findings

    # Of 20 relabellings of three and three, two show as much: p = 0.1.
    assert finding.interval.high < 0
    assert finding.outcome == "inconclusive"


@given(st.lists(st.text("pfem.", min_size=1, max_size=6), min_size=1, max_size=4))
def test_a_run_against_itself_never_regresses(scenarios):
    run = outcomes({"one": {f"s{number}": marks for number, marks in enumerate(scenarios)}})

    (finding,) = judge(MARGIN, run, run).findings

    assert finding.outcome != "regressed"
    assert (finding.value, finding.changed) == (0, 0)


@pytest.mark.parametrize("rate", [0.3, 0.7, 0.95])
@pytest.mark.parametrize("epochs", [2, 5, 12])
def test_two_runs_of_the_same_configs_regress_in_at_most_5_percent(rate, epochs):
    """Two configs, three scenarios of unequal difficulty, margin 0: the hardest case."""
    generator = random.Random(f"{rate} {epochs}")
    shift = {"a": -0.05, "b": 0.0, "c": 0.05}

    def draw(run_id):
        template = outcomes(
            {name: dict.fromkeys(shift, "p" * epochs) for name in ("one", "two")}, run_id=run_id
        )
        samples = tuple(
            SampleOutcome(
                scenario=each.scenario,
                config=each.config,
                epoch=each.epoch,
                outcome="pass" if generator.random() < rate + shift[each.scenario] else "fail",
                cost_usd=None,
                turns=4,
            )
            for each in template.samples
        )
        return msgspec.structs.replace(template, samples=samples)

    draws = 300
    regressed = sum(judge(MARGIN, draw("b"), draw("a")).is_failed for _ in range(draws))

    assert regressed <= 0.05 * draws


@pytest.mark.parametrize("rate", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("n", [1, 2, 5, 8, 20, 60])
def test_a_config_exactly_at_its_threshold_regresses_in_at_most_5_percent(n, rate):
    regressing = [
        successes
        for successes in range(n + 1)
        if judge(
            at_least(rate), outcomes({"one": {"a": "p" * successes + "f" * (n - successes)}})
        ).is_failed
    ]

    if regressing:
        assert binomial_tail(max(regressing), n, rate) <= 0.05


@given(st.integers(1, 40), st.floats(0.01, 0.99))
def test_the_tail_is_that_of_the_binomial_distribution(n, rate):
    from math import comb

    for successes in range(n + 1):
        exact = sum(comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(successes + 1))
        assert binomial_tail(successes, n, rate) == pytest.approx(exact, abs=1e-9)


def test_a_drifted_scenario_is_refused_by_name():
    before = outcomes({"one": {"a": "pp", "b": "pp"}})
    after = outcomes({"one": {"a": "pp"}}, digest="other", run_id="run-2")

    with pytest.raises(HarnessError, match=r"'run-1' and 'run-2' cannot .* shop/a changed"):
        judge(MARGIN, after, before)


def test_a_margin_without_a_baseline_or_with_a_strangers_is_refused():
    run = outcomes({"one": {"a": "pp"}})

    with pytest.raises(HarnessError, match="harness baseline set RUN shop"):
        judge(MARGIN, run)
    with pytest.raises(HarnessError, match="no scenario and config in common"):
        judge(MARGIN, run, outcomes({"two": {"a": "pp"}}))


def test_a_config_that_the_baseline_lacks_is_not_passed():
    before = outcomes({"one": {"a": "ppp"}})
    after = outcomes({"one": {"a": "ppp", "b": "ppp"}, "two": {"a": "ppp"}}, run_id="run-2")

    found = judge(Gate(success_margin=1.0), after, before)

    assert [(each.config, each.outcome) for each in found.findings] == [
        ("one", "passed"),
        ("two", "inconclusive"),
    ]
    assert found.findings[1].value is None
    assert found.unmatched == ("b",)
