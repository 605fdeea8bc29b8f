"""A suite's checks judged as in a run: by a process of their own, in a sandbox."""

from __future__ import annotations

import textwrap
import time
from dataclasses import replace
from pathlib import Path

from harness.capture import Recorder
from harness.model.sample import SampleKey
from harness.model.scenario import AgentConfig, Limits, PythonReference, Scenario
from harness.model.score import CheckResult
from harness.model.team import FinishedSample
from harness.protocols import Sandbox
from harness.runner.judging import Experience, Judge
from harness.sandboxes.bubblewrap import BubblewrapSandbox
from harness.sandboxes.none import NoSandbox
from harness.sandboxes.process import ProcessSandbox

ISOLATING = {
    "bubblewrap": BubblewrapSandbox,
    "namespaces": lambda: ProcessSandbox(tier="namespaces"),
    "landlock": lambda: ProcessSandbox(tier="landlock"),
}
EVERY = {**ISOLATING, "plain": lambda: ProcessSandbox(tier="none"), "none": NoSandbox}


def write_suite(folder: Path, checks: str, **more: str) -> Path:
    """A suite's folder with a file of checks, and more files by name without ``.py``."""
    (folder / "first").mkdir(parents=True)
    (folder / "suite.yaml").write_text("title: Suite\n")
    for name, text in {"checks": checks, **more}.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


def sample_of(
    suite: Path,
    workspace: Path,
    sandbox: Sandbox,
    *,
    said: str = "done",
    wall_seconds: float = 60.0,
    **limits: int,
) -> FinishedSample:
    """A finished sample whose checks are judged apart."""
    recorder = Recorder(limits=Limits())
    recorder.message(speaker="ann", recipient="bob", content=said)
    recorder.terminate("termination_message", "", agent="ann")
    scenario = Scenario(
        name="first",
        suite="suite",
        title="First",
        task="Do it.",
        folder=str(suite / "first"),
        team=PythonReference(path=str(suite / "team.py"), attribute="build"),
        checks=PythonReference(path=str(suite / "checks.py"), attribute="check_*"),
        limits=Limits(wall_seconds=wall_seconds, **limits),
        parameters={"sum": 42},
    )
    assert scenario.checks is not None
    judge = Judge(
        checks=scenario.checks,
        scenario=scenario,
        label="suite/first/plain/1",
        sandbox=sandbox,
        is_offline=True,
        deadline=time.monotonic() + 600,
        experience=Experience(),
    )
    judge.require_checks()
    # The server that it may have started is no part of the sample's time.
    judge = replace(judge, deadline=time.monotonic() + wall_seconds)
    return FinishedSample(
        key=SampleKey(suite="suite", scenario="first", config="plain", epoch=1),
        scenario=scenario,
        config=AgentConfig(name="plain"),
        transcript=recorder.transcript("mock", "mock 1"),
        workspace=workspace,
        sandbox=sandbox,
        judge=judge,
    )


def outcomes(sample: FinishedSample) -> dict[str, str]:
    """What became of each check: "passed", "failed: ..." or "broken: ..."."""
    assert sample.judge is not None
    assert isinstance(sample.judge, Judge)
    names = sample.judge.experience.names
    return {name: _told(outcome) for name, outcome in zip(names, sample.judge(sample), strict=True)}


def _told(outcome: CheckResult | Exception) -> str:
    if isinstance(outcome, CheckResult):
        return "passed" if outcome.passed else f"failed: {outcome.reason}"
    return f"broken: {outcome}"
