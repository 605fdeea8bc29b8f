"""What a hostile or broken sample must not do to a run."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

import psutil
import pytest
from cli_project import Command, environment, until_there, write_suite

from harness.logs import find_log, read_log
from harness.model.run import RunLog

KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyz"


def the_log(project: Path) -> RunLog:
    return read_log(find_log(project / ".harness" / "runs"))


def processes_with(marker: str) -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cmdline"]) if marker in str(p.info["cmdline"])]


def daemon(marker: str) -> str:
    """Code that leaves a detached process behind, which holds every inherited file open."""
    child = f"import time; '{marker}'; time.sleep(60)"
    return (
        "import os, sys\n"
        "        if os.fork() == 0:\n"
        "            os.setsid()\n"
        f"            os.execv(sys.executable, [sys.executable, '-c', {child!r}])\n"
        "        time.sleep(0.3); "
    )


@pytest.fixture
def marker() -> str:
    return f"left-behind-{os.getpid()}-{time.monotonic_ns()}"


@pytest.mark.parametrize("ending", ["time.sleep(60)", "import os; os._exit(7)"])
def test_a_secret_said_by_a_killed_sample_reaches_no_file(
    harness: Command, tmp_path: Path, ending: str
) -> None:
    write_suite(
        tmp_path,
        behaviour=f"if len(call.messages) > 2:\n            {ending}\n        return '{KEY}'",
        epochs=1,
        wall_seconds=8,
    )

    harness("run", "--report", "report.html")

    [sample] = the_log(tmp_path).samples
    assert "[redacted]" in [message.content for message in sample.transcript.messages]
    assert_in_no_file(KEY, tmp_path)


def test_a_secret_in_a_prompt_or_task_reaches_no_file(harness: Command, tmp_path: Path) -> None:
    suite = write_suite(tmp_path, epochs=1)
    (suite / "hello" / "scenario.yaml").write_text(f"title: Hello\ntask: Use {KEY}.\n")

    finished = harness("run", "--report", "report.html")

    assert finished.returncode == 0, finished.stderr
    assert the_log(tmp_path).header.suites[0].scenarios[0].task == "Use [redacted]."
    (suite / "hello" / "scenario.yaml").unlink()
    assert_in_no_file(KEY, tmp_path)


def assert_in_no_file(secret: str, project: Path) -> None:
    for path in project.rglob("*"):
        if path.is_file() and "scenarios" not in path.parts:
            assert secret.encode() not in path.read_bytes(), path
    # What the log and the report hold compressed.
    assert secret not in repr(the_log(project))
    conversations = inflated((project / "report.html").read_text())
    assert "fine, thanks" in conversations or "[redacted]" in conversations
    assert secret not in conversations


def inflated(html: str) -> str:
    """The conversations in a report, which it embeds as base64 of deflated JSON."""
    blobs = re.findall(r"[A-Za-z0-9+/]{100,}={0,2}", html)
    texts = []
    for blob in blobs:
        for window in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
            with contextlib.suppress(zlib.error, ValueError):
                texts.append(zlib.decompress(base64.b64decode(blob), window).decode())
    return "\n".join(texts)


def test_names_that_join_alike_do_not_share_a_folder(harness: Command, tmp_path: Path) -> None:
    suite = write_suite(tmp_path, behaviour="time.sleep(0.1)")
    text = (suite / "suite.yaml").read_text()
    (suite / "suite.yaml").write_text(
        text.replace("- {name: plain}", "- {name: y-z, temperature: 0}\n  - {name: z}")
    )
    for name in ("x", "x-y"):
        (suite / name).mkdir()
        (suite / name / "scenario.yaml").write_text(f"title: T\ntask: Say {name}.\n")

    finished = harness("run", "--no-report", "-n", "4")

    assert finished.returncode == 0, finished.stdout
    assert all(sample.is_success for sample in the_log(tmp_path).samples)


def test_a_sample_that_forks_itself_is_answered_once(harness: Command, tmp_path: Path) -> None:
    suite = write_suite(tmp_path, epochs=3)
    team = (suite / "team.py").read_text()
    (suite / "team.py").write_text(
        team.replace("def build(context):", "import os\n\ndef build(context):\n    os.fork()")
    )

    finished = harness("run", "--no-report", "-n", "2")

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert len(the_log(tmp_path).samples) == 3


def test_a_worker_that_dies_over_a_daemon_is_noticed_and_the_daemon_ended(
    harness: Command, tmp_path: Path, marker: str
) -> None:
    write_suite(tmp_path, behaviour=daemon(marker) + "os._exit(7)", epochs=1, wall_seconds=50)

    finished = harness("run", "--no-report")

    assert finished.returncode == 1
    assert "died" in finished.stdout
    [sample] = the_log(tmp_path).samples
    assert sample.transcript.termination != "timeout", "noticed by its death, not by the limit"
    assert not processes_with(marker)


def test_a_killed_run_leaves_no_process_and_no_temporary_folder(
    tmp_path: Path, marker: str
) -> None:
    write_suite(tmp_path, behaviour=daemon(marker) + "time.sleep(60)", epochs=2)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    running = subprocess.Popen(
        [sys.executable, "-m", "harness", "run", "--no-report"],
        cwd=tmp_path,
        env=environment(TMPDIR=str(temporary)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not processes_with(marker):
        assert running.poll() is None
        time.sleep(0.05)

    os.kill(running.pid, signal.SIGKILL)
    running.wait()

    deadline = time.monotonic() + 20
    while (processes_with(marker) or list(temporary.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not processes_with(marker)
    assert not list(temporary.iterdir())


def test_a_run_leaves_no_temporary_folder(harness: Command, tmp_path: Path) -> None:
    write_suite(tmp_path, behaviour="context.epoch == 1 and time.sleep(60)", wall_seconds=2)
    temporary = tmp_path / "temporary"
    temporary.mkdir()

    harness("run", "--no-report", TMPDIR=str(temporary))

    assert not list(temporary.iterdir())


def test_two_processes_do_not_resume_one_run(harness: Command, tmp_path: Path) -> None:
    write_suite(
        tmp_path, behaviour=until_there(tmp_path / "go", after=1), epochs=8, wall_seconds=300
    )
    running = subprocess.Popen(
        [sys.executable, "-m", "harness", "run", "--no-report", "-n", "1"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
    )
    runs = tmp_path / ".harness" / "runs"
    while not list(runs.glob("*.sqlite")) or not the_log(tmp_path).samples:
        assert running.poll() is None
        time.sleep(0.05)

    second = harness("run", "--resume", "--no-report")
    (tmp_path / "go").touch()

    assert second.returncode == 2
    assert "another process" in second.stderr
    assert running.wait() == 0
    assert len(the_log(tmp_path).samples) == 8
    assert not list(runs.glob("*.lock"))


def test_text_that_json_cannot_hold_does_not_lose_the_sample(
    harness: Command, tmp_path: Path
) -> None:
    suite = write_suite(tmp_path, epochs=1)
    (suite / "checks.py").write_text(
        "def check_name(sample):\n    assert False, 'the file \\ud800 is missing'\n"
    )

    finished = harness("run", "--no-report")

    assert finished.returncode == 0, finished.stdout
    [sample] = the_log(tmp_path).samples
    assert "the file ? is missing" in repr(sample.scores)


@pytest.mark.parametrize("folder", ["/dev/null", "occupied"])
def test_a_runs_folder_that_is_a_file_is_the_users_mistake(
    harness: Command, tmp_path: Path, folder: str
) -> None:
    write_suite(tmp_path)
    (tmp_path / "occupied").write_text("x")

    finished = harness("run", "--no-report", "--runs-folder", folder)

    assert finished.returncode == 2
    assert "Traceback" not in finished.stderr
