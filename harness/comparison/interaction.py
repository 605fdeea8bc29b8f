"""Whether the effect of one factor depends on the level of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from harness.comparison.sides import Side, weighs_alike
from harness.model.comparison import MATTERS, Estimate, Interaction
from harness.stats import (
    Tested,
    finding,
    interaction_difference,
    interaction_seen,
    interaction_test,
    scope_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.comparison import Scope

Cells = tuple[Side, Side, Side, Side]


class Levels(NamedTuple):
    """A factor with a level of it, and the level that it is measured against."""

    factor: str
    candidate: str
    reference: str


class Crossing(NamedTuple):
    """Two factors, two levels of each: per scenario the strata that have all four cells.

    The cells are candidate and reference of the factor at the other's candidate level, then
    both at its reference level.
    """

    factor: Levels
    by: Levels
    blocks: Sequence[Sequence[Cells]]


class Crossed(NamedTuple):
    """What a crossing shows before anything is corrected."""

    scope: Scope
    difference: Estimate
    test: Tested
    seen: float | None


def crossed(crossing: Crossing, level: float) -> Crossed:
    """The difference of differences with its test; level is that of its interval."""
    blocks = [
        [(a.passes, b.passes, c.passes, d.passes) for a, b, c, d in block]
        for block in crossing.blocks
    ]
    scope = scope_of(
        [max(sum(map(len, side)) for side in zip(*each, strict=True)) for each in blocks]
    )
    return Crossed(
        scope,
        interaction_difference(blocks, scope, level=level),
        interaction_test(blocks, scope),
        interaction_seen(blocks, scope, alpha=1 - level),
    )


def interaction(crossing: Crossing, found: Crossed, p_adjusted: float) -> Interaction:
    """The interaction with its corrected p and its verdict."""
    strata = [cells for block in crossing.blocks for cells in block]
    verdict = finding(
        found.difference.interval, p_adjusted, smallest_detectable=found.seen, margin=MATTERS
    )
    return Interaction(
        factor=crossing.factor.factor,
        candidate=crossing.factor.candidate,
        reference=crossing.factor.reference,
        by=crossing.by.factor,
        by_candidate=crossing.by.candidate,
        by_reference=crossing.by.reference,
        scope=found.scope,
        n=sum(len(side.passes) for cells in strata for side in cells),
        scenarios=len(crossing.blocks),
        strata=len(strata),
        difference=found.difference,
        test=found.test.name,
        p_value=found.test.p_value,
        p_adjusted=p_adjusted,
        seen=found.seen,
        verdict=verdict if weighs_alike(strata) else "not comparable",
    )
