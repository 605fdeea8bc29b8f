"""A partial mock: some agents of a team asked for real, others played by a script."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cli_project import environment

from harness.cassettes import load_cassette
from harness.logs import find_log, read_log

if TYPE_CHECKING:
    from pathlib import Path

    from harness.model.sample import SampleResult

SUITE = """
model: written-1
accept: [termination_message]
configs: [{name: plain}]
provider: provider.py:reply
script: script.py:build
mocks: [reviewer]
"""
TEAM = """
from harness.model.team import Team

def build(context):
    from autogen import AssistantAgent, GroupChat, GroupChatManager

    def ends(message):
        return message.get("content") == "TERMINATE"

    coder, reviewer = (
        AssistantAgent(name, system_message=f"You are {name}.", llm_config=context.llm_config())
        for name in ("coder", "reviewer")
    )
    chat = GroupChat(
        agents=[coder, reviewer], messages=[], speaker_selection_method="round_robin"
    )
    manager = GroupChatManager(chat, is_termination_msg=ends)
    return Team(initiator=coder, recipient=manager)
"""
PROVIDER = """
def reply(call):
    return f"Version {len(call.messages)} by the provider."
"""
SCRIPT = """
from harness.mocks import ScriptedModel

def build(context):
    return ScriptedModel({"reviewer": ["Not yet.", "TERMINATE"]})
"""


def write_project(project: Path) -> Path:
    suite = project / "scenarios" / "half"
    (suite / "write").mkdir(parents=True)
    for name, text in {
        "suite.yaml": SUITE,
        "team.py": TEAM,
        "provider.py": PROVIDER,
        "script.py": SCRIPT,
        "write/scenario.yaml": "task: Write something.\n",
    }.items():
        (suite / name).write_text(text)
    return suite


def harness(project: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def sample(project: Path) -> SampleResult:
    (found,) = read_log(find_log(project / ".harness" / "runs", "latest")).samples
    return found


def test_scripted_agents_are_not_recorded_and_the_real_ones_are_replayed(tmp_path: Path) -> None:
    write_project(tmp_path)

    harness(tmp_path, "record", "half", "--scripted", "--no-report")

    cassette = load_cassette(tmp_path / "cassettes/half/write/plain/1.jsonl")
    assert [interaction.agent for interaction in cassette.interactions] == ["coder"]

    harness(tmp_path, "run", "--no-report")
    replayed = sample(tmp_path)
    assert replayed.mode == "replay"
    assert [(m.speaker, m.content) for m in replayed.transcript.messages] == [
        ("coder", "Write something."),
        ("reviewer", "Not yet."),
        ("coder", "Version 3 by the provider."),
        ("reviewer", "TERMINATE"),
    ]
    assert [call.agent for call in replayed.transcript.model_calls] == [
        "reviewer",
        "coder",
        "reviewer",
    ]
    assert replayed.cassette is not None
    assert (replayed.cassette.asked, replayed.cassette.unplayed) == (1, 0)


def test_what_a_scripted_agent_says_differently_is_a_miss_of_the_real_ones(
    tmp_path: Path,
) -> None:
    suite = write_project(tmp_path)
    harness(tmp_path, "record", "half", "--scripted", "--no-report")
    (suite / "script.py").write_text(SCRIPT.replace("Not yet.", "Never."))

    with pytest.raises(AssertionError, match="1 miss"):
        harness(tmp_path, "run", "--no-report")

    assert sample(tmp_path).status == "miss"


def test_mocks_without_a_script_are_a_mistake_with_file_and_line(tmp_path: Path) -> None:
    suite = write_project(tmp_path)
    (suite / "suite.yaml").write_text(SUITE.replace("script: script.py:build\n", ""))
    (suite / "script.py").unlink()

    with pytest.raises(AssertionError, match=r"scenario.yaml:1: .*'mocks' names agents"):
        harness(tmp_path, "validate")
