"""Two configs over the same scenarios: differences, tests and effect sizes by pair."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from math import comb, fsum
from statistics import NormalDist, fmean, median, stdev
from typing import NamedTuple

from harness.model.comparison import Estimate, Interval
from harness.stats.bootstrap import SEED, bootstrap_interval
from harness.stats.permutation import RARE, PermutationTest
from harness.stats.student import t_quantile

_MOST_SUMS = 2**16
_DIGITS = 9  # sums that agree to this many decimals of the largest difference are one value

Pair = tuple[Sequence[float], Sequence[float]]


class McNemar(NamedTuple):
    """Pairs in which only one side passed, and what they show.

    Attributes:
        only_candidate: Scenarios that only the candidate passed.
        only_reference: Scenarios that only the reference passed.
        p_value: Exact, two-sided; 1 when no scenario tells the sides apart.
    """

    only_candidate: int
    only_reference: int
    p_value: float

    @property
    def odds(self) -> float | None:
        """Matched-pairs odds ratio; None when the reference alone passed nothing."""
        return self.only_candidate / self.only_reference if self.only_reference else None


def scenario_differences(pairs: Sequence[Pair]) -> list[float]:
    """Mean of the candidate's epochs minus mean of the reference's, per scenario.

    Args:
        pairs: (candidate values, reference values) per scenario; none empty.

    Raises:
        ValueError: If a side of a scenario has no value, or there is no scenario.
    """
    if not pairs or not all(side for pair in pairs for side in pair):
        raise ValueError("every scenario needs candidate and reference values")
    return [fmean(candidate) - fmean(reference) for candidate, reference in pairs]


def paired_difference(
    pairs: Sequence[Pair], *, draws: int = 1000, level: float = 0.95, seed: int = SEED
) -> Estimate:
    """Mean difference over scenarios; whole scenarios are redrawn for the interval.

    Args:
        pairs: (candidate values, reference values) per scenario; none empty.
        draws: Resamples.
        level: Nominal coverage; below about ten scenarios it may cover less.
        seed: Seed of the private random generator.

    Returns:
        The difference; its interval is None for fewer than two scenarios, or when all
        differ by the same, which shows no spread to judge by.

    Raises:
        ValueError: If a side of a scenario has no value, or there is no scenario.

    Source: cluster bootstrap, Davison & Hinkley (1997), Bootstrap Methods and
    Their Application, with percentiles expanded for few scenarios as in
    Hesterberg (2015), The American Statistician 69:371-386.
    """
    differences = scenario_differences(pairs)
    interval = _interval(differences, fmean, draws=draws, level=level, seed=seed)
    return Estimate(value=fmean(differences), interval=interval)


def median_difference(
    pairs: Sequence[Pair], *, draws: int = 1000, level: float = 0.95, seed: int = SEED
) -> Estimate:
    """Median over scenarios of the difference of means, for skewed cost and turns.

    Arguments, absence and errors are those of `paired_difference`.

    Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 13.
    """
    differences = scenario_differences(pairs)
    interval = _interval(differences, median, draws=draws, level=level, seed=seed)
    return Estimate(value=median(differences), interval=interval)


def mcnemar_test(outcomes: Sequence[tuple[bool, bool]]) -> McNemar:
    """Test whether two configs pass equally often, from one epoch of each scenario.

    Only scenarios on which the two disagree count; without a difference each
    side would win one of them like a coin.

    Args:
        outcomes: (candidate passed, reference passed) per scenario.

    Source: McNemar (1947), Psychometrika 12:153-157, with the exact binomial.
    """
    won = sum(candidate and not reference for candidate, reference in outcomes)
    lost = sum(reference and not candidate for candidate, reference in outcomes)
    n = won + lost
    tail = sum(comb(n, x) for x in range(min(won, lost) + 1))
    return McNemar(won, lost, min(1.0, 2 * tail / 2**n))


def sign_flip_test(
    differences: Sequence[float],
    *,
    draws: int = 9_999,
    seed: int = SEED,
    most_sums: int = _MOST_SUMS,
) -> PermutationTest:
    """Test that every scenario's difference could as well have had the other sign.

    Exact over all 2^n sign patterns while their distinct sums are at most
    most_sums (16 scenarios always, far more when differences repeat), but for
    sums rarer than 1e-15, which count as extreme; beyond that, patterns are drawn.

    Args:
        differences: Candidate minus reference per scenario; at least one.
        draws: Sign patterns drawn when the exact way is too large.
        seed: Seed of the private random generator.
        most_sums: Distinct sums beyond which the test draws.

    Returns:
        Two-sided p in (0, 1] and whether it is exact.

    Raises:
        ValueError: If there is no difference.

    Source: Fisher (1935), The Design of Experiments, section 21;
    (hits + 1) / (draws + 1) from Phipson & Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9:39.
    """
    if not differences:
        raise ValueError("a sign-flip test needs at least one difference")
    scale = max(map(abs, differences)) or 1.0
    # Sorted, so that the order of scenarios cannot change a digit.
    sizes = sorted(abs(value) / scale for value in differences)
    observed = abs(fsum(value / scale for value in differences)) - 10.0 ** (2 - _DIGITS)
    found = _signed_sums(sizes, most_sums)
    if found is not None:
        sums, rare = found
        extreme = fsum(share for value, share in sums.items() if abs(value) >= observed)
        return PermutationTest(min(1.0, extreme + rare), is_exact=True)
    generator = random.Random(seed)
    hits = sum(
        abs(sum(size if generator.random() < 0.5 else -size for size in sizes)) >= observed
        for _ in range(draws)
    )
    return PermutationTest((hits + 1) / (draws + 1), is_exact=False)


def cohens_d(differences: Sequence[float]) -> float | None:
    """Mean difference in standard deviations of the difference over scenarios.

    Returns:
        The effect size; None for fewer than two differences or without spread.

    Source: d_z in Lakens (2013), Frontiers in Psychology 4:863.
    """
    if len(differences) < 2 or min(differences) == max(differences):
        return None
    return fmean(differences) / stdev(differences)


def _interval(
    differences: Sequence[float],
    statistic: Callable[[Sequence[float]], float],
    *,
    draws: int,
    level: float,
    seed: int,
) -> Interval | None:
    """Bootstrap over scenarios, with the percentiles moved out as t is wider than normal."""
    if min(differences) == max(differences):
        return None
    wider = 2 * NormalDist().cdf(t_quantile(level, len(differences) - 1)) - 1
    found = bootstrap_interval([[differences]], statistic, draws=draws, level=wider, seed=seed)
    return Interval(low=found.low, high=found.high, level=level) if found else None


def _signed_sums(sizes: Sequence[float], most_sums: int) -> tuple[dict[float, float], float] | None:
    """Probability of each sum under random signs, and of all rare ones; None if too many."""
    sums, rare = {0.0: 1.0}, 0.0
    counts = Counter(round(size, _DIGITS) for size in sizes)
    for size, count in counts.items():
        if not size:
            continue
        grown: defaultdict[float, float] = defaultdict(float)
        ways = [comb(count, ups) / 2**count for ups in range(count + 1)]
        for value, share in sums.items():
            for ups, way in enumerate(ways):
                grown[round(value + (2 * ups - count) * size, _DIGITS)] += share * way
            if len(grown) > most_sums:
                return None
        sums = {value: share for value, share in grown.items() if share >= RARE}
        rare += fsum(share for share in grown.values() if share < RARE)
    return sums, rare
