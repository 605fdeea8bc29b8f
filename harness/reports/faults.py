"""What came of injected faults, as a matrix of fault and outcome."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.model.faults import FAULTS, group_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.faults import FaultTrial
    from harness.model.sample import SampleResult


@dataclass(frozen=True, kw_only=True)
class FaultRow:
    """One fault and what became of the conversations it was injected into.

    Attributes:
        fault: Its name.
        group: Its class; "" for several faults together.
        summary: What the client got.
        counts: Conversations by outcome.
        survived: How many ended as demanded.
        injected: How many had the fault.
        waited_seconds: Longest simulated wait.
        worst: Where the first failure was and why; "" if there was none.
    """

    fault: str
    group: str
    summary: str
    counts: dict[str, int]
    survived: int
    injected: int
    waited_seconds: float
    worst: str


def fault_rows(samples: Sequence[SampleResult]) -> list[FaultRow]:
    """A row for each fault that was tried, in the order of the catalogue."""
    trials: defaultdict[str, list[FaultTrial]] = defaultdict(list)
    for sample in samples:
        for trial in sample.trials:
            trials[trial.fault].append(trial)
    order = [*FAULTS, *sorted(set(trials) - set(FAULTS))]
    return [_row(fault, trials[fault]) for fault in order if fault in trials]


def outcomes_of(rows: Sequence[FaultRow]) -> list[str]:
    """Every outcome that occurs, most frequent first."""
    totals: Counter[str] = Counter()
    for row in rows:
        totals.update(row.counts)
    return sorted(totals, key=lambda outcome: (-totals[outcome], outcome))


def _row(fault: str, trials: Sequence[FaultTrial]) -> FaultRow:
    failed = next((trial for trial in trials if trial.passed is False), None)
    kind = FAULTS.get(fault)
    return FaultRow(
        fault=fault,
        group=group_of(fault),
        summary=kind.summary if kind else "several faults in one conversation",
        counts=dict(Counter(trial.outcome for trial in trials)),
        survived=sum(trial.passed is True for trial in trials),
        injected=sum(trial.passed is not None for trial in trials),
        waited_seconds=max(trial.waited_seconds for trial in trials),
        worst=f"{failed.where}: {failed.detail}" if failed else "",
    )
