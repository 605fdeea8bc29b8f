from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.capture import Recorder
from harness.engines.autogen import AutogenEngine
from harness.model.sample import SampleKey
from harness.model.scenario import AgentConfig, Limits, PythonReference, Scenario
from harness.model.team import Endpoint, Team, TeamContext
from harness.protocols import Assignment
from harness.sandboxes.process import ProcessSandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness.model.transcript import Transcript

# Nothing listens there: a request that is not scripted fails.
DEAD_ENDPOINT = Endpoint(base_url="http://127.0.0.1:9/v1", api_key="none")


@pytest.fixture(scope="session", autouse=True)
def _autogen_is_imported() -> None:
    AutogenEngine().preload()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[ProcessSandbox]:
    """The strongest one that needs nothing installed; what it has started ends with the tests."""
    made = ProcessSandbox()
    yield made
    made.close()


@pytest.fixture
def play(tmp_path: Path, sandbox: ProcessSandbox) -> Callable[..., Transcript]:
    """Run a team, built by a function of the context, and return what was recorded."""

    def run(
        build: Callable[[TeamContext], Team],
        *,
        task: str = "Begin.",
        human: tuple[str, ...] = (),
        limits: Limits | None = None,
        price: Any = None,
        engine: Any = None,
        **assignment: Any,
    ) -> Transcript:
        reference = PythonReference(path="team.py", attribute="build")
        scenario = Scenario(
            name="scenario",
            suite="suite",
            title="A scenario",
            task=task,
            folder=str(tmp_path),
            team=reference,
            human=human,
            limits=limits or Limits(),
        )
        recorder = Recorder(limits=scenario.limits, price=price)
        settings = {
            "key": SampleKey(suite="suite", scenario="scenario", config="config", epoch=1),
            "scenario": scenario,
            "config": AgentConfig(name="config", model="mock-1"),
            "workspace": tmp_path,
            "endpoint": DEAD_ENDPOINT,
            "build_team": build,
            "sandbox": sandbox,
            "mode": "mock",
        }
        engine = engine or AutogenEngine()
        try:
            engine.run(Assignment(**{**settings, **assignment}, recorder=recorder))
        finally:
            run.recorder = recorder  # type: ignore[attr-defined] # for runs that raise
        return recorder.transcript(engine.name, engine.version())

    return run
