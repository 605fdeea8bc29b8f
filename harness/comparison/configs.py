"""Compare the configs of one run, suite by suite."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from harness.comparison.contrast import Pairing, family, pairing
from harness.comparison.summary import (
    Samples,
    baseline_of,
    by_config,
    by_scenario,
    summarise_config,
)
from harness.comparison.wording import alert, standing, suite_notes, suite_verdict
from harness.model.comparison import Comparison, ConfigSummary, Contrast, SuiteComparison

if TYPE_CHECKING:
    from harness.model.run import RunLog, SuiteInfo
    from harness.model.sample import SampleResult
    from harness.model.scenario import AgentConfig

ByConfig = Mapping[str, Samples]


def compare_configs(log: RunLog) -> Comparison:
    """Compare every suite's configs with its baseline, and the levels of its factors.

    The claims are about the suite's own scenarios; epochs are their repeats.
    The correction covers everything shown for one suite, so that a suite's
    verdict does not depend on what else ran with it. Which configs are not
    shown to be worse is a claim of its own, corrected over all pairs of configs.

    Args:
        log: The run; samples that are missing are left out and counted.

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
    groups = by_config(samples)
    summaries = _summaries(suite, groups, log)
    present = [config for config in suite.configs if groups.get(config.name)]
    baseline = baseline_of(suite, [config.name for config in present])
    contrasts = [
        _pair(groups, config.name, baseline) for config in present if config.name != baseline
    ]
    levels = next((config.factors for config in present if config.name == baseline), {})
    pairs = [each for each in contrasts if each]
    compared = family([*pairs, *_effects(present, groups, levels)])
    shown, effects = compared[: len(pairs)], compared[len(pairs) :]
    not_worse = _not_worse([config.name for config in present], groups, shown)
    return SuiteComparison(
        suite=suite.name,
        baseline=baseline,
        alert=alert(summaries, effects or shown),
        verdict=suite_verdict(summaries, baseline, shown, effects),
        standing=standing(summaries, compared, not_worse),
        notes=suite_notes(summaries, len(by_scenario(samples)), len(compared)),
        not_worse=not_worse,
        configs=tuple(summaries),
        contrasts=tuple(shown),
        effects=tuple(effects),
    )


def _summaries(suite: SuiteInfo, groups: ByConfig, log: RunLog) -> list[ConfigSummary]:
    """One summary per config that was planned or ran, in suite order."""
    missing: defaultdict[str, int] = defaultdict(int)
    for key in log.missing:
        if key.suite == suite.name:
            missing[key.config] += 1
    return [
        summarise_config(config.name, groups.get(config.name, ()), missing=missing[config.name])
        for config in suite.configs
        if config.name in groups or missing[config.name]
    ]


def _pair(groups: ByConfig, candidate: str, reference: str) -> Pairing | None:
    left, right = by_scenario(groups[candidate]), by_scenario(groups[reference])
    strata = [(left[name], right[name]) for name in left if name in right]
    return pairing("config", candidate, reference, strata)


def _effects(
    configs: Sequence[AgentConfig], groups: ByConfig, baseline_levels: Mapping[str, str]
) -> list[Pairing]:
    """Every level of every factor against the baseline's level of it."""
    names = dict.fromkeys(factor for config in configs for factor in config.factors)
    effects = []
    for factor in names:
        levels = list(dict.fromkeys(c.factors[factor] for c in configs if factor in c.factors))
        reference = baseline_levels.get(factor, levels[0])
        for level in levels:
            if level != reference:
                strata = _factor_strata(configs, groups, factor, (level, reference))
                effects.append(pairing(factor, level, reference, strata))
    return [effect for effect in effects if effect]


def _factor_strata(
    configs: Sequence[AgentConfig], groups: ByConfig, factor: str, levels: tuple[str, str]
) -> list[tuple[Samples, Samples]]:
    """Strata of scenario x the other factors' levels: only like is compared with like."""
    strata: dict[object, tuple[list[SampleResult], list[SampleResult]]] = {}
    for config in configs:
        level = config.factors.get(factor)
        if level not in levels:
            continue
        others = tuple(sorted((f, v) for f, v in config.factors.items() if f != factor))
        for scenario, samples in by_scenario(groups[config.name]).items():
            sides = strata.setdefault((scenario, others), ([], []))
            sides[levels.index(level)].extend(samples)
    return list(strata.values())


def _not_worse(
    names: Sequence[str], groups: ByConfig, shown: Sequence[Contrast]
) -> tuple[str, ...]:
    """Configs that no other is shown to be better than, in any pair or in what is shown.

    The pairs are a family of their own. What is shown counts too, so that this
    never contradicts a verdict beside it.
    """
    pairs = [_pair(groups, left, right) for left, right in combinations(names, 2)]
    beaten = set()
    for each in [*family([pair for pair in pairs if pair]), *shown]:
        if each.verdict in ("better", "worse"):
            beaten.add(each.reference if each.verdict == "better" else each.candidate)
    return tuple(name for name in names if name not in beaten)
