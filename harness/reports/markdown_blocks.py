"""Blocks of code and injected faults in the Markdown summary."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.model.outcomes import OUTCOME_KINDS, outcome_of
from harness.reports import executions
from harness.reports.faults import fault_rows, outcomes_of
from harness.reports.markdown_text import escaped, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.sample import SampleResult

MOST_BLOCKS = 50


def outcome_lines(samples: Sequence[SampleResult]) -> list[str]:
    """How many blocks of code ended how: contained, timed out, at a limit and so on."""
    counts = Counter(
        outcome_of(event).kind for sample in samples for event in sample.transcript.code_executions
    )
    if not counts:
        return []
    told = ", ".join(f"{counts[kind]} {kind}" for kind in OUTCOME_KINDS if counts[kind])
    return [f"Blocks of code: {counts.total()}: {told}.", ""]


def block_lines(samples: Sequence[SampleResult], kept: int) -> list[str]:
    """A table of the blocks that did not pass, folded up.

    Args:
        samples: Of the run.
        kept: How many blocks to list; how many more there are is said.
    """
    found = [
        (sample, event, outcome)
        for sample in samples
        for event in sample.transcript.code_executions
        if not (outcome := outcome_of(event)).is_success
    ]
    if not found:
        return []
    rows = [
        (
            escaped(str(sample.key)),
            str(event.index),
            str(event.exit_code),
            executions.time(event),
            escaped(str(outcome), 120),
        )
        for sample, event, outcome in found[:kept]
    ]
    lines = [f"<details><summary>Blocks of code that did not pass: {len(found)}</summary>", ""]
    lines += table(("Sample", "Event", "Exit code", "Time", "Ended"), rows)
    lines += ["", f"and {len(found) - kept} more"] if kept < len(found) else []
    return [*lines, "", "</details>", ""]


def fault_lines(samples: Sequence[SampleResult]) -> list[str]:
    """The matrix of injected faults and how the conversations ended."""
    rows = fault_rows(samples)
    if not rows:
        return []
    outcomes = outcomes_of(rows)
    head = ("Injected fault", *map(escaped, outcomes), "Survived")
    cells = [
        (
            escaped(row.fault),
            *(str(row.counts.get(outcome, 0)) for outcome in outcomes),
            f"{row.survived}/{row.injected}",
        )
        for row in rows
    ]
    return [*table(head, cells), ""]
