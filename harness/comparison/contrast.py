"""Candidate against reference over shared strata, and Holm's correction over a family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

import msgspec

from harness.comparison.summary import Samples, cost_of, success_rate, turns_of
from harness.comparison.wording import ALPHA
from harness.model.comparison import Contrast, Estimate, Verdict
from harness.stats import (
    Count,
    bootstrap_interval,
    holm,
    stratified_difference,
    stratified_permutation_test,
)

if TYPE_CHECKING:
    from harness.model.sample import SampleResult

Strata = Sequence[tuple[Samples, Samples]]


def contrast(factor: str, candidate: str, reference: str, strata: Strata) -> Contrast | None:
    """Compare candidate with reference over the strata in which both have samples.

    Args:
        factor: What is varied.
        candidate: Name of the one side.
        reference: Name of the other.
        strata: (candidate samples, reference samples) per stratum.

    Returns:
        The contrast, not yet corrected for its family; None if no stratum has both.
    """
    shared = [(left, right) for left, right in strata if left and right]
    if not shared:
        return None
    difference = stratified_difference([(_count(left), _count(right)) for left, right in shared])
    test = stratified_permutation_test([(_passes(left), _passes(right)) for left, right in shared])
    return Contrast(
        factor=factor,
        candidate=candidate,
        reference=reference,
        candidate_success=success_rate([sample for left, _ in shared for sample in left]),
        reference_success=success_rate([sample for _, right in shared for sample in right]),
        strata=len(shared),
        difference=difference,
        p_value=test.p_value,
        p_adjusted=test.p_value,
        verdict=_verdict(test.p_value, difference),
        turns=_estimate(shared, turns_of, _mean_difference),
        cost_ratio=_cost_ratio(shared),
    )


def corrected(family: Sequence[Contrast]) -> list[Contrast]:
    """Correct the p-values of a family together, and settle the verdicts by them."""
    adjusted = holm([each.p_value for each in family])
    return [
        msgspec.structs.replace(
            each, p_adjusted=p_value, verdict=_verdict(p_value, each.difference)
        )
        for each, p_value in zip(family, adjusted, strict=True)
    ]


def _verdict(p_value: float, difference: Estimate) -> Verdict:
    """Both the test and the interval must agree before anything is called different."""
    interval = difference.interval
    if p_value >= ALPHA or interval is None or interval.low <= 0 <= interval.high:
        return "no difference shown"
    return "better" if difference.value > 0 else "worse"


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
