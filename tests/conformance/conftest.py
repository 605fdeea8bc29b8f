"""One small finished sample, complete and broken off, and what is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.capture import Recorder
from harness.model.run import RunHeader, RunLog, ScenarioInfo, SuiteInfo
from harness.model.sample import SampleKey, SampleResult
from harness.model.scenario import AgentConfig, Price, PythonReference, Scenario, ScorerSpec
from harness.model.score import Score
from harness.model.team import FinishedSample
from harness.model.transcript import Transcript, Usage
from harness.sandboxes.process import ProcessSandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TASK = "Print 42 & <stop>."


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    return Scenario(
        name="first",
        suite="demo",
        title="First",
        task=TASK,
        folder=str(tmp_path),
        team=PythonReference(path=str(tmp_path / "team.py"), attribute="build"),
        scorers=(ScorerSpec(name="termination"),),
    )


def config(name: str = "plain") -> AgentConfig:
    return AgentConfig(name=name, model="scripted-1", temperature=0.5)


def finished_transcript() -> Transcript:
    recorder = Recorder(clock=iter(range(100)).__next__)
    recorder.message(speaker="runner", recipient="writer", content=TASK)
    recorder.model_call(
        agent="writer",
        model_requested="scripted-1",
        model_answered="scripted-1",
        usage=Usage(prompt_tokens=20, completion_tokens=5),
        reply="print(42)",
    )
    recorder.message(speaker="writer", recipient="runner", content="print(42)")
    recorder.code_execution(
        agent="runner",
        language="python",
        code="print(42)",
        exit_code=0,
        output="42\n",
        duration_seconds=0.1,
    )
    recorder.message(speaker="runner", recipient="writer", content="42")
    recorder.message(speaker="writer", recipient="runner", content="TERMINATE")
    recorder.terminate("termination_message", "The writer said TERMINATE.", agent="writer")
    return recorder.transcript("autogen", "autogen 0.14.1")


def empty_transcript() -> Transcript:
    return Recorder().transcript("autogen", "autogen 0.14.1")


def check_said_42(sample: FinishedSample) -> None:
    assert "42" in sample.transcript.messages[-2].content


@pytest.fixture
def finished(scenario: Scenario, tmp_path: Path) -> FinishedSample:
    return FinishedSample(
        key=SampleKey(suite="demo", scenario="first", config="plain", epoch=1),
        scenario=scenario,
        config=config(),
        transcript=finished_transcript(),
        workspace=tmp_path,
        sandbox=ProcessSandbox(),
        checks={"said_42": check_said_42},
        prices={"scripted-1": Price(prompt=0.5, completion=1.5)},
    )


@pytest.fixture
def broken_off(finished: FinishedSample) -> FinishedSample:
    """A sample that failed before anything was said."""
    fields = {**vars(finished), "transcript": empty_transcript(), "status": "error", "checks": {}}
    return FinishedSample(**fields)


@pytest.fixture
def make_log(scenario: Scenario) -> Callable[[int], RunLog]:
    """Make the log of a run of two configs with that many epochs done; of "other" none passes."""

    def make(epochs: int) -> RunLog:
        configs = (config("plain"), config("other"))
        plan = tuple(
            SampleKey(suite="demo", scenario="first", config=each.name, epoch=epoch)
            for each in configs
            for epoch in (1, 2)
        )
        samples = tuple(result(key) for key in plan if key.epoch <= epochs)
        return RunLog(header=header(scenario, configs, plan), samples=samples)

    return make


def header(
    scenario: Scenario, configs: tuple[AgentConfig, ...], plan: tuple[SampleKey, ...]
) -> RunHeader:
    info = ScenarioInfo(
        name=scenario.name,
        title=scenario.title,
        task=scenario.task,
        accept=scenario.accept,
        digest="0",
    )
    suite = SuiteInfo(
        name="demo",
        title="Demo",
        description="",
        epochs=2,
        baseline="plain",
        scenarios=(info,),
        configs=configs,
    )
    facts: dict[str, Any] = {
        "run_id": "20260101T000000-abcdef",
        "started_at": "2026-01-01T00:00:00+00:00",
        "command": "harness run",
        "harness_version": "0.1.0",
        "python": "3.11",
        "platform": "Linux",
        "sandbox": "process",
    }
    return RunHeader(mode="replay", suites=(suite,), plan=plan, **facts)


def result(key: SampleKey) -> SampleResult:
    passed = key.config == "plain"
    score = Score(
        scorer="termination",
        value=float(passed),
        unit="share",
        passed=passed,
        reason="It ended so.",
        evidence=(6,),
        details={"reason": "termination_message", "accepted": True, "agent": "writer"},
    )
    return SampleResult(
        key=key,
        status="completed",
        mode="replay",
        transcript=finished_transcript(),
        scores=(score,),
        started_at="2026-01-01T00:00:00+00:00",
        duration_seconds=1.5,
    )
