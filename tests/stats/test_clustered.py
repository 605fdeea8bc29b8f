import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats import clustered_mean, split_variance, t_interval, t_probability, t_quantile

groups = st.lists(st.lists(st.integers(-50, 50), min_size=1, max_size=4), min_size=1, max_size=6)


def share_covering(intervals, truth: float) -> float:
    return float(np.mean([each.low <= truth <= each.high for each in intervals]))


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 7, 30, 99, 1000])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_t_quantiles_agree_with_scipy(level, degrees):
    scipy = pytest.importorskip("scipy.stats")

    assert t_quantile(level, degrees) == pytest.approx(scipy.t.ppf((1 + level) / 2, degrees))


@pytest.mark.parametrize("degrees", [1, 2, 7, 30, 400])
@pytest.mark.parametrize("t", [0.0, 0.5, 2.2, 40.0])
def test_t_probabilities_agree_with_scipy(t, degrees):
    scipy = pytest.importorskip("scipy.stats")

    expected = 1 - 2 * scipy.t.sf(t, degrees)
    assert t_probability(t, degrees) == pytest.approx(expected, abs=1e-12)


def test_the_interval_of_a_mean_agrees_with_scipy():
    scipy = pytest.importorskip("scipy.stats")
    values = [1.0, 2.5, 4.0, 7.5]

    expected = scipy.ttest_1samp(values, 0).confidence_interval(0.9)
    interval = t_interval(values, level=0.9)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("clusters", [3, 20])
def test_simulated_intervals_over_scenarios_cover_the_mean_of_all_scenarios(clusters):
    generator = np.random.default_rng(1)
    centres = generator.normal(3, 1, (2000, clusters, 1))
    draws = (centres + generator.normal(0, 2, (2000, clusters, 4))).tolist()

    shares = share_covering([clustered_mean(draw).interval for draw in draws], 3)

    assert shares == pytest.approx(0.95, abs=0.02)


def test_simulated_intervals_of_a_rate_cover_it():
    generator = np.random.default_rng(2)
    rates = generator.beta(3, 2, (2000, 25, 1))
    draws = (generator.random((2000, 25, 4)) < rates).astype(int).tolist()

    intervals = [clustered_mean(draw, bounds=(0, 1)).interval for draw in draws]

    assert share_covering(intervals, 0.6) == pytest.approx(0.95, abs=0.02)


def test_pooling_the_epochs_would_claim_too_much():
    generator = np.random.default_rng(3)
    centres = generator.normal(0, 1, (500, 10, 1))
    draws = (centres + generator.normal(0, 0.3, (500, 10, 8))).tolist()

    pooled = [t_interval([value for group in draw for value in group]) for draw in draws]

    assert share_covering(pooled, 0) < 0.7
    assert share_covering([clustered_mean(draw).interval for draw in draws], 0) > 0.92


def test_one_scenario_or_no_spread_gives_a_mean_without_an_interval():
    assert clustered_mean([[1, 0]]).interval is None
    assert clustered_mean([[1, 1], [1]]).interval is None
    assert clustered_mean([[1, 0]]).value == 0.5


@pytest.mark.parametrize("scenarios", [[], [[1.0], []]])
def test_a_mean_of_nothing_is_refused(scenarios):
    with pytest.raises(ValueError, match="at least one scenario"):
        clustered_mean(scenarios)


@given(groups, st.randoms(use_true_random=False))
def test_the_order_of_scenarios_and_epochs_changes_nothing(scenarios, random):
    shuffled = [random.sample(values, len(values)) for values in scenarios]
    random.shuffle(shuffled)

    first, second = clustered_mean(scenarios), clustered_mean(shuffled)
    assert second.value == pytest.approx(first.value)
    assert (first.interval is None) == (second.interval is None)
    split, other = split_variance(scenarios), split_variance(shuffled)
    assert (split is None) == (other is None)
    if split and other:
        assert tuple(other) == pytest.approx(tuple(split), abs=1e-9)


def test_the_variance_splits_into_scenarios_and_epochs():
    generator = np.random.default_rng(4)
    centres = generator.normal(0, 3, (4000, 1))
    values = (centres + generator.normal(0, 2, (4000, 4))).tolist()

    split = split_variance([group[: 2 + index % 3] for index, group in enumerate(values)])

    assert split.between == pytest.approx(9, rel=0.06)
    assert split.within == pytest.approx(4, rel=0.06)
    assert not split.is_truncated


def test_a_negative_variance_is_cut_and_said_to_be():
    split = split_variance([[0, 4], [1, 3], [2, 2]])

    assert split.between == 0
    assert split.raw_between == pytest.approx(-split.within / 2)
    assert split.is_truncated


@pytest.mark.parametrize("scenarios", [[], [[1, 2]], [[1], [2], [3]]])
def test_without_repeats_or_with_one_scenario_there_is_no_split(scenarios):
    assert split_variance(scenarios) is None


@pytest.mark.parametrize(("level", "degrees"), [(0, 3), (1, 3), (0.95, 0)])
def test_quantiles_that_do_not_exist_are_refused(level, degrees):
    with pytest.raises(ValueError, match="0 < level < 1"):
        t_quantile(level, degrees)
