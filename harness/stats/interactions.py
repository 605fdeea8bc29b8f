"""Whether the effect of one factor depends on another: the difference of two differences.

Blocks are those of `harness.stats.differences`, but every stratum has four sides: candidate
and reference at the other factor's level, then candidate and reference at the level it is
measured against.
"""

from __future__ import annotations

from math import fsum, sqrt
from statistics import NormalDist, fmean, stdev
from typing import TYPE_CHECKING

from harness.model.comparison import Estimate, Interval
from harness.stats.differences import SIGN_FLIP, Tested, adjusted_interval
from harness.stats.paired import sign_flip_test
from harness.stats.power import POWER, smallest_seen
from harness.stats.proportions import Count, mean_rate
from harness.stats.student import t_interval, t_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.comparison import Scope

    Four = tuple[Sequence[float], Sequence[float], Sequence[float], Sequence[float]]
    Block = Sequence[Four]

SCORE_TEST = "score test of four rates"
_SIGNS = (1, -1, -1, 1)
_HALVINGS = 50


def interaction_difference(
    blocks: Sequence[Block], scope: Scope, *, level: float = 0.95
) -> Estimate:
    """The effect at the other level minus the effect at the reference level.

    Within "these scenarios" the Wilson intervals of the four mean rates are joined: the squared
    distances to their limits add up; the quantile is Student's, since four variances are
    estimated from few epochs. For "scenarios like these" it is Student's interval
    over the scenarios' differences of differences.

    Args:
        blocks: As above; at least one.
        scope: What the interval shall speak about.
        level: Nominal coverage.

    Source: Zou & Donner (2008), Statistics in Medicine 27:1693-1702, for the joined limits.
    """
    if scope == "these scenarios":
        return _joined(blocks, level)
    values = interaction_differences(blocks)
    found = t_interval(values, level=level)
    if found is None:
        fewest = min(len(side) for block in blocks for four in block for side in four)
        found = adjusted_interval(values, 1 / fewest, reach=2.0, level=level)
    return Estimate(value=fmean(values), interval=_cut(found))


def interaction_differences(blocks: Sequence[Block]) -> list[float]:
    """The difference of differences of each scenario, mean over its strata."""
    return [
        fmean(
            sum(sign * fmean(side) for sign, side in zip(_SIGNS, four, strict=True))
            for four in block
        )
        for block in blocks
    ]


def interaction_test(blocks: Sequence[Block], scope: Scope) -> Tested:
    """Test that the effect is the same at both levels; two-sided.

    Within "these scenarios" p is one minus the highest level at which the interval of
    `interaction_difference` excludes 0, because labels cannot be exchanged where the factors have
    effects of their own. Else it is the sign-flip test over scenarios.

    Args:
        blocks: As above.
        scope: What the test shall speak about.
    """
    if scope != "these scenarios":
        test = sign_flip_test(interaction_differences(blocks))
        drawn = "" if test.is_exact else ", 9,999 draws"
        return Tested(f"{SIGN_FLIP}{drawn}", test.p_value, min(1.0, 2 / 2 ** len(blocks)))
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        interval = _joined(blocks, middle).interval if middle < 1 else None
        excludes = interval is not None and not interval.low <= 0 <= interval.high
        low, high = (middle, high) if excludes else (low, middle)
    return Tested(SCORE_TEST, 1 - low, 0.0)


def interaction_seen(
    blocks: Sequence[Block], scope: Scope, *, power: float = POWER, alpha: float
) -> float | None:
    """The smallest difference of differences detected with the given power; None if not known."""
    if scope == "these scenarios":
        return smallest_seen([four for block in blocks for four in block], power=power, alpha=alpha)
    values = interaction_differences(blocks)
    if len(values) < 2 or min(values) == max(values):
        return None
    factor = t_quantile(1 - alpha, len(values) - 1) + NormalDist().inv_cdf(power)
    return factor * stdev(values) / sqrt(len(values))


def _joined(blocks: Sequence[Block], level: float) -> Estimate:
    sides = list(zip(*(four for block in blocks for four in block), strict=True))
    degrees = sum(len(values) - 1 for side in sides for values in side)
    quantile = t_quantile(level, max(1, degrees))
    rates = [
        mean_rate([Count(round(sum(values)), len(values)) for values in side], level, quantile)
        for side in sides
    ]
    signed = list(zip(_SIGNS, rates, strict=True))
    value = fsum(sign * rate for sign, (rate, _) in signed)
    below, above = (
        sqrt(
            fsum(
                (rate - (limits.low if sign * way > 0 else limits.high)) ** 2
                for sign, (rate, limits) in signed
            )
        )
        for way in (1, -1)
    )
    return Estimate(
        value=value, interval=_cut(Interval(low=value - below, high=value + above, level=level))
    )


def _cut(interval: Interval) -> Interval:
    return Interval(low=max(-2.0, interval.low), high=min(2.0, interval.high), level=interval.level)
