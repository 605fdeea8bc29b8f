"""What a gate needs of a run, suite by suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.comparison.sameness import conversation_digest
from harness.comparison.summary import cost_of
from harness.model.gate import SampleOutcome, SuiteOutcomes

if TYPE_CHECKING:
    from harness.model.gate import Counted
    from harness.model.run import RunLog, SuiteInfo
    from harness.model.sample import SampleKey, SampleResult


def outcomes_of(log: RunLog) -> tuple[SuiteOutcomes, ...]:
    """The outcomes of every suite that was planned in a run, samples without a result included.

    Args:
        log: The run.
    """
    planned = {key.suite for key in log.header.plan}
    return tuple(_of_suite(suite, log) for suite in log.header.suites if suite.name in planned)


def _of_suite(suite: SuiteInfo, log: RunLog) -> SuiteOutcomes:
    results = {sample.key: sample for sample in log.samples}
    keys = sorted(key for key in log.header.plan if key.suite == suite.name)
    return SuiteOutcomes(
        suite=suite.name,
        run_id=log.header.run_id,
        started_at=log.header.started_at,
        mode=log.header.mode,
        scenarios={each.name: each.digest for each in suite.scenarios},
        configs={each.name: each.digest for each in suite.configs},
        samples=tuple(_outcome(key, results.get(key)) for key in keys),
        parts={each.name: each.parts for each in suite.scenarios if each.parts},
    )


def _outcome(key: SampleKey, result: SampleResult | None) -> SampleOutcome:
    is_completed = result is not None and result.status == "completed"
    return SampleOutcome(
        scenario=key.scenario,
        config=key.config,
        epoch=key.epoch,
        outcome=_counted(result),
        cost_usd=cost_of(result) if result else None,
        turns=result.transcript.turns if result and is_completed else None,
        conversation=conversation_digest(result) if result else "",
        is_judged=result is None or not result.is_accepted_alone,
    )


def _counted(result: SampleResult | None) -> Counted:
    if result is None:
        return "missing"
    if result.status != "completed":
        return result.status
    if not result.is_settled:
        return "unjudged"
    return "pass" if result.is_success else "fail"
