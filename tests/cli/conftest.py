from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cassette_project import record_project
from cli_project import Command, environment


@pytest.fixture
def harness(tmp_path: Path) -> Command:
    """Run the command line in the test's own folder and return what it printed."""

    def command(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            cwd=tmp_path,
            env=environment(**extra),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    return command


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two samples, recorded from the scripted provider; tests take copies of it."""
    return record_project(tmp_path_factory.mktemp("recorded"))
