"""Means whose samples come in clusters: epochs of one scenario are alike."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from harness.model.comparison import Estimate, Interval
from harness.stats.student import t_interval

if TYPE_CHECKING:
    from collections.abc import Sequence


def clustered_mean(
    scenarios: Sequence[Sequence[float]],
    *,
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
) -> Estimate:
    """Mean over scenarios, each weighing the same, with an interval that holds for new scenarios.

    The scenarios are taken as drawn from all that could have been asked, so the
    spread is that of their means, with scenarios - 1 degrees of freedom; more
    epochs of the same scenarios do not feign more evidence.

    Args:
        scenarios: Values per scenario (0 and 1 for a rate); none empty, at least one.
        level: Nominal coverage.
        bounds: Limits the quantity cannot pass, (0, 1) for a rate; the interval is cut there.

    Returns:
        The mean; its interval is None for fewer than two scenarios, or when all
        have the same mean, which shows no spread to judge by.

    Raises:
        ValueError: If there is no scenario or one has no value.

    Source: clustered standard errors for evaluations, Miller (2024),
    arXiv:2411.00640; t quantile instead of 1.96 because
    scenarios are few.
    """
    if not scenarios or not all(scenarios):
        raise ValueError("clustered_mean needs at least one scenario, and a value in each")
    means = [fmean(values) for values in scenarios]
    interval = t_interval(means, level=level)
    if interval and bounds:
        low, high = bounds
        interval = Interval(low=max(low, interval.low), high=min(high, interval.high), level=level)
    return Estimate(value=fmean(means), interval=interval)
