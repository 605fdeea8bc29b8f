"""The factors of configs that come from a matrix: main effects and interactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import isfinite
from typing import TYPE_CHECKING

from harness.comparison.contrast import Pairing, paired
from harness.comparison.interaction import Crossing, Levels
from harness.comparison.sides import Side, blocks_of

if TYPE_CHECKING:
    from harness.model.scenario import AgentConfig

# By config and scenario.
Grid = Mapping[str, Mapping[str, Side]]


def effects_of(configs: Sequence[AgentConfig], grid: Grid, baseline: str) -> list[Pairing]:
    """Every level of every factor against the one it is measured against: see `reference_level`.

    Only samples of the same scenario whose other factors are equal are compared. Where the configs
    vary in one factor alone there are none: they would be the configs against the baseline again.
    """
    every = _levels(configs, baseline)
    if len({each.factor for each in every}) == 1 and len(configs) == len(every) + 1:
        return []
    found = []
    for levels in every:
        cells = _cells(configs, grid, (levels.factor,))
        strata = [
            (scenario, (sides[levels.candidate,], sides[levels.reference,]))
            for (scenario, _), sides in cells.items()
            if (levels.candidate,) in sides and (levels.reference,) in sides
        ]
        found.append(paired(*levels, strata))
    return [each for each in found if each]


def crossings_of(configs: Sequence[AgentConfig], grid: Grid, baseline: str) -> list[Crossing]:
    """Every two levels of different factors against their references, if all four cells exist."""
    found = []
    for one, other in combinations(_levels(configs, baseline), 2):
        if one.factor == other.factor:
            continue
        corners = [
            (level, by)
            for by in (other.candidate, other.reference)
            for level in (one.candidate, one.reference)
        ]
        cells = _cells(configs, grid, (one.factor, other.factor))
        strata = [
            (scenario, (sides[corners[0]], sides[corners[1]], sides[corners[2]], sides[corners[3]]))
            for (scenario, _), sides in cells.items()
            if all(corner in sides for corner in corners)
        ]
        if blocks := blocks_of(strata):
            found.append(Crossing(one, other, blocks))
    return found


def _levels(configs: Sequence[AgentConfig], baseline: str) -> list[Levels]:
    """Every factor's levels but the reference, which they are measured against; numbers rise."""
    own = next((config.factors for config in configs if config.name == baseline), {})
    found = []
    for factor in dict.fromkeys(name for config in configs for name in config.factors):
        levels = list(dict.fromkeys(c.factors[factor] for c in configs if factor in c.factors))
        reference = reference_level(levels, own.get(factor))
        if are_numbers(levels):
            levels.sort(key=float)
        found += [Levels(factor, level, reference) for level in levels if level != reference]
    return found


def reference_level(levels: Sequence[str], baseline: str | None) -> str:
    """The level that a factor's others are measured against.

    The lowest of numbers, whichever the baseline has, so that an effect of temperature is told
    from low to high in every suite; else the baseline's.
    """
    if are_numbers(levels):
        return min(levels, key=float)
    return levels[0] if baseline is None else baseline


def are_numbers(levels: Sequence[str]) -> bool:
    """Whether all levels of a factor are finite numbers."""
    try:
        return all(isfinite(float(level)) for level in levels)
    except ValueError:
        return False


def _cells(
    configs: Sequence[AgentConfig], grid: Grid, factors: tuple[str, ...]
) -> dict[tuple[str, object], dict[tuple[str, ...], Side]]:
    """Sides by the levels of the factors, per scenario x levels of all other factors."""
    cells: dict[tuple[str, object], dict[tuple[str, ...], Side]] = {}
    for config in configs:
        if not all(factor in config.factors for factor in factors):
            continue
        levels = tuple(config.factors[factor] for factor in factors)
        others = tuple(sorted((f, v) for f, v in config.factors.items() if f not in factors))
        for scenario, side in grid[config.name].items():
            sides = cells.setdefault((scenario, others), {})
            known = sides.get(levels, Side(()))
            sides[levels] = Side([*known.samples, *side.samples], known.missing + side.missing)
    return cells
