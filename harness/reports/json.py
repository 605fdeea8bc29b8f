"""The comparison and every sample's scores as versioned JSON, without transcripts.

No clock, no name and no speed of the run is in it: two runs that find the same are the same file.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from harness.model.outcomes import outcome_of
from harness.reports.steady import digest_of, steady

if TYPE_CHECKING:
    from harness.model.comparison import Comparison
    from harness.model.results import ExecutionResult, SampleRow
    from harness.model.run import RunLog
    from harness.model.sample import SampleResult
    from harness.model.transcript import CodeExecution


class JsonReporter:
    """For programs: key order is fixed, and what depends on the clock is in the sidecar."""

    name: ClassVar[str] = "json"
    suffix: ClassVar[str] = ".json"
    has_sidecar: ClassVar[bool] = True

    def render(self, log: RunLog, comparison: Comparison) -> str:
        """ASCII JSON, so that no text in it can upset a reader."""
        import msgspec

        from harness.model.results import Results

        digest = digest_of(log)
        log = steady(log)
        results = Results(
            results=digest,
            mode=log.header.mode,
            harness_version=log.header.harness_version,
            sandbox=log.header.sandbox,
            comparison=comparison,
            samples=tuple(_sample(sample) for sample in log.samples),
            missing=tuple(str(key) for key in log.missing),
        )
        document = msgspec.to_builtins(results)
        return json.dumps(document, ensure_ascii=True, allow_nan=False, indent=1) + "\n"


def _sample(sample: SampleResult) -> SampleRow:
    from harness.model.results import FailureResult, SampleRow

    key, failure = sample.key, sample.failure
    return SampleRow(
        suite=key.suite,
        scenario=key.scenario,
        config=key.config,
        epoch=key.epoch,
        outcome=sample.outcome,
        termination=sample.transcript.termination,
        turns=sample.transcript.turns,
        source=sample.cassette.source if sample.cassette else None,
        failure=FailureResult(type=failure.type, message=failure.message) if failure else None,
        sandbox=sample.sandbox,
        executions=tuple(_execution(each) for each in sample.transcript.code_executions),
        scores=sample.scores,
    )


def _execution(event: CodeExecution) -> ExecutionResult:
    """How a block ended and what it did; its code and its outputs are in the run log."""
    from harness.model.results import ExecutionResult

    outcome = outcome_of(event)
    return ExecutionResult(
        event=event.index,
        agent=event.agent,
        language=event.language,
        outcome=outcome.kind,
        what=outcome.what,
        exit_code=event.exit_code,
        sandbox=event.sandbox,
        limit=event.limit,
        contained=tuple(event.contained),
        cut_bytes=event.cut_bytes,
        files=event.files,
    )
