"""Intervals for proportions that hold for small samples and at 0 and 1."""

from __future__ import annotations

from math import exp, fsum, lgamma, log, log1p, sqrt
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, NamedTuple

from harness.model.comparison import Estimate, Interval

if TYPE_CHECKING:
    from collections.abc import Sequence


class Count(NamedTuple):
    """Successes out of n trials, 0 <= successes <= n."""

    successes: int
    n: int

    @property
    def rate(self) -> float:
        """Successes / n; n must be positive."""
        return self.successes / self.n


def wilson_interval(successes: int, n: int, *, level: float = 0.95) -> Interval:
    """Score interval of one proportion, without continuity correction.

    Pooled over repeats of several scenarios it is conservative: fixed
    scenarios of unequal difficulty only make the pooled rate vary less.

    Args:
        successes: 0 <= successes <= n.
        n: Trials, >= 1.
        level: Nominal coverage, between 0 and 1.

    Returns:
        Interval inside [0, 1].

    Raises:
        ValueError: If successes or n is out of range.

    Source: Wilson (1927), JASA 22:209-212; method 3 of Newcombe (1998),
    Statistics in Medicine 17:857-872.
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"successes={successes} of n={n}: need 0 <= successes <= n and n >= 1")
    return score_interval(successes / n, n, _z(level), level=level)


def clopper_pearson_interval(successes: int, n: int, *, level: float = 0.95) -> Interval:
    """Exact interval of one proportion: it covers at least level, whatever the true rate.

    For that guarantee it is wider than Wilson's, which covers level on average.

    Args:
        successes: 0 <= successes <= n.
        n: Trials, >= 1.
        level: Least coverage, between 0 and 1.

    Raises:
        ValueError: If successes or n is out of range.

    Source: Clopper & Pearson (1934), Biometrika 26:404-413; the binomial tails
    are inverted by bisection.
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"successes={successes} of n={n}: need 0 <= successes <= n and n >= 1")
    tail = (1 - level) / 2
    low = 0.0 if successes == 0 else _exact_low(successes, n, tail)
    high = 1.0 if successes == n else 1 - _exact_low(n - successes, n, tail)
    return Interval(low=low, high=high, level=level)


def newcombe_interval(candidate: Count, reference: Count, *, level: float = 0.95) -> Interval:
    """Hybrid score interval of the difference of two independent proportions.

    Source: Newcombe (1998), Statistics in Medicine 17:873-890, method 10.
    """
    return _difference_interval(
        (candidate.rate, wilson_interval(*candidate, level=level)),
        (reference.rate, wilson_interval(*reference, level=level)),
    )


def stratified_difference(
    strata: Sequence[tuple[Count, Count]], *, level: float = 0.95
) -> Estimate:
    """Mean over strata of the difference of two proportions, every stratum weighing the same.

    Equal weights make the claim one about these strata; trials within a
    stratum are its independent repeats. Each side gets a Wilson interval at
    the sample size that a single proportion would need to vary as little as
    the mean of its strata does (never below the real one), and the two are
    joined as in `newcombe_interval`, which one stratum reproduces exactly.

    Args:
        strata: (candidate, reference) per stratum; every n >= 1; at least one stratum.
        level: Nominal coverage.

    Raises:
        ValueError: If there is no stratum.

    Source: effective sample size from Korn & Graubard (1998), Survey
    Methodology 24:193-201, with Wilson limits as in Franco et al. (2019),
    J. Survey Statistics and Methodology 7:334-364. The variance inside a
    stratum is smoothed by half a success and half a failure; coverage was
    checked by simulation (tests/stats).
    """
    if not strata:
        raise ValueError("stratified_difference needs at least one stratum")
    candidate = mean_rate([candidate for candidate, _ in strata], level)
    reference = mean_rate([reference for _, reference in strata], level)
    return Estimate(
        value=candidate[0] - reference[0], interval=_difference_interval(candidate, reference)
    )


def _exact_low(successes: int, n: int, tail: float) -> float:
    """The rate at which successes or more out of n have probability tail; successes >= 1."""
    ways = [lgamma(n + 1) - lgamma(x + 1) - lgamma(n - x + 1) for x in range(successes, n + 1)]
    low, high = 0.0, 1.0
    for _ in range(50):
        rate = (low + high) / 2
        hit, miss = log(rate), log1p(-rate)
        above = fsum(exp(way + x * hit + (n - x) * miss) for x, way in enumerate(ways, successes))
        low, high = (rate, high) if above < tail else (low, rate)
    return (low + high) / 2


def score_interval(rate: float, n: float, quantile: float, *, level: float) -> Interval:
    """Wilson's interval with a quantile of one's own.

    Args:
        rate: Seen, in [0, 1].
        n: Trials; may be an effective, fractional number.
        quantile: In standard errors: normal, or Student's if n was estimated.
        level: What the quantile stands for.
    """
    z = quantile
    shrink = 1 + z * z / n
    centre = (rate + z * z / (2 * n)) / shrink
    half = z * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / shrink
    # At the ends the formula is exact; rounding must not leave 1e-17 behind.
    low = 0.0 if rate == 0 else max(0.0, centre - half)
    high = 1.0 if rate == 1 else min(1.0, centre + half)
    return Interval(low=low, high=high, level=level)


def _z(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)


def _difference_interval(
    candidate: tuple[float, Interval], reference: tuple[float, Interval]
) -> Interval:
    """Join the intervals of two independent rates: squared distances to the limits add up."""
    (rate, limits), (other_rate, other_limits) = candidate, reference
    value = rate - other_rate
    below = sqrt((rate - limits.low) ** 2 + (other_limits.high - other_rate) ** 2)
    above = sqrt((limits.high - rate) ** 2 + (other_rate - other_limits.low) ** 2)
    return Interval(low=max(-1.0, value - below), high=min(1.0, value + above), level=limits.level)


def mean_rate(
    counts: Sequence[Count], level: float, quantile: float | None = None
) -> tuple[float, Interval]:
    """Equal-weight mean of the strata's rates, with a Wilson interval at the effective n.

    See `stratified_difference`; the quantile is the normal one unless another is given.
    """
    rate = fmean(count.rate for count in counts)
    weight = 1 / len(counts)
    variance = weight**2 * sum(_trial_variance(*count) / count.n for count in counts)
    # What n would be if all strata were one; for equal sizes it is their sum.
    pooled_n = 1 / (weight**2 * sum(1 / count.n for count in counts))
    effective_n = max(pooled_n, _trial_variance(rate * pooled_n, pooled_n) / variance)
    return rate, score_interval(rate, effective_n, quantile or _z(level), level=level)


def _trial_variance(successes: float, n: float) -> float:
    """Variance of one trial, smoothed: positive at 0 and n, hardly biased in between."""
    return (successes + 0.5) * (n - successes + 0.5) / ((n + 1) * n)
