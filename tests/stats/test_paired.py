import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats import (
    cohens_d,
    finding,
    holm,
    mcnemar_test,
    median_difference,
    paired_difference,
    scenario_differences,
    sign_flip_test,
)

differences = st.lists(st.integers(-20, 20), min_size=1, max_size=10)
values = st.lists(st.integers(0, 9), min_size=1, max_size=4)
pairs = st.lists(st.tuples(values, values), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def scipy():
    return pytest.importorskip("scipy.stats")


@given(drawn=differences)
def test_the_sign_flip_test_agrees_with_scipy(scipy, drawn):
    if len(drawn) < 2:
        return

    expected = scipy.permutation_test(
        (np.array(drawn, dtype=float),),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )

    assert sign_flip_test(drawn) == (pytest.approx(expected.pvalue), True)


@given(won=st.integers(0, 12), lost=st.integers(0, 12), tied=st.integers(0, 5))
def test_mcnemar_agrees_with_scipys_binomial_test(scipy, won, lost, tied):
    outcomes = [(True, False)] * won + [(False, True)] * lost + [(True, True)] * tied

    expected = scipy.binomtest(won, won + lost).pvalue if won + lost else 1.0

    assert mcnemar_test(outcomes) == (won, lost, pytest.approx(expected))


@given(differences, st.randoms(use_true_random=False))
def test_neither_the_order_of_scenarios_nor_the_names_of_the_sides_change_p(drawn, random):
    shuffled = random.sample(drawn, len(drawn))
    swapped = [-value for value in drawn]

    assert sign_flip_test(shuffled) == sign_flip_test(drawn) == sign_flip_test(swapped)


@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_scenarios_changes_no_difference(drawn, random):
    shuffled = random.sample(drawn, len(drawn))

    for estimate in (paired_difference, median_difference):
        first, second = estimate(drawn, draws=100), estimate(shuffled, draws=100)
        assert second.value == pytest.approx(first.value)
        assert second.interval == first.interval


def test_a_drawn_sign_flip_test_is_near_the_exact_one_and_never_0():
    drawn = np.random.default_rng(1).normal(0.5, 1, 14).tolist()

    exact, sampled = sign_flip_test(drawn), sign_flip_test(drawn, most_sums=10)

    assert exact.is_exact
    assert not sampled.is_exact
    assert sampled.p_value == pytest.approx(exact.p_value, abs=0.015)
    assert sign_flip_test([1 + x / 7 for x in range(60)], draws=99, most_sums=10).p_value == 0.01


def test_sixteen_scenarios_are_always_exact():
    assert sign_flip_test([2**x for x in range(16)]) == (2 / 2**16, True)


def test_odds_are_absent_where_nothing_divides():
    assert mcnemar_test([(True, False)] * 3 + [(False, True)] * 2).odds == 1.5
    assert mcnemar_test([(True, False)] * 3).odds is None


def test_the_effect_size_is_the_mean_in_standard_deviations():
    assert cohens_d([1, 2, 3]) == 2
    assert cohens_d([1]) is None
    assert cohens_d([2, 2]) is None


@pytest.mark.parametrize("drawn", [[], [([1], [])]])
def test_a_scenario_without_values_on_both_sides_is_refused(drawn):
    with pytest.raises(ValueError, match="candidate and reference"):
        scenario_differences(drawn)
    with pytest.raises(ValueError, match="at least one difference"):
        sign_flip_test([])


def test_one_scenario_or_no_spread_gives_a_difference_without_an_interval():
    assert paired_difference([([3], [1])]).interval is None
    assert median_difference([([3], [1]), ([4], [2])]).interval is None


@pytest.mark.parametrize(
    ("estimate", "is_skewed"), [(paired_difference, False), (median_difference, True)]
)
def test_simulated_intervals_over_scenarios_cover_the_difference(estimate, is_skewed):
    generator = np.random.default_rng(2)
    shape = (2000, 30, 1)
    noise = generator.exponential(1, shape) if is_skewed else generator.normal(0, 1, shape)
    truth = np.log(2) if is_skewed else 0.0

    intervals = [
        estimate([(value, [0.0]) for value in drawn], draws=400).interval
        for drawn in noise.tolist()
    ]

    covered = np.mean([each.low <= truth <= each.high for each in intervals])
    assert covered == pytest.approx(0.95, abs=0.02)


def test_without_any_difference_a_family_has_a_false_one_in_at_most_5_percent():
    generator = np.random.default_rng(3)
    # Three candidates against one reference that they share, as in a suite.
    passes = generator.binomial(4, 0.6, (2000, 4, 12)) / 4
    false = 0
    for reference, *candidates in passes.tolist():
        sides = [[([x], [y]) for x, y in zip(c, reference, strict=True)] for c in candidates]
        p_values = holm([sign_flip_test(scenario_differences(each)).p_value for each in sides])
        found = {
            finding(
                paired_difference(each, draws=100).interval,
                p_value,
                smallest_detectable=None,
                margin=0.1,
            )
            for each, p_value in zip(sides, p_values, strict=True)
        }
        false += not found <= {"inconclusive"}

    # 5 % of 2,000, and twice the standard error of counting them.
    assert false <= 100 + 2 * 9.7
