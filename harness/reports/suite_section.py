"""What the page's section of one suite shows, gathered from the log and its comparison."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.model.imported import end_of
from harness.reports.faults import FaultRow, fault_rows, outcomes_of
from harness.reports.figures.differences import ScenarioMark, scenario_marks
from harness.reports.figures.heat import HeatMap, heat_maps
from harness.reports.figures.pareto import CostFigure, cost_figure
from harness.reports.figures.prompts import PromptChange, prompt_changes
from harness.reports.figures.turns import TurnsFigure, turns_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.comparison import Comparison, ConfigSummary, SuiteComparison
    from harness.model.run import RunLog, ScenarioInfo, SuiteInfo
    from harness.model.sample import SampleResult

Cells = dict[tuple[str, str], list["SampleResult"]]

# Beyond it a cell tells counts, and the table the scenarios in which configs differ the most.
_MOST_EPOCHS = 10
_MOST_SCENARIOS = 100


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """The table of outcomes.

    Attributes:
        scenarios: The rows.
        left_out: Scenarios that have no row.
        cells: Samples by scenario and config.
        is_counted: Whether a cell tells how many passed, not a mark for each sample.
    """

    scenarios: tuple[ScenarioInfo, ...]
    left_out: int
    cells: Cells
    is_counted: bool


@dataclass(frozen=True, kw_only=True)
class SuiteSection:
    """All of a suite's section."""

    info: SuiteInfo
    comparison: SuiteComparison
    reasons: tuple[str, ...]
    unfinished: dict[str, Counter[str]]
    scorers: tuple[str, ...]
    outcomes: Outcomes
    marks: dict[tuple[str, str], tuple[ScenarioMark, ...]]
    cost: CostFigure | None
    turns: TurnsFigure | None
    heat: tuple[HeatMap, ...]
    prompts: tuple[PromptChange, ...]
    faults: tuple[FaultRow, ...]
    fault_outcomes: tuple[str, ...]


def suite_sections(log: RunLog, comparison: Comparison) -> list[SuiteSection]:
    """A section for each suite that was compared."""
    infos = {suite.name: suite for suite in log.header.suites}
    by_suite: defaultdict[str, list[SampleResult]] = defaultdict(list)
    for sample in log.samples:
        by_suite[sample.key.suite].append(sample)
    return [_section(infos[each.suite], each, by_suite[each.suite]) for each in comparison.suites]


def _section(
    info: SuiteInfo, comparison: SuiteComparison, samples: Sequence[SampleResult]
) -> SuiteSection:
    faults = fault_rows(samples)
    contrasts = [*comparison.contrasts, *comparison.effects]
    return SuiteSection(
        info=info,
        comparison=comparison,
        reasons=_reasons(comparison.configs),
        unfinished=_unfinished(samples),
        scorers=tuple(
            dict.fromkeys(s.scorer for config in comparison.configs for s in config.scorers)
        ),
        outcomes=_outcomes(info, samples),
        marks=scenario_marks(info.name, contrasts, info.configs, samples),
        cost=cost_figure(info.name, comparison.configs),
        turns=turns_figure(samples, comparison.configs),
        heat=heat_maps(info.name, info.configs, comparison.configs),
        prompts=prompt_changes(info.configs, comparison),
        faults=tuple(faults),
        fault_outcomes=tuple(outcomes_of(faults)),
    )


def _reasons(configs: Sequence[ConfigSummary]) -> tuple[str, ...]:
    """Termination reasons that occur, most frequent first."""
    totals: defaultdict[str, int] = defaultdict(int)
    for config in configs:
        for reason, count in config.terminations.items():
            totals[reason] += count
    return tuple(sorted(totals, key=lambda reason: (-totals[reason], reason)))


def _unfinished(samples: Sequence[SampleResult]) -> dict[str, Counter[str]]:
    """How many of each config have no termination reason, by what is said instead."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sample in samples:
        if not sample.transcript.termination:
            found[end_of(sample)][sample.key.config] += 1
    return dict(sorted(found.items()))


def _outcomes(info: SuiteInfo, samples: Sequence[SampleResult]) -> Outcomes:
    cells: defaultdict[tuple[str, str], list[SampleResult]] = defaultdict(list)
    for sample in sorted(samples, key=lambda each: each.key):
        cells[sample.key.scenario, sample.key.config].append(sample)
    scenarios = list(info.scenarios)
    if len(scenarios) > _MOST_SCENARIOS:
        names = [config.name for config in info.configs]
        scenarios.sort(key=lambda scenario: -_spread(scenario.name, names, cells))
    return Outcomes(
        scenarios=tuple(scenarios[:_MOST_SCENARIOS]),
        left_out=max(0, len(scenarios) - _MOST_SCENARIOS),
        cells=dict(cells),
        is_counted=max(map(len, cells.values()), default=0) > _MOST_EPOCHS,
    )


def _spread(scenario: str, configs: Sequence[str], cells: Cells) -> float:
    """Between the best and the worst success rate of a scenario."""
    rates = [
        sum(sample.is_success for sample in cell) / len(cell)
        for config in configs
        if (cell := cells.get((scenario, config)))
    ]
    return max(rates, default=0.0) - min(rates, default=0.0)
