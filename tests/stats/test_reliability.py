from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats import (
    Count,
    clopper_pearson_interval,
    mean_pass_at_k,
    mean_pass_hat_k,
    pass_at_k,
    pass_hat_k,
    wilson_interval,
)


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.data())
def test_both_estimates_are_the_share_of_all_draws_of_k_epochs(passes, data):
    k = data.draw(st.integers(1, len(passes)))
    draws = list(combinations(passes, k))

    counts = (sum(passes), len(passes), k)
    assert pass_at_k(*counts) == pytest.approx(sum(map(any, draws)) / len(draws))
    assert pass_hat_k(*counts) == pytest.approx(sum(map(all, draws)) / len(draws))


def test_pass_hat_1_to_4_of_four_trials_a_task_as_tau_bench_defines_them():
    tasks = [Count(4, 4), Count(3, 4), Count(2, 4), Count(0, 4)]

    values = [mean_pass_hat_k(tasks, k) for k in (1, 2, 3, 4)]

    assert values == pytest.approx([9 / 16, (1 + 1 / 2 + 1 / 6) / 4, (1 + 1 / 4) / 4, 1 / 4])
    assert mean_pass_at_k(tasks, 4) == 3 / 4


def test_simulated_estimates_are_unbiased():
    successes = np.random.default_rng(1).binomial(6, 0.7, 5000).tolist()

    assert np.mean([pass_hat_k(c, 6, 3) for c in successes]) == pytest.approx(0.7**3, abs=0.015)
    assert np.mean([pass_at_k(c, 6, 2) for c in successes]) == pytest.approx(0.91, abs=0.015)


@pytest.mark.parametrize("k", [0, 5])
def test_k_outside_the_epochs_is_refused(k):
    with pytest.raises(ValueError, match="1 <= k <= epochs"):
        pass_at_k(2, 4, k)
    with pytest.raises(ValueError, match="1 <= k <= epochs"):
        pass_hat_k(2, 4, k)


def test_impossible_counts_and_no_scenarios_are_refused():
    with pytest.raises(ValueError, match="successes=5"):
        pass_hat_k(5, 4, 1)
    with pytest.raises(ValueError, match="at least one scenario"):
        mean_pass_hat_k([], 1)
    with pytest.raises(ValueError, match="successes=5"):
        clopper_pearson_interval(5, 4)


@pytest.mark.parametrize(
    ("successes", "n"), [(0, 1), (1, 1), (0, 20), (20, 20), (3, 10), (81, 263), (1, 2000)]
)
def test_exact_intervals_agree_with_scipy(successes, n):
    scipy = pytest.importorskip("scipy.stats")

    expected = scipy.binomtest(successes, n).proportion_ci(method="exact")
    interval = clopper_pearson_interval(successes, n)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize("rate", [0.02, 0.3, 0.5, 0.9])
def test_simulated_exact_intervals_cover_at_least_what_they_say(rate):
    drawn = np.random.default_rng(2).binomial(30, rate, 2000)
    exact = [clopper_pearson_interval(successes, 30) for successes in range(31)]

    covered = np.mean([exact[x].low <= rate <= exact[x].high for x in drawn])

    # No upper limit: the interval guarantees its level at every rate, and outcomes
    # are whole numbers, so at most rates it must cover more.
    assert covered >= 0.93


def test_simulated_wilson_intervals_cover_what_they_say():
    drawn = np.random.default_rng(3).binomial(60, 0.4, 2000)
    wilson = [wilson_interval(successes, 60) for successes in range(61)]

    covered = np.mean([wilson[x].low <= 0.4 <= wilson[x].high for x in drawn])

    assert covered == pytest.approx(0.95, abs=0.02)
