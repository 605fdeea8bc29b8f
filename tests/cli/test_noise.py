"""The command that tells how much of a run is chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli_project import without_autogen, write_suite

if TYPE_CHECKING:
    from pathlib import Path

    from cli_project import Command


def test_the_newest_run_is_split_per_suite_and_config(harness: Command, tmp_path: Path) -> None:
    suite = without_autogen(write_suite(tmp_path))
    (suite / "checks.py").write_text("def check_odd(sample):\n    assert sample.key.epoch % 2\n")
    ran = harness("run", "--no-report")

    done = harness("noise", "--difference", "10")

    assert ran.returncode == 0, ran.stderr
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "talk"
    assert lines[1].split() == [
        "Config",
        "Success",
        "Scenarios",
        "Epochs",
        "Mixed",
        "Between",
        "Within",
        "A/A",
    ]
    assert lines[2].split()[:6] == ["plain", "50", "%", "1", "2", "1"]
    assert "no split: it takes two scenarios" in done.stdout


def test_a_difference_of_nothing_is_refused(harness: Command) -> None:
    done = harness("noise", "--difference", "0")

    assert done.returncode == 2
    assert "--difference" in done.stderr
