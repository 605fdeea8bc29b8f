"""Candidate against reference over shared strata, in families that are corrected together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from harness.comparison.interaction import crossed, interaction
from harness.comparison.sides import Side, blocks_of, weighs_alike
from harness.comparison.summary import Samples, cost_of, rate_of, turns_of
from harness.comparison.wording import ALPHA
from harness.model.comparison import MATTERS, Contrast, Estimate, Interaction, Verdict
from harness.stats import (
    Tested,
    block_differences,
    blocks_scope,
    bootstrap_interval,
    cluster_bootstrap_interval,
    cohens_h,
    difference_seen,
    difference_test,
    finding,
    holm,
    scenarios_interval,
    share_difference,
)

if TYPE_CHECKING:
    from harness.comparison.interaction import Crossing
    from harness.model.comparison import Scope
    from harness.model.sample import SampleResult

_TIE = 1e-9


class Pairing(NamedTuple):
    """Two sides to compare: what is varied, its two levels, and strata by scenario."""

    factor: str
    candidate: str
    reference: str
    blocks: Sequence[Sequence[tuple[Side, Side]]]


class Decision(NamedTuple):
    """What the outcomes of a pairing show before anything is corrected."""

    scope: Scope
    difference: Estimate
    test: Tested
    seen: float | None


Passes = Sequence[Sequence[tuple[Sequence[float], Sequence[float]]]]


def pairing(
    factor: str,
    candidate: str,
    reference: str,
    strata: Sequence[tuple[Samples, Samples]],
) -> Pairing | None:
    """Pair candidate and reference over the strata in which both have samples; None without any.

    Args:
        factor: What is varied.
        candidate: Name of the one side.
        reference: Name of the other.
        strata: (candidate samples, reference samples) per stratum, each of one scenario.
    """
    sides = [
        (left[0].key.scenario, (Side(left), Side(right)))
        for left, right in strata
        if left and right
    ]
    return paired(factor, candidate, reference, sides)


def paired(
    factor: str,
    candidate: str,
    reference: str,
    strata: Sequence[tuple[str, tuple[Side, Side]]],
) -> Pairing | None:
    """The same from sides: (scenario, (candidate, reference)) per stratum."""
    blocks = blocks_of(strata)
    return Pairing(factor, candidate, reference, blocks) if blocks else None


def family(pairings: Sequence[Pairing]) -> list[Contrast]:
    """Contrast every pairing; what is claimed of them holds for all of them together.

    p-values are corrected by Holm. Intervals are widened by Bonferroni: of m
    comparisons each has the level 1 - 0.05 / m, so that all m hold together in
    at least 95 % of repetitions, and an interval that excludes 0 nearly always
    has a corrected p below 0.05. Holm can be the milder of the two; a
    difference is only called one when both agree.
    """
    return family_with(pairings, ())[0]


def family_with(
    pairings: Sequence[Pairing], crossings: Sequence[Crossing]
) -> tuple[list[Contrast], list[Interaction]]:
    """The same for pairings and interactions in one family."""
    level = _level(len(pairings) + len(crossings))
    decisions = [_decided(_passes(each), level) for each in pairings]
    inter = [crossed(each, level) for each in crossings]
    tests = [*(each.test for each in decisions), *(each.test for each in inter)]
    adjusted = holm([each.p_value for each in tests])
    dropped = _dropped(pairings, decisions, adjusted, level)
    contrasts = [
        _contrast(*each, level=level)
        for each in zip(pairings, decisions, adjusted, dropped, strict=False)
    ]
    return contrasts, [
        interaction(*each) for each in zip(crossings, inter, adjusted[len(pairings) :], strict=True)
    ]


def verdicts(pairings: Sequence[Pairing]) -> list[Verdict]:
    """The verdicts of a family alone, where nothing else is shown of it."""
    level = _level(len(pairings))
    decisions = [_decided(_passes(each), level) for each in pairings]
    adjusted = holm([each.test.p_value for each in decisions])
    return [
        _verdict(decision, p_value) if is_comparable(pair) else "not comparable"
        for pair, decision, p_value in zip(pairings, decisions, adjusted, strict=True)
    ]


def _level(comparisons: int) -> float:
    return 1 - ALPHA / max(1, comparisons)


def _passes(pair: Pairing) -> Passes:
    return [[(left.passes, right.passes) for left, right in block] for block in pair.blocks]


def _decided(blocks: Passes, level: float) -> Decision:
    scope = blocks_scope(blocks)
    return Decision(
        scope,
        share_difference(blocks, scope, level=level),
        difference_test(blocks, scope),
        difference_seen(blocks, scope, alpha=1 - level),
    )


def _verdict(decision: Decision, p_value: float) -> Verdict:
    """Both the test and the interval must agree before anything is called different."""
    interval = decision.difference.interval
    return finding(interval, p_value, smallest_detectable=decision.seen, margin=MATTERS)


def _dropped(
    pairings: Sequence[Pairing],
    decisions: Sequence[Decision],
    adjusted: Sequence[float],
    level: float,
) -> list[Verdict]:
    """The verdicts if what did not complete were left out, corrected as the family is.

    The correction multiplies p as it did before, since how many are compared stays the same.
    """
    found: list[Verdict] = []
    for pair, decision, p_value in zip(pairings, decisions, adjusted, strict=False):
        if is_complete(pair):
            found.append(_verdict(decision, p_value))
            continue
        blocks = [[(a.completed, b.completed) for a, b in block] for block in pair.blocks]
        if not all(side for block in blocks for sides in block for side in sides):
            found.append("not comparable")
            continue
        left = _decided(blocks, level)
        factor = p_value / decision.test.p_value
        found.append(_verdict(left, min(1.0, factor * left.test.p_value)))
    return found


def _contrast(
    pair: Pairing, decision: Decision, p_value: float, dropped: Verdict, *, level: float
) -> Contrast:
    blocks = _passes(pair)
    rates = [
        rate_of([[x for sides in block for x in sides[side]] for block in blocks], decision.scope)
        for side in (0, 1)
    ]
    differences = block_differences(blocks)
    sizes = {sum(len(sides[side]) for sides in block) for block in blocks for side in (0, 1)}
    counted = _verdict(decision, p_value)
    return Contrast(
        factor=pair.factor,
        candidate=pair.candidate,
        reference=pair.reference,
        scope=decision.scope,
        candidate_success=rates[0],
        reference_success=rates[1],
        scenarios=len(blocks),
        strata=sum(map(len, blocks)),
        epochs=sizes.pop() if len(sizes) == 1 else None,
        wins=sum(each > _TIE for each in differences),
        losses=sum(each < -_TIE for each in differences),
        ties=sum(abs(each) <= _TIE for each in differences),
        difference=decision.difference,
        across=scenarios_interval(blocks, level=level),
        effect_size=cohens_h(rates[0].value or 0.0, rates[1].value or 0.0),
        test=decision.test.name,
        p_value=decision.test.p_value,
        p_adjusted=p_value,
        smallest_p=decision.test.smallest_p,
        seen=decision.seen,
        verdict=counted if is_comparable(pair) else "not comparable",
        verdict_by_count=counted,
        verdict_if_dropped=dropped,
        turns=_estimate(pair, turns_of, _mean_difference, decision.scope),
        cost_ratio=_cost_ratio(pair, decision.scope),
        is_judged=_is_judged(pair),
    )


def _is_judged(pair: Pairing) -> bool:
    sides = [side for block in pair.blocks for each in block for side in each]
    outcomes = {sample.outcome for side in sides for sample in side.samples}
    return "unjudged" not in outcomes or not outcomes.isdisjoint(("pass", "fail"))


def is_complete(pair: Pairing) -> bool:
    """Whether every planned sample completed."""
    return all(
        len(side.completed) == len(side.passes)
        for block in pair.blocks
        for sides in block
        for side in sides
    )


def is_comparable(pair: Pairing) -> bool:
    """Whether what did not complete weighs on both sides alike, and leaves something of each."""
    return weighs_alike([sides for block in pair.blocks for sides in block])


def _mean_difference(candidate: Sequence[float], reference: Sequence[float]) -> float:
    return fmean(candidate) - fmean(reference)


def _mean_ratio(candidate: Sequence[float], reference: Sequence[float]) -> float:
    return fmean(candidate) / fmean(reference)


def _cost_ratio(pair: Pairing, scope: Scope) -> Estimate | None:
    """Ratio of mean costs; None unless every reference cost is known and positive somewhere."""
    reference = [
        cost_of(sample) for block in pair.blocks for _, right in block for sample in right.samples
    ]
    # A redrawn reference of zeros alone would divide by zero.
    if not all(cost is None or cost > 0 for cost in reference):
        return None
    return _estimate(pair, cost_of, _mean_ratio, scope)


def _estimate(
    pair: Pairing,
    value_of: Callable[[SampleResult], float | None],
    statistic: Callable[[Sequence[float], Sequence[float]], float],
    scope: Scope,
) -> Estimate | None:
    """A statistic of the two sides' values, over the strata in which both have any."""
    valued = [
        [(_values(left, value_of), _values(right, value_of)) for left, right in block]
        for block in pair.blocks
    ]
    valued = [[sides for sides in block if all(sides)] for block in valued]
    strata = [sides for block in valued for sides in block]
    if not strata:
        return None
    sides = [left for left, _ in strata], [right for _, right in strata]
    flat = [[value for stratum in side for value in stratum] for side in sides]
    if scope == "these scenarios":
        interval = bootstrap_interval(sides, statistic, is_expanded=True)
    else:
        merged = [
            [[x for sides in block for x in sides[side]] for side in (0, 1)]
            for block in valued
            if block
        ]
        interval = cluster_bootstrap_interval(merged, statistic)
    return Estimate(value=statistic(*flat), interval=interval)


def _values(side: Side, value_of: Callable[[SampleResult], float | None]) -> list[float]:
    return [value for sample in side.samples if (value := value_of(sample)) is not None]
