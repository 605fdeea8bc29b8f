"""Scripts that end the process they run in, and runs that are told to end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from pytest_project import environment, served

from harness.cassettes import load_cassette

SCRIPT = """
import os, signal, time
import autogen

config_list = [{{"model": "gpt-4o-mini", "api_key": os.environ.get("OPENAI_API_KEY")}}]
assistant = autogen.AssistantAgent("assistant", llm_config={{"config_list": config_list}})
user_proxy = autogen.UserProxyAgent(
    "user_proxy",
    human_input_mode="NEVER",
    is_termination_msg=lambda x: (x.get("content") or "").rstrip().endswith("TERMINATE"),
    code_execution_config={{"work_dir": "coding", "use_docker": False}},
)
user_proxy.initiate_chat(assistant, message="Compute the answer.")
{ending}
"""
CASSETTE = "cassettes/exec/team/default/1.jsonl"
RECORD = ("exec", "--record", "--allow-unsafe", "--no-report", "team.py")


LATE = """
import os, threading
import autogen

def chat():
    config_list = [{"model": "gpt-4o-mini", "api_key": os.environ.get("OPENAI_API_KEY")}]
    assistant = autogen.AssistantAgent("assistant", llm_config={"config_list": config_list})
    user_proxy = autogen.UserProxyAgent(
        "user_proxy", human_input_mode="NEVER", code_execution_config=False,
        is_termination_msg=lambda x: (x.get("content") or "").rstrip().endswith("TERMINATE"),
    )
    user_proxy.initiate_chat(assistant, message="Compute the answer.", max_turns=2)

threading.Thread(target=chat).start()
"""


def write_script(project: Path, ending: str) -> None:
    (project / "team.py").write_text(SCRIPT.format(ending=ending))


def variables(project: Path, **extra: str) -> dict[str, str]:
    (project / "tmp").mkdir(exist_ok=True)
    return environment(TMPDIR=str(project / "tmp"), OPENAI_API_KEY="sk-of-a-test", **extra)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "harness", *arguments]


def harness(project: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=project,
        env=variables(project, **extra),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Without those that have ended and are only waited for."""
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def left_behind(project: Path) -> list[str]:
    return [path.name for path in (project / "tmp").glob("harness-*")]


@pytest.mark.parametrize(
    ("ending", "how"),
    [
        pytest.param("os._exit(0)", "exit code 0, as by os._exit(0)", id="os._exit"),
        pytest.param("os.kill(os.getpid(), 9)", "signal 9, SIGKILL", id="SIGKILL"),
        pytest.param(
            "signal.signal(15, signal.SIG_DFL); os.kill(os.getpid(), 15)",
            "signal 15, SIGTERM",
            id="SIGTERM",
        ),
    ],
)
def test_a_script_that_ends_its_process_keeps_its_recording_which_an_update_finishes(
    tmp_path: Path, ending: str, how: str
) -> None:
    write_script(tmp_path, ending)
    partial = tmp_path / f"{CASSETTE}.partial"

    with served() as url:
        cut = harness(tmp_path, *RECORD, OPENAI_BASE_URL=url)
        kept = load_cassette(partial)
        replayed = harness(tmp_path, "exec", "--no-report", "team.py")
        write_script(tmp_path, "")
        update = ("exec", "--update", *RECORD[2:])
        updated = harness(tmp_path, *update, OPENAI_BASE_URL=url)

    assert cut.returncode == 1, cut.stdout + cut.stderr
    assert f"team.py ended the process it runs in ({how})" in cut.stderr
    assert f"kept in {CASSETTE}.partial" in cut.stderr
    assert "go on with: harness exec --update team.py" in cut.stderr
    assert len(kept.interactions) == 2
    assert replayed.returncode == 2
    assert f"a recording that was cut short is in {CASSETTE}.partial" in replayed.stderr
    assert "Go on with it: harness exec --update team.py" in replayed.stderr
    assert updated.returncode == 0, updated.stdout + updated.stderr
    assert not partial.exists()
    assert harness(tmp_path, "exec", "--no-report", "team.py").returncode == 0
    assert left_behind(tmp_path) == []


def test_a_replay_whose_script_ends_its_process_is_no_success(tmp_path: Path) -> None:
    write_script(tmp_path, "")
    with served() as url:
        assert harness(tmp_path, *RECORD, OPENAI_BASE_URL=url).returncode == 0
    write_script(tmp_path, "os._exit(0)")

    replayed = harness(tmp_path, "exec", "--no-report", "team.py")

    assert replayed.returncode == 1
    assert "so its conversation is not scored" in replayed.stderr
    assert "cut short" not in replayed.stderr
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_recording_that_is_told_to_end_keeps_what_it_has_and_says_so(
    tmp_path: Path, number: signal.Signals
) -> None:
    write_script(tmp_path, "open('reached', 'w'); time.sleep(1e6)")
    with served() as url:
        running = subprocess.Popen(
            command(*RECORD),
            cwd=tmp_path,
            env=variables(tmp_path, OPENAI_BASE_URL=url),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not (tmp_path / "reached").exists():
            assert running.poll() is None
            time.sleep(0.05)
        started = psutil.Process(running.pid).children(recursive=True)

        running.send_signal(number)
        _, told = running.communicate(timeout=60)

    assert running.returncode == 130, told
    assert "Interrupted." in told
    assert f"kept in {CASSETTE}.partial" in told
    assert (tmp_path / f"{CASSETTE}.partial").exists()
    assert not psutil.wait_procs(alive(started), timeout=20)[1] or not alive(started)
    assert left_behind(tmp_path) == []


def test_what_a_script_leaves_for_its_end_is_done_once(tmp_path: Path) -> None:
    write_script(tmp_path, "import atexit; atexit.register(print, 'at the end')")

    with served() as url:
        done = harness(tmp_path, *RECORD, OPENAI_BASE_URL=url)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("at the end") == 1
    assert done.stdout.count("exec/team/default/1  PASS") == 1


def test_a_script_without_any_conversation_fails_the_gate(tmp_path: Path) -> None:
    (tmp_path / "team.py").write_text("print(1)\n")

    finished = harness(tmp_path, *RECORD)

    assert finished.returncode == 1
    assert "team.py held no conversation: no AutoGen agent sent a message" in finished.stderr


def test_a_chat_in_a_thread_that_the_script_leaves_behind_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "team.py").write_text(LATE)

    with served() as url:
        recorded = harness(tmp_path, *RECORD, OPENAI_BASE_URL=url)
    replayed = harness(tmp_path, "exec", "--no-report", "team.py")

    assert (recorded.returncode, replayed.returncode) == (0, 0), recorded.stderr + replayed.stderr
    assert load_cassette(tmp_path / CASSETTE).interactions
