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


@pytest.mark.parametrize("arguments", [["gate", "nosuch"], ["show", "nope"], ["--nope"]])
def test_a_mistake_that_nobody_reads_is_no_failed_gate(project: Path, arguments: list[str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", *arguments],
        cwd=project,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    process.stderr.close()

    assert process.wait() == 141


def test_a_command_works_where_its_output_was_closed_before_it_began(project: Path) -> None:
    for arguments in ("run -n 1 --report r.html", "gate --turns-at-most 0.5", "noise", "show nope"):
        for closed in (">&-", ">&- 2>&-", "<&- >&- 2>&-"):
            command = f"{shlex.quote(sys.executable)} -m harness {arguments} {closed}"
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=project,
                env=environment(),
                capture_output=True,
                text=True,
                check=False,
            )

            expected = {"run": 0, "gate": 1, "noise": 0, "show": 2}[arguments.split()[0]]
            assert (done.returncode, "Traceback" in done.stderr) == (expected, False), command
    assert (project / "r.html").read_text().startswith("<!doctype html>")


def test_files_that_a_gate_was_asked_for_are_written_also_if_nobody_reads_on(
    project: Path,
) -> None:
    files = "--results", "g.json", "--comment", "g.md"
    harness = f"{shlex.quote(sys.executable)} -m harness gate --turns-at-most 0.5 {' '.join(files)}"

    subprocess.run(
        ["bash", "-c", f"{harness} | head -c 0"], cwd=project, env=environment(), check=False
    )

    for file in files[1::2]:
        assert (project / file).stat().st_size > 0, file
