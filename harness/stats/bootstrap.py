"""Seeded stratified bootstrap for skewed quantities such as cost and turns."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import chain
from statistics import NormalDist

from harness.model.comparison import Interval
from harness.stats.student import t_quantile

SEED = 20260101
_MOST_VALUES_DRAWN = 2_000_000

Strata = Sequence[Sequence[float]]


def bootstrap_interval(
    groups: Sequence[Strata],
    statistic: Callable[..., float],
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = SEED,
    is_expanded: bool = False,
) -> Interval | None:
    """Percentile bootstrap interval; values are redrawn inside their stratum.

    Of n values n - 1 are redrawn: redrawing n would make the intervals of
    small strata too narrow, by a tenth at n = 5. A stratum with one value cannot
    be redrawn inside itself, so a group that has one is redrawn as a whole,
    which widens the interval.

    Args:
        groups: One or more groups of values, each divided into strata.
        statistic: Called with one flat list of values per group.
        draws: Resamples, >= 1; fewer are taken when there are very many values.
        level: Nominal coverage.
        seed: Seed of the private random generator.
        is_expanded: Whether the percentiles are moved out as far as Student's t is wider than
            normal, for few values.

    Returns:
        The interval, or None when a group has fewer than two values.

    Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 13;
    n - 1 from McCarthy & Snowden (1985), Vital and Health Statistics 2(95); expanded
    percentiles from Hesterberg (2015), The American Statistician 69:371-386.
    """
    prepared = [_redrawable(group) for group in groups]
    if any(sum(map(len, group)) < 2 for group in prepared):
        return None
    if all(stratum[0] == stratum[-1] for group in prepared for stratum in group):
        value = statistic(*(_flat(group) for group in prepared))
        return Interval(low=value, high=value, level=level)
    size = sum(len(stratum) for group in prepared for stratum in group)
    generator = random.Random(seed)
    draws = max(100, min(draws, _MOST_VALUES_DRAWN // size))
    estimates = sorted(
        statistic(*(_redraw(group, generator) for group in prepared)) for _ in range(draws)
    )
    tail = (1 - level) / 2
    if is_expanded:
        degrees = sum(len(stratum) - 1 for group in prepared for stratum in group)
        tail = 1 - NormalDist().cdf(t_quantile(level, max(1, degrees)))
    return Interval(
        low=_quantile(estimates, tail), high=_quantile(estimates, 1 - tail), level=level
    )


def cluster_bootstrap_interval(
    scenarios: Sequence[Strata],
    statistic: Callable[..., float],
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = SEED,
) -> Interval | None:
    """Percentile bootstrap interval in which whole scenarios are redrawn, one fewer than there are.

    Args:
        scenarios: Per scenario the values of each group; all have as many groups, and a
            value in each.
        statistic: Called with one flat list of values per group.
        draws: Resamples, >= 1; fewer are taken when there are very many values.
        level: Nominal coverage.
        seed: Seed of the private random generator.

    Returns:
        The interval, or None for fewer than two scenarios.

    Source: cluster bootstrap, Davison & Hinkley (1997), Bootstrap Methods and Their
    Application, with percentiles expanded as t is wider than normal, as in Hesterberg
    (2015), The American Statistician 69:371-386.
    """
    if len(scenarios) < 2:
        return None
    # Sorted, so that the order in which samples finished cannot change a digit.
    clusters = sorted([sorted(values) for values in groups] for groups in scenarios)
    if all(
        len({x for group in groups for x in group}) == 1 for groups in zip(*clusters, strict=True)
    ):
        value = statistic(*_merged(clusters))
        return Interval(low=value, high=value, level=level)
    # A scenario takes about as long to redraw as three values.
    size = 3 * len(clusters) + sum(len(values) for groups in clusters for values in groups)
    generator = random.Random(seed)
    draws = max(100, min(draws, _MOST_VALUES_DRAWN // size))
    estimates = sorted(
        statistic(*_merged(generator.choices(clusters, k=len(clusters) - 1))) for _ in range(draws)
    )
    tail = 1 - NormalDist().cdf(t_quantile(level, len(clusters) - 1))
    return Interval(
        low=_quantile(estimates, tail), high=_quantile(estimates, 1 - tail), level=level
    )


def _merged(clusters: Sequence[Sequence[Sequence[float]]]) -> list[list[float]]:
    """The values of each group, of all clusters."""
    return [list(chain.from_iterable(group)) for group in zip(*clusters, strict=True)]


def _redrawable(group: Strata) -> list[list[float]]:
    # Sorted, so that the order in which samples finished cannot change a digit.
    strata = sorted(sorted(stratum) for stratum in group if stratum)
    if any(len(stratum) == 1 for stratum in strata):
        return [sorted(_flat(strata))]
    return strata


def _flat(group: list[list[float]]) -> list[float]:
    return [value for stratum in group for value in stratum]


def _redraw(group: list[list[float]], generator: random.Random) -> list[float]:
    values: list[float] = []
    for stratum in group:
        values += generator.choices(stratum, k=len(stratum) - 1)
    return values


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Quantile by linear interpolation between order statistics."""
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])
