"""How small a difference a plan can see, and how large a plan a difference needs."""

from __future__ import annotations

from math import ceil, sqrt
from statistics import NormalDist, fmean, variance
from typing import TYPE_CHECKING, NamedTuple

from harness.model.noise import Plan
from harness.stats.paired import Pair, scenario_differences

if TYPE_CHECKING:
    from collections.abc import Sequence

POWER = 0.8
ALPHA = 0.05


class Spread(NamedTuple):
    """What makes a difference between two configs vary.

    Attributes:
        between: Variance over scenarios of the true difference (omega squared), >= 0.
        within: Variance of one epoch's difference around it (sigma squared): the
            candidate's variance inside a scenario plus the reference's, >= 0.
    """

    between: float
    within: float


def difference_spread(pairs: Sequence[Pair]) -> Spread | None:
    """Estimate what varies from a run of both configs; a negative between is cut at 0.

    Args:
        pairs: (candidate values, reference values) per scenario; none empty.

    Returns:
        The spread; None for fewer than two scenarios, or if one side never has two epochs.

    Raises:
        ValueError: If a side of a scenario has no value, or there is no scenario.
    """
    differences = scenario_differences(pairs)
    sides = list(zip(*pairs, strict=True))
    inside = [_within(side) for side in sides]
    if len(pairs) < 2 or inside[0] is None or inside[1] is None:
        return None
    noise = sum(
        one * fmean(1 / len(values) for values in side)
        for one, side in zip((inside[0], inside[1]), sides, strict=True)
    )
    return Spread(max(0.0, variance(differences) - noise), inside[0] + inside[1])


def smallest_detectable_difference(
    scenarios: int, epochs: int, spread: Spread, *, power: float = POWER, alpha: float = ALPHA
) -> float:
    """The true mean difference that a two-sided test detects with the given power.

    (z_alpha/2 + z_power) * sqrt((between + within / epochs) / scenarios).

    Args:
        scenarios: >= 1; below about 20 the normal quantiles promise a little too much.
        epochs: Per scenario and config, >= 1.
        spread: What varies.
        power: Chance of detecting it, in (0, 1).
        alpha: Two-sided level of the test, in (0, 1).

    Raises:
        ValueError: If scenarios or epochs is below 1.

    Source: sample-size formula of Miller (2024), arXiv:2411.00640, solved for the difference.
    """
    if scenarios < 1 or epochs < 1:
        raise ValueError(f"scenarios={scenarios}, epochs={epochs}: need at least 1 of each")
    return _factor(power, alpha) * sqrt((spread.between + spread.within / epochs) / scenarios)


def scenarios_needed(
    difference: float,
    epochs: int,
    spread: Spread,
    *,
    power: float = POWER,
    alpha: float = ALPHA,
) -> int:
    """The fewest scenarios with which a difference is detected; see the formula above.

    Raises:
        ValueError: If difference is not positive or epochs is below 1.
    """
    if difference <= 0 or epochs < 1:
        raise ValueError(
            f"difference={difference}, epochs={epochs}: need difference > 0, epochs >= 1"
        )
    needed = (_factor(power, alpha) / difference) ** 2 * (spread.between + spread.within / epochs)
    # Rounding must not ask for one scenario more than the formula does.
    return max(1, ceil(needed - 1e-9))


def smallest_seen(
    strata: Sequence[Sequence[Sequence[float]]], *, power: float = POWER, alpha: float = ALPHA
) -> float | None:
    """The true mean difference over these very scenarios that a run like this one detects.

    (z_alpha/2 + z_power) times the standard error of the mean over scenarios of the difference
    of the sides' means, which chance enters by the epochs alone: the scenarios are those.

    Args:
        strata: Values of each side per scenario: candidate and reference, or the four sides of a
            difference of two differences; none empty.
        power: Chance of detecting it, in (0, 1).
        alpha: Two-sided level of the test, in (0, 1).

    Returns:
        The difference; None if the epochs of no scenario differ, or there is one alone: then
        it is not known by how much chance moves them.

    Source: the formula of Miller (2024), arXiv:2411.00640, without variance between scenarios.
    """
    sides = list(zip(*strata, strict=True))
    inside = [within for side in sides if (within := _within(side)) is not None]
    if len(inside) < len(sides) or not sum(inside):
        return None
    variance_of_mean = sum(
        within * sum(1 / len(values) for values in side) / len(side) ** 2
        for within, side in zip(inside, sides, strict=True)
    )
    return _factor(power, alpha) * sqrt(variance_of_mean)


def plan(
    scenarios: int,
    epochs: int,
    spread: Spread,
    *,
    sample_cost_usd: float | None = None,
    power: float = POWER,
    alpha: float = ALPHA,
) -> Plan:
    """What a run of two configs sees and costs.

    Args:
        scenarios: >= 1.
        epochs: Per scenario and config, >= 1.
        spread: What varies.
        sample_cost_usd: Mean cost of one sample, both configs alike; None if not known.
        power: Chance of detecting the difference.
        alpha: Two-sided level of the test.
    """
    seen = smallest_detectable_difference(scenarios, epochs, spread, power=power, alpha=alpha)
    cost = None if sample_cost_usd is None else 2 * scenarios * epochs * sample_cost_usd
    return Plan(scenarios=scenarios, epochs=epochs, difference=seen, cost_usd=cost)


def plans_for(
    difference: float,
    spread: Spread,
    *,
    epochs: Sequence[int] = (1, 2, 4, 8, 16),
    sample_cost_usd: float | None = None,
    power: float = POWER,
    alpha: float = ALPHA,
) -> tuple[Plan, ...]:
    """The smallest plan per number of epochs that detects a difference, in the order given.

    Raises:
        ValueError: If difference is not positive or a number of epochs is below 1.
    """
    return tuple(
        plan(
            scenarios_needed(difference, each, spread, power=power, alpha=alpha),
            each,
            spread,
            sample_cost_usd=sample_cost_usd,
            power=power,
            alpha=alpha,
        )
        for each in epochs
    )


def _factor(power: float, alpha: float) -> float:
    normal = NormalDist()
    return normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)


def _within(side: Sequence[Sequence[float]]) -> float | None:
    """Pooled variance of one epoch inside its scenario; None without a repeat."""
    repeats = [values for values in side if len(values) > 1]
    if not repeats:
        return None
    squares = sum((len(values) - 1) * variance(values) for values in repeats)
    return squares / sum(len(values) - 1 for values in repeats)
