"""Does the team end well whatever goes wrong at its provider?

Definition: value is the share of the conversations with faults that ended for an accepted
reason, within the scenario's turns and cost; the sample passes if all did. Conversations in
which no request was one that the fault fits count neither way. Without any that counts
there is nothing to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.model.score import Score, Unscored

if TYPE_CHECKING:
    from harness.model.faults import FaultTrial
    from harness.model.team import FinishedSample


@dataclass(frozen=True)
class Survival:
    """Share of the injected faults that the team survived; the sample passes if it did all."""

    name: ClassVar[str] = "survival"

    def score(self, sample: FinishedSample) -> Score | Unscored:
        """Judge the conversations with faults."""
        counted = [trial for trial in sample.trials if trial.passed is not None]
        if not counted:
            return Unscored(scorer=self.name, reason=_nothing(sample))
        failed = [trial for trial in counted if not trial.passed]
        survived = len(counted) - len(failed)
        return Score(
            scorer=self.name,
            value=survived / len(counted),
            unit="share",
            passed=not failed,
            reason=_reason(survived, len(counted), failed),
            details={
                "outcomes": [[each.fault, each.where, each.outcome] for each in sample.trials],
                "not_injected": len(sample.trials) - len(counted),
            },
        )


def _nothing(sample: FinishedSample) -> str:
    if sample.scenario.resilience is None:
        return "The scenario demands to survive no faults."
    if not sample.trials:
        return f"No fault was tried: {sample.status}, or not a replay."
    return f"None of the {len(sample.trials)} faults could be injected: {sample.trials[0].detail}"


def _reason(survived: int, total: int, failed: list[FaultTrial]) -> str:
    text = f"{survived} of {total} injected faults were survived"
    if not failed:
        return f"{text}."
    shown = "; ".join(f"{each.fault} in {each.where}: {each.outcome}" for each in failed[:3])
    more = f"; and {len(failed) - 3} more" if len(failed) > 3 else ""
    return f"{text}; not survived: {shown}{more}."
