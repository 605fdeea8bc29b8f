import random
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats import holm, smallest_p_value, stratified_permutation_test

bits = st.lists(st.integers(0, 1), min_size=1, max_size=6)
strata = st.lists(st.tuples(bits, bits), min_size=1, max_size=4)


def fisher_exact(table: tuple[int, int, int, int]) -> float:
    """Two-sided by the size of the difference, which for equal groups is Fisher's own order."""
    a, b, c, d = table
    n, total, observed = a + b, a + c, Fraction(a, a + b) - Fraction(c, c + d)
    ways = 0
    for x in range(max(0, total - (c + d)), min(n, total) + 1):
        if abs(Fraction(x, n) - Fraction(total - x, c + d)) >= abs(observed):
            ways += comb(n, x) * comb(c + d, total - x)
    return ways / comb(n + c + d, total)


def test_fishers_lady_tasting_tea_comes_out():
    # Fisher (1935): 3 of 4 cups right; one-sided 17/70, doubled by symmetry to 34/70.
    result = stratified_permutation_test([([1, 1, 1, 0], [1, 0, 0, 0])])

    assert result.p_value == pytest.approx(34 / 70)
    assert result.is_exact


@given(strata)
def test_no_outcome_of_the_same_sizes_has_a_smaller_p_than_the_smallest(strata):
    smallest = smallest_p_value([(len(left), len(right)) for left, right in strata])
    extreme = [([1] * len(left), [0] * len(right)) for left, right in strata]

    assert stratified_permutation_test(strata).p_value >= smallest * (1 - 1e-9)
    assert stratified_permutation_test(extreme).p_value == pytest.approx(smallest)


def test_the_smallest_p_of_two_and_of_five_repeats_is_known():
    assert smallest_p_value([(2, 2)]) == pytest.approx(2 / 6)
    assert smallest_p_value([(5, 5)]) == pytest.approx(2 / 252)
    assert smallest_p_value([(1, 3), (2, 2)]) == pytest.approx(1 / 24)


def test_exact_mcnemar_comes_out_with_one_epoch_per_scenario():
    # 8 scenarios only the candidate solves, 1 only the reference, 5 alike: binomial(9, 1/2).
    strata = [([1], [0])] * 8 + [([0], [1])] + [([1], [1])] * 5

    result = stratified_permutation_test(strata)

    assert result.p_value == pytest.approx(2 * (1 + 9) / 2**9)


def test_measured_values_are_permuted_as_well_as_successes():
    # Of C(6,3) = 20 divisions only the observed one and its mirror are as extreme.
    result = stratified_permutation_test([([10.5, 11.25, 12.0], [1.0, 2.5, 3.75])])

    assert result.p_value == pytest.approx(2 / 20)


@given(bits, bits)
def test_one_stratum_of_successes_is_fishers_exact_test(candidate, reference):
    table = (
        sum(candidate),
        len(candidate) - sum(candidate),
        sum(reference),
        len(reference) - sum(reference),
    )

    result = stratified_permutation_test([(candidate, reference)])

    assert result.p_value == pytest.approx(fisher_exact(table))


@given(strata, st.randoms())
def test_neither_the_order_of_epochs_nor_of_scenarios_nor_the_side_matters(pairs, generator):
    shuffled = [(generator.sample(b, len(b)), generator.sample(a, len(a))) for a, b in pairs]
    generator.shuffle(shuffled)

    left = stratified_permutation_test(pairs)
    right = stratified_permutation_test(shuffled)

    assert left.p_value == pytest.approx(right.p_value)


def test_a_scenario_where_both_always_agree_changes_nothing():
    informative = [([1, 1, 1, 1, 0], [0, 0, 0, 1, 0])]

    alone = stratified_permutation_test(informative)
    accompanied = stratified_permutation_test([*informative, ([1] * 5, [1] * 5)])

    assert alone.p_value == pytest.approx(accompanied.p_value)


@given(bits, bits)
def test_successes_and_the_same_values_shifted_give_the_same_p(candidate, reference):
    plain = stratified_permutation_test([(candidate, reference)])
    shifted = stratified_permutation_test(
        [([value + 0.5 for value in candidate], [value + 0.5 for value in reference])]
    )

    assert plain.p_value == pytest.approx(shifted.p_value)


def test_drawing_relabellings_agrees_with_counting_them_all():
    strata = [([1, 1, 1, 0, 1], [0, 0, 1, 0, 1]), ([1, 0, 1, 0, 1], [0, 0, 0, 0, 1])]

    exact = stratified_permutation_test(strata)
    drawn = stratified_permutation_test(strata, most_states=1)
    again = stratified_permutation_test(strata, most_states=1)

    assert exact.is_exact
    assert not drawn.is_exact
    assert drawn == again
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.02)


def test_two_configs_that_do_not_differ_are_called_different_at_most_one_time_in_twenty():
    generator = random.Random(11)
    draws, false_alarms = 600, 0
    for _ in range(draws):
        pairs = [
            tuple([int(generator.random() < rate) for _ in range(5)] for _ in range(2))
            for rate in (0.9, 0.5, 0.3)
        ]
        false_alarms += stratified_permutation_test(pairs).p_value < 0.05

    assert 0 < false_alarms / draws <= 0.05


def test_a_stratum_with_an_empty_side_is_refused():
    with pytest.raises(ValueError, match="candidate and reference"):
        stratified_permutation_test([([1], [])])


def test_holm_agrees_with_a_worked_example():
    # p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") in R.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_never_lowers_a_p_value_nor_changes_the_order(p_values):
    adjusted = holm(p_values)

    assert all(p <= a <= 1 for p, a in zip(p_values, adjusted, strict=True))
    ranked = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [adjusted[i] for i in ranked] == sorted(adjusted)
