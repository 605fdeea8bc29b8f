import random
from statistics import fmean, median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats import bootstrap_interval, cluster_bootstrap_interval

values = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=12)


def difference(left: list[float], right: list[float]) -> float:
    return fmean(left) - fmean(right)


@given(st.lists(values, min_size=1, max_size=4))
def test_the_interval_of_a_median_stays_among_the_values(strata):
    interval = bootstrap_interval([strata], median, draws=100)

    everything = [value for stratum in strata for value in stratum]
    assert min(everything) <= interval.low <= interval.high <= max(everything)


@given(values, values)
def test_the_same_data_give_the_same_interval(left, right):
    first = bootstrap_interval([[left], [right]], difference, draws=100)

    assert first == bootstrap_interval([[left], [right]], difference, draws=100)


def test_one_value_gives_no_interval():
    assert bootstrap_interval([[[3.0]]], median) is None
    assert bootstrap_interval([[[1.0, 2.0]], [[3.0]]], difference) is None


def test_one_epoch_per_scenario_is_redrawn_across_scenarios():
    interval = bootstrap_interval([[[1.0], [5.0], [9.0]]], fmean)

    assert interval.low < 5.0 < interval.high


def test_redrawing_inside_scenarios_ignores_what_differs_between_them():
    strata = [[1.0, 2.0, 3.0], [101.0, 102.0, 103.0]]

    inside = bootstrap_interval([strata], fmean)
    across = bootstrap_interval([[strata[0] + strata[1]]], fmean)

    assert inside.high - inside.low < (across.high - across.low) / 5


@pytest.mark.parametrize("epochs", [5, 20])
def test_simulated_intervals_of_a_skewed_mean_difference_cover_the_truth(epochs):
    generator = random.Random(5)
    repeats = 300

    def draw() -> list[list[float]]:
        return [[generator.lognormvariate(m, 0.5) for _ in range(epochs)] for m in (0, 1, 2)]

    intervals = [
        bootstrap_interval([draw(), draw()], difference, draws=200) for _ in range(repeats)
    ]

    assert sum(each.low <= 0 <= each.high for each in intervals) / repeats >= 0.92


def ratio(left: list[float], right: list[float]) -> float:
    return fmean(left) / fmean(right)


@pytest.mark.parametrize("statistic", [difference, ratio])
@pytest.mark.parametrize("is_clustered", [False, True], ids=["3 x 5 redrawn inside", "14 x 3"])
def test_simulated_intervals_of_skewed_costs_cover_the_truth(statistic, is_clustered):
    generator = np.random.default_rng(1)
    scenarios, epochs = (14, 3) if is_clustered else (3, 5)
    dear = np.exp(generator.normal(0.3, 0.4, (2000, scenarios, epochs)))
    cheap = np.exp(generator.normal(0, 0.4, (2000, scenarios, epochs)))
    means = np.exp(0.3 + 0.08), np.exp(0.08)
    truth = means[0] - means[1] if statistic is difference else means[0] / means[1]

    covered = 0
    for left, right in zip(dear.tolist(), cheap.tolist(), strict=True):
        if is_clustered:
            pairs = list(zip(left, right, strict=True))
            interval = cluster_bootstrap_interval(pairs, statistic, draws=200)
        else:
            interval = bootstrap_interval([left, right], statistic, draws=200, is_expanded=True)
        covered += interval.low <= truth <= interval.high

    assert covered / 2000 == pytest.approx(0.95, abs=0.02)


def test_whole_scenarios_are_redrawn_with_both_sides_together():
    # In every scenario the candidate takes one more, however much the scenarios differ.
    pairs = [([x + 1.0], [float(x)]) for x in (0, 50, 7, 1000)]

    interval = cluster_bootstrap_interval(pairs, difference)

    assert (interval.low, interval.high) == pytest.approx((1, 1))
    apart = bootstrap_interval(
        [[[a] for (a,) in side] for side in zip(*pairs, strict=True)], difference
    )
    assert apart.high - apart.low > 100


def test_clusters_in_another_order_give_the_same_interval_and_one_gives_none():
    pairs = [([x * 1.5, 2.0], [float(x)]) for x in (3, 50, 7, 11)]

    assert cluster_bootstrap_interval(pairs[::-1], ratio) == cluster_bootstrap_interval(
        pairs, ratio
    )
    assert cluster_bootstrap_interval(pairs[:1], ratio) is None
    same = cluster_bootstrap_interval([([2.0], [1.0])] * 3, ratio)
    assert (same.low, same.high) == (2, 2)
