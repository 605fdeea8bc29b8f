"""Compare the configs of one run, suite by suite."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations
from typing import TYPE_CHECKING

from harness.comparison.contrast import Pairing, family_with, paired, verdicts
from harness.comparison.factors import Grid, crossings_of, effects_of
from harness.comparison.headline import carries, findings, headline
from harness.comparison.notes import suite_notes
from harness.comparison.sides import Side
from harness.comparison.summary import (
    Samples,
    baseline_of,
    by_config,
    by_scenario,
    summarise_config,
)
from harness.comparison.wording import alert, standing, suite_verdict, warning
from harness.model.comparison import Comparison, Contrast, SuiteComparison

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.model.run import RunLog, SuiteInfo
    from harness.model.sample import SampleResult


def compare_configs(log: RunLog) -> Comparison:
    """Compare every suite's configs with its baseline, and the levels of its factors.

    What the claims are about, its scenarios or scenarios like them, `stats.scope_of` decides.
    The correction covers everything shown for one suite, so that a suite's
    verdict does not depend on what else ran with it. Which configs are not
    shown to be worse is a claim of its own, corrected over all pairs of configs.

    Args:
        log: The run; planned samples without a result count as failures.

    Returns:
        One entry per suite of the run that has planned samples or results.
    """
    samples: defaultdict[str, list[SampleResult]] = defaultdict(list)
    for sample in log.samples:
        samples[sample.key.suite].append(sample)
    planned = {key.suite for key in log.header.plan}
    return Comparison(
        suites=tuple(
            _compare_suite(suite, samples[suite.name], log)
            for suite in log.header.suites
            if suite.name in planned or samples[suite.name]
        )
    )


def _compare_suite(suite: SuiteInfo, samples: Samples, log: RunLog) -> SuiteComparison:
    missing = _missing(suite, log)
    groups = by_config(samples)
    summaries = [
        summarise_config(config.name, groups.get(config.name, ()), missing=missing[config.name])
        for config in suite.configs
        if config.name in groups or missing[config.name]
    ]
    present = [config for config in suite.configs if config.name in groups]
    names = [config.name for config in present]
    grid = {name: _sides(groups[name], missing[name]) for name in names}
    baseline = baseline_of(suite, names)
    pairs = [pair for name in names if name != baseline and (pair := _pair(grid, name, baseline))]
    compared, interactions = family_with(
        [*pairs, *effects_of(present, grid, baseline)], crossings_of(present, grid, baseline)
    )
    shown, effects = compared[: len(pairs)], compared[len(pairs) :]
    apart = [pair for pair in combinations(names, 2) if _pair(grid, *pair) is None]
    not_worse = tuple(names) if apart else _not_worse(names, grid, shown)
    verdict = suite_verdict(summaries, baseline, shown, effects, interactions)
    named = [each for each in effects or shown if each.verdict != "not comparable"]
    return SuiteComparison(
        suite=suite.name,
        baseline=baseline,
        alert=alert(summaries, effects or shown),
        warning=warning(compared, are_all_judged=not any(each.unknown for each in summaries)),
        verdict=verdict,
        headline=headline(named, interactions) or verdict,
        findings=findings(named, interactions, compared),
        carries=carries(named),
        standing=standing(summaries, compared, not_worse, apart),
        notes=suite_notes(summaries, compared, interactions),
        not_worse=not_worse,
        configs=tuple(summaries),
        contrasts=tuple(shown),
        effects=tuple(effects),
        interactions=tuple(interactions),
    )


def _missing(suite: SuiteInfo, log: RunLog) -> Mapping[str, Counter[str]]:
    """Planned samples without a result, by config and scenario."""
    missing: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for key in log.missing:
        if key.suite == suite.name:
            missing[key.config][key.scenario] += 1
    return missing


def _sides(samples: Samples, missing: Counter[str]) -> dict[str, Side]:
    """What a config has of every scenario it was planned for, in the order of names."""
    groups = by_scenario(samples)
    return {name: Side(groups.get(name, ()), missing[name]) for name in sorted({*groups, *missing})}


def _pair(grid: Grid, candidate: str, reference: str) -> Pairing | None:
    left, right = grid[candidate], grid[reference]
    strata = [(name, (left[name], right[name])) for name in left if name in right]
    return paired("config", candidate, reference, strata)


def _not_worse(names: Sequence[str], grid: Grid, shown: Sequence[Contrast]) -> tuple[str, ...]:
    """Configs that no other is shown to be better than, in any pair or in what is shown.

    The pairs are a family of their own. What is shown counts too, so that this
    never contradicts a verdict beside it.
    """
    found = (_pair(grid, left, right) for left, right in combinations(names, 2))
    pairs = [pair for pair in found if pair]
    said = [
        *(
            (pair.candidate, pair.reference, word)
            for pair, word in zip(pairs, verdicts(pairs), strict=True)
        ),
        *((each.candidate, each.reference, each.verdict) for each in shown),
    ]
    beaten = {
        reference if word == "better" else candidate
        for candidate, reference, word in said
        if word in ("better", "worse")
    }
    return tuple(name for name in names if name not in beaten)
