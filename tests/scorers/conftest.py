from __future__ import annotations

from pathlib import Path

import pytest

from harness.capture import Recorder
from harness.model.sample import SampleKey
from harness.model.scenario import AgentConfig, Limits, PythonReference, Scenario
from harness.model.team import FinishedSample
from harness.sandboxes.process import ProcessSandbox


@pytest.fixture(scope="session")
def sandbox():
    made = ProcessSandbox()
    yield made
    made.close()


@pytest.fixture(scope="session")
def finished(sandbox):
    """Builds a finished sample; `record` fills its transcript through a real recorder."""

    def build(record=None, *, accept=("termination_message",), checks=None, workspace=Path("/w")):
        recorder = Recorder(limits=Limits())
        if record:
            record(recorder)
        team = PythonReference(path="/suite/team.py", attribute="build")
        return FinishedSample(
            key=SampleKey(suite="s", scenario="a", config="c", epoch=1),
            scenario=Scenario(
                name="a", suite="s", title="A", task="t", folder="/s/a", team=team, accept=accept
            ),
            config=AgentConfig(name="c"),
            transcript=recorder.transcript("mock", "mock 1"),
            workspace=workspace,
            sandbox=sandbox,
            checks=checks or {},
        )

    return build
