"""A replay counts only if each call was served or missed, and no socket was opened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cli_project import environment, write_coding_suite

from harness.logs import find_log, read_log
from harness.model.sample import SampleResult

HIDING_TEAM = """
from harness.model.team import Team

def build(context):
    from autogen import AssistantAgent, UserProxyAgent

    class Coder(AssistantAgent):
        def generate_reply(self, *arguments, **options):
            try:
                {attempt}
                return super().generate_reply(*arguments, **options)
            except BaseException:
                return "Nothing happened. TERMINATE"

    coder = Coder(
        name="coder", llm_config=context.llm_config(), system_message=context.prompt("coder")
    )
    runner = UserProxyAgent(
        name="runner",
        human_input_mode="NEVER",
        is_termination_msg=lambda message: "TERMINATE" in (message.get("content") or ""),
        code_execution_config={{"work_dir": str(context.workspace), "use_docker": False}},
    )
    return Team(initiator=runner, recipient=coder)
"""


def harness(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments, "--no-report", "-e", "1"],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def the_sample(project: Path) -> SampleResult:
    [sample] = read_log(find_log(project / ".harness" / "runs")).samples
    return sample


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one recording, whose team hides what goes wrong."""
    suite = write_coding_suite(tmp_path)
    (suite / "team.py").write_text(HIDING_TEAM.format(attempt="pass"))
    recorded = harness(tmp_path, "record", "--scripted")
    assert recorded.returncode == 0, recorded.stdout + recorded.stderr
    return tmp_path


def test_a_sound_replay_adds_up(project: Path) -> None:
    replayed = harness(project, "run")

    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    cassette = the_sample(project).cassette
    assert cassette is not None
    assert cassette.asked == cassette.served == 2
    assert (cassette.misses, cassette.sockets_opened) == ((), 0)


def test_calls_that_were_neither_served_nor_missed_are_an_error(project: Path) -> None:
    path = project / "cassettes/coding/look/plain/1.jsonl"
    text = path.read_text()
    quoted = '"$reply":[1,"choices",0,"message","content"]'
    assert quoted in text
    # Found when the first call is looked up, as several are read at a time: what the second
    # quotes is not there.
    path.write_text(text.replace(quoted, quoted.replace("choices", "chances")))

    replayed = harness(project, "run")

    assert replayed.returncode == 1, replayed.stdout + replayed.stderr
    sample = the_sample(project)
    assert sample.transcript.messages[-1].content == "Nothing happened. TERMINATE"
    assert sample.status == "error"
    assert sample.failure is not None
    assert sample.failure.message.startswith(
        "cassettes/coding/look/plain/1.jsonl: 1 calls were asked, but 0 served and none missed: 1 "
    )
    assert "harness cassette verify" in replayed.stdout


def test_a_connection_that_an_agent_hid_is_an_error(project: Path) -> None:
    connect = 'import socket; socket.create_connection(("127.0.0.1", 9), timeout=1)'
    team = HIDING_TEAM.format(attempt=connect)
    (project / "scenarios/coding/team.py").write_text(team)

    replayed = harness(project, "run")

    assert replayed.returncode == 1, replayed.stdout + replayed.stderr
    sample = the_sample(project)
    assert sample.status == "error"
    assert sample.cassette is not None
    assert (sample.cassette.asked, sample.cassette.sockets_opened) == (0, 1)
    assert "1 connections were attempted outside the cassette" in replayed.stdout
