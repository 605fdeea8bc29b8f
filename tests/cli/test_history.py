"""The command that keeps and shows what became of each config."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from cli_project import without_autogen, write_suite

if TYPE_CHECKING:
    from pathlib import Path

    from cli_project import Command


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A Tester", "-c", "user.email=tester@example.test")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_runs_are_added_once_and_shown_by_commit(harness: Command, tmp_path: Path) -> None:
    without_autogen(write_suite(tmp_path))
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "scenarios")
    git(tmp_path, "commit", "-q", "-m", "One")
    head = git(tmp_path, "rev-parse", "HEAD")
    harness("run", "--no-report")
    first = harness("history", "add")
    suite = tmp_path / "scenarios" / "talk" / "suite.yaml"
    suite.write_text(f"{suite.read_text()}description: More.\n")
    harness("run", "--no-report")
    second = harness("history", "add", "--all")

    shown = harness("history")
    told = json.loads(harness("history", "--json").stdout)
    table = harness("history", "--csv", "--suite", "talk", "--config", "plain", "--last", "1")

    assert first.returncode == second.returncode == shown.returncode == 0, second.stderr
    assert ": added (2 samples), .harness/history.sqlite" in first.stdout
    assert [line.split()[1] for line in second.stdout.splitlines()] == ["there", "added"]
    assert f"{head[:7]} " in shown.stdout
    assert f"{head[:7]}+" in shown.stdout
    assert "same outcomes" in shown.stdout
    assert [each["commit"] for each in told["entries"]] == [head, f"{head}-dirty"]
    assert len(table.stdout.splitlines()) == 2
    assert table.stdout.startswith("suite,config,run,started_at,commit,")


def test_a_mistake_names_what_there_is_and_what_next(harness: Command, tmp_path: Path) -> None:
    none = harness("history")
    no_log = harness("history", "add", "--all")
    without_autogen(write_suite(tmp_path))
    harness("run", "--no-report")
    harness("history", "add", HARNESS_HISTORY="kept.sqlite")
    suite = harness("history", "--suite", "tlak", HARNESS_HISTORY="kept.sqlite")
    config = harness("history", "--database", "kept.sqlite", "--config", "plane")
    both = harness("history", "add", "latest", "--all")

    assert [each.returncode for each in (none, no_log, suite, config, both)] == [2] * 5
    assert "there is no history yet. Add a run with: harness history add" in none.stderr
    assert "Make one with: harness run" in no_log.stderr
    assert "Did you mean 'talk'?" in suite.stderr
    assert "Did you mean 'plain'?" in config.stderr
    assert "Name runs or give --all, not both." in both.stderr
    assert not (tmp_path / ".harness" / "history.sqlite").exists()


@pytest.mark.parametrize("way", ["variable", "option"])
def test_no_password_is_printed(harness: Command, tmp_path: Path, way: str) -> None:
    without_autogen(write_suite(tmp_path))
    harness("run", "--no-report")
    address = "postgresql://ci:hunter2-x9@127.0.0.1:1/results"

    told = (
        harness("history", "add", HARNESS_HISTORY=address)
        if way == "variable"
        else harness("history", "add", "--database", address)
    )

    assert told.returncode == 2
    assert "database results on 127.0.0.1:1" in told.stderr
    assert "hunter2" not in told.stdout + told.stderr


def test_runs_of_a_part_of_a_suite_tell_how_much_of_it_they_have(
    harness: Command, tmp_path: Path
) -> None:
    suite = write_suite(tmp_path, epochs=3)
    shutil.copytree(suite / "hello", suite / "goodbye")
    for part in (["-k", "hello"], ["-e", "1"], []):
        harness("run", "--no-report", *part)
        harness("history", "add")

    shown = harness("history").stdout
    rows = [line for line in shown.splitlines() if " 100 % (" in line]

    assert [row.split("(")[1].split(")")[0] for row in rows] == ["3 of 6", "2 of 6", "6"]
    assert "only n of the m samples that the whole suite has" in " ".join(shown.split())


def test_a_run_that_was_killed_tells_how_much_of_its_suite_it_has(
    harness: Command, tmp_path: Path
) -> None:
    write_suite(tmp_path, epochs=3)
    harness("run", "--no-report")
    (log,) = (tmp_path / ".harness" / "runs").glob("*.sqlite")
    with closing(sqlite3.connect(log)) as connection, connection:
        connection.execute("DELETE FROM sample WHERE epoch > 1")
    harness("history", "add")

    assert "33 % (1 of 3)" in harness("history").stdout


def test_a_whole_run_has_no_mark(harness: Command, tmp_path: Path) -> None:
    write_suite(tmp_path, epochs=3)
    harness("run", "--no-report")
    harness("history", "add")

    shown = harness("history").stdout

    assert "100 % (3)" in shown
    assert " of the m " not in shown
