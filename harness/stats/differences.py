"""Two configs over the same scenarios: the difference of success rates, its test and its power.

All functions take blocks: per scenario its strata, each a pair of (candidate values,
reference values) that are 0 or 1. A scenario has one stratum, or one per level of the factors that
are held equal. Which method is used, the scope decides.
"""

from __future__ import annotations

from math import asin, sqrt
from statistics import NormalDist, fmean, stdev
from typing import TYPE_CHECKING, NamedTuple

from harness.model.comparison import Estimate, Interval
from harness.stats.paired import mcnemar_test, sign_flip_test
from harness.stats.permutation import (
    PermutationTest,
    smallest_p_value,
    stratified_permutation_test,
)
from harness.stats.power import POWER, smallest_seen
from harness.stats.proportions import Count, stratified_difference
from harness.stats.scope import scope_of
from harness.stats.student import t_interval, t_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.comparison import Scope
    from harness.stats.paired import Pair

    Block = Sequence[Pair]

MCNEMAR = "exact McNemar"
SIGN_FLIP = "sign-flip over scenarios"
PERMUTATION = "permutation within scenarios"


class Tested(NamedTuple):
    """A test by name, its two-sided p, and the smallest p that as many samples can give."""

    name: str
    p_value: float
    smallest_p: float


def blocks_scope(blocks: Sequence[Block]) -> Scope:
    """What a comparison over these blocks can speak about; see `scope_of`."""
    sides = ([sum(len(pair[side]) for pair in block) for block in blocks] for side in (0, 1))
    candidate, reference = sides
    return scope_of([max(both) for both in zip(candidate, reference, strict=True)])


def block_differences(blocks: Sequence[Block]) -> list[float]:
    """Mean over its strata of the candidate's mean minus the reference's, per scenario."""
    return [fmean(fmean(left) - fmean(right) for left, right in block) for block in blocks]


def share_difference(blocks: Sequence[Block], scope: Scope, *, level: float = 0.95) -> Estimate:
    """The difference of two success rates with its interval.

    In the scope of "these scenarios" it is the mean over strata, as in
    `stratified_difference`; else the mean over scenarios, as in `scenarios_interval`.

    Args:
        blocks: As above; at least one.
        scope: What the interval shall speak about.
        level: Nominal coverage.
    """
    if scope == "these scenarios":
        strata = [pair for block in blocks for pair in block]
        return stratified_difference([(_count(a), _count(b)) for a, b in strata], level=level)
    return Estimate(
        value=fmean(block_differences(blocks)), interval=scenarios_interval(blocks, level=level)
    )


def scenarios_interval(blocks: Sequence[Block], *, level: float = 0.95) -> Interval | None:
    """Interval of the mean difference for scenarios like these: scenarios are what varies.

    Of one epoch a side it is Bonett and Price's, which adds one scenario won and one lost.
    Of several it is Student's over the scenarios' differences; if these show no spread, Bonett and
    Price's with the added ones weighing one epoch each, so that perfect agreement of few
    scenarios is not taken for certainty.

    Args:
        blocks: As above.
        level: Nominal coverage.

    Returns:
        Inside [-1, 1]; None for one scenario with several epochs.

    Source: Bonett & Price (2012), J. Educational and Behavioral Statistics 37:479-488;
    Student (1908), Biometrika 6:1-25; scenarios as the unit from Miller (2024),
    arXiv:2411.00640.
    """
    differences = block_differences(blocks)
    if is_single(blocks):
        return adjusted_interval(differences, 1.0, level=level)
    if len(blocks) < 2:
        return None
    found = t_interval(differences, level=level)
    if found is None:
        return adjusted_interval(differences, 1 / _fewest(blocks), level=level)
    return Interval(low=max(-1.0, found.low), high=min(1.0, found.high), level=level)


def adjusted_interval(
    differences: Sequence[float], weight: float, *, reach: float = 1.0, level: float = 0.95
) -> Interval:
    """Normal interval of a mean with two made-up differences, +reach and -reach.

    Args:
        differences: Each in [-reach, reach]; at least one.
        weight: What each of the two counts, against 1 of a real one.
        reach: Largest difference there can be.
        level: Nominal coverage.
    """
    n = len(differences) + 2 * weight
    mean = sum(differences) / n
    squares = sum(each * each for each in differences) + 2 * weight * reach**2
    half = NormalDist().inv_cdf((1 + level) / 2) * sqrt((squares / n - mean * mean) / n)
    return Interval(low=max(-reach, mean - half), high=min(reach, mean + half), level=level)


def difference_test(blocks: Sequence[Block], scope: Scope) -> Tested:
    """Test whether candidate and reference succeed equally often.

    - "scenarios like these": exact McNemar for one epoch a side, else the sign-flip test
      over the scenarios' differences.
    - "these scenarios": permutation of the labels within each stratum.

    Args:
        blocks: As above.
        scope: What the test shall speak about.
    """
    if scope == "these scenarios":
        strata = [pair for block in blocks for pair in block]
        smallest = smallest_p_value([(len(left), len(right)) for left, right in strata])
        return _tested(PERMUTATION, stratified_permutation_test(strata), smallest)
    smallest = min(1.0, 2 / 2 ** len(blocks))
    if is_single(blocks):
        passes = [(bool(left[0]), bool(right[0])) for ((left, right),) in blocks]
        return Tested(MCNEMAR, mcnemar_test(passes).p_value, smallest)
    return _tested(SIGN_FLIP, sign_flip_test(block_differences(blocks)), smallest)


def difference_seen(
    blocks: Sequence[Block], scope: Scope, *, power: float = POWER, alpha: float
) -> float | None:
    """The smallest true difference that a run like this one detects with the given power.

    For "these scenarios" see `smallest_seen`; for "scenarios like these" (t_alpha/2 + z_power)
    times the standard error of the mean of the scenarios' differences.

    Args:
        blocks: As above.
        scope: What the difference is of.
        power: Chance of detecting it, in (0, 1).
        alpha: Two-sided level of the test, in (0, 1).

    Returns:
        The difference; None if nothing varies, so that it is not known how chance moves it.
    """
    if scope == "these scenarios":
        return smallest_seen([pair for block in blocks for pair in block], alpha=alpha)
    differences = block_differences(blocks)
    if len(differences) < 2 or min(differences) == max(differences):
        return None
    factor = t_quantile(1 - alpha, len(differences) - 1) + NormalDist().inv_cdf(power)
    return factor * stdev(differences) / sqrt(len(differences))


def cohens_h(candidate: float, reference: float) -> float:
    """Effect size of two rates: 2 asin(sqrt(candidate)) - 2 asin(sqrt(reference)).

    Source: Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, ch. 6.
    """
    return 2 * asin(sqrt(candidate)) - 2 * asin(sqrt(reference))


def is_single(blocks: Sequence[Block]) -> bool:
    """Whether every scenario has one epoch a side."""
    return all(len(block) == 1 and len(block[0][0]) == len(block[0][1]) == 1 for block in blocks)


def _tested(name: str, test: PermutationTest, smallest: float) -> Tested:
    drawn = "" if test.is_exact else ", 9,999 draws"
    return Tested(f"{name}{drawn}", test.p_value, smallest)


def _count(values: Sequence[float]) -> Count:
    return Count(round(sum(values)), len(values))


def _fewest(blocks: Sequence[Block]) -> int:
    """Epochs of the side and scenario that has the fewest."""
    return min(sum(len(pair[side]) for pair in block) for block in blocks for side in (0, 1))
