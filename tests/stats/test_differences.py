from math import asin, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats import (
    adjusted_interval,
    block_differences,
    blocks_scope,
    cohens_h,
    difference_seen,
    difference_test,
    mcnemar_test,
    newcombe_interval,
    scenarios_interval,
    share_difference,
    sign_flip_test,
    smallest_seen,
    stratified_permutation_test,
)
from harness.stats.proportions import Count

HERE, LIKE = "these scenarios", "scenarios like these"

side = st.lists(st.integers(0, 1), min_size=1, max_size=4)
blocks = st.lists(st.lists(st.tuples(side, side), min_size=1, max_size=2), min_size=1, max_size=6)


def drawn(candidate, reference, epochs, seed):
    """Blocks per draw, from rates per draw and scenario."""
    generator = np.random.default_rng(seed)
    sides = [
        (generator.random((*rates.shape, epochs)) < rates[..., None]).astype(int).tolist()
        for rates in (candidate, reference)
    ]
    return [[[pair] for pair in zip(*both, strict=True)] for both in zip(*sides, strict=True)]


def covered(intervals, truths):
    pairs = zip(intervals, truths, strict=True)
    return float(np.mean([each.low - 1e-9 <= truth <= each.high + 1e-9 for each, truth in pairs]))


@pytest.mark.parametrize(("scenarios", "epochs"), [(1, 5), (2, 5), (3, 5), (3, 10), (4, 5), (9, 3)])
@pytest.mark.parametrize("is_same", [True, False], ids=["nothing differs", "all differ"])
def test_simulated_intervals_cover_the_difference_over_these_scenarios(scenarios, epochs, is_same):
    generator = np.random.default_rng(1)
    reference = generator.beta(3, 2, (2000, scenarios))
    candidate = reference if is_same else generator.beta(3, 2, (2000, scenarios))

    draws = drawn(candidate, reference, epochs, 2)
    intervals = [share_difference(each, HERE).interval for each in draws]

    truths = (candidate - reference).mean(axis=1)
    assert covered(intervals, truths) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(
    ("scenarios", "epochs", "spread"),
    [
        (20, 1, 0.2),
        (60, 1, 0.0),
        (10, 2, 0.2),
        (10, 5, 0.2),
        (12, 5, 0.0),
        (20, 5, 0.2),
        (40, 3, 0),
    ],
)
def test_simulated_intervals_cover_the_difference_over_scenarios_like_these(
    scenarios, epochs, spread
):
    generator = np.random.default_rng(3)
    # Far from 0 and 1, so that nothing is cut and the mean difference is known.
    reference = generator.uniform(0.35, 0.55, (2000, scenarios))
    candidate = reference + 0.1 + spread * generator.uniform(-1, 1, (2000, scenarios))

    intervals = [
        share_difference(each, LIKE).interval for each in drawn(candidate, reference, epochs, 4)
    ]

    assert covered(intervals, [0.1] * 2000) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(("scenarios", "epochs"), [(2, 10), (3, 5), (4, 5), (6, 5)])
def test_simulated_intervals_for_others_cover_from_few_scenarios_by_being_wide(scenarios, epochs):
    generator = np.random.default_rng(5)
    reference = generator.uniform(0.3, 0.5, (2000, scenarios))
    candidate = reference + 0.1 + 0.3 * generator.uniform(-1, 1, (2000, scenarios))

    draws = drawn(candidate, reference, epochs, 6)
    intervals = [scenarios_interval(each) for each in draws]

    assert covered(intervals, [0.1] * 2000) >= 0.93
    within = [share_difference(each, HERE).interval for each in draws]
    if scenarios <= 3:
        assert np.mean([i.high - i.low for i in intervals]) > 1.5 * np.mean(
            [i.high - i.low for i in within]
        )


def test_rare_disagreement_of_single_epochs_is_covered_though_most_scenarios_tie():
    generator = np.random.default_rng(7)
    solved = generator.beta(9, 1, (2000, 12))

    intervals = [share_difference(each, LIKE).interval for each in drawn(solved, solved, 1, 8)]

    assert covered(intervals, [0.0] * 2000) >= 0.93


def test_one_epoch_a_side_is_the_adjusted_interval_of_bonett_and_price():
    # 20 scenarios, 6 won and 2 lost: (7 - 3) / 22 with variance (7 + 3) / 22 - (4 / 22)^2.
    single = [[([1], [0])]] * 6 + [[([0], [1])]] * 2 + [[([1], [1])]] * 12

    interval = share_difference(single, LIKE).interval

    half = 1.959964 * sqrt((10 / 22 - (4 / 22) ** 2) / 22)
    assert (interval.low, interval.high) == pytest.approx((4 / 22 - half, 4 / 22 + half))


def test_perfect_agreement_of_scenarios_is_not_taken_for_certainty():
    same = [[([1, 1, 1], [1, 1, 1])]] * 10

    interval = scenarios_interval(same)

    assert interval.low == pytest.approx(-interval.high)
    assert 0.05 < interval.high < 0.2
    wider = adjusted_interval([0.0] * 10, 1.0)
    assert wider.high > interval.high


def test_one_stratum_is_newcombes_interval():
    found = share_difference([[([1] * 9 + [0], [1] * 3 + [0] * 7)]], HERE).interval
    expected = newcombe_interval(Count(9, 10), Count(3, 10))

    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_the_test_is_chosen_by_the_design_and_named():
    single = [[([1], [0])]] * 8 + [[([0], [1])]] + [[([1], [1])]] * 5
    many = [[([1, 1], [0, 1])]] * 9 + [[([0, 1], [1, 1])]] * 3
    few = many[:4]

    found = [difference_test(each, blocks_scope(each)) for each in (single, many, few)]

    assert [each.name for each in found] == [
        "exact McNemar",
        "sign-flip over scenarios",
        "permutation within scenarios",
    ]
    assert found[0].p_value == mcnemar_test([(a[0], b[0]) for ((a, b),) in single]).p_value
    assert found[1].p_value == sign_flip_test([0.5] * 9 + [-0.5] * 3).p_value
    assert found[2].p_value == stratified_permutation_test([pair for (pair,) in few]).p_value
    assert [each.smallest_p for each in found[:2]] == [2 / 2**14, 2 / 2**12]


def test_mcnemar_is_the_sign_flip_test_and_the_permutation_of_single_epochs():
    single = [[([1], [0])]] * 7 + [[([0], [1])]] * 2 + [[([1], [1])]] * 4

    p_value = difference_test(single, LIKE).p_value

    assert p_value == pytest.approx(sign_flip_test(block_differences(single)).p_value)
    assert p_value == pytest.approx(difference_test(single, HERE).p_value)


@given(blocks)
def test_no_outcome_is_rarer_than_the_smallest_p(drawn):
    for scope in (HERE, LIKE):
        found = difference_test(drawn, scope)
        assert found.smallest_p <= found.p_value * (1 + 1e-9) <= 1 + 1e-6


@given(blocks, st.randoms(use_true_random=False))
def test_the_order_of_samples_and_scenarios_changes_nothing(drawn, generator):
    shuffled = [
        [tuple(generator.sample(side, len(side)) for side in pair) for pair in block]
        for block in drawn
    ]
    generator.shuffle(shuffled)

    for scope in (HERE, LIKE):
        one, other = share_difference(drawn, scope), share_difference(shuffled, scope)
        assert other.value == pytest.approx(one.value)
        if one.interval:
            assert other.interval.low == pytest.approx(one.interval.low)
        tests = difference_test(drawn, scope), difference_test(shuffled, scope)
        assert tests[0].p_value == pytest.approx(tests[1].p_value)


@given(blocks)
def test_swapping_the_sides_mirrors_everything(drawn):
    swapped = [[(right, left) for left, right in block] for block in drawn]

    for scope in (HERE, LIKE):
        one, other = share_difference(drawn, scope), share_difference(swapped, scope)
        assert other.value == pytest.approx(-one.value)
        if one.interval:
            assert other.interval.low == pytest.approx(-one.interval.high)
        p_values = difference_test(drawn, scope).p_value, difference_test(swapped, scope).p_value
        assert p_values[0] == pytest.approx(p_values[1])


def test_a_difference_seen_over_scenarios_is_found_by_80_of_100_such_runs():
    generator = np.random.default_rng(9)
    reference = generator.uniform(0.3, 0.5, (1000, 30))
    trial = drawn(reference + 0.1, reference, 4, 10)
    truth = float(np.mean([difference_seen(each, LIKE, alpha=0.05) for each in trial[:200]]))

    again = drawn(reference + truth, reference, 4, 11)
    found = [not i.low <= 0 <= i.high for each in again if (i := scenarios_interval(each))]

    assert np.mean(found) == pytest.approx(0.8, abs=0.04)


def test_what_could_be_seen_within_scenarios_is_smallest_seen():
    drawn = [[([1, 0, 1], [0, 0, 1])], [([1, 1, 0], [0, 1, 0])]]

    pairs = [pair for (pair,) in drawn]
    assert difference_seen(drawn, HERE, alpha=0.05) == smallest_seen(pairs, alpha=0.05)
    assert difference_seen([[([1], [1])]] * 12, LIKE, alpha=0.05) is None


def test_the_effect_size_is_cohens_h():
    # Cohen (1988), table 6.2.2: phi of 0.50 is 1.571, of 0.80 is 2.214.
    assert cohens_h(0.8, 0.5) == pytest.approx(2.214 - 1.571, abs=1e-3)
    assert cohens_h(1, 0) == pytest.approx(pi)
    assert cohens_h(0.3, 0.3) == 0
    assert cohens_h(0.2, 0.6) == pytest.approx(2 * asin(sqrt(0.2)) - 2 * asin(sqrt(0.6)))
