import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats import (
    interaction_difference,
    interaction_seen,
    interaction_test,
    sign_flip_test,
)
from harness.stats.proportions import newcombe_interval, wilson_interval

HERE, LIKE = "these scenarios", "scenarios like these"

side = st.lists(st.integers(0, 1), min_size=2, max_size=4)
blocks = st.lists(st.lists(st.tuples(side, side, side, side), min_size=1), min_size=2, max_size=5)


def drawn(rates, epochs, seed):
    """Blocks per draw, from rates per draw, scenario and cell."""
    passes = np.random.default_rng(seed).random((*rates.shape, epochs)) < rates[..., None]
    return [[[tuple(cells)] for cells in draw] for draw in passes.astype(int).tolist()]


def truth(rates):
    return (rates[..., 0] - rates[..., 1] - rates[..., 2] + rates[..., 3]).mean(axis=1)


def covered(intervals, truths):
    pairs = zip(intervals, truths, strict=True)
    return float(np.mean([each.low - 1e-9 <= value <= each.high + 1e-9 for each, value in pairs]))


@pytest.mark.parametrize(("scenarios", "epochs"), [(1, 5), (1, 10), (3, 5), (3, 10)])
def test_simulated_intervals_cover_the_interaction_in_these_scenarios(scenarios, epochs):
    rates = np.random.default_rng(1).beta(1, 1, (2000, scenarios, 4))

    intervals = [interaction_difference(each, HERE).interval for each in drawn(rates, epochs, 2)]

    assert covered(intervals, truth(rates)) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(("scenarios", "epochs"), [(10, 5), (20, 2)])
def test_simulated_intervals_cover_the_interaction_in_scenarios_like_these(scenarios, epochs):
    rates = np.random.default_rng(3).uniform(0.3, 0.7, (2000, scenarios, 4))
    rates[..., 0] += 0.2

    intervals = [interaction_difference(each, LIKE).interval for each in drawn(rates, epochs, 4)]

    assert covered(intervals, [0.2] * 2000) == pytest.approx(0.95, abs=0.02)


def test_main_effects_alone_are_seldom_taken_for_an_interaction():
    # Both factors matter, by 20 and 30 points; together they do what each does alone.
    base = np.random.default_rng(5).uniform(0.2, 0.4, (1000, 3, 1))
    rates = base + np.array([0.5, 0.3, 0.2, 0.0])

    p_values = [interaction_test(each, HERE).p_value for each in drawn(rates, 5, 6)]

    assert np.mean(np.array(p_values) < 0.05) <= 0.05 + 2 * 0.007


def test_p_is_where_the_interval_begins_to_hold_0():
    four = [[([1, 1, 1, 1, 0], [0, 0, 1, 0, 0], [0, 1, 0, 0, 0], [0, 1, 1, 0, 0])]]

    p_value = interaction_test(four, HERE).p_value

    touching = interaction_difference(four, HERE, level=1 - p_value).interval
    assert touching.low == pytest.approx(0, abs=1e-6)
    assert 0 < p_value < 0.2


def test_an_effect_at_one_level_alone_is_newcombes_difference_and_the_others_own_doubt():
    left, right = [1] * 40 + [0] * 20, [1] * 20 + [0] * 40

    found = interaction_difference([[(left, right, right, right)]], HERE)

    from harness.stats import Count

    alone = newcombe_interval(Count(40, 60), Count(20, 60))
    assert found.value == pytest.approx(1 / 3)
    assert found.interval.low < alone.low
    own = wilson_interval(20, 60)
    widest = (own.high - own.low) + (alone.high - alone.low)
    assert found.interval.high - found.interval.low < widest


def test_over_scenarios_the_sign_flip_test_is_used():
    blocks = [[([1, 1], [0, 1], [0, 0], [0, 0])]] * 9 + [[([0, 0], [1, 1], [1, 0], [0, 1])]] * 2

    found = interaction_test(blocks, LIKE)

    assert found.name == "sign-flip over scenarios"
    assert found.p_value == sign_flip_test([0.5] * 9 + [-1] * 2).p_value


@given(blocks, st.randoms(use_true_random=False))
def test_the_order_of_samples_and_scenarios_changes_nothing(drawn, generator):
    shuffled = [
        [tuple(generator.sample(side, len(side)) for side in four) for four in block]
        for block in drawn
    ]
    generator.shuffle(shuffled)

    for scope in (HERE, LIKE):
        one, other = (interaction_difference(each, scope) for each in (drawn, shuffled))
        assert other.value == pytest.approx(one.value)
        assert other.interval.low == pytest.approx(one.interval.low)
        p_values = [interaction_test(each, scope).p_value for each in (drawn, shuffled)]
        assert p_values[0] == pytest.approx(p_values[1], abs=1e-9)


@given(blocks)
def test_the_factors_can_change_places_without_changing_the_interaction(drawn):
    crossed = [[(a, c, b, d) for a, b, c, d in block] for block in drawn]

    one, other = interaction_difference(drawn, HERE), interaction_difference(crossed, HERE)

    assert other.value == pytest.approx(one.value)
    assert other.interval.high == pytest.approx(one.interval.high)


def test_what_could_be_seen_shrinks_with_the_root_of_the_epochs():
    few = [[([1, 0], [0, 1], [1, 0], [0, 1])]]
    many = [[tuple(side * 200 for side in four) for four in block] for block in few]

    ratio = interaction_seen(few, HERE, alpha=0.05) / interaction_seen(many, HERE, alpha=0.05)

    # Unbiased variances of two epochs are twice as large as those of many.
    assert ratio == pytest.approx((200 * 2) ** 0.5, rel=0.01)
    assert interaction_seen([[([1], [1], [1], [1])]] * 3, LIKE, alpha=0.05) is None
