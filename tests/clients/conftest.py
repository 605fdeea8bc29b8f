"""A cassette that answers nothing these tests ask, and ways of asking."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_project import Command, environment
from recorded_chat import record, request, said

from harness.cassettes import Session, replaying


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A replay of one recorded call, which nobody here makes."""
    path = tmp_path / "sample.jsonl"
    record(path, ("coder", request(said("user", "recorded")), "answered"))
    with replaying(path) as session:
        yield session


@pytest.fixture
def harness(tmp_path: Path) -> Command:
    """Run the command line in the test's own folder and return what it printed."""

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            cwd=tmp_path,
            env=environment(PYTHONPATH=""),  # With all clients that are installed.
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=240,
        )

    return command
