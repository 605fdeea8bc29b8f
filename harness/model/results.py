"""What ``results.json`` holds: a run's comparison and every sample's outcome and scores.

No transcript is in it, and nothing that depends on when and how fast the run was.
"""

from __future__ import annotations

from harness.model.comparison import Comparison
from harness.model.execution import FileChange
from harness.model.outcomes import OutcomeKind
from harness.model.sample import Mode, Outcome
from harness.model.score import Score, Unscored
from harness.model.structs import Strict as _Strict

RESULTS_SCHEMA_VERSION = 2


class ExecutionResult(_Strict, frozen=True, kw_only=True):
    """How a block of code ended and what it did; its code and outputs are in the run log.

    Attributes:
        event: Index of the event in the transcript.
        agent: Whose execution it is.
        language: As the block names it.
        outcome: How it ended, in one word or two.
        what: The same for people.
        exit_code: Exit code; None if it has none.
        sandbox: Label of the sandbox; "" if it was not run.
        limit: The limit it reached; None if none.
        contained: What the sandbox refused it.
        cut_bytes: How much was cut from its outputs.
        files: Files it made or changed.
    """

    event: int
    agent: str
    language: str
    outcome: OutcomeKind
    what: str
    exit_code: int | None
    sandbox: str
    limit: str | None
    contained: tuple[str, ...]
    cut_bytes: int
    files: tuple[FileChange, ...]


class FailureResult(_Strict, frozen=True, kw_only=True):
    """Type and message of the exception that kept a sample from completing."""

    type: str
    message: str


class SampleRow(_Strict, frozen=True, kw_only=True):
    """One sample.

    Attributes:
        suite: Its suite.
        scenario: Its scenario.
        config: Its config.
        epoch: Its epoch, from 1.
        outcome: Pass or fail, or what kept it from completing.
        termination: Why the conversation ended; None if it did not end.
        turns: Messages that the participants saw.
        source: Where the cassette's interactions came from; None without a cassette.
        failure: The exception behind "error" or "miss".
        sandbox: Label of the sandbox that ran code.
        executions: Every block of code.
        scores: One per scorer, in the scenario's order.
    """

    suite: str
    scenario: str
    config: str
    epoch: int
    outcome: Outcome
    termination: str | None
    turns: int
    source: str | None
    failure: FailureResult | None
    sandbox: str
    executions: tuple[ExecutionResult, ...]
    scores: tuple[Score | Unscored, ...]


class Results(_Strict, frozen=True, kw_only=True):
    """The whole file.

    Attributes:
        results: 24 hexadecimal digits that are the same exactly if two runs found the same.
        mode: How model calls were answered.
        harness_version: Version of this product.
        sandbox: Label of the sandbox.
        comparison: The configs, compared suite by suite.
        samples: Every sample with a result, in plan order.
        missing: Planned samples without a result: suite/scenario/config/epoch.
    """

    schema_version: int = RESULTS_SCHEMA_VERSION
    results: str
    mode: Mode
    harness_version: str
    sandbox: str
    comparison: Comparison
    samples: tuple[SampleRow, ...]
    missing: tuple[str, ...]
