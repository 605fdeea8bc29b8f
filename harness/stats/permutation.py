"""Stratified permutation test of a difference of means."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from math import comb, prod
from statistics import fmean
from typing import NamedTuple

SEED = 20260101
_MOST_STATES = 20_000
# Sums with less probability are not followed; they count as extreme, so that p is never too small.
RARE = 1e-15
_DIGITS = 9  # sums that agree to this many decimals are one value

Stratum = tuple[Sequence[float], Sequence[float]]


class PermutationTest(NamedTuple):
    """Outcome of a test: two-sided p, and whether every relabelling was counted."""

    p_value: float
    is_exact: bool


def stratified_permutation_test(
    strata: Sequence[Stratum],
    *,
    draws: int = 9_999,
    seed: int = SEED,
    most_states: int = _MOST_STATES,
) -> PermutationTest:
    """Test that candidate and reference labels are exchangeable within every stratum.

    The statistic is the mean over strata of mean(candidate) - mean(reference).
    Its null distribution is computed exactly: per stratum, hypergeometric for
    successes and failures, else by adding values one at a time; then convolved
    over strata. Only if that grows too large are relabellings drawn.

    Args:
        strata: (candidate values, reference values), both non-empty; at least one.
        draws: Relabellings drawn when the exact way is too large.
        seed: Seed of the private random generator.
        most_states: Distinct partial sums beyond which the test draws instead.

    Returns:
        p in (0, 1] and whether it is exact.

    Raises:
        ValueError: If there is no stratum or one side of a stratum is empty.

    Source: Good (2005), Permutation, Parametric and Bootstrap Tests, ch. 3;
    (hits + 1) / (draws + 1) from Phipson & Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9:39.
    """
    if not strata or any(not side for stratum in strata for side in stratum):
        raise ValueError("every stratum needs candidate and reference values")
    observed = abs(sum(fmean(a) - fmean(b) for a, b in strata)) - 10.0 ** (2 - _DIGITS)
    null = _exact_null(strata, most_states)
    if null is not None:
        extreme = sum(share for value, share in null[0].items() if abs(value) >= observed)
        return PermutationTest(min(1.0, extreme + null[1]), is_exact=True)
    generator = random.Random(seed)
    hits = sum(abs(_relabelled(strata, generator)) >= observed for _ in range(draws))
    return PermutationTest((hits + 1) / (draws + 1), is_exact=False)


def smallest_p_value(sizes: Sequence[tuple[int, int]]) -> float:
    """The smallest p that `stratified_permutation_test` can give for outcomes of 0 and 1.

    It is reached when one side is all ones and the other all zeros: one
    relabelling of all shows as much, or two when the sides are of equal size
    in every stratum, because exchanging them then shows the same difference.

    Args:
        sizes: Number of (candidate values, reference values) per stratum; each >= 1.

    Returns:
        p in (0, 1], exact.
    """
    extreme = 2 if all(left == right for left, right in sizes) else 1
    return extreme / prod(comb(left + right, left) for left, right in sizes)


def _exact_null(
    strata: Sequence[Stratum], most_states: int
) -> tuple[dict[float, float], float] | None:
    """Probability of every value of the summed statistic, and of rare ones; None if too many."""
    total: dict[float, float] = {0.0: 1.0}
    rare = 0.0
    for candidate, reference in strata:
        found = _stratum_null(candidate, reference, most_states)
        if found is None:
            return None
        single = {value: share for value, share in found.items() if share >= RARE}
        rare += sum(share for share in found.values() if share < RARE)
        if len(single) * len(total) > most_states * 50:
            return None
        merged: defaultdict[float, float] = defaultdict(float)
        for left, left_share in total.items():
            for right, right_share in single.items():
                merged[round(left + right, _DIGITS)] += left_share * right_share
        if len(merged) > most_states:
            return None
        total = {value: share for value, share in merged.items() if share >= RARE}
        rare += sum(share for share in merged.values() if share < RARE)
    return total, rare


def _stratum_null(
    candidate: Sequence[float], reference: Sequence[float], most_states: int
) -> dict[float, float] | None:
    """Probability of every difference of means one stratum can show."""
    size, total = len(candidate), sum(candidate) + sum(reference)
    ways = _ways([*candidate, *reference], size, most_states)
    if ways is None:
        return None
    everything = sum(ways.values())
    null: defaultdict[float, float] = defaultdict(float)
    for partial, count in ways.items():
        difference = partial / size - (total - partial) / len(reference)
        null[round(difference, _DIGITS)] += count / everything
    return null


def _ways(values: Sequence[float], size: int, most_states: int) -> dict[float, int] | None:
    """In how many ways size of the values can have each sum; None if there are too many sums."""
    if set(values) <= {0, 1}:
        ones = round(sum(values))
        possible = range(max(0, size - len(values) + ones), min(ones, size) + 1)
        return {x: comb(ones, x) * comb(len(values) - ones, size - x) for x in possible}
    # (values taken, their sum) -> number of ways
    ways: dict[tuple[int, float], int] = {(0, 0.0): 1}
    for value in values:
        grown: defaultdict[tuple[int, float], int] = defaultdict(int, ways)
        for (taken, partial), count in ways.items():
            if taken < size:
                grown[taken + 1, round(partial + value, _DIGITS)] += count
        if len(grown) > most_states:
            return None
        ways = grown
    return {partial: count for (taken, partial), count in ways.items() if taken == size}


def _relabelled(strata: Sequence[Stratum], generator: random.Random) -> float:
    """The summed statistic after shuffling the labels inside every stratum."""
    result = 0.0
    for candidate, reference in strata:
        values = [*candidate, *reference]
        generator.shuffle(values)
        result += fmean(values[: len(candidate)]) - fmean(values[len(candidate) :])
    return result
