"""What ``harness gate`` says of a run that replays its baseline, and what a baseline may lose."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli_project import Command, environment, until_there, without_autogen, write_suite

BASELINE = Path("scenarios/talk/baseline.json")
GATE = "gate: {against_baseline: {success: {margin: 0.1}}, on_inconclusive: fail}\n"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Two configs, two epochs, and a gate that fails what it cannot decide."""
    suite = without_autogen(write_suite(tmp_path))
    file = suite / "suite.yaml"
    file.write_text(file.read_text().replace("plain}", "plain}\n  - {name: other}") + GATE)
    return suite


def ran(harness: Command, *arguments: str) -> None:
    done = harness("run", "--no-report", "-n", "1", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_replay_of_the_very_conversations_of_the_baseline_passes_and_says_why(
    harness: Command, suite: Path
) -> None:
    ran(harness)
    assert harness("baseline", "set", "latest").returncode == 0
    itself = harness("gate")
    ran(harness)

    again = harness("gate", "--comment", "comment.md", "--results", "gate.json")

    said = "the same conversation and outcome in all 2 samples as in the baseline"
    for done in (itself, again):
        assert done.returncode == 0, done.stdout
        assert f"plain, other: {said}: nothing regressed." in done.stdout
        assert done.stdout.endswith("PASSED: all 2 thresholds (talk) are met. Exit code 0.\n")
    folder = suite.parents[1]
    assert said in (folder / "comment.md").read_text()
    findings = json.loads((folder / "gate.json").read_text())["suites"][0]["findings"]
    assert [(each["outcome"], each["identical"]) for each in findings] == [("passed", 2)] * 2


def test_equal_outcomes_of_other_conversations_stay_a_matter_of_chance(
    harness: Command, suite: Path
) -> None:
    ran(harness)
    harness("baseline", "set", "latest")
    script = suite / "script.py"
    script.write_text(script.read_text().replace("fine, thanks", "quite well"))
    ran(harness)

    done = harness("gate")

    assert done.returncode == 1
    assert "Since the baseline 0 samples changed outcome." in done.stdout
    assert "INCONCLUSIVE, which fails" in done.stdout


def test_a_baseline_is_not_replaced_by_a_run_that_lacks_some_of_it_unless_that_is_asked_for(
    harness: Command, suite: Path
) -> None:
    ran(harness)
    harness("baseline", "set", "latest")
    kept = (suite / "baseline.json").read_text()
    ran(harness, "-k", "plain")

    refused = harness("baseline", "set", "latest", "--overwrite")
    after = (suite / "baseline.json").read_text()
    forced = harness("baseline", "set", "latest", "--overwrite", "--partial")

    assert refused.returncode == 2
    assert "has no result of 2 samples of the 4 in the baseline of talk" in refused.stderr
    assert "among them all of config other" in refused.stderr
    assert "--overwrite --partial" in refused.stderr
    assert after == kept
    assert forced.returncode == 0
    assert "WARNING: Run " in forced.stderr
    assert len(json.loads((suite / "baseline.json").read_text())["samples"]) == 2


def test_a_run_that_was_interrupted_is_no_baseline_unless_that_is_asked_for(
    harness: Command, tmp_path: Path
) -> None:
    suite = without_autogen(
        write_suite(tmp_path, behaviour=until_there(tmp_path / "go", after=1), wall_seconds=300)
    )
    baseline = suite / "baseline.json"
    running = subprocess.Popen(
        [sys.executable, "-m", "harness", "run", "--no-report", "-n", "1"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while "1/2 samples" not in harness("list", "--runs").stdout:
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    running.wait()

    refused = harness("baseline", "set", "latest")
    was_kept = baseline.exists()
    forced = harness("baseline", "set", "latest", "--partial")
    (tmp_path / "go").touch()
    command = re.search("harness (run --resume [0-9A-Za-z-]+)", refused.stderr)
    assert command, refused.stderr
    resumed = harness(*command[1].split(), "--no-report")
    whole = harness("baseline", "set", "latest", "--overwrite")

    assert refused.returncode == 2
    assert "has no result of 1 of the 2 samples planned of talk" in refused.stderr
    assert "--partial" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert not was_kept
    assert forced.returncode == 0, forced.stderr
    assert "WARNING: 1 sample with an error, a miss or no result" in forced.stderr
    assert resumed.returncode == 0, resumed.stderr
    assert whole.returncode == 0, whole.stderr
    assert "WARNING" not in whole.stderr


def test_where_no_gate_compares_the_baseline_that_was_kept_is_named_with_what_uses_it(
    harness: Command, suite: Path
) -> None:
    file = suite / "suite.yaml"
    file.write_text(file.read_text().replace(GATE, ""))
    ran(harness)

    before = harness("gate")
    assert harness("baseline", "set", "latest").returncode == 0
    after = harness("gate")
    command = re.search(r"harness (gate latest --margin [0-9.]+)", after.stderr)
    assert command, after.stderr
    compared = harness(*command[1].split())

    assert (before.returncode, after.returncode) == (2, 2)
    assert "--margin" not in before.stderr
    assert "talk: there is a baseline" in after.stderr
    assert compared.returncode == 0, compared.stderr
    assert "as in the baseline" in compared.stdout


def test_what_the_suite_gave_up_is_no_loss_of_the_baseline(harness: Command, suite: Path) -> None:
    ran(harness)
    harness("baseline", "set", "latest")
    file = suite / "suite.yaml"
    file.write_text(file.read_text().replace("  - {name: other}\n", ""))
    ran(harness)

    done = harness("baseline", "set", "latest", "--overwrite")

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("rule", "code"), [("pass", 0), ("fail", 1)])
def test_a_config_that_the_baseline_lacks_is_named_with_the_command_that_keeps_it(
    harness: Command, suite: Path, rule: str, code: int
) -> None:
    ran(harness, "-k", "plain")
    harness("baseline", "set", "latest")
    ran(harness)

    done = harness("gate", "--on-inconclusive", rule, "--comment", "comment.md")

    assert done.returncode == code
    assert not re.search(r"^other .* none$", done.stdout, re.MULTILINE)
    note = "has no sample of it: other. Keep a run that has all of them: harness baseline set RUN"
    assert note in done.stdout
    assert note in (suite.parents[1] / "comment.md").read_text()
    assert re.search(
        rf"undecided; the baseline has no sample of other\. Exit code {code}\.$", done.stdout
    )
