"""Run and score one sample. The boundary where exceptions become data."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from harness import cassettes
from harness.capture import Recorder, exception_info
from harness.cassettes.staleness import config_changes, config_facets
from harness.errors import CassetteError, CassetteMiss, SampleInterrupt, SocketBlocked
from harness.model.sample import SampleResult, Status
from harness.model.score import Score, Unscored
from harness.model.team import Endpoint, FinishedSample
from harness.pricing import cost_of_call
from harness.protocols import Assignment, Scorer
from harness.runner.workspace import make_workspace
from harness.sandboxes.artefacts import collect_artefacts, digests
from harness.sandboxes.images import collect_images

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from harness.cassettes import Session
    from harness.model.sample import CassetteUse
    from harness.model.transcript import ExceptionInfo, ModelCall
    from harness.runner.kit import SampleKit
    from harness.runner.task import Task


@dataclass
class _Outcome:
    """What is known of the running sample so far."""

    status: Status = "completed"
    failure: ExceptionInfo | None = None
    session: Session | None = None
    scores: list[Score | Unscored] = field(default_factory=list)

    def fail(self, status: Status, error: BaseException) -> None:
        # The first failure is the cause; later ones are its consequences.
        if self.failure is None:
            self.status = status
            self.failure = exception_info(error)


def run_sample(task: Task, kit: SampleKit, spool: IO[bytes] | None = None) -> SampleResult:
    """Run one sample and score it; whatever goes wrong is in the result.

    Args:
        task: Which sample, how, and where.
        kit: The live objects it needs.
        spool: Each event is also written here at once.

    Returns:
        The result, with a partial transcript if the sample did not complete.
    """
    started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
    clock = time.perf_counter()
    workspace = make_workspace(Path(task.scratch), task.scenario)
    fixtures = digests(workspace)
    outcome = _Outcome()
    price = partial(_price, task, outcome)
    recorder = Recorder(limits=task.scenario.limits, price=price, spool=spool)
    _converse(task, kit, workspace, recorder, outcome)
    finished = _finished(task, kit, workspace, recorder, outcome)
    _score(kit.scorers, finished, outcome)
    artefacts = collect_artefacts(workspace, fixtures)
    return SampleResult(
        key=task.key,
        status=outcome.status,
        mode=task.mode,
        transcript=finished.transcript,
        scores=tuple(outcome.scores),
        failure=outcome.failure,
        cassette=_use(task, outcome.session) if outcome.session else None,
        artefacts=artefacts,
        images=collect_images(workspace, artefacts),
        sandbox=kit.sandbox.label,
        started_at=started_at,
        duration_seconds=time.perf_counter() - clock,
    )


def _use(task: Task, session: Session) -> CassetteUse:
    use = session.use(task.cassette_label)
    if session.mode != "replay":
        return use
    return msgspec.structs.replace(use, stale=config_changes(session.header, task.config))


def _price(task: Task, outcome: _Outcome, call: ModelCall) -> float | None:
    at = outcome.session.header.recorded_at if outcome.session else None
    return cost_of_call(call, at=at, prices=task.prices)


def _converse(
    task: Task, kit: SampleKit, workspace: Path, recorder: Recorder, outcome: _Outcome
) -> None:
    try:
        with _session(task, kit) as session:
            outcome.session = session
            kit.engine.run(_assignment(task, kit, workspace, recorder, session))
            if session is not None:
                _raise_unsound(session, recorder)
    except SampleInterrupt as interrupt:
        outcome.fail("miss" if isinstance(interrupt, CassetteMiss) else "error", interrupt)
        recorder.overrule(interrupt)
    except _FailedRecording:
        outcome.status = "error"
        outcome.failure = _last_failure(recorder)
    except Exception as error:  # The boundary: a broken sample must not stop the run.
        outcome.fail("error", error)
        recorder.overrule(error)
    _adopt_termination(recorder, outcome)


def _raise_unsound(session: Session, recorder: Recorder) -> None:
    """Report what an agent swallowed: a miss or a connection happened all the same."""
    if session.mode == "replay":
        _raise_unsound_replay(session)
    failure = _last_failure(recorder)
    if session.mode == "record" and failure is not None:
        # Raised inside the session, so that the cassette stays unfinished (.partial)
        # and the next recording does not take a provider's outage for an answer.
        raise _FailedRecording(failure.message)


def _raise_unsound_replay(session: Session) -> None:
    """Hold a replay to its sum: calls asked = calls served + misses, sockets opened = 0."""
    if session.misses:
        raise CassetteMiss(session.misses[0])
    if session.sockets_opened:
        raise SocketBlocked(
            f"{session.sockets_opened} connections were attempted outside the cassette; the "
            "guard refused them, and an agent or library hid it."
        )
    lost = session.asked - session.served
    if lost:
        raise CassetteError(
            f"{session.label}: {session.asked} calls were asked, but {session.served} served and "
            f"none missed: {lost} ended in an error that an agent or library hid, so this replay "
            "proves nothing. The cassette may be damaged; see: harness cassette verify"
        )


class _FailedRecording(Exception):
    """The sample ended in an error while it was recorded."""


def _last_failure(recorder: Recorder) -> ExceptionInfo | None:
    last = recorder.events[-1] if recorder.events else None
    return getattr(last, "exception", None)


def _adopt_termination(recorder: Recorder, outcome: _Outcome) -> None:
    """Make the status agree with how the transcript ended."""
    last = recorder.events[-1] if recorder.events else None
    reason = getattr(last, "reason", None)
    if reason is None:
        missing = RuntimeError("the engine returned without recording a termination")
        outcome.fail("error", missing)
        recorder.terminate("error", str(missing), exception=outcome.failure)
    elif reason == "error" and outcome.failure is None:
        outcome.status = "error"
        outcome.failure = _last_failure(recorder)


@contextmanager
def _session(task: Task, kit: SampleKit) -> Iterator[Session | None]:
    if task.mode == "replay":
        path = _replayed_path(task)
        cassettes.install()
        with cassettes.replaying(
            path,
            label=task.cassette_label,
            sample=str(task.key),
            is_repeating=task.scenario.is_repeating,
            ignored=task.scenario.ignored if task.update else None,
            secrets=task.secrets,
        ) as session:
            yield session
    elif task.mode == "record":
        cassettes.install()
        with _recording(task, _header(task, kit)) as session:
            yield session
    else:
        yield None


def _recording(
    task: Task, header: cassettes.CassetteHeader
) -> AbstractContextManager[cassettes.RecordSession]:
    path = Path(task.cassette)
    charging = cassettes.Charging(
        prices=task.prices,
        budget=cassettes.Budget(Path(task.budget[0]), task.budget[1]) if task.budget else None,
        host=task.endpoint.source,
    )
    earlier = cassettes.find_earlier(path, task.scenario.ignored) if task.update else None
    if earlier is None:
        return cassettes.recording(
            path, header, overwrite=task.overwrite, charging=charging, secrets=task.secrets
        )
    return cassettes.updating(path, header, earlier, charging=charging, secrets=task.secrets)


def _replayed_path(task: Task) -> Path:
    """The cassette; when an update is forecast, what that would start from."""
    if task.update:
        earlier = cassettes.find_earlier(Path(task.cassette), task.scenario.ignored)
        if earlier is not None:
            return earlier.cassette.path
    _require_cassette(task)
    return Path(task.cassette)


def _require_cassette(task: Task) -> None:
    if not Path(task.cassette).exists():
        key = task.key
        raise CassetteMiss(
            f"{task.cassette_label}: the sample has no cassette. Record it with: harness record "
            f"{key.suite} -k {key.scenario} --config {key.config} --epoch {key.epoch}"
            f"{' --scripted' if task.scenario.provider else ''}"
        )


def _header(task: Task, kit: SampleKit) -> cassettes.CassetteHeader:
    return cassettes.CassetteHeader(
        recorded_at=datetime.now(UTC).isoformat(timespec="seconds"),
        source=task.endpoint.source,
        base_url=task.endpoint.base_url,
        sample=str(task.key),
        config_digest=task.config.digest,
        scenario_digest=task.scenario.digest,
        conversation_digest=task.scenario.conversation_digest,
        facets=config_facets(task.config),
        ignored=task.scenario.ignored,
        engine_version=kit.engine.version(),
        sdk_version=cassettes.sdk_version(),
    )


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
    task: Task, kit: SampleKit, workspace: Path, recorder: Recorder, outcome: _Outcome
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


def _score(scorers: tuple[Scorer, ...], finished: FinishedSample, outcome: _Outcome) -> None:
    for scorer in scorers:
        outcome.scores.append(_score_one(scorer.score, scorer.name, finished, outcome))


def _score_one(
    score: Callable[[FinishedSample], Score | Unscored],
    name: str,
    finished: FinishedSample,
    outcome: _Outcome,
) -> Score | Unscored:
    try:
        return score(finished)
    except (Exception, SampleInterrupt) as error:
        # A scorer that crashes must be seen, and not lose the sample.
        outcome.fail("error", error)
        return Unscored(scorer=name, reason=f"the scorer raised {type(error).__name__}: {error}")
