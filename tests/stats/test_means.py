import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats import (
    ENOUGH_SCENARIOS,
    mean_interval,
    median_interval,
    scope_of,
    share_interval,
    t_interval,
    wilson_interval,
)

HERE, LIKE = "these scenarios", "scenarios like these"

shares = st.lists(
    st.lists(st.integers(0, 4).map(lambda quarter: quarter / 4), min_size=1, max_size=5),
    min_size=1,
    max_size=14,
)


def passes(rates, epochs, seed):
    """Drawn passes, per draw and scenario a list of epochs."""
    drawn = np.random.default_rng(seed).random((*rates.shape, epochs)) < rates[..., None]
    return drawn.astype(int).tolist()


def covered(intervals, truths):
    pairs = zip(intervals, truths, strict=True)
    return float(np.mean([each.low - 1e-9 <= truth <= each.high + 1e-9 for each, truth in pairs]))


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [
        pytest.param([5, 5, 5], HERE, id="few scenarios with repeats"),
        pytest.param([1, 1, 1], LIKE, id="one epoch of each"),
        pytest.param([1], HERE, id="a single sample"),
        pytest.param([2] * (ENOUGH_SCENARIOS - 1), HERE, id="one scenario too few"),
        pytest.param([2] * ENOUGH_SCENARIOS, LIKE, id="enough scenarios"),
    ],
)
def test_the_design_of_a_run_decides_what_its_numbers_speak_about(epochs, expected):
    assert scope_of(epochs) == expected


@pytest.mark.parametrize("epochs", [5, 10])
@pytest.mark.parametrize("scenarios", [1, 3, 4])
def test_simulated_intervals_of_a_rate_cover_that_of_these_scenarios(scenarios, epochs):
    rates = np.random.default_rng(1).beta(1, 1, (2000, scenarios))

    intervals = [share_interval(each, HERE) for each in passes(rates, epochs, 2)]

    assert covered(intervals, rates.mean(axis=1)) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(
    ("scenarios", "epochs", "shape"),
    [
        pytest.param(20, 1, (3, 2), id="one epoch"),
        pytest.param(60, 1, (9, 1), id="one epoch, hardly a failure"),
        pytest.param(10, 5, (3, 2), id="ten scenarios"),
        pytest.param(12, 5, (8, 2), id="mostly solved"),
        pytest.param(20, 5, (1, 1), id="scenarios of every difficulty"),
        pytest.param(40, 3, (9, 1), id="hardly a failure"),
    ],
)
def test_simulated_intervals_of_a_rate_cover_that_of_scenarios_like_these(scenarios, epochs, shape):
    rates = np.random.default_rng(3).beta(*shape, (2000, scenarios))
    truth = shape[0] / sum(shape)

    intervals = [share_interval(each, LIKE) for each in passes(rates, epochs, 4)]

    assert covered(intervals, [truth] * 2000) == pytest.approx(0.95, abs=0.02)


def test_pooling_epochs_as_if_they_were_scenarios_would_claim_too_much():
    rates = np.random.default_rng(5).beta(1, 1, (500, 20))
    draws = passes(rates, 10, 6)

    pooled = [wilson_interval(sum(map(sum, each)), 200) for each in draws]

    assert covered(pooled, [0.5] * 500) < 0.75
    assert covered([share_interval(each, LIKE) for each in draws], [0.5] * 500) > 0.92


def test_one_epoch_of_each_scenario_gives_wilsons_interval():
    drawn = [[1], [0], [1], [1], [0], [1]]

    assert share_interval(drawn, LIKE) == wilson_interval(4, 6)


def test_one_scenario_gives_wilsons_interval_of_its_epochs():
    expected = wilson_interval(4, 5)

    found = share_interval([[1, 1, 1, 1, 0]], HERE)

    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_twelve_scenarios_always_solved_are_twelve_pieces_of_evidence_however_often_they_ran():
    once = share_interval([[1] * 2] * 12, LIKE)
    often = share_interval([[1] * 50] * 12, LIKE)

    assert (once.low, once.high) == (often.low, often.high)
    assert once.high == 1
    assert 0.7 < once.low < wilson_interval(12, 12).low


@given(shares, st.sampled_from([HERE, LIKE]))
def test_the_interval_of_a_share_holds_its_mean_and_stays_a_share(scenarios, scope):
    values = [value for group in scenarios for value in group]

    interval = share_interval(scenarios, scope)

    assert 0 <= interval.low <= sum(values) / len(values) + 1e-9
    assert sum(values) / len(values) - 1e-9 <= interval.high <= 1


@given(shares, st.sampled_from([HERE, LIKE]), st.randoms(use_true_random=False))
def test_the_order_of_scenarios_and_epochs_changes_no_interval(scenarios, scope, generator):
    shuffled = [generator.sample(group, len(group)) for group in scenarios]
    generator.shuffle(shuffled)

    def of_median(groups, scope):
        return median_interval(groups, scope, draws=100)

    for interval in (share_interval, mean_interval, of_median):
        one, other = interval(scenarios, scope), interval(shuffled, scope)
        assert (one is None) == (other is None)
        if one and other:
            assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-9)


@pytest.mark.parametrize("scenarios", [1, 3, 4])
def test_simulated_intervals_of_a_mean_cover_that_of_these_scenarios(scenarios):
    generator = np.random.default_rng(7)
    centres = generator.normal(10, 5, (2000, scenarios, 1))
    draws = (centres + generator.normal(0, 2, (2000, scenarios, 5))).tolist()

    intervals = [mean_interval(each, HERE) for each in draws]

    truths = centres.mean(axis=(1, 2))
    assert covered(intervals, truths) == pytest.approx(0.95, abs=0.02)


def test_simulated_intervals_of_a_mean_cover_that_of_scenarios_like_these():
    generator = np.random.default_rng(8)
    draws = generator.normal(10, 5, (2000, 12, 1)) + generator.normal(0, 2, (2000, 12, 4))

    intervals = [mean_interval(each, LIKE) for each in draws.tolist()]

    assert covered(intervals, [10] * 2000) == pytest.approx(0.95, abs=0.02)


def test_the_mean_of_one_scenario_has_students_interval():
    drawn = [3.0, 5.5, 4.0, 8.25]

    assert mean_interval([drawn], HERE) == t_interval(drawn)


def test_values_that_do_not_vary_tell_nothing_of_a_mean_without_bounds():
    assert mean_interval([[3.0, 3.0], [5.0, 5.0]], HERE) is None
    assert mean_interval([[3.0]], HERE) is None
    assert mean_interval([[3.0], [5.0]], LIKE) is not None


def test_without_a_value_there_is_no_interval():
    assert share_interval([[], []], HERE) is None
    assert median_interval([[1.0]], HERE) is None


@pytest.mark.parametrize("scenarios", [3, 4])
def test_simulated_intervals_of_a_skewed_median_cover_that_of_these_scenarios(scenarios):
    generator = np.random.default_rng(9)
    costs = np.exp(generator.normal(0, 0.5, (2000, scenarios, 5)))

    intervals = [median_interval(each, HERE, draws=200) for each in costs.tolist()]

    assert covered(intervals, [1.0] * 2000) == pytest.approx(0.95, abs=0.02)


def test_simulated_intervals_of_a_skewed_median_cover_that_of_scenarios_like_these():
    generator = np.random.default_rng(10)
    scenarios = generator.normal(0, 0.5, (2000, 12, 1))
    costs = np.exp(scenarios + generator.normal(0, 0.5, (2000, 12, 5)))

    intervals = [median_interval(each, LIKE, draws=200) for each in costs.tolist()]

    assert covered(intervals, [1.0] * 2000) == pytest.approx(0.95, abs=0.02)


def test_wilsons_interval_is_the_plain_one_at_the_number_of_samples():
    scipy = pytest.importorskip("scipy.stats")
    generator = random.Random(11)

    for n in (2, 9, 40):
        drawn = [[generator.randint(0, 1)] for _ in range(n)]
        expected = scipy.binomtest(sum(map(sum, drawn)), n).proportion_ci(method="wilson")
        found = share_interval(drawn, LIKE)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_a_higher_level_never_gives_a_narrower_interval():
    drawn = [[1, 0, 1, 1], [0, 0, 1, 0], [1, 1, 1, 1]]

    for scope in (HERE, LIKE):
        widths = [
            (found := share_interval(drawn, scope, level=level)).high - found.low
            for level in (0.8, 0.95, 0.99)
        ]
        assert widths == sorted(widths)
