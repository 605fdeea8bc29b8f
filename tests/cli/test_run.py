from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import psutil
import pytest
from cli_project import Command, environment, until_there, write_suite

from harness.logs import find_log, read_log
from harness.model.run import RunLog


def the_log(project: Path, run: str = "latest") -> RunLog:
    return read_log(find_log(project / ".harness" / "runs", run))


def test_a_run_prints_the_path_of_its_report_last(harness: Command, tmp_path: Path) -> None:
    write_suite(tmp_path)

    finished = harness("run")

    assert finished.returncode == 0, finished.stderr
    last = finished.stdout.splitlines()[-1]
    assert last.startswith("Report: reports/")
    assert (tmp_path / last.removeprefix("Report: ")).read_text().startswith("<!doctype html>")
    assert len(the_log(tmp_path).samples) == 2


def test_nothing_that_agents_or_frameworks_print_reaches_the_terminal(
    harness: Command, tmp_path: Path
) -> None:
    write_suite(tmp_path, behaviour="print('LEAK')")

    finished = harness("run", "--no-report")

    assert "LEAK" not in finished.stdout + finished.stderr
    assert "fine, thanks" not in finished.stdout + finished.stderr
    [first, _] = the_log(tmp_path).samples
    assert "fine, thanks" in first.transcript.messages[1].content


def test_an_error_fails_the_gate_and_keeps_the_partial_transcript(
    harness: Command, tmp_path: Path
) -> None:
    write_suite(tmp_path, behaviour="if len(call.messages) > 2: raise ValueError('too chatty')")

    finished = harness("run", "--no-report")

    assert finished.returncode == 1
    assert "ERROR talk/hello/plain/1: too chatty" in finished.stdout
    assert "harness show talk/hello/plain/1" in finished.stderr
    [first, _] = the_log(tmp_path).samples
    assert first.status == "error"
    assert first.transcript.termination == "error"
    assert first.transcript.turns >= 2


def test_an_error_of_the_users_own_code_names_its_place(harness: Command, tmp_path: Path) -> None:
    suite = write_suite(tmp_path, epochs=1)
    (suite / "team.py").write_text("def build(context):\n    import autogenx\n")

    finished = harness("run", "--no-report")

    assert finished.returncode == 1
    assert "No module named 'autogenx' (scenarios/talk/team.py:2)" in finished.stdout


def test_a_suite_may_be_named_by_its_folder(harness: Command, tmp_path: Path) -> None:
    write_suite(tmp_path)

    assert harness("run", "scenarios/talk", "--no-report").returncode == 0


def test_a_low_score_is_a_result_and_not_a_failure(harness: Command, tmp_path: Path) -> None:
    suite = write_suite(tmp_path)
    (suite / "checks.py").write_text("def check_never(sample):\n    assert False, 'never'\n")

    finished = harness("run", "--no-report")

    assert finished.returncode == 0, finished.stderr
    assert not any(sample.is_success for sample in the_log(tmp_path).samples)


def test_the_wall_clock_limit_kills_the_whole_process_tree(
    harness: Command, tmp_path: Path
) -> None:
    marker = f"harness-orphan-{os.getpid()}-{time.monotonic_ns()}"
    child = f"import time; '{marker}'; time.sleep(60)"
    behaviour = (
        "import subprocess, sys; "
        f"subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True); "
        "time.sleep(60)"
    )
    write_suite(tmp_path, behaviour=behaviour, epochs=1, wall_seconds=8)

    finished = harness("run", "--no-report")

    assert finished.returncode == 1
    [sample] = the_log(tmp_path).samples
    assert sample.transcript.termination == "timeout"
    assert sample.transcript.turns == 1, "what was said before the limit is kept"
    alive = [p for p in psutil.process_iter(["cmdline"]) if marker in str(p.info["cmdline"])]
    assert not alive


def test_a_worker_that_dies_costs_one_sample_only(harness: Command, tmp_path: Path) -> None:
    behaviour = "import os; context.epoch == 1 and os.kill(os.getpid(), 9)"
    write_suite(tmp_path, behaviour=behaviour, epochs=3)

    finished = harness("run", "--no-report", "-n", "1")

    assert finished.returncode == 1
    statuses = [sample.status for sample in the_log(tmp_path).samples]
    assert statuses == ["error", "completed", "completed"]
    assert "died" in finished.stdout


def kill_run_in_the_middle(project: Path) -> RunLog:
    """Start a run, kill -9 it after its first samples, return what its log holds."""
    running = subprocess.Popen(
        [sys.executable, "-m", "harness", "run", "--no-report", "-n", "2"],
        cwd=project,
        env=environment(),
        stdout=subprocess.DEVNULL,
    )
    runs = project / ".harness" / "runs"
    while not list(runs.glob("*.sqlite")) or not the_log(project).samples:
        assert running.poll() is None
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    return the_log(project)


def test_a_run_killed_in_the_middle_keeps_its_samples_and_resumes(
    harness: Command, tmp_path: Path
) -> None:
    write_suite(
        tmp_path, behaviour=until_there(tmp_path / "go", after=3), epochs=12, wall_seconds=300
    )
    kept = kill_run_in_the_middle(tmp_path)
    (tmp_path / "go").touch()

    resumed = harness("run", "--resume", "--no-report")

    assert 0 < len(kept.samples) < 12
    assert resumed.returncode == 0, resumed.stderr
    assert f"{len(kept.samples)} of 12 samples are kept" in resumed.stdout
    whole = the_log(tmp_path, kept.header.run_id)
    assert len(whole.samples) == 12
    assert all(sample in whole.samples for sample in kept.samples)


def test_a_run_is_not_resumed_after_its_scenario_changed(harness: Command, tmp_path: Path) -> None:
    behaviour = until_there(tmp_path / "go", after=3)
    suite = write_suite(tmp_path, behaviour=behaviour, epochs=12, wall_seconds=300)
    kept = kill_run_in_the_middle(tmp_path)
    (suite / "hello" / "scenario.yaml").write_text("title: Hello\ntask: Say goodbye.\n")

    resumed = harness("run", "--resume", "--no-report")

    assert resumed.returncode == 2
    assert "scenario talk/hello" in resumed.stderr
    assert the_log(tmp_path).samples == kept.samples


# A shell's background job is started with Ctrl-C ignored, and so are its children.
LISTENING_TO_CTRL_C = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from harness.cli import main
main()
"""


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(tmp_path: Path) -> None:
    write_suite(
        tmp_path, behaviour=until_there(tmp_path / "never", after=1), epochs=50, wall_seconds=300
    )
    running = subprocess.Popen(
        [sys.executable, "-c", LISTENING_TO_CTRL_C, "run", "--no-report", "-n", "1"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    runs = tmp_path / ".harness" / "runs"
    while not list(runs.glob("*.sqlite")) or not the_log(tmp_path).samples:
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    printed, errors = running.communicate(timeout=60)

    assert running.returncode == 130
    assert re.search(r"harness run --resume \d{8}T", errors)
    assert "samples" in printed
    assert "Traceback" not in errors


def test_the_junit_file_reports_errors_and_not_low_scores(harness: Command, tmp_path: Path) -> None:
    suite = write_suite(tmp_path, behaviour="if context.epoch == 2: raise ValueError('boom')")
    (suite / "checks.py").write_text("def check_never(sample):\n    assert False, 'never'\n")

    harness("run", "--no-report", "--junit", "junit.xml")

    root = ElementTree.parse(tmp_path / "junit.xml").getroot()
    cases = list(root.iter("testcase"))
    assert len(cases) == 2
    assert [len(list(case.iter("error"))) for case in cases] == [0, 1]
    assert not list(root.iter("failure"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["run", "tlak"], "Did you mean 'talk'", id="suite"),
        pytest.param(["run", "-c", "plian"], "Did you mean 'plain'", id="config"),
        pytest.param(["run", "-k", "nothing"], "none of 2 samples", id="keyword"),
        pytest.param(["run", "--scenarios", "nowhere"], "nowhere", id="folder"),
        pytest.param(["run", "--resume"], "no run log", id="nothing to resume"),
        pytest.param(["run", "--sandbox", "bubble"], "bubble", id="sandbox"),
        pytest.param(["rum"], "Did you mean 'run'", id="command"),
        pytest.param(["show", "x"], "no run log", id="nothing to show"),
        pytest.param(["report", "--format", "htlm"], "no run log", id="nothing to report"),
        pytest.param(["run", "--epochs", "1"], "give each: --epoch 1 --epoch 2", id="epochs"),
        pytest.param(["record"], "scripted in process", id="nothing to record"),
    ],
)
def test_a_users_mistake_is_one_paragraph_and_exit_code_2(
    harness: Command, tmp_path: Path, arguments: list[str], message: str
) -> None:
    write_suite(tmp_path)

    finished = harness(*arguments)

    assert finished.returncode == 2, finished.stdout + finished.stderr
    assert message in finished.stderr
    assert "Traceback" not in finished.stderr


def test_the_header_names_the_sandboxes_of_the_samples_that_run(
    harness: Command, tmp_path: Path
) -> None:
    suite = write_suite(tmp_path, epochs=1)
    shutil.copytree(suite, suite.with_name("another"))
    scenario = next(suite.glob("*/scenario.yaml"))
    scenario.write_text(f"{scenario.read_text().rstrip()}\nsandbox: none\n")

    finished = harness("run", "-k", suite.name, "--no-report")

    assert ", sandbox none (NOT ISOLATED by harness" in finished.stdout, finished.stdout
