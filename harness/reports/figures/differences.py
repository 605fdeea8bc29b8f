"""Each scenario's own difference, to be drawn around the difference of a whole contrast."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from harness.reports import numbers
from harness.reports.figures.links import list_fragment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.model.comparison import Contrast
    from harness.model.sample import SampleResult
    from harness.model.scenario import AgentConfig

# Beyond it the marks would hide the interval.
MOST_MARKS = 60

Rates = dict[str, dict[str, float]]
"""Success rate by config and scenario."""


@dataclass(frozen=True, kw_only=True)
class ScenarioMark:
    """A scenario's difference of success rates, -1 to 1, candidate minus reference."""

    difference: float
    told: str
    fragment: str


def scenario_marks(
    suite: str,
    contrasts: Iterable[Contrast],
    configs: Sequence[AgentConfig],
    samples: Sequence[SampleResult],
) -> dict[tuple[str, str], tuple[ScenarioMark, ...]]:
    """(factor, candidate) of each contrast to the differences of the scenarios both sides have."""
    rates = _rates(samples)
    return {
        (each.factor, each.candidate): _marks(suite, _pairs(each, configs), rates)
        for each in contrasts
    }


def _rates(samples: Sequence[SampleResult]) -> Rates:
    passes: defaultdict[str, defaultdict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for sample in samples:
        passes[sample.key.config][sample.key.scenario].append(sample.is_success)
    return {
        config: {scenario: fmean(passed) for scenario, passed in groups.items()}
        for config, groups in passes.items()
    }


def _pairs(contrast: Contrast, configs: Sequence[AgentConfig]) -> list[tuple[str, str]]:
    """The configs that a contrast holds against each other: (candidate, reference)."""
    if contrast.factor == "config":
        return [(contrast.candidate, contrast.reference)]
    sides: dict[object, dict[str, str]] = {}
    for config in configs:
        level = config.factors.get(contrast.factor)
        if level is not None:
            others = tuple(
                sorted((k, v) for k, v in config.factors.items() if k != contrast.factor)
            )
            sides.setdefault(others, {})[level] = config.name
    wanted = (contrast.candidate, contrast.reference)
    return [
        (names[wanted[0]], names[wanted[1]])
        for names in sides.values()
        if all(level in names for level in wanted)
    ]


def _marks(
    suite: str, pairs: Sequence[tuple[str, str]], rates: Mapping[str, dict[str, float]]
) -> tuple[ScenarioMark, ...]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    for candidate, reference in pairs:
        left, right = rates.get(candidate, {}), rates.get(reference, {})
        for scenario in left:
            if scenario in right:
                found[scenario].append(left[scenario] - right[scenario])
    if not 1 < len(found) <= MOST_MARKS:
        return ()
    return tuple(_mark(suite, scenario, fmean(each)) for scenario, each in found.items())


def _mark(suite: str, scenario: str, difference: float) -> ScenarioMark:
    return ScenarioMark(
        difference=difference,
        told=f"{scenario}: {numbers.points(difference)} points",
        fragment=list_fragment(suite=suite, scenario=scenario),
    )
