import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats import Count, newcombe_interval, stratified_difference, wilson_interval


@st.composite
def counts(draw: st.DrawFn) -> Count:
    n = draw(st.integers(1, 60))
    return Count(draw(st.integers(0, n)), n)


strata = st.lists(st.tuples(counts(), counts()), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        pytest.param(81, 263, 0.2553, 0.3662, id="81 of 263"),
        pytest.param(15, 148, 0.0624, 0.1605, id="15 of 148"),
        pytest.param(0, 20, 0.0000, 0.1611, id="0 of 20"),
        pytest.param(1, 29, 0.0061, 0.1718, id="1 of 29"),
    ],
)
def test_wilson_agrees_with_the_examples_newcombe_published(successes, n, low, high):
    interval = wilson_interval(successes, n)

    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("candidate", "reference", "low", "high"),
    [
        pytest.param(Count(56, 70), Count(48, 80), 0.0524, 0.3339, id="56/70 - 48/80"),
        pytest.param(Count(9, 10), Count(3, 10), 0.1705, 0.8090, id="9/10 - 3/10"),
        pytest.param(Count(6, 7), Count(2, 7), 0.0582, 0.8062, id="6/7 - 2/7"),
        pytest.param(Count(5, 56), Count(0, 29), -0.0381, 0.1926, id="5/56 - 0/29"),
        pytest.param(Count(0, 10), Count(0, 20), -0.1611, 0.2775, id="0/10 - 0/20"),
        pytest.param(Count(0, 10), Count(0, 10), -0.2775, 0.2775, id="0/10 - 0/10"),
        pytest.param(Count(10, 10), Count(0, 20), 0.6791, 1.0000, id="10/10 - 0/20"),
        pytest.param(Count(10, 10), Count(0, 10), 0.6075, 1.0000, id="10/10 - 0/10"),
    ],
)
def test_the_difference_agrees_with_the_examples_newcombe_published(
    candidate, reference, low, high
):
    interval = newcombe_interval(candidate, reference)

    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@given(counts())
def test_wilson_holds_the_observed_rate_and_stays_a_share(count):
    interval = wilson_interval(*count)

    assert 0 <= interval.low <= count.rate <= interval.high <= 1


@given(counts())
def test_wilson_mirrors_successes_and_failures(count):
    straight = wilson_interval(count.successes, count.n)
    mirrored = wilson_interval(count.n - count.successes, count.n)

    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((straight.low, straight.high))


@given(counts(), counts())
def test_one_stratum_is_newcombes_interval(candidate, reference):
    stratified = stratified_difference([(candidate, reference)])
    plain = newcombe_interval(candidate, reference)

    assert stratified.value == pytest.approx(candidate.rate - reference.rate)
    assert (stratified.interval.low, stratified.interval.high) == pytest.approx(
        (plain.low, plain.high)
    )


@given(strata)
def test_swapping_the_sides_mirrors_the_difference(pairs):
    straight = stratified_difference(pairs)
    swapped = stratified_difference([(reference, candidate) for candidate, reference in pairs])

    assert swapped.value == pytest.approx(-straight.value)
    assert (-swapped.interval.high, -swapped.interval.low) == pytest.approx(
        (straight.interval.low, straight.interval.high)
    )


@given(strata, st.randoms())
def test_the_order_of_the_strata_does_not_matter(pairs, generator):
    shuffled = pairs[:]
    generator.shuffle(shuffled)

    left, right = stratified_difference(pairs), stratified_difference(shuffled)

    assert left.value == pytest.approx(right.value)
    assert left.interval.low == pytest.approx(right.interval.low)


@given(strata)
def test_the_interval_holds_the_difference(pairs):
    estimate = stratified_difference(pairs)

    assert -1 <= estimate.interval.low <= estimate.value + 1e-12
    assert estimate.value - 1e-12 <= estimate.interval.high <= 1


def test_scenarios_of_unequal_difficulty_narrow_the_interval():
    mixed = [(Count(5, 5), Count(5, 5)), (Count(0, 5), Count(0, 5))]
    alike = [(Count(5, 10), Count(5, 10))]

    mixed_interval = stratified_difference(mixed).interval
    alike_interval = stratified_difference(alike).interval

    assert mixed_interval.high - mixed_interval.low < alike_interval.high - alike_interval.low


@pytest.mark.parametrize(
    ("candidate", "reference", "epochs"),
    [
        pytest.param((0.9, 0.7, 0.5), (0.6, 0.5, 0.4), 5, id="unlike scenarios"),
        pytest.param((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), 5, id="coin flips"),
        pytest.param((1.0, 1.0, 0.6), (1.0, 1.0, 0.2), 5, id="two never fail"),
        pytest.param((0.95,) * 3, (0.95, 0.9, 0.9), 10, id="near the edge"),
        pytest.param((0.8,) * 6, (0.5,) * 6, 2, id="few epochs"),
    ],
)
def test_simulated_intervals_cover_the_truth_at_least_nearly_as_often_as_they_claim(
    candidate, reference, epochs
):
    generator = random.Random(7)
    truth = sum(candidate) / len(candidate) - sum(reference) / len(reference)
    draws = 800

    def draw(rate: float) -> Count:
        return Count(sum(generator.random() < rate for _ in range(epochs)), epochs)

    covered = 0
    for _ in range(draws):
        pairs = [(draw(a), draw(b)) for a, b in zip(candidate, reference, strict=True)]
        interval = stratified_difference(pairs).interval
        covered += interval.low - 1e-9 <= truth <= interval.high + 1e-9

    assert covered / draws >= 0.93


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(successes, n):
    with pytest.raises(ValueError, match="need 0 <= successes <= n"):
        wilson_interval(successes, n)


def test_no_stratum_is_refused():
    with pytest.raises(ValueError, match="at least one stratum"):
        stratified_difference([])
