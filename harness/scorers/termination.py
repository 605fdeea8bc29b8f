"""Did the conversation end the way the scenario wants it to?

Definition: value is 1 if the transcript's termination reason is one of the scenario's
`accept`, else 0; that is also the verdict. The reason itself was derived by the engine. A
conversation that did not end has no reason, and a scenario that names none to accept
leaves the verdict to its checks: both are unscored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.model.score import Score, Unscored

if TYPE_CHECKING:
    from harness.model.team import FinishedSample
    from harness.model.transcript import Termination


@dataclass(frozen=True)
class TerminationScorer:
    """Whether the conversation ended for a reason that the scenario accepts."""

    name: ClassVar[str] = "termination"

    def score(self, sample: FinishedSample) -> Score | Unscored:
        """Judge how the conversation ended."""
        ending = sample.transcript.termination_event
        if ending is None:
            return Unscored(
                scorer=self.name,
                reason=f"The conversation did not end: the transcript stops ({sample.status}).",
            )
        if not sample.scenario.accept:
            return Unscored(
                scorer=self.name,
                reason=f"Ended by {ending.reason}; the scenario names no reason to accept.",
            )
        is_accepted = ending.reason in sample.scenario.accept
        return Score(
            scorer=self.name,
            value=1.0 if is_accepted else 0.0,
            unit="share",
            passed=is_accepted,
            reason=_reason(ending, sample.scenario.accept, is_accepted=is_accepted),
            evidence=_evidence(ending),
            details={"reason": ending.reason, "accepted": is_accepted, "agent": ending.agent},
        )


def _reason(ending: Termination, accept: tuple[str, ...], *, is_accepted: bool) -> str:
    by_whom = f" of {ending.agent}" if ending.agent else ""
    verdict = "is" if is_accepted else "is not"
    detail = ending.detail.rstrip(".")
    return (
        f"Ended by {ending.reason}{by_whom}, which {verdict} among the accepted reasons "
        f"({', '.join(accept)})" + (f": {detail}." if detail else ".")
    )


def _evidence(ending: Termination) -> tuple[int, ...]:
    if ending.message_index is None:
        return (ending.index,)
    return (ending.message_index, ending.index)
