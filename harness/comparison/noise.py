"""How much success varies from epoch to epoch and from scenario to scenario in one run."""

from __future__ import annotations

from math import ceil, sqrt
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING

from harness.comparison.factors import effects_of
from harness.comparison.sides import Side
from harness.comparison.summary import baseline_of, by_config, by_scenario, cost_of
from harness.comparison.wording import ALPHA
from harness.model.noise import ConfigNoise, FactorSight, Noise, Plan, Sight
from harness.stats import (
    Count,
    blocks_scope,
    difference_seen,
    difference_spread,
    mean_pass_at_k,
    mean_pass_hat_k,
    plan,
    plans_for,
    smallest_seen,
    split_variance,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.model.run import RunLog, SuiteInfo
    from harness.model.sample import SampleResult
    from harness.stats.paired import Pair

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
    factors: list[FactorSight] = []
    for suite in log.header.suites:
        groups = _by_config(log, suite)
        outcomes = {name: _outcomes(samples) for name, samples in groups.items()}
        configs += [_config(suite.name, name, groups[name], outcomes[name]) for name in groups]
        sights += _sights(suite, groups, outcomes, difference)
        factors += _factors(suite, groups)
    return Noise(configs=tuple(configs), sights=tuple(sights), factors=tuple(factors))


def _by_config(log: RunLog, suite: SuiteInfo) -> dict[str, list[SampleResult]]:
    found = by_config(sample for sample in log.samples if sample.key.suite == suite.name)
    return {config.name: found[config.name] for config in suite.configs if config.name in found}


def _outcomes(samples: Sequence[SampleResult]) -> Outcomes:
    groups = by_scenario(samples)
    return {name: [float(one.is_success) for one in groups[name]] for name in sorted(groups)}


def _config(
    suite: str, config: str, samples: Sequence[SampleResult], outcomes: Outcomes
) -> ConfigNoise:
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
        unknown=sum(each.outcome == "unjudged" for each in samples),
        accepted=sum(each.is_accepted_alone for each in samples),
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
        here = _here(pairs, epochs, cost)
        sight = Sight(
            suite=suite.name,
            candidate=name,
            reference=baseline,
            scope=blocks_scope([[pair] for pair in pairs]),
            now=plan(len(shared), epochs, spread, sample_cost_usd=cost),
            here=here,
            wanted=difference,
            plans=plans_for(difference, spread, sample_cost_usd=cost),
            again=here and _repeated(here, difference, cost),
        )
        found.append(sight)
    return found


def _here(pairs: Sequence[Pair], epochs: int, cost: float | None) -> Plan | None:
    """What the run sees of these very scenarios, which chance enters by the epochs alone."""
    seen = smallest_seen(pairs)
    return None if seen is None else _plan(len(pairs), epochs, seen, cost)


def _repeated(here: Plan, difference: float, cost: float | None) -> Plan:
    """The epochs of the same scenarios that see a difference: its square falls with them."""
    epochs = ceil(here.epochs * (here.difference / difference) ** 2 - 1e-9)
    seen = here.difference * sqrt(here.epochs / epochs)
    return _plan(here.scenarios, epochs, seen, cost)


def _plan(scenarios: int, epochs: int, seen: float, cost: float | None) -> Plan:
    total = None if cost is None else 2 * scenarios * epochs * cost
    return Plan(scenarios=scenarios, epochs=epochs, difference=seen, cost_usd=total)


def _factors(
    suite: SuiteInfo, groups: Mapping[str, Sequence[SampleResult]]
) -> Iterator[FactorSight]:
    """What the levels of a matrix's factors could show, by the comparison's own arithmetic."""
    present = [config for config in suite.configs if config.name in groups]
    grid = {
        name: {scenario: Side(each) for scenario, each in by_scenario(samples).items()}
        for name, samples in groups.items()
    }
    for pair in effects_of(present, grid, baseline_of(suite, list(groups))):
        blocks = [[(a.passes, b.passes) for a, b in block] for block in pair.blocks]
        yield FactorSight(
            suite=suite.name,
            factor=pair.factor,
            candidate=pair.candidate,
            reference=pair.reference,
            scope=blocks_scope(blocks),
            scenarios=len(blocks),
            here=difference_seen(blocks, "these scenarios", alpha=ALPHA),
            like=difference_seen(blocks, "scenarios like these", alpha=ALPHA),
        )


def _sample_cost(samples: Sequence[SampleResult]) -> float | None:
    costs = [cost for sample in samples if (cost := cost_of(sample)) is not None]
    return fmean(costs) if costs else None
