"""Hold the conversation of a sample again, once for each fault it must survive."""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harness.capture import Recorder
from harness.cassettes import load_cassette
from harness.errors import LimitReached, SampleInterrupt
from harness.faults import CassetteSource, FaultSession, ScriptSource, faulty
from harness.model.faults import FaultTrial
from harness.model.team import Endpoint
from harness.model.transcript import ModelCall, Termination
from harness.pricing import cost_of_call
from harness.protocols import Assignment
from harness.runner.workspace import make_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.faults.sources import Source
    from harness.model.faults import FaultPlan
    from harness.runner.kit import SampleKit
    from harness.runner.task import Task

NOT_INJECTED = "not injected"
_SCRIPTED_URL = "http://scripted.invalid/v1"


def run_trials(task: Task, kit: SampleKit, priced_at: str | None) -> tuple[FaultTrial, ...]:
    """Try every fault that the scenario demands to survive; none in a recording or live.

    Args:
        task: The sample, which has run without faults already.
        kit: The live objects it needs.
        priced_at: ISO 8601 time whose list prices apply.
    """
    resilience = task.scenario.resilience
    if resilience is None or task.mode not in ("replay", "mock"):
        return ()
    return tuple(
        _Trial(task, kit, name, plan, number, priced_at).run()
        for number, (name, plan) in enumerate(resilience.plans, start=1)
    )


class _Trial:
    """One conversation with faults."""

    def __init__(
        self,
        task: Task,
        kit: SampleKit,
        fault: str,
        plan: FaultPlan,
        number: int,
        priced_at: str | None,
    ) -> None:
        self._task = task
        self._kit = kit
        self._fault = fault
        self._plan = plan
        self._scratch = Path(task.scratch) / f"trial-{number}"
        self._price = partial(cost_of_call, at=priced_at, prices=task.prices)

    def run(self) -> FaultTrial:
        """Run it; whatever goes wrong is its outcome."""
        workspace = make_workspace(self._scratch, self._task.scenario)
        recorder = Recorder(limits=self._task.scenario.limits, price=self._price)
        assignment = self._assignment(workspace, recorder)
        with (
            _seeded(f"{self._task.key}/{self._fault}"),
            faulty(
                self._source(assignment),
                self._plan,
                lambda agent, kind, detail: recorder.fault(agent=agent, kind=kind, detail=detail),
            ) as session,
        ):
            try:
                self._kit.engine.run(assignment)
            except LimitReached as limit:
                recorder.terminate_for(limit)
            except (Exception, SampleInterrupt) as error:
                recorder.overrule(error)
        return self._outcome(recorder, session)

    def _assignment(self, workspace: Path, recorder: Recorder) -> Assignment:
        task = self._task
        url = _SCRIPTED_URL if task.scenario.is_scripted else task.endpoint.base_url
        assignment = Assignment(
            key=task.key,
            scenario=task.scenario,
            config=task.config,
            workspace=workspace,
            endpoint=Endpoint(
                base_url=url,
                api_type=task.endpoint.api_type,
                api_version=task.endpoint.api_version,
            ),
            build_team=self._kit.build_team,
            sandbox=self._kit.sandbox,
            recorder=recorder,
            mode="replay",
        )
        if self._kit.build_script is None or task.scenario.is_scripted:
            return assignment
        return replace(assignment, script=self._kit.build_script(assignment.context))

    def _source(self, assignment: Assignment) -> Source:
        if self._kit.build_script is not None and self._task.scenario.is_scripted:
            return ScriptSource(self._kit.build_script(assignment.context))
        return CassetteSource(load_cassette(Path(self._task.cassette)))

    def _outcome(self, recorder: Recorder, session: FaultSession) -> FaultTrial:
        ending = recorder.termination
        reason = ending.reason if ending else "error"
        scenario = self._task.scenario
        resilience = scenario.resilience
        accepted = (resilience.accept if resilience else ()) or scenario.accept
        is_injected = session.injected > 0
        return FaultTrial(
            fault=self._fault,
            where=session.where,
            injected=session.injected,
            outcome=reason if is_injected else NOT_INJECTED,
            passed=reason in accepted if is_injected else None,
            detail=_detail(ending) if ending and is_injected else _unfitting(self._kit.engine.name),
            turns=recorder.turns,
            cost_usd=self._cost(recorder),
            waited_seconds=round(session.clock.seconds, 3),
        )

    def _cost(self, recorder: Recorder) -> float | None:
        calls = [event for event in recorder.events if isinstance(event, ModelCall)]
        costs = [self._price(call) for call in calls]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None


@contextmanager
def _seeded(seed: str) -> Iterator[None]:
    """Clients draw how long they wait before they try again: always the same for one trial."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def _detail(ending: Termination) -> str:
    """How it ended; of an error also the cause, which SDKs hide."""
    raised = ending.exception
    return f"{raised.type.rpartition('.')[2]}: {raised.message}" if raised else ending.detail


def _unfitting(engine: str) -> str:
    if engine == "mock":
        return "The mock engine makes no HTTP requests that a fault could be injected into."
    return "No request of the conversation was one that this fault fits."
