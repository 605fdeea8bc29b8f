"""Did the code the agents ran work?

Definition: value is the share of executed blocks that succeeded. A block succeeded if it
exited 0 and did not run out of time; every executed block counts, also one that only
installs something. It measures and does not judge.

- first_try: the first block succeeded.
- last_ok: the last block succeeded.
- recovered: some block failed, and the last one succeeded.

Without any executed block there is nothing to measure. Exit code 0 says that code ran to
its end, not that its result is right: that is for acceptance checks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.model.score import Score, Unscored

if TYPE_CHECKING:
    from harness.model.team import FinishedSample
    from harness.model.transcript import CodeExecution


@dataclass(frozen=True)
class CodeSuccess:
    """Share of the executed code blocks that exited 0 in time; measures and does not judge."""

    name: ClassVar[str] = "code_success"

    def score(self, sample: FinishedSample) -> Score | Unscored:
        """Measure the share of blocks that succeeded."""
        executions = sample.transcript.code_executions
        if not executions:
            return Unscored(scorer=self.name, reason="No code was executed.")
        outcomes = [_has_succeeded(execution) for execution in executions]
        details = _details(outcomes)
        return Score(
            scorer=self.name,
            value=sum(outcomes) / len(outcomes),
            unit="share",
            reason=_reason(executions, details),
            evidence=tuple(execution.index for execution in executions),
            details=details,
        )


def _has_succeeded(execution: CodeExecution) -> bool:
    return execution.exit_code == 0 and not execution.timed_out


def _details(outcomes: list[bool]) -> dict[str, int | bool]:
    return {
        "blocks": len(outcomes),
        "succeeded": sum(outcomes),
        "first_try": outcomes[0],
        "recovered": outcomes[-1] and not all(outcomes),
        "last_ok": outcomes[-1],
    }


def _reason(executions: tuple[CodeExecution, ...], details: dict[str, int | bool]) -> str:
    codes = ", ".join(_ending(execution) for execution in executions)
    story = "succeeded at first try" if details["first_try"] else "failed at first try"
    if details["recovered"]:
        story += ", recovered"
    elif not details["last_ok"]:
        story += ", the last block failed"
    return (
        f"{details['succeeded']} of {details['blocks']} executed blocks exited 0 "
        f"(exit codes in order: {codes}); {story}."
    )


def _ending(execution: CodeExecution) -> str:
    return f"{execution.exit_code} out of time" if execution.timed_out else f"{execution.exit_code}"
