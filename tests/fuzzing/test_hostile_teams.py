"""Teams that end the process they run in, or never come back from a callback."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from cli_project import environment, write_coding_suite
from tutorial_teams import subject, two_agents

from harness.errors import HarnessError
from harness.fuzzing import FuzzSettings, Hunt, hunt, replay, tell

MARKS = Path(__file__).name


def at_code(act: Callable[[], Any]) -> Callable[[dict[str, Any]], bool]:
    """A termination condition that does something when it sees code."""

    def is_end(message: dict[str, Any]) -> bool:
        content = str(message.get("content") or "")
        if "```" in content:
            act()
        return content.rstrip().endswith("TERMINATE")

    return is_end


def leave_a_child_behind() -> None:
    if os.fork() == 0:
        time.sleep(30)
        os._exit(0)
    os._exit(3)


def spin() -> None:
    while True:
        pass


def hunted(act: Callable[[], Any], **settings: Any) -> Hunt:
    team = subject(two_agents(is_termination_msg=at_code(act)))
    return hunt(team, FuzzSettings(**{"examples": 40, "seed": 1, **settings}))


DEATHS = [
    pytest.param(lambda: os._exit(0), "exit code 0, as by os._exit(0)", id="os._exit"),
    pytest.param(lambda: os.kill(os.getpid(), 9), "signal 9, SIGKILL", id="SIGKILL"),
    pytest.param(lambda: os.kill(os.getpid(), 15), "signal 15, SIGTERM", id="SIGTERM"),
    pytest.param(lambda: ctypes.string_at(0), "signal 11, SIGSEGV", id="segfault"),
    pytest.param(leave_a_child_behind, "exit code 3, as by os._exit(3)", id="child left behind"),
    pytest.param(lambda: os.execv("/bin/true", ["true"]), "the process", id="another program"),
]


@pytest.mark.parametrize(("act", "how"), DEATHS)
def test_a_team_that_ends_its_process_is_broken_with_the_shortest_way_there(
    act: Callable[[], Any], how: str
) -> None:
    found = hunted(act)

    (finding,) = found.findings
    assert finding.violation.invariant == "process-survives"
    assert how in finding.violation.reason
    assert [message.speaker for message in finding.played.transcript.messages] == [
        "user_proxy",
        "assistant",
    ]
    assert "```" in tell(finding)
    assert found.conversations == 40


def test_where_the_process_was_ended_is_told_if_it_could_say() -> None:
    (left,) = hunted(lambda: os._exit(0)).findings
    (crashed,) = hunted(lambda: ctypes.string_at(0)).findings

    assert f"{MARKS}:" in left.violation.reason
    assert f"{MARKS}:" in crashed.violation.reason


def test_the_moves_up_to_a_death_lead_to_it_again_and_the_mended_team_survives_them() -> None:
    settings = FuzzSettings(examples=40, seed=1)
    broken = subject(two_agents(is_termination_msg=at_code(lambda: os._exit(0))))
    (finding,) = hunt(broken, settings).findings

    again = replay(broken, settings, finding.played.moves)

    assert again is not None
    assert again.violation == finding.violation
    assert replay(subject(two_agents()), settings, finding.played.moves) is None


def test_a_team_that_calls_sys_exit_has_crashed() -> None:
    (finding,) = hunted(lambda: sys.exit(0)).findings

    assert finding.violation.invariant == "no-exception"
    assert "SystemExit: 0" in finding.violation.reason


@pytest.mark.parametrize(
    "act", [pytest.param(spin, id="loop"), pytest.param(lambda: time.sleep(1e9), id="sleep")]
)
def test_a_conversation_that_never_ends_is_ended_and_told(act: Callable[[], Any]) -> None:
    (finding,) = hunted(act, conversation_seconds=3).findings

    assert finding.violation.invariant == "ends-in-time"
    assert "was not over after 3 s" in finding.violation.reason
    assert f"{MARKS}:" in finding.violation.reason
    assert len(finding.played.transcript.messages) == 2


def test_what_was_found_before_a_death_is_not_lost() -> None:
    def quoted(message: dict[str, Any]) -> bool:
        content = str(message.get("content") or "")
        if content.startswith("Let me run this."):
            os._exit(0)
        return "TERMINATE" in content

    found = hunt(subject(two_agents(is_termination_msg=quoted)), FuzzSettings(examples=60, seed=1))

    assert {each.violation.invariant for each in found.findings} >= {
        "process-survives",
        "ends-when-meant",
    }


def test_a_death_that_does_not_happen_again_is_told_all_the_same(tmp_path: Path) -> None:
    once = tmp_path / "once"

    def die_once() -> None:
        if not once.exists():
            once.touch()
            os._exit(0)

    (finding,) = hunted(die_once).findings

    assert finding.violation.invariant == "process-survives"
    assert finding.played.moves


@pytest.mark.parametrize(
    ("act", "how"),
    [
        pytest.param(lambda: os._exit(0), "as by os._exit(0)", id="death"),
        pytest.param(spin, "was not over after 1 s", id="hang"),
    ],
)
def test_a_team_whose_building_ends_the_process_cannot_be_fuzzed(
    act: Callable[[], Any], how: str
) -> None:
    settings = FuzzSettings(examples=5, seed=1, conversation_seconds=1)

    with pytest.raises(HarnessError, match="cannot hold a single conversation") as raised:
        hunt(subject(lambda _: act()), settings)

    assert how in str(raised.value)


class OwnSignal(BaseException):
    """No `Exception`: it leaves a team, and the hunt."""


def test_what_leaves_a_team_and_is_no_finding_is_raised_as_it_is() -> None:
    def give_up() -> None:
        raise OwnSignal("enough")

    with pytest.raises(OwnSignal, match="enough"):
        hunted(give_up)


CARELESS = 'is_termination_msg=lambda message: "TERMINATE" in (message.get("content") or ""),'
ENDING = 'is_termination_msg=lambda message: "```" in str(message.get("content")) and {act},'


def hostile_project(project: Path, act: str) -> Path:
    team = write_coding_suite(project) / "team.py"
    assert CARELESS in team.read_text()
    text = team.read_text().replace(CARELESS, ENDING.format(act=act))
    team.write_text(f"import os, signal, time\n{text}")
    return project


def command(project: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "harness", "fuzz", *arguments]


def fuzz(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (project / "tmp").mkdir(exist_ok=True)
    return subprocess.run(
        command(project, *arguments),
        cwd=project,
        env=environment(TMPDIR=str(project / "tmp")),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize(
    ("act", "invariant"),
    [
        pytest.param("os._exit(0)", "process-survives", id="death"),
        # All that it finds in its group: whoever started the fuzzer is in another one.
        pytest.param("os.kill(0, signal.SIGKILL)", "process-survives", id="death of the group"),
        pytest.param("time.sleep(1e9)", "ends-in-time", id="hang"),
    ],
)
def test_the_command_tells_saves_and_replays_a_lost_process_and_leaves_nothing_behind(
    tmp_path: Path, act: str, invariant: str
) -> None:
    project = hostile_project(tmp_path, act)
    options = ("coding/look", "--seed", "1", "--examples", "30", "--conversation-seconds", "2")

    broken = fuzz(project, *options)
    saved = Path(f".harness/fuzz/coding/look/plain/{invariant}.jsonl")
    again = fuzz(project, "--replay", str(saved))

    assert broken.returncode == 1, broken.stdout + broken.stderr
    assert "coding/look/plain: BROKEN in" in broken.stdout
    assert f"  BROKEN {invariant}: " in broken.stdout
    assert f"harness fuzz --replay {saved}" in broken.stdout
    assert again.returncode == 1, again.stdout + again.stderr
    assert f"{saved}: still breaks coding/look/plain" in again.stdout
    assert "coder -> runner" in again.stdout
    assert list((project / "tmp").iterdir()) == []


def test_a_replay_gives_a_conversation_the_time_it_is_told_to_give(tmp_path: Path) -> None:
    project = hostile_project(tmp_path, "time.sleep(1e9)")
    found = fuzz(project, "coding/look", "--seed", "1", "--conversation-seconds", "1")
    saved = ".harness/fuzz/coding/look/plain/ends-in-time.jsonl"

    team = project / "scenarios/coding/team.py"
    team.write_text(team.read_text().replace("time.sleep(1e9)", "time.sleep(3)"))
    short = fuzz(project, "--replay", saved)
    long = fuzz(project, "--replay", saved, "--conversation-seconds", "600")

    # Twelve hangs end a search: whoever reads a count of conversations below what was asked
    # for is told why.
    assert "; of 200 wanted, it ended there, since 12 had hung)" in found.stdout
    assert f"{saved}: still breaks coding/look/plain" in short.stdout
    assert f"{saved}: holds now (ends-in-time, coding/look/plain)" in long.stdout


def test_a_fuzzer_that_is_told_to_end_takes_its_process_and_its_folder_along(
    tmp_path: Path,
) -> None:
    project = hostile_project(tmp_path, "(open('hangs', 'w'), time.sleep(1e9))")
    temporary = project / "tmp"
    temporary.mkdir()
    running = subprocess.Popen(
        command(project, "coding/look", "--seed", "1"),
        cwd=project,
        env=environment(TMPDIR=str(temporary)),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    while not (project / "hangs").exists():
        assert running.poll() is None
        time.sleep(0.05)
    (child,) = psutil.Process(running.pid).children()

    running.send_signal(signal.SIGTERM)
    _, told = running.communicate(timeout=60)

    assert running.returncode == 130
    assert b"Interrupted." in told
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert list(temporary.iterdir()) == []


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise ValueError


def raise_unspeakable() -> None:
    raise Unspeakable


def raise_in_a_circle() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    raise one


@pytest.mark.parametrize("act", [raise_unspeakable, raise_in_a_circle])
def test_an_exception_that_cannot_be_told_is_a_crash_all_the_same(act: Any) -> None:
    found = hunted(act)

    assert [each.violation.invariant for each in found.findings] == ["no-exception"]


def test_a_team_that_ends_the_process_when_it_is_imported_is_told(tmp_path: Path) -> None:
    suite = write_coding_suite(tmp_path)
    team = suite / "team.py"
    team.write_text("import os\nos._exit(0)\n" + team.read_text())

    finished = subprocess.run(
        [sys.executable, "-m", "harness", "fuzz", "--examples", "5"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 2
    assert "called os._exit(0) when it was imported" in finished.stderr
