"""How much success varies from epoch to epoch and from scenario to scenario in one run."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING

from harness.comparison.summary import baseline_of, by_config, by_scenario, cost_of
from harness.model.noise import ConfigNoise, Noise, Sight
from harness.stats import (
    Count,
    difference_spread,
    mean_pass_at_k,
    mean_pass_hat_k,
    plan,
    plans_for,
    split_variance,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.model.run import RunLog, SuiteInfo
    from harness.model.sample import SampleResult

Outcomes = dict[str, list[float]]
# Of more epochs, pass^k and pass@k are told up to this k.
_MOST_DRAWN = 8


def noise_of(log: RunLog, *, difference: float = 0.05) -> Noise:
    """Split the variance of success, and say what the run could see and what would see more.

    Samples that ended in an error or a miss count as failures, as everywhere.

    Args:
        log: The run.
        difference: The difference of success rates to plan for, in (0, 1].
    """
    configs: list[ConfigNoise] = []
    sights: list[Sight] = []
    for suite in log.header.suites:
        groups = _by_config(log, suite)
        outcomes = {name: _outcomes(samples) for name, samples in groups.items()}
        configs += [_config(suite.name, name, each) for name, each in outcomes.items()]
        sights += _sights(suite, groups, outcomes, difference)
    return Noise(configs=tuple(configs), sights=tuple(sights))


def _by_config(log: RunLog, suite: SuiteInfo) -> dict[str, list[SampleResult]]:
    found = by_config(sample for sample in log.samples if sample.key.suite == suite.name)
    return {config.name: found[config.name] for config in suite.configs if config.name in found}


def _outcomes(samples: Sequence[SampleResult]) -> Outcomes:
    groups = by_scenario(samples)
    return {name: [float(one.is_success) for one in groups[name]] for name in sorted(groups)}


def _config(suite: str, config: str, outcomes: Outcomes) -> ConfigNoise:
    split = split_variance(list(outcomes.values()))
    counts = [Count(round(sum(values)), len(values)) for values in outcomes.values()]
    drawn = range(1, min(_MOST_DRAWN, *map(len, outcomes.values())) + 1)
    return ConfigNoise(
        suite=suite,
        config=config,
        scenarios=len(outcomes),
        epochs=min(map(len, outcomes.values())),
        rate=fmean(map(fmean, outcomes.values())),
        mixed=sum(len(set(values)) > 1 for values in outcomes.values()),
        between=split and split.between,
        within=split and split.within,
        repeatable=None if split is None else _repeatable(split.within, outcomes),
        all_pass=tuple(mean_pass_hat_k(counts, k) for k in drawn),
        any_passes=tuple(mean_pass_at_k(counts, k) for k in drawn),
    )


def _repeatable(within: float, outcomes: Outcomes) -> float:
    """Bland and Altman's repeatability coefficient, of a mean over scenarios."""
    variance = sum(within / len(values) for values in outcomes.values()) / len(outcomes) ** 2
    return NormalDist().inv_cdf(0.975) * sqrt(2 * variance)


def _sights(
    suite: SuiteInfo,
    groups: Mapping[str, Sequence[SampleResult]],
    outcomes: Mapping[str, Outcomes],
    difference: float,
) -> list[Sight]:
    baseline = baseline_of(suite, list(outcomes))
    found = []
    for name in outcomes:
        shared = [each for each in outcomes[name] if each in outcomes[baseline]]
        pairs = [(outcomes[name][each], outcomes[baseline][each]) for each in shared]
        spread = difference_spread(pairs) if name != baseline and len(pairs) > 1 else None
        if spread is None:
            continue
        cost = _sample_cost([*groups[name], *groups[baseline]])
        epochs = min(len(side) for pair in pairs for side in pair)
        sight = Sight(
            suite=suite.name,
            candidate=name,
            reference=baseline,
            now=plan(len(shared), epochs, spread, sample_cost_usd=cost),
            wanted=difference,
            plans=plans_for(difference, spread, sample_cost_usd=cost),
        )
        found.append(sight)
    return found


def _sample_cost(samples: Sequence[SampleResult]) -> float | None:
    costs = [cost for sample in samples if (cost := cost_of(sample)) is not None]
    return fmean(costs) if costs else None
