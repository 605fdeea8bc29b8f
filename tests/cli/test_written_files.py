"""Files that somebody asks for: a missing folder is made; what cannot be written is a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_project import Command, without_autogen, write_suite

WRITING = (
    ("run", "--no-report", "-n", "1", "--junit"),
    ("run", "--no-report", "-n", "1", "--results"),
    ("run", "-n", "1", "--report"),
    ("report", "--output"),
    ("report", "--format", "markdown", "--output"),
    ("gate", "--success-at-least", "0.1", "--comment"),
    ("gate", "--success-at-least", "0.1", "--results"),
    ("export", "--overwrite", "--to"),
)


@pytest.fixture
def project(harness: Command, tmp_path: Path) -> Path:
    without_autogen(write_suite(tmp_path, epochs=1))
    assert harness("run", "--no-report", "-n", "1").returncode == 0
    return tmp_path


@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
def test_a_file_gets_its_folder_and_one_that_cannot_be_written_is_named(
    harness: Command, project: Path, arguments: tuple[str, ...]
) -> None:
    (project / "file").touch()

    made = harness(*arguments, "made/deep/out.csv")
    blocked = harness(*arguments, "file/out.csv")

    assert made.returncode == 0, made.stderr
    assert (project / "made" / "deep" / "out.csv").stat().st_size
    assert blocked.returncode == 2
    assert blocked.stderr.startswith("Error: file/out.csv: ")
    assert " cannot be written: " in blocked.stderr
    assert len(blocked.stderr.splitlines()) == 1


def test_a_step_summary_that_cannot_be_written_is_named(harness: Command, project: Path) -> None:
    (project / "file").touch()
    arguments = "gate", "--success-at-least", "0.1", "--step-summary"

    done = harness(*arguments, GITHUB_STEP_SUMMARY="file/summary.md")

    assert done.returncode == 2
    assert done.stderr.startswith("Error: file/summary.md: the step summary cannot be written: ")
