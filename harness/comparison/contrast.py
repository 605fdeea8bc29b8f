"""Candidate against reference over shared strata, in families that are corrected together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from harness.comparison.summary import Samples, cost_of, success_rate, turns_of
from harness.comparison.wording import ALPHA
from harness.model.comparison import MATTERS, Contrast, Estimate, Verdict
from harness.stats import (
    Count,
    bootstrap_interval,
    finding,
    holm,
    smallest_p_value,
    smallest_seen,
    stratified_difference,
    stratified_permutation_test,
)

if TYPE_CHECKING:
    from harness.model.sample import SampleResult

Strata = Sequence[tuple[Samples, Samples]]


class Pairing(NamedTuple):
    """Two sides to compare: what is varied, its two levels, and the samples per stratum."""

    factor: str
    candidate: str
    reference: str
    strata: Strata


def pairing(factor: str, candidate: str, reference: str, strata: Strata) -> Pairing | None:
    """Pair candidate and reference over the strata in which both have samples; None without any.

    Args:
        factor: What is varied.
        candidate: Name of the one side.
        reference: Name of the other.
        strata: (candidate samples, reference samples) per stratum.
    """
    shared = [(left, right) for left, right in strata if left and right]
    return Pairing(factor, candidate, reference, shared) if shared else None


def family(pairings: Sequence[Pairing]) -> list[Contrast]:
    """Contrast every pairing; what is claimed of them holds for all of them together.

    p-values are corrected by Holm. Intervals are widened by Bonferroni: of m
    comparisons each has the level 1 - 0.05 / m, so that all m hold together in
    at least 95 % of repetitions, and an interval that excludes 0 nearly always
    has a corrected p below 0.05. Holm can be the milder of the two; a
    difference is only called one when both agree.
    """
    level = 1 - ALPHA / max(1, len(pairings))
    raw = [_contrast(each, level) for each in pairings]
    adjusted = holm([each.p_value for each in raw])
    return [
        msgspec.structs.replace(
            each,
            p_adjusted=p_value,
            verdict=_verdict(p_value, each.difference, each.seen, pair.strata),
        )
        for each, p_value, pair in zip(raw, adjusted, pairings, strict=True)
    ]


def _contrast(pair: Pairing, level: float) -> Contrast:
    """The contrast as if it were the only one, but for the level of its interval."""
    shared = pair.strata
    counts = [(_count(left), _count(right)) for left, right in shared]
    difference = stratified_difference(counts, level=level)
    passes = [(_passes(left), _passes(right)) for left, right in shared]
    test = stratified_permutation_test(passes)
    seen = smallest_seen(passes, alpha=1 - level)
    return Contrast(
        factor=pair.factor,
        candidate=pair.candidate,
        reference=pair.reference,
        candidate_success=success_rate([sample for left, _ in shared for sample in left]),
        reference_success=success_rate([sample for _, right in shared for sample in right]),
        strata=len(shared),
        difference=difference,
        p_value=test.p_value,
        p_adjusted=test.p_value,
        smallest_p=smallest_p_value([(left.n, right.n) for left, right in counts]),
        seen=seen,
        verdict=_verdict(test.p_value, difference, seen, shared),
        turns=_estimate(shared, turns_of, _mean_difference),
        cost_ratio=_cost_ratio(shared),
    )


def _verdict(p_value: float, difference: Estimate, seen: float | None, strata: Strata) -> Verdict:
    """Both the test and the interval must agree before anything is called different."""
    if not _is_comparable(strata):
        return "not comparable"
    return finding(difference.interval, p_value, smallest_detectable=seen, margin=MATTERS)


def _is_comparable(strata: Strata) -> bool:
    """Whether errors and misses weigh on both sides alike, and leave something of each.

    They count as failures. Where they strike one side more than the other, the
    difference is theirs; where they are all of a side of a stratum, nothing is known there.
    """
    if any(not any(s.status == "completed" for s in side) for pair in strata for side in pair):
        return False
    shares = [
        Fraction(sum(s.status != "completed" for s in samples), len(samples))
        for side in zip(*strata, strict=True)
        if (samples := [sample for stratum in side for sample in stratum])
    ]
    return shares[0] == shares[1]


def _count(samples: Samples) -> Count:
    return Count(sum(sample.is_success for sample in samples), len(samples))


def _passes(samples: Samples) -> list[int]:
    return [int(sample.is_success) for sample in samples]


def _mean_difference(candidate: Sequence[float], reference: Sequence[float]) -> float:
    return fmean(candidate) - fmean(reference)


def _mean_ratio(candidate: Sequence[float], reference: Sequence[float]) -> float:
    return fmean(candidate) / fmean(reference)


def _cost_ratio(strata: Strata) -> Estimate | None:
    """Ratio of mean costs; None unless every reference cost is known and positive somewhere."""
    reference = [cost_of(sample) for _, right in strata for sample in right]
    # A redrawn reference of zeros alone would divide by zero.
    if not all(cost is None or cost > 0 for cost in reference):
        return None
    return _estimate(strata, cost_of, _mean_ratio)


def _estimate(
    strata: Strata,
    value_of: Callable[[SampleResult], float | None],
    statistic: Callable[[Sequence[float], Sequence[float]], float],
) -> Estimate | None:
    """A statistic of the two sides' values, over the strata in which both have any."""
    valued = [(_values(left, value_of), _values(right, value_of)) for left, right in strata]
    valued = [(left, right) for left, right in valued if left and right]
    if not valued:
        return None
    sides = [left for left, _ in valued], [right for _, right in valued]
    flat = [[value for stratum in side for value in stratum] for side in sides]
    return Estimate(value=statistic(*flat), interval=bootstrap_interval(sides, statistic))


def _values(samples: Samples, value_of: Callable[[SampleResult], float | None]) -> list[float]:
    return [value for sample in samples if (value := value_of(sample)) is not None]
