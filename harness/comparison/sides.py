"""The sides of a stratum: samples with a result, and samples that were only planned."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from harness.comparison.summary import Samples, passes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Cells = TypeVar("Cells", bound="tuple[Side, ...]")


class Side(NamedTuple):
    """Samples of one side of a stratum, and how many more were planned."""

    samples: Samples
    missing: int = 0

    @property
    def passes(self) -> list[float]:
        """1 or 0 per planned sample; what did not complete, or nobody judged, is 0."""
        return passes_of(self.samples, missing=self.missing)

    @property
    def completed(self) -> list[float]:
        """1 or 0 per sample that completed and was judged, if others were."""
        return passes_of([each for each in self.samples if each.is_settled])

    @property
    def measures(self) -> set[bool]:
        """What its successes are: False, solved; True, ended as accepted."""
        return {each.is_accepted_alone for each in self.samples if each.is_settled}


def blocks_of(strata: Iterable[tuple[str, Cells]]) -> list[list[Cells]]:
    """Strata by scenario, of those in which every side was planned and some side has a result.

    Args:
        strata: (scenario, its sides) each.
    """
    blocks: defaultdict[str, list[Cells]] = defaultdict(list)
    for scenario, sides in strata:
        if all(side.passes for side in sides) and any(side.samples for side in sides):
            blocks[scenario].append(sides)
    return list(blocks.values())


def weighs_alike(strata: Sequence[Sequence[Side]]) -> bool:
    """Whether errors, misses and missing samples weigh on all sides alike.

    They count as failures. Where they strike one side more than the other, the
    difference is theirs; where they are all of a side of a stratum, nothing is known there.
    The same goes for what nobody judged, where others were; and conversations that merely
    ended as accepted are not held against others that were judged.
    """
    if not all(side.completed for sides in strata for side in sides):
        return False
    shares = {
        Fraction(
            sum(len(side.completed) for side in column), sum(len(side.passes) for side in column)
        )
        for column in zip(*strata, strict=True)
    }
    measures = {kind for sides in strata for side in sides for kind in side.measures}
    return len(shares) == 1 and len(measures) < 2
