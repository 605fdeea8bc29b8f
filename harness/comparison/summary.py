"""What one config did in one suite, before anything is compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import fsum
from statistics import fmean, median
from typing import TYPE_CHECKING

from harness.model.comparison import (
    CodeSummary,
    ConfigSummary,
    Distribution,
    Rate,
    ScorerSummary,
)
from harness.model.sample import SampleResult
from harness.model.score import Score
from harness.stats import mean_interval, median_interval, scope_of, share_interval

if TYPE_CHECKING:
    from harness.model.comparison import Scope
    from harness.model.run import SuiteInfo

Samples = Sequence[SampleResult]


def summarise_config(config: str, samples: Samples, *, missing: Mapping[str, int]) -> ConfigSummary:
    """Summarise all samples of one config.

    Args:
        config: Its name.
        samples: Its samples in the suite, whatever their status.
        missing: Planned samples without a result, by scenario.
    """
    groups = by_scenario(samples)
    counted = missing if samples else {}
    passes = [
        passes_of(groups.get(name, ()), missing=counted.get(name, 0))
        for name in dict.fromkeys([*groups, *counted])
    ]
    sizes = [len(each) for each in passes]
    scope = scope_of(sizes)
    settled = [[sample for sample in group if sample.is_settled] for group in groups.values()]
    return ConfigSummary(
        config=config,
        scope=scope,
        scenarios=len(sizes),
        epochs=sizes[0] if len(set(sizes)) == 1 else None,
        success=rate_of(passes, scope),
        completed=rate_of([passes_of(group) for group in settled], scope),
        errors=sum(sample.status == "error" for sample in samples),
        misses=sum(sample.status == "miss" for sample in samples),
        unjudged=sum(_is_unjudged(sample) for sample in samples),
        missing=sum(missing.values()),
        unknown=sum(sample.outcome == "unjudged" for sample in samples),
        accepted=sum(sample.is_accepted_alone for sample in samples),
        terminations=_terminations(samples),
        turns=_distribution(samples, turns_of, scope),
        code=_code(samples, scope),
        cost=_distribution(samples, cost_of, scope),
        scorers=_scorers(samples, scope),
    )


def passes_of(samples: Samples, *, missing: int = 0) -> list[float]:
    """1 for every success, 0 for what failed, did not complete, was not judged, or is missing."""
    return [float(sample.is_success) for sample in samples] + [0.0] * missing


def rate_of(scenarios: Sequence[Sequence[float]], scope: Scope) -> Rate:
    """Successes among the passes of every scenario, with an interval for the scope."""
    values = [value for passes in scenarios for value in passes]
    return Rate(
        successes=round(sum(values)), n=len(values), interval=share_interval(scenarios, scope)
    )


def turns_of(sample: SampleResult) -> float | None:
    """Turns; None for a sample that was cut short by an error or a miss."""
    return float(sample.transcript.turns) if sample.status == "completed" else None


def cost_of(sample: SampleResult) -> float | None:
    """US dollars; None when the cost scorer could not tell."""
    score = sample.score_of("cost")
    return score.value if score else None


def baseline_of(suite: SuiteInfo, present: Sequence[str]) -> str:
    """The config the others are compared with: the suite's own if it ran, else the first that did.

    Args:
        suite: The suite.
        present: Names of the configs that ran, in suite order.
    """
    if suite.baseline in present or not present:
        return suite.baseline or ""
    return present[0]


def by_config(samples: Iterable[SampleResult]) -> dict[str, list[SampleResult]]:
    """The samples of each config, in the order they come."""
    groups: defaultdict[str, list[SampleResult]] = defaultdict(list)
    for sample in samples:
        groups[sample.key.config].append(sample)
    return dict(groups)


def by_scenario(samples: Iterable[SampleResult]) -> dict[str, list[SampleResult]]:
    """The samples of each scenario, in the order they come."""
    groups: defaultdict[str, list[SampleResult]] = defaultdict(list)
    for sample in samples:
        groups[sample.key.scenario].append(sample)
    return dict(groups)


def _is_unjudged(sample: SampleResult) -> bool:
    return sample.status == "completed" and not sample.verdicts


def _terminations(samples: Samples) -> dict[str, int]:
    reasons = (sample.transcript.termination for sample in samples)
    counts = Counter(reason for reason in reasons if reason is not None)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _distribution(
    samples: Samples, value_of: Callable[[SampleResult], float | None], scope: Scope
) -> Distribution:
    groups = [
        [value for sample in group if (value := value_of(sample)) is not None]
        for group in by_scenario(samples).values()
    ]
    values = [value for group in groups for value in group]
    return Distribution(
        n=len(values),
        absent=len(samples) - len(values),
        mean=fmean(values) if values else None,
        mean_interval=mean_interval(groups, scope),
        median=median(values) if values else None,
        interval=median_interval(groups, scope),
        total=fsum(values),
    )


def _code(samples: Samples, scope: Scope) -> CodeSummary:
    scores = [score for sample in samples if (score := sample.score_of("code_success"))]
    return CodeSummary(
        samples=len(scores),
        absent=len(samples) - len(scores),
        mean_share=fmean(score.value for score in scores) if scores else None,
        interval=share_interval(_values(_scores(samples, "code_success")), scope),
        first_try=sum(bool(score.details.get("first_try")) for score in scores),
        troubled=sum(score.value < 1 for score in scores),
        recovered=sum(bool(score.details.get("recovered")) for score in scores),
    )


def _scores(samples: Samples, scorer: str) -> list[list[Score]]:
    """The scores one scorer gave, per scenario."""
    return [
        [
            score
            for sample in group
            for score in sample.scores
            if isinstance(score, Score) and score.scorer == scorer
        ]
        for group in by_scenario(samples).values()
    ]


def _values(scenarios: Sequence[Sequence[Score]]) -> list[list[float]]:
    return [[score.value for score in scores] for scores in scenarios]


def _scorers(samples: Samples, scope: Scope) -> tuple[ScorerSummary, ...]:
    unscored: Counter[str] = Counter()
    names: dict[str, None] = {}
    for sample in samples:
        for score in sample.scores:
            names[score.scorer] = None
            unscored[score.scorer] += not isinstance(score, Score)
    return tuple(_scorer(name, _scores(samples, name), unscored[name], scope) for name in names)


def _scorer(
    name: str, scenarios: Sequence[Sequence[Score]], unscored: int, scope: Scope
) -> ScorerSummary:
    scores = [score for group in scenarios for score in group]
    judged = [
        [float(score.passed) for score in group if score.passed is not None] for group in scenarios
    ]
    pass_rate = rate_of(judged, scope) if any(judged) else None
    values = _values(scenarios)
    is_share = bool(scores) and all(
        score.unit == "share" and 0 <= score.value <= 1 for score in scores
    )
    flat = [score.value for score in scores]
    return ScorerSummary(
        scorer=name,
        unit=scores[0].unit if scores else None,
        scored=len(scores),
        unscored=unscored,
        mean=fmean(flat) if flat else None,
        interval=share_interval(values, scope) if is_share else mean_interval(values, scope),
        median=median(flat) if flat else None,
        median_interval=None if is_share else median_interval(values, scope),
        passed=pass_rate.successes if pass_rate else None,
        pass_rate=pass_rate,
    )
