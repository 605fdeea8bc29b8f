"""`harness validate` warns of checks that agents can pass, and notes where there are none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cli_project import write_suite

if TYPE_CHECKING:
    from cli_project import Command

CHECK = '"""Checks; none runs pytest."""\n\ndef check_it(sample):\n    '
TRUSTING = {
    "by main": 'sample.run_python("import pytest; raise SystemExit(pytest.main())")',
    "as a module": "sample.run_python(f\"import os; os.system('python -m pytest {sample.key}')\")",
    "as a command": 'import subprocess; subprocess.run(["pytest", "."], cwd=sample.workspace)',
    "in this process": "import pytest; pytest.main([str(sample.workspace)])",
}
SAFE = {
    "without conftest": "sample.run_python(\"pytest.main(['--noconftest', '-c/dev/null'])\")",
    "by the helper": 'sample.run_pytest({"test_it.py": "import pytest"}).require_passed()',
    "in words": 'assert sample.transcript.turns, "no turn; pytest would say so"',
}


def checked(harness: Command, folder: Path, code: str) -> str:
    write_suite(folder)
    suite = next((folder / "scenarios").glob("*/suite.yaml")).parent
    (suite / "checks.py").write_text(CHECK + code + "\n")
    done = harness("validate")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("how", TRUSTING)
def test_a_check_that_trusts_pytest_beside_agents_files_is_warned_of(
    harness: Command, tmp_path: Path, how: str
) -> None:
    said = checked(harness, tmp_path, TRUSTING[how])

    assert "/checks.py:4: this runs pytest where the agents' conftest.py" in said
    assert "sample.run_pytest(" in said


@pytest.mark.parametrize("how", SAFE)
def test_a_check_that_trusts_no_file_of_the_agents_is_not_warned_of(
    harness: Command, tmp_path: Path, how: str
) -> None:
    assert "warning" not in checked(harness, tmp_path, SAFE[how])


def test_a_scenario_of_which_only_the_end_is_judged_is_noted(
    harness: Command, tmp_path: Path
) -> None:
    suite = write_suite(tmp_path)
    checks = suite / "checked" / "checks.py"
    checks.parent.mkdir()
    (suite / "checked" / "scenario.yaml").write_text("title: Checked\ntask: Say hello.\n")
    checks.write_text(CHECK + "assert sample.transcript.turns\n")

    some = harness("validate")
    checks.unlink()
    none = harness("validate")
    (suite / "checks.py").write_text(CHECK + "assert sample.transcript.turns\n")
    every = harness("validate")
    with (suite / "suite.yaml").open("a") as file:
        file.write("scorers: [termination, turns]\n")
    unused = harness("validate")

    assert [done.returncode for done in (some, none, every, unused)] == [0] * 4
    told = "note: talk: nothing but how the conversation ends is judged of"
    assert f"{told} hello, whatever comes of the task" in some.stdout
    assert f"{told} checked, hello, whatever" in none.stdout
    assert "note" not in every.stdout
    assert f"{told} checked, hello, whatever" in unused.stdout


def test_nothing_is_noted_of_the_suites_that_ship(harness: Command) -> None:
    done = harness("validate", "--scenarios", str(Path(__file__).parents[2] / "scenarios"))

    assert done.returncode == 0, done.stderr
    assert "rate_limiter: ok" in done.stdout
    assert "note:" not in done.stdout


def test_a_new_suite_has_checks(harness: Command, tmp_path: Path) -> None:
    assert harness("new", "scenario", "mine/first").returncode == 0

    assert "note:" not in harness("validate").stdout
