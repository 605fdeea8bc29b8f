"""Run and score one sample. The boundary where exceptions become data."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from harness.capture import Recorder, exception_info
from harness.cassettes import RecordSession
from harness.cassettes.staleness import config_changes
from harness.errors import CassetteMiss, SampleInterrupt
from harness.model.sample import SampleResult, Status
from harness.model.score import Score, Unscored
from harness.model.team import Endpoint, FinishedSample
from harness.pricing import cost_of_call
from harness.protocols import Assignment, Scorer
from harness.runner.provider_faults import with_advice
from harness.runner.sessions import FailedRecording, last_failure, raise_unsound, session_of
from harness.runner.workspace import make_workspace
from harness.sandboxes.artefacts import artefact_differences, collect_artefacts, digests
from harness.sandboxes.images import collect_images

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.cassettes import Session
    from harness.model.faults import FaultTrial
    from harness.model.sample import Artefact, CassetteUse
    from harness.model.transcript import ExceptionInfo, ModelCall
    from harness.runner.kit import SampleKit
    from harness.runner.task import Task


@dataclass
class Outcome:
    """What is known of the running sample so far."""

    status: Status = "completed"
    failure: ExceptionInfo | None = None
    session: Session | None = None
    scores: list[Score | Unscored] = field(default_factory=list)

    def fail(self, status: Status, error: BaseException) -> None:
        """Note a failure. The first one is the cause; later ones are its consequences."""
        if self.failure is None:
            self.status = status
            self.failure = exception_info(error)


class SampleRun:
    """One sample from its empty workspace to its result.

    Args:
        task: Which sample, how, and where.
        kit: The live objects it needs.
        spool: Each event is also written here at once.

    Attributes:
        outcome: What is known of it so far.
        recorder: Takes its events.
        workspace: Folder the agents' code runs in.
    """

    def __init__(self, task: Task, kit: SampleKit, spool: IO[bytes] | None = None) -> None:
        self.task = task
        self.kit = kit
        self._started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._clock = time.perf_counter()
        self.workspace = make_workspace(Path(task.scratch), task.scenario)
        self._fixtures = digests(self.workspace)
        self.outcome = Outcome()
        price = partial(_price, task, self.outcome)
        self.recorder = Recorder(limits=task.scenario.limits, price=price, spool=spool)

    def assignment(self) -> Assignment:
        """What the engine gets; the session is entered by then."""
        return _assignment(self.task, self.kit, self.workspace, self.recorder, self.outcome.session)

    def fail(self, error: BaseException) -> None:
        """Note what kept the sample from completing, also as how its transcript ended."""
        self.outcome.fail("miss" if isinstance(error, CassetteMiss) else "error", error)
        self.recorder.overrule(error)

    def note_artefacts(self) -> None:
        """Put into a recording what files the agents' code left."""
        if isinstance(self.outcome.session, RecordSession):
            left = {artefact.path: artefact.digest for artefact in self._artefacts}
            self.outcome.session.note_artefacts(left)

    @cached_property
    def _artefacts(self) -> tuple[Artefact, ...]:
        """What the conversation left; asked for when it is over."""
        shown = self.kit.files.shown if self.kit.files else {}
        return collect_artefacts(self.workspace, {**self._fixtures, **shown})

    def result(self) -> SampleResult:
        """Score what there is, and put everything together."""
        _adopt_termination(self.recorder, self.outcome)
        _advise(self.task, self.outcome)
        trials = _trials(self.task, self.kit, self.outcome)
        finished = _finished(self.task, self.kit, self.workspace, self.recorder, self.outcome)
        finished = replace(finished, trials=trials)
        _score(self.kit.scorers, finished, self.outcome)
        artefacts = self._artefacts
        session = self.outcome.session
        return SampleResult(
            key=self.task.key,
            status=self.outcome.status,
            mode=self.task.mode,
            transcript=finished.transcript,
            scores=tuple(self.outcome.scores),
            trials=trials,
            failure=self.outcome.failure,
            cassette=_use(self.task, session, artefacts) if session else None,
            artefacts=artefacts,
            images=collect_images(self.workspace, artefacts),
            sandbox=self.kit.sandbox.label,
            started_at=self._started_at,
            duration_seconds=time.perf_counter() - self._clock,
        )


def run_sample(task: Task, kit: SampleKit, spool: IO[bytes] | None = None) -> SampleResult:
    """Run one sample and score it; whatever goes wrong is in the result.

    Args:
        task: Which sample, how, and where.
        kit: The live objects it needs.
        spool: Each event is also written here at once.

    Returns:
        The result, with a partial transcript if the sample did not complete.
    """
    run = SampleRun(task, kit, spool)
    try:
        with session_of(task, kit) as session:
            run.outcome.session = session
            kit.engine.run(run.assignment())
            if session is not None:
                raise_unsound(session, run.recorder)
                run.note_artefacts()
    except FailedRecording:
        run.outcome.status = "error"
        run.outcome.failure = last_failure(run.recorder)
    except (Exception, SampleInterrupt) as error:
        # The boundary: a broken sample must not stop the run.
        run.fail(error)
    return run.result()


def _trials(task: Task, kit: SampleKit, outcome: Outcome) -> tuple[FaultTrial, ...]:
    """The conversations with faults, of a sample that completes without them."""
    if outcome.status != "completed" or task.scenario.resilience is None:
        return ()
    from harness.runner.trials import run_trials

    at = outcome.session.header.recorded_at if outcome.session else None
    try:
        return run_trials(task, kit, at)
    except (Exception, SampleInterrupt) as error:
        outcome.fail("error", error)
        return ()


def _use(task: Task, session: Session, artefacts: tuple[Artefact, ...]) -> CassetteUse:
    use = session.use(task.cassette_label)
    if session.mode != "replay":
        return use
    return msgspec.structs.replace(
        use,
        stale=config_changes(session.header, task.config),
        differing=artefact_differences(session.header.artefacts, artefacts),
    )


def _price(task: Task, outcome: Outcome, call: ModelCall) -> float | None:
    at = outcome.session.header.recorded_at if outcome.session else None
    return cost_of_call(call, at=at, prices=task.prices)


def _adopt_termination(recorder: Recorder, outcome: Outcome) -> None:
    """Make the status agree with how the transcript ended."""
    last = recorder.events[-1] if recorder.events else None
    reason = getattr(last, "reason", None)
    if reason is None:
        missing = RuntimeError("the engine returned without recording a termination")
        outcome.fail("error", missing)
        recorder.terminate("error", str(missing), exception=outcome.failure)
    elif reason == "error" and outcome.failure is None:
        outcome.status = "error"
        outcome.failure = last_failure(recorder)


def _advise(task: Task, outcome: Outcome) -> None:
    """Add to a provider's refusal what to do; the user's own clients say where they asked."""
    if outcome.failure is not None and task.mode in ("record", "live") and task.endpoint.base_url:
        outcome.failure = with_advice(outcome.failure, task)


def _assignment(
    task: Task, kit: SampleKit, workspace: Path, recorder: Recorder, session: Session | None
) -> Assignment:
    assignment = Assignment(
        key=task.key,
        scenario=task.scenario,
        config=task.config,
        workspace=workspace,
        endpoint=_endpoint(task, session),
        build_team=kit.build_team,
        sandbox=kit.sandbox,
        recorder=recorder,
        mode=task.mode,
        files=kit.files,
    )
    if kit.build_script is None:
        return assignment
    return replace(assignment, script=kit.build_script(assignment.context))


def _endpoint(task: Task, session: Session | None) -> Endpoint:
    spec = task.endpoint
    if task.mode == "replay" and session is not None:
        # The recorded URL, so that the path of each request is the recorded one.
        return Endpoint(
            base_url=session.header.base_url,
            api_type=spec.api_type,
            api_version=spec.api_version,
        )
    return Endpoint(
        base_url=spec.base_url,
        api_key=spec.api_key,
        api_type=spec.api_type,
        api_version=spec.api_version,
        is_scripted=spec.is_scripted,
    )


def _finished(
    task: Task, kit: SampleKit, workspace: Path, recorder: Recorder, outcome: Outcome
) -> FinishedSample:
    session = outcome.session
    return FinishedSample(
        key=task.key,
        scenario=task.scenario,
        config=task.config,
        transcript=recorder.transcript(kit.engine.name, kit.engine.version()),
        workspace=workspace,
        sandbox=kit.sandbox,
        status=outcome.status,
        failure=outcome.failure,
        judge=kit.judge,
        prices=task.prices,
        priced_at=session.header.recorded_at if session else None,
        fixtures=tuple(relative for _, relative in task.scenario.files),
    )


def _score(scorers: tuple[Scorer, ...], finished: FinishedSample, outcome: Outcome) -> None:
    for scorer in scorers:
        outcome.scores.append(_score_one(scorer.score, scorer.name, finished, outcome))


def _score_one(
    score: Callable[[FinishedSample], Score | Unscored],
    name: str,
    finished: FinishedSample,
    outcome: Outcome,
) -> Score | Unscored:
    try:
        return score(finished)
    except (Exception, SampleInterrupt) as error:
        # A scorer that crashes must be seen, and not lose the sample.
        outcome.fail("error", error)
        return Unscored(scorer=name, reason=f"the scorer raised {type(error).__name__}: {error}")
