"""Intervals of one mean over scenarios and epochs: of shares, and of what has no bounds."""

from __future__ import annotations

from math import fsum, sqrt
from statistics import NormalDist, fmean, median, variance
from typing import TYPE_CHECKING

from harness.model.comparison import Interval
from harness.stats.bootstrap import bootstrap_interval, cluster_bootstrap_interval
from harness.stats.proportions import score_interval, wilson_interval
from harness.stats.student import t_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.comparison import Scope

    Scenarios = Sequence[Sequence[float]]


def share_interval(scenarios: Scenarios, scope: Scope, *, level: float = 0.95) -> Interval | None:
    """Interval of the mean of values in [0, 1], such as passes, over all samples.

    It is Wilson's, at the number of independent trials that would make a rate vary as much
    as this mean does: in the scope of "these scenarios" by chance within them, in that of
    "scenarios like these" by the spread of the scenarios' means, with Student's t in
    place of the normal quantile. One sample of each scenario is plain Wilson.

    Args:
        scenarios: Values per scenario.
        scope: What the interval shall speak about.
        level: Nominal coverage.

    Returns:
        The interval; None without any value.

    Source: effective sample size from Korn & Graubard (1998), Survey Methodology
    24:193-201, in Wilson's limits as in Franco et al. (2019), J. Survey Statistics and
    Methodology 7:334-364; clusters from Miller (2024), arXiv:2411.00640.
    """
    groups = [values for values in scenarios if values]
    if not groups:
        return None
    values = [value for group in groups for value in group]
    mean, n = fmean(values), len(values)
    is_binary = set(values) <= {0, 1}
    if n == len(groups) and is_binary:
        return wilson_interval(round(sum(values)), n, level=level)
    if scope == "these scenarios" or len(groups) == 1:
        z = NormalDist().inv_cdf((1 + level) / 2)
        effective = max(n, smoothed_variance(values) / _variance_inside(groups))
        return score_interval(mean, effective, z, level=level)
    spread = _variance_between(groups)
    # Scenarios without spread tell nothing of it: each is then one piece of evidence.
    effective = mean * (1 - mean) / spread if spread else len(groups)
    t = t_quantile(level, len(groups) - 1)
    return score_interval(mean, max(effective, 1.0), t, level=level)


def mean_interval(scenarios: Scenarios, scope: Scope, *, level: float = 0.95) -> Interval | None:
    """Student's interval of the mean of all samples, for quantities without bounds.

    Args:
        scenarios: Values per scenario.
        scope: What the interval shall speak about.
        level: Nominal coverage.

    Returns:
        The interval; None if the values show no spread to judge by.

    Source: clusters from Miller (2024), arXiv:2411.00640; strata with the degrees of freedom of
    Satterthwaite (1946), Biometrics Bulletin 2:110-114.
    """
    groups = [values for values in scenarios if values]
    values = [value for group in groups for value in group]
    if len(values) < 2:
        return None
    if scope == "scenarios like these" and len(groups) > 1:
        spread, degrees = _variance_between(groups), len(groups) - 1
    else:
        parts = [
            (len(group) * variance(group) / len(values) ** 2, len(group) - 1)
            for group in groups
            if len(group) > 1
        ]
        spread = fsum(part for part, _ in parts)
        squares = fsum(part * part / free for part, free in parts)
        degrees = max(1, int(spread * spread / squares)) if squares else 0
    if not spread:
        return None
    half = t_quantile(level, degrees) * sqrt(spread)
    mean = fmean(values)
    return Interval(low=mean - half, high=mean + half, level=level)


def median_interval(
    scenarios: Scenarios, scope: Scope, *, draws: int = 1000, level: float = 0.95
) -> Interval | None:
    """Seeded bootstrap interval of the median of all samples, for skewed quantities.

    Samples are redrawn inside their scenarios for "these scenarios", else whole scenarios are.

    Args:
        scenarios: Values per scenario.
        scope: What the interval shall speak about.
        draws: Resamples.
        level: Nominal coverage.

    Returns:
        The interval; None for fewer than two values.
    """
    groups = [values for values in scenarios if values]
    if scope == "scenarios like these" and len(groups) > 1:
        clusters = [[values] for values in groups]
        return cluster_bootstrap_interval(clusters, median, draws=draws, level=level)
    return bootstrap_interval([groups], median, draws=draws, level=level, is_expanded=True)


def smoothed_variance(values: Sequence[float]) -> float:
    """Variance of one value in [0, 1], with half a 0 and half a 1 added: never 0."""
    n = len(values) + 1
    mean = (fsum(values) + 0.5) / n
    return ((fsum(value * value for value in values) + 0.5) / n - mean * mean) * n / len(values)


def _variance_inside(groups: Scenarios) -> float:
    """Variance of the mean of all values, from chance inside the groups alone."""
    n = sum(map(len, groups))
    return fsum(len(group) * smoothed_variance(group) for group in groups) / n**2


def _variance_between(groups: Scenarios) -> float:
    """Variance of the mean of all values, from the groups as independent clusters."""
    n, k = sum(map(len, groups)), len(groups)
    mean = fsum(value for group in groups for value in group) / n
    residuals = [fsum(group) - mean * len(group) for group in groups]
    squares = fsum(each * each for each in residuals)
    return k / (k - 1) * squares / n**2 if squares > 1e-18 * n**2 else 0.0
