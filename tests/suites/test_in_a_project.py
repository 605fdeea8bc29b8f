"""What a newcomer runs into, through the command line: equal tasks, and mistakes in a check."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cli_project import environment, write_suite

from harness.logs import find_log, read_log
from harness.suites import load_suite, new_scenario

if TYPE_CHECKING:
    from pathlib import Path

PROVIDER = "def reply(call):\n    return 'TERMINATE'\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def harness(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness", *arguments]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)


def test_two_scenarios_of_the_template_and_a_provider_script_go_together(project: Path) -> None:
    for name in ("my_suite/hello", "my_suite/another"):
        new_scenario(project / "scenarios", name)
    suite = project / "scenarios/my_suite"
    (suite / "provider.py").write_text(PROVIDER)

    ran = harness("run", "-e", "1", "--no-report")
    assert ran.returncode == 0, ran.stdout + ran.stderr

    text = (suite / "suite.yaml").read_text()
    (suite / "suite.yaml").write_text(text.replace("script: script.py:build\n", ""))
    recorded = harness("record", "--scripted", "-e", "1", "--no-report")
    assert recorded.returncode == 0, recorded.stdout + recorded.stderr


def test_equal_tasks_stop_the_scripted_provider_and_nothing_else(project: Path) -> None:
    suite = write_suite(project, epochs=1)
    (suite / "again").mkdir()
    (suite / "again/scenario.yaml").write_text((suite / "hello/scenario.yaml").read_text())
    (suite / "provider.py").write_text(PROVIDER)

    assert len(load_suite(suite).scenarios) == 2
    ran = harness("run", "--no-report")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    served = harness("provider", "serve", "--port", "0")
    assert served.returncode == 2
    assert (
        "'again' (scenarios/talk/again/scenario.yaml) and 'hello' "
        "(scenarios/talk/hello/scenario.yaml) have the same task"
    ) in served.stderr


def test_a_misspelt_name_in_a_check_fails_the_gate(project: Path) -> None:
    suite = write_suite(project, epochs=1)
    (suite / "checks.py").write_text(
        "def check_ended(sample):\n    assert sample.transcript.messages\n\n"
        "def check_kind(sample):\n    assert sample.nope\n"
    )

    ran = harness("run", "--no-report")

    assert ran.returncode == 1, ran.stdout + ran.stderr
    [sample] = read_log(find_log(project / ".harness/runs", "latest")).samples
    assert sample.status == "error"
    assert sample.failure is not None
    said = sample.failure.message
    assert said.startswith("check_kind raised AttributeError: 'FinishedSample' object has no ")
    assert "(scenarios/talk/checks.py:5). That is a mistake in the check" in said
    assert said.endswith("Of the other checks: 1 of 1 checks passed: ended.")


def test_a_check_that_fails_stays_a_result(project: Path) -> None:
    suite = write_suite(project, epochs=1)
    (suite / "checks.py").write_text("def check_it(sample):\n    assert not 'this'\n")

    ran = harness("run", "--no-report")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    [sample] = read_log(find_log(project / ".harness/runs", "latest")).samples
    assert (sample.status, sample.is_success) == ("completed", False)


def test_outside_a_project_list_is_one_helpful_sentence(project: Path) -> None:
    listed = harness("list")

    assert listed.returncode == 2
    assert listed.stderr == (
        f"Error: There is no folder scenarios here ({project}). Start one with: "
        "harness new scenario my_suite/hello, or name yours with --scenarios.\n"
    )


@pytest.mark.parametrize(
    ("sandbox", "label"), [("auto", ""), ("none", "NOT ISOLATED")], ids=["auto", "none"]
)
def test_a_check_that_ends_its_process_is_named_and_ends_nothing_else(
    project: Path, sandbox: str, label: str
) -> None:
    suite = write_suite(project)
    (suite / "checks.py").write_text(
        "import os\n\ndef check_ended(sample):\n    if sample.key.epoch == 1:\n"
        "        os._exit(0)\n\ndef check_other(sample):\n    assert sample.workspace.is_dir()\n"
    )

    done = harness("run", "--no-report", "-n", "1", "--sandbox", sandbox)

    assert done.returncode == 1
    first, second = read_log(find_log(project / ".harness" / "runs", "latest")).samples
    assert first.failure is not None
    assert first.failure.message.startswith("check_ended ended the process it ran in (exit code 0)")
    assert "Of the other checks: 1 of 1 checks passed: other." in first.failure.message
    assert second.is_success
    assert label in second.sandbox
