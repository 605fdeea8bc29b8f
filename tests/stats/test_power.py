import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.comparison import Interval
from harness.stats import (
    Spread,
    difference_spread,
    finding,
    plan,
    plans_for,
    scenarios_needed,
    sign_flip_test,
    smallest_detectable_difference,
    smallest_seen,
)

spreads = st.builds(Spread, st.floats(0.001, 2), st.floats(0, 2))


def test_the_formula_gives_what_it_gives_by_hand():
    # (1.959964 + 0.841621)^2 * (1/9 + (1/6 + 1/6) / 1) / 0.03^2 = 3875.99
    assert scenarios_needed(0.03, 1, Spread(1 / 9, 1 / 3)) == 3876
    assert smallest_detectable_difference(100, 4, Spread(0, 0.16)) == pytest.approx(
        0.0560, abs=1e-4
    )


@given(st.floats(0.01, 1), st.integers(1, 32), spreads)
def test_the_fewest_scenarios_see_the_difference_and_one_fewer_does_not(difference, epochs, spread):
    needed = scenarios_needed(difference, epochs, spread)

    seen = smallest_detectable_difference(needed, epochs, spread)
    assert seen <= difference * (1 + 1e-6)
    if needed > 1:
        assert smallest_detectable_difference(needed - 1, epochs, spread) > difference * (1 - 1e-6)


@given(st.integers(1, 50), st.integers(1, 20), spreads)
def test_more_scenarios_or_epochs_never_see_less(scenarios, epochs, spread):
    seen = smallest_detectable_difference(scenarios, epochs, spread)

    assert smallest_detectable_difference(scenarios + 1, epochs, spread) < seen
    assert smallest_detectable_difference(scenarios, epochs + 1, spread) <= seen


def test_a_difference_that_a_run_sees_is_found_by_80_of_100_such_runs():
    rates, epochs = np.array([0.25, 0.5, 0.35]), 40
    generator = np.random.default_rng(2)

    def drawn(rates):
        return (generator.random((epochs, 3)) < rates).astype(float).T.tolist()

    def run(difference):
        return list(zip(drawn(rates + difference), drawn(rates), strict=True))

    truth = np.mean([smallest_seen(run(0.15)) for _ in range(100)])
    found = 0
    for _ in range(1000):
        pairs = run(truth)
        observed = np.mean([np.mean(a) - np.mean(b) for a, b in pairs])
        # What is seen is so many standard errors, of which 1.96 make a finding.
        found += abs(observed) > smallest_seen(pairs) / (1.959964 + 0.841621) * 1.959964

    assert found / 1000 == pytest.approx(0.8, abs=0.04)


def test_repeats_that_never_differ_do_not_tell_what_could_be_seen():
    assert smallest_seen([([1, 1], [0, 0]), ([1, 1], [1, 1])]) is None
    assert smallest_seen([([1], [0]), ([0], [1])]) is None
    assert smallest_seen([([1, 0], [0, 0])]) > 1


def test_a_simulated_plan_finds_its_difference_in_80_percent():
    spread = Spread(0.04, 0.5)
    truth = smallest_detectable_difference(40, 4, spread)
    generator = np.random.default_rng(1)
    drawn = generator.normal(truth, np.sqrt(0.04 + 0.5 / 4), (2000, 40))

    z = np.abs(drawn.mean(axis=1)) / np.sqrt((0.04 + 0.5 / 4) / 40)

    assert np.mean(z > 1.959964) == pytest.approx(0.8, abs=0.03)
    found = [
        sign_flip_test(each, most_sums=64, draws=199).p_value < 0.05
        for each in drawn[:200].tolist()
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.1)


def test_the_spread_is_estimated_from_a_run_of_both_configs():
    generator = np.random.default_rng(2)
    scenario, effect = generator.normal(0, 5, (3000, 1)), generator.normal(0, 1, (3000, 1))
    candidate = (scenario + effect + generator.normal(0, 2, (3000, 4))).tolist()
    reference = (scenario + generator.normal(0, 1, (3000, 3))).tolist()

    spread = difference_spread(list(zip(candidate, reference, strict=True)))

    assert spread.between == pytest.approx(1, abs=0.15)
    assert spread.within == pytest.approx(5, rel=0.05)


def test_the_spread_is_unknown_without_repeats_or_with_one_scenario():
    assert difference_spread([([1, 2], [1]), ([3, 2], [1])]) is None
    assert difference_spread([([1, 2], [1, 2])]) is None
    assert difference_spread([([1, 3], [1, 3]), ([1, 3], [1, 3])]) == Spread(0, 4)


def test_a_plan_says_in_one_sentence_what_it_sees_and_costs():
    seen = plan(40, 8, Spread(0.005, 0.06), sample_cost_usd=0.02)

    assert str(seen) == (
        "8 epochs x 40 scenarios of each config, about $12.80 for both, sees 5.0 points"
    )
    assert (
        str(plan(1, 1, Spread(0, 0.01))) == "1 epoch x 1 scenario of each config, sees 28.0 points"
    )


def test_plans_for_a_difference_trade_epochs_for_scenarios():
    plans = plans_for(0.05, Spread(0.01, 0.2), epochs=(1, 4, 16))

    assert [each.epochs for each in plans] == [1, 4, 16]
    assert plans[0].scenarios > plans[1].scenarios > plans[2].scenarios
    assert all(each.difference <= 0.05 for each in plans)


def test_plans_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="difference=0"):
        scenarios_needed(0, 1, Spread(1, 1))
    with pytest.raises(ValueError, match="epochs=0"):
        smallest_detectable_difference(1, 0, Spread(1, 1))


@pytest.mark.parametrize(
    ("limits", "p_value", "seen", "is_higher_better", "expected"),
    [
        pytest.param((0.1, 0.4), 0.01, 0.2, True, "better", id="above 0"),
        pytest.param((-0.4, -0.1), 0.01, 0.2, True, "worse", id="below 0"),
        pytest.param((-0.4, -0.1), 0.01, 0.2, False, "better", id="cheaper"),
        pytest.param((0.1, 0.4), 0.06, 0.2, True, "inconclusive", id="test disagrees"),
        pytest.param((-0.1, 0.4), 0.01, 0.2, True, "inconclusive", id="interval disagrees"),
        pytest.param((0.0, 0.4), 0.01, 0.2, True, "inconclusive", id="touches 0"),
        pytest.param((-0.1, 0.1), 0.5, 0.1, True, "no difference shown", id="sees the margin"),
        pytest.param((-0.1, 0.1), 0.5, None, True, "inconclusive", id="power unknown"),
        pytest.param(None, 0.01, 0.2, True, "inconclusive", id="no interval"),
    ],
)
def test_a_finding_needs_the_test_and_the_interval_else_the_power_decides(
    limits, p_value, seen, is_higher_better, expected
):
    interval = limits and Interval(low=limits[0], high=limits[1])

    found = finding(
        interval,
        p_value,
        smallest_detectable=seen,
        margin=0.1,
        is_higher_better=is_higher_better,
    )

    assert found == expected


def test_a_margin_of_nothing_is_refused():
    with pytest.raises(ValueError, match="margin=0"):
        finding(None, 1.0, smallest_detectable=None, margin=0)
