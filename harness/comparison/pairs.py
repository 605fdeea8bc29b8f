"""Two sides of the same samples, pair by pair: where they part, how they ended, what they took."""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import median
from typing import TYPE_CHECKING

from harness.comparison.parting import parting
from harness.comparison.summary import cost_of
from harness.model.comparison import Estimate
from harness.model.imported import end_of
from harness.model.outcomes import outcome_of
from harness.model.paired import Crossing, PairedSample, Pairs, Shift
from harness.stats import bootstrap_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.model.paired import CodeEnd
    from harness.model.run import RunLog
    from harness.model.sample import SampleKey, SampleResult
    from harness.model.scenario import AgentConfig

    Couple = tuple[SampleResult, SampleResult]
    Settings = dict[tuple[str, str], AgentConfig]


def pairs_of(couples: Sequence[Couple], log_a: RunLog, log_b: RunLog) -> Pairs:
    """Compare the sides of every pair.

    Args:
        couples: The sample of each side.
        log_a: The run of the first side.
        log_b: The run of the second.
    """
    settings_a, settings_b = settings_of(log_a), settings_of(log_b)
    samples = tuple(_pair(a, b, settings_a, settings_b) for a, b in couples)
    return Pairs(
        samples=samples,
        terminations=_crossing([(_ending(a), _ending(b)) for a, b in couples]),
        code=_crossing([(each.code_a, each.code_b) for each in samples]),
        turns=_shift(samples, lambda each: (each.turns_a, each.turns_b)),
        cost_usd=_shift(samples, lambda each: (each.cost_usd_a, each.cost_usd_b)),
    )


def settings_of(log: RunLog) -> Settings:
    """Every config of a run by the names of its suite and itself."""
    return {
        (suite.name, config.name): config for suite in log.header.suites for config in suite.configs
    }


def _pair(a: SampleResult, b: SampleResult, before: Settings, after: Settings) -> PairedSample:
    configs = before.get(_config(a.key)), after.get(_config(b.key))
    return PairedSample(
        key_a=a.key,
        key_b=b.key,
        outcome_a=a.outcome,
        outcome_b=b.outcome,
        termination_a=a.transcript.termination,
        termination_b=b.transcript.termination,
        code_a=code_end(a),
        code_b=code_end(b),
        turns_a=_turns(a),
        turns_b=_turns(b),
        cost_usd_a=cost_of(a),
        cost_usd_b=cost_of(b),
        parting=parting(a.transcript, b.transcript, configs),
    )


def _config(key: SampleKey) -> tuple[str, str]:
    return key.suite, key.config


def _turns(sample: SampleResult) -> int | None:
    return sample.transcript.turns if sample.status == "completed" else None


def _ending(sample: SampleResult) -> str:
    """Why it ended; for what did not end by itself, what kept it from that."""
    if sample.status != "completed":
        return f"({sample.status})"
    return end_of(sample, "(not ended)")


def code_end(sample: SampleResult) -> CodeEnd:
    """How the code that agents ran fared; see `PairedSample`."""
    outcomes = [outcome_of(each) for each in sample.transcript.code_executions]
    if not any(each.was_executed for each in outcomes):
        return "none"
    passed = [each.is_success for each in outcomes if each.kind != "infrastructure"]
    if all(passed):
        return "passed"
    return "recovered" if passed[-1] else "failed"


def _crossing(both: Sequence[tuple[str, str]]) -> Crossing:
    totals = Counter(label for pair in both for label in pair)
    labels = sorted(totals, key=lambda label: (-totals[label], label))
    counts = Counter(both)
    return Crossing(
        labels=tuple(labels),
        counts=tuple(tuple(counts[row, column] for column in labels) for row in labels),
    )


def _shift(
    samples: Sequence[PairedSample],
    values_of: Callable[[PairedSample], tuple[float | None, float | None]],
) -> Shift:
    scenarios: defaultdict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for sample in samples:
        a, b = values_of(sample)
        # What was cut short took less because it was.
        if sample.is_completed and a is not None and b is not None:
            scenarios[sample.key_a.suite, sample.key_a.scenario].append((a, b))
    known = [pair for group in scenarios.values() for pair in group]
    return Shift(
        n=len(known),
        absent=len(samples) - len(known),
        median_a=median(a for a, _ in known) if known else None,
        median_b=median(b for _, b in known) if known else None,
        difference=_median_difference(list(scenarios.values())) if known else None,
        changed=sum(a != b for a, b in known),
    )


def _median_difference(scenarios: Sequence[Sequence[tuple[float, float]]]) -> Estimate:
    """Median of second minus first over all pairs; pairs are redrawn inside their scenario."""
    strata = [[b - a for a, b in pairs] for pairs in scenarios]
    value = median(difference for stratum in strata for difference in stratum)
    return Estimate(value=value, interval=bootstrap_interval([strata], median))
