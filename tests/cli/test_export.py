"""The command that writes a run as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli_project import without_autogen, write_suite

if TYPE_CHECKING:
    from pathlib import Path

    from cli_project import Command


def test_a_run_is_exported_and_a_second_time_only_if_asked(
    harness: Command, tmp_path: Path
) -> None:
    without_autogen(write_suite(tmp_path))
    harness("run", "--no-report")

    first = harness("export", "--to", "r.csv")
    second = harness("export", "--to", "r.csv")
    third = harness("export", "--to", "r.csv", "--overwrite")

    assert first.returncode == third.returncode == 0, first.stderr
    assert "2 samples of run " in first.stdout
    assert (tmp_path / "r.csv").read_text().startswith("run,suite,scenario,config,epoch,")
    assert second.returncode == 2
    assert "r.csv exists already" in second.stderr


def test_the_folder_of_a_written_file_is_made_as_the_help_says(
    harness: Command, tmp_path: Path
) -> None:
    without_autogen(write_suite(tmp_path))
    harness("run", "--no-report")

    for command, option, name in (("export", "--to", "a/b/r.csv"), ("report", "-o", "c/d/r.html")):
        told = " ".join(harness(command, "--help").stdout.split())
        done = harness(command, option, name)

        assert "Its folder is made." in told
        assert done.returncode == 0, done.stderr
        assert (tmp_path / name).is_file()
