"""A run as a table: one row per sample, plain values only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.model.score import Score

if TYPE_CHECKING:
    from harness.model.run import RunLog
    from harness.model.sample import SampleResult
    from harness.model.score import Unscored

Cell = str | int | float | bool | None
Row = dict[str, Cell]


def rows_of(log: RunLog) -> list[Row]:
    """The samples of a run as rows that all have the same columns, in plan order.

    Nothing that agents wrote is in it: no messages, reasons or outputs. What is not known is
    None, never zero. Columns: which sample (run, suite, scenario, config, epoch, and
    ``factor.NAME`` for each factor of a matrix), how it went (mode, status, outcome, success,
    termination, failure), what it took (turns, model_calls, prompt_tokens, completion_tokens,
    cost_usd, code_blocks, duration_seconds), and ``score.NAME`` and ``passed.NAME`` for every
    scorer. Success is None where nobody judged the result.

    Args:
        log: The run.
    """
    factors = {
        (suite.name, config.name): config.factors
        for suite in log.header.suites
        for config in suite.configs
    }
    rows = []
    for sample in log.samples:
        levels = factors.get((sample.key.suite, sample.key.config), {})
        row = _identity(log.header.run_id, sample)
        row |= {f"factor.{name}": level for name, level in levels.items()}
        rows.append(row | _outcome(sample) | _effort(sample) | _scores(sample.scores))
    columns = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name) for name in columns} for row in rows]


def _identity(run: str, sample: SampleResult) -> Row:
    key = sample.key
    return {
        "run": run,
        "suite": key.suite,
        "scenario": key.scenario,
        "config": key.config,
        "epoch": key.epoch,
    }


def _outcome(sample: SampleResult) -> Row:
    return {
        "mode": sample.mode,
        "status": sample.status,
        "outcome": sample.outcome,
        "success": None if sample.outcome == "unjudged" else sample.is_success,
        "termination": sample.transcript.termination,
        "failure": sample.failure.type if sample.failure else None,
    }


def _effort(sample: SampleResult) -> Row:
    calls = sample.transcript.model_calls
    usages = [call.usage for call in calls if call.usage]
    cost = sample.score_of("cost")
    return {
        "turns": sample.transcript.turns,
        "model_calls": len(calls),
        "prompt_tokens": sum(one.prompt_tokens for one in usages) if usages else None,
        "completion_tokens": sum(one.completion_tokens for one in usages) if usages else None,
        "cost_usd": cost.value if cost else None,
        "code_blocks": len(sample.transcript.code_executions),
        "duration_seconds": sample.duration_seconds,
    }


def _scores(scores: tuple[Score | Unscored, ...]) -> Row:
    row: Row = {}
    for score in scores:
        row[f"score.{score.scorer}"] = score.value if isinstance(score, Score) else None
        row[f"passed.{score.scorer}"] = score.passed if isinstance(score, Score) else None
    return row
