from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cli_project import environment

from harness.logs import find_log, read_log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.model.faults import FaultTrial
    from harness.model.sample import SampleResult


def harness(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    return harness


@pytest.fixture(scope="session")
def sample_of() -> Callable[[Path], SampleResult]:
    """Run the one sample of a project."""

    def run(project: Path) -> SampleResult:
        done = harness(project, "run", "-n", "1")
        assert done.returncode == 0, done.stdout + done.stderr
        (sample,) = read_log(find_log(project / ".harness" / "runs", "latest")).samples
        assert sample.failure is None
        return sample

    return run


@pytest.fixture(scope="session")
def by_fault() -> Callable[[SampleResult], dict[str, FaultTrial]]:
    """The trials of a sample by the fault they are about; the first of each."""

    def index(sample: SampleResult) -> dict[str, FaultTrial]:
        return {trial.fault: trial for trial in reversed(sample.trials)}

    return index
