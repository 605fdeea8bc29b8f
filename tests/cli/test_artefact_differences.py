"""A replay says which files the code left otherwise than when it was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli_project import write_coding_suite

from harness.logs import find_log, read_log

if TYPE_CHECKING:
    from pathlib import Path

    from cli_project import Command

NOISY = 'open("noise.bin", "wb").write(os.urandom(8))'


def test_a_replay_names_the_files_that_are_not_what_they_were(
    harness: Command, tmp_path: Path
) -> None:
    provider = write_coding_suite(tmp_path) / "provider.py"
    provider.write_text(
        provider.read_text().replace("print(os.getcwd()", f"{NOISY}\nprint(os.getcwd()")
    )
    harness("record", "--scripted", "--no-report")

    replayed = harness("run", "--report", "r.html")
    shown = harness("show", "coding/look/plain/1")

    log = read_log(find_log(tmp_path / ".harness" / "runs"))
    assert replayed.returncode == 0, replayed.stderr
    assert [s.cassette.differing for s in log.samples if s.cassette] == [("noise.bin differs",)] * 2
    assert "Files: 2 of 2 samples left others than when they were recorded" in replayed.stdout
    assert "Files other than when this was recorded: noise.bin differs" in shown.stdout


def test_files_that_are_the_same_are_not_mentioned(harness: Command, tmp_path: Path) -> None:
    write_coding_suite(tmp_path)
    harness("record", "--scripted", "--no-report")

    replayed = harness("run", "--no-report")

    log = read_log(find_log(tmp_path / ".harness" / "runs"))
    assert [a.path for s in log.samples for a in s.artefacts] == ["seen.txt"] * 2
    assert [s.cassette.differing for s in log.samples if s.cassette] == [()] * 2
    assert "Files:" not in replayed.stdout
