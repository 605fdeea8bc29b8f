"""A reader that goes before all is printed, as head does, ends a command without a word."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from cli_project import Command, environment, without_autogen, write_suite

COMMANDS = (
    ("--help",),
    ("gate", "--help"),
    ("schema", "run"),
    ("list",),
    ("list", "--runs"),
    ("show", "talk/hello/plain/1"),
    ("compare", "latest", "latest", "--json"),
    ("compare", "--configs", "plain", "other"),
    ("noise",),
    ("gate", "--success-at-least", "0.5"),
    ("report", "--format", "markdown"),
)


@pytest.fixture
def project(harness: Command, tmp_path: Path) -> Path:
    suite = without_autogen(write_suite(tmp_path))
    file = suite / "suite.yaml"
    file.write_text(file.read_text().replace("plain}", "plain}\n  - {name: other}"))
    done = harness("run", "--no-report", "-n", "1")
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_every_command_ends_quietly_when_nobody_reads_what_it_prints(project: Path) -> None:
    for arguments in COMMANDS:
        process = subprocess.Popen(
            [sys.executable, "-m", "harness", *arguments],
            cwd=project,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        with process.stderr as told:
            said = told.read()

        assert (process.wait(), said) == (141, ""), arguments


def test_a_pipe_to_head_shows_its_lines_and_nothing_else(project: Path) -> None:
    harness = f"{shlex.quote(sys.executable)} -m harness"
    for piped in (f"{harness} schema run | head -n 3", f"{harness} --help | head -n 3"):
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", piped],
            cwd=project,
            env=environment(PYTHONUNBUFFERED="1"),
            capture_output=True,
            text=True,
            check=False,
        )

        # What is short may be printed in full before head goes.
        assert done.returncode in (0, 141)
        assert done.stderr == ""
        assert len(done.stdout.splitlines()) == 3


def test_a_reader_that_takes_all_leaves_the_exit_code_alone(project: Path) -> None:
    gate = f"{shlex.quote(sys.executable)} -m harness gate --turns-at-most 0.5 | cat"

    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", gate],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, "")
