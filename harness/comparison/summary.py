"""What one config did in one suite, before anything is compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
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
from harness.stats import bootstrap_interval, wilson_interval

if TYPE_CHECKING:
    from harness.model.run import SuiteInfo

Samples = Sequence[SampleResult]


def summarise_config(config: str, samples: Samples, *, missing: int) -> ConfigSummary:
    """Summarise all samples of one config.

    Args:
        config: Its name.
        samples: Its samples in the suite, whatever their status.
        missing: Planned samples without a result.
    """
    return ConfigSummary(
        config=config,
        success=success_rate(samples),
        errors=sum(sample.status == "error" for sample in samples),
        misses=sum(sample.status == "miss" for sample in samples),
        unjudged=sum(_is_unjudged(sample) for sample in samples),
        missing=missing,
        terminations=_terminations(samples),
        turns=_distribution(samples, turns_of),
        code=_code(samples),
        cost=_distribution(samples, cost_of),
        scorers=_scorers(samples),
    )


def success_rate(samples: Samples) -> Rate:
    """Successes among the samples; errors and misses are failures."""
    successes = sum(sample.is_success for sample in samples)
    interval = wilson_interval(successes, len(samples)) if samples else None
    return Rate(successes=successes, n=len(samples), interval=interval)


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
    samples: Samples, value_of: Callable[[SampleResult], float | None]
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
        median=median(values) if values else None,
        interval=bootstrap_interval([groups], median),
        total=sum(values),
    )


def _code(samples: Samples) -> CodeSummary:
    scores = [score for sample in samples if (score := sample.score_of("code_success"))]
    return CodeSummary(
        samples=len(scores),
        absent=len(samples) - len(scores),
        mean_share=fmean(score.value for score in scores) if scores else None,
        first_try=sum(bool(score.details.get("first_try")) for score in scores),
        troubled=sum(score.value < 1 for score in scores),
        recovered=sum(bool(score.details.get("recovered")) for score in scores),
    )


def _scorers(samples: Samples) -> tuple[ScorerSummary, ...]:
    scored: defaultdict[str, list[Score]] = defaultdict(list)
    unscored: Counter[str] = Counter()
    names: dict[str, None] = {}
    for sample in samples:
        for score in sample.scores:
            names[score.scorer] = None
            if isinstance(score, Score):
                scored[score.scorer].append(score)
            else:
                unscored[score.scorer] += 1
    return tuple(_scorer(name, scored[name], unscored[name]) for name in names)


def _scorer(name: str, scores: Sequence[Score], unscored: int) -> ScorerSummary:
    judging = [score for score in scores if score.passed is not None]
    return ScorerSummary(
        scorer=name,
        unit=scores[0].unit if scores else None,
        scored=len(scores),
        unscored=unscored,
        mean=fmean(score.value for score in scores) if scores else None,
        passed=sum(bool(score.passed) for score in judging) if judging else None,
    )
