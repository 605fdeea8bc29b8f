"""Did the code the agents ran work?

Definition: value is the share of blocks that passed, of all blocks the agents wanted run. How
a block ended is told by `harness.model.outcomes`: it passed, was wrong, crashed, timed out,
reached a limit, was contained, or was not run (an unknown language, a file name outside the
workspace, turned down). Blocks that could not be run although nothing was wrong with them
(infrastructure) count neither way. Every other block counts, also one that only installs
something. It measures and does not judge.

- first_try: the first block passed.
- last_ok: the last block passed.
- recovered: some block did not pass, and the last one did.
- outcomes: how many blocks ended how.
- by_block: of each block the event, how it ended, what shows it, and the exit code.

Where no block was executed there is nothing to measure. That code passed says that it ran to
its end and complained of nothing, not that its result is right: that is for acceptance checks.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

from harness.model.outcomes import OUTCOME_KINDS, BlockOutcome, outcome_of
from harness.model.score import Score, Unscored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.team import FinishedSample
    from harness.model.transcript import CodeExecution

# How many blocks, or rows of equal ones, the reason tells one by one; the details tell all.
_MOST_TOLD = 12
_MANY_IN_A_ROW = 4


@dataclass(frozen=True)
class CodeSuccess:
    """Share of the code blocks that ran and passed, and how each ended; does not judge."""

    name: ClassVar[str] = "code_success"

    def score(self, sample: FinishedSample) -> Score | Unscored:
        """Measure the share of blocks that passed."""
        executions = sample.transcript.code_executions
        outcomes = [outcome_of(execution) for execution in executions]
        if not any(outcome.was_executed for outcome in outcomes):
            reason = f"No code was executed{': ' if outcomes else ''}{_in_order(outcomes)}."
            return Unscored(scorer=self.name, reason=reason)
        passed = [each.is_success for each in outcomes if each.kind != "infrastructure"]
        return Score(
            scorer=self.name,
            value=sum(passed) / len(passed),
            unit="share",
            reason=_reason(outcomes, passed),
            evidence=tuple(execution.index for execution in executions),
            details=_details(executions, outcomes, passed),
        )


def _details(
    executions: Sequence[CodeExecution], outcomes: Sequence[BlockOutcome], passed: Sequence[bool]
) -> dict[str, Any]:
    return {
        "blocks": len(passed),
        "succeeded": sum(passed),
        "first_try": passed[0],
        "recovered": passed[-1] and not all(passed),
        "last_ok": passed[-1],
        "outcomes": _counts(outcomes),
        "by_block": [
            {
                "event": execution.index,
                "outcome": outcome.kind,
                "what": outcome.what,
                "exit_code": execution.exit_code,
            }
            for execution, outcome in zip(executions, outcomes, strict=True)
        ],
    }


def _counts(outcomes: Sequence[BlockOutcome]) -> dict[str, int]:
    counts = Counter(outcome.kind for outcome in outcomes)
    return {kind: counts[kind] for kind in OUTCOME_KINDS if counts[kind]}


def _reason(outcomes: Sequence[BlockOutcome], passed: Sequence[bool]) -> str:
    counts = ", ".join(f"{count} {kind}" for kind, count in _counts(outcomes).items())
    story = "passed at first try" if passed[0] else "did not pass at first try"
    if passed[-1] and not all(passed):
        story += ", recovered"
    elif not passed[-1] and len(passed) > 1:
        story += ", the last block did not pass"
    not_counted = len(outcomes) - len(passed)
    beside = f" ({not_counted} for infrastructure not counted)" if not_counted else ""
    return (
        f"{sum(passed)} of {len(passed)} blocks passed{beside}: {counts}; "
        f"in order: {_in_order(outcomes)}; {story}."
    )


def _in_order(outcomes: Sequence[BlockOutcome]) -> str:
    groups = [(text, len(list(same))) for text, same in groupby(map(str, outcomes))]
    told = ", ".join(_times(text, count) for text, count in groups[:_MOST_TOLD])
    more = sum(count for _, count in groups[_MOST_TOLD:])
    return f"{told} and {more} more" if more > 0 else told


def _times(text: str, count: int) -> str:
    """Some equal blocks in a row; many are told once."""
    if count < _MANY_IN_A_ROW:
        return ", ".join([text] * count)
    return f"{count} times {text}"
