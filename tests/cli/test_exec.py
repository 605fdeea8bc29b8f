"""Scripts as people copy them from tutorials, run unchanged."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from forked import run_module
from pytest_project import environment, served

from harness.logs import find_log, read_log
from harness.runner.sandboxes import own_sandbox

if TYPE_CHECKING:
    import subprocess

TWO_AGENTS = """
import os, sys
import autogen
import helper

config_list = [{"model": "gpt-4o-mini", "api_key": os.environ["MY_OWN_API_KEY"]}]
assistant = autogen.AssistantAgent(
    "assistant", llm_config={"config_list": config_list, "cache_seed": 42, "temperature": 0}
)
user_proxy = autogen.UserProxyAgent(
    "user_proxy",
    human_input_mode="NEVER",
    max_consecutive_auto_reply=10,
    is_termination_msg=lambda x: (x.get("content") or "").rstrip().endswith("TERMINATE"),
    code_execution_config={"work_dir": "coding", "use_docker": False},
)
result = user_proxy.initiate_chat(assistant, message=helper.TASK)
print("the file says", open("coding/answer.txt").read())
print("the script says", result.chat_history[-1]["content"], sys.argv[1:])
"""
GROUP = """
import os
import autogen

config_list = [{"model": "gpt-4o-mini", "api_key": os.environ.get("OPENAI_API_KEY")}]
llm_config = {"config_list": config_list, "cache_seed": 41}
user = autogen.UserProxyAgent(
    "user",
    human_input_mode="TERMINATE",
    code_execution_config={"last_n_messages": 2, "work_dir": "groupchat", "use_docker": False},
)
writer = autogen.AssistantAgent("writer", llm_config=llm_config)
critic = autogen.AssistantAgent("critic", llm_config=llm_config)
groupchat = autogen.GroupChat(agents=[user, writer, critic], messages=[], max_round=15)
manager = autogen.GroupChatManager(groupchat=groupchat, llm_config=llm_config)
user.initiate_chat(manager, message="Compute the answer.")
"""
RECORD = ("--record", "--allow-unsafe", "--no-report")
CASSETTE = "cassettes/exec/two_agents/default/1.jsonl"


def write_scripts(folder: Path) -> Path:
    (folder / "two_agents.py").write_text(TWO_AGENTS)
    (folder / "group.py").write_text(GROUP)
    (folder / "helper.py").write_text("TASK = 'Compute the answer.'\n")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_scripts(tmp_path)


@pytest.fixture(scope="module")
def _once_recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = write_scripts(tmp_path_factory.mktemp("scripts"))
    done = record(project, "two_agents.py")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture
def recorded(_once_recorded: Path, tmp_path: Path) -> Path:
    """A project whose script of two agents has a cassette."""
    return shutil.copytree(_once_recorded, tmp_path / "recorded")


def execute(project: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return run_module("harness", ["exec", *arguments], cwd=project, env=environment(**extra))


def record(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    with served() as url:
        keys = {"OPENAI_API_KEY": "sk-of-a-test", "MY_OWN_API_KEY": "sk-of-a-test"}
        return execute(project, *RECORD, *arguments, OPENAI_BASE_URL=url, **keys)


def newest(project: Path):
    return read_log(find_log(project / ".harness" / "runs", "latest")).samples[0]


def test_a_two_agent_script_is_recorded_then_replayed_without_key_or_network(
    project: Path,
) -> None:
    recorded = record(project, "two_agents.py")
    (project / "coding" / "answer.txt").unlink()
    replayed = execute(project, "--report", "r.html", "two_agents.py")

    assert recorded.returncode == 0, recorded.stdout + recorded.stderr
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    for done in (recorded, replayed):
        assert "the file says 42" in done.stdout
        assert "the script says It is 42. TERMINATE []" in done.stdout
        assert "exec/two_agents/default/1  PASS" in done.stdout
        assert "termination: 100 %, pass: Ended by termination_message of user_proxy" in done.stdout
        assert "code_success: 100 %" in done.stdout
    sample = newest(project)
    assert (sample.mode, sample.cassette.asked, sample.cassette.served) == ("replay", 2, 2)
    assert sample.cassette.source == "scripted provider"
    assert [run.sandbox for run in sample.transcript.code_executions] == [own_sandbox(None).label]
    assert [artefact.path for artefact in sample.artefacts] == ["coding/answer.txt"]
    assert "exec/two_agents" in (project / "r.html").read_text()
    assert not (project / ".cache").exists()
    assert "sk-of-a-test" not in (project / CASSETTE).read_text()


def test_a_group_chat_script_plays_all_its_rounds_with_hidden_calls(project: Path) -> None:
    options = ("--accept", "max_round", "group.py")
    assert record(project, *options).returncode == 0
    replayed = execute(project, "--no-report", *options)

    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    sample = newest(project)
    assert sample.transcript.termination == "max_round"
    assert sample.transcript.turns == 15
    assert {call.purpose for call in sample.transcript.model_calls} == {
        "reply",
        "speaker_selection",
    }


def test_nothing_goes_live_unless_told(project: Path) -> None:
    with served() as url:
        extra = {"OPENAI_BASE_URL": url, "MY_OWN_API_KEY": "sk-of-a-test"}
        silent = execute(project, "two_agents.py", **extra)
        unsafe = execute(project, "--record", "--sandbox", "none", "two_agents.py", **extra)
        live = execute(project, "--live", "--sandbox", "none", "two_agents.py", **extra)

    assert (silent.returncode, unsafe.returncode, live.returncode) == (2, 2, 2)
    assert f"{CASSETTE}: the script has no cassette yet" in silent.stderr
    assert "Record it with: harness exec --record two_agents.py" in silent.stderr
    assert "NOT ISOLATED" in unsafe.stderr
    assert "--allow-unsafe" in live.stderr
    assert not (project / "cassettes").exists()


def test_a_changed_script_misses_and_an_update_mends_it(recorded: Path) -> None:
    kept = record(recorded, "two_agents.py")
    script = (recorded / "two_agents.py").read_text()
    (recorded / "two_agents.py").write_text(script.replace('"temperature": 0', '"temperature": 1'))

    missed = execute(recorded, "--no-report", "two_agents.py")
    with served() as url:
        update = ("--update", "--allow-unsafe", "--no-report", "--max-cost", "1")
        extra = {"OPENAI_BASE_URL": url, "MY_OWN_API_KEY": "sk-of-a-test"}
        updated = execute(recorded, *update, "two_agents.py", **extra)

    assert kept.returncode == 2
    assert "the cassette exists and was not replaced" in kept.stderr
    assert missed.returncode == 1
    assert "temperature" in missed.stdout
    assert "To record it again: harness exec --update two_agents.py" in missed.stdout
    assert updated.returncode == 0, updated.stdout + updated.stderr
    assert execute(recorded, "--no-report", "two_agents.py").returncode == 0


def test_arguments_have_cassettes_of_their_own(project: Path) -> None:
    recorded = record(project, "two_agents.py", "--topic", "tea")

    assert "['--topic', 'tea']" in recorded.stdout
    assert [path.parent.name for path in (project / "cassettes").rglob("1.jsonl")] != ["default"]
    assert execute(project, "two_agents.py").returncode == 2
    replayed = execute(project, "--no-report", "--show", "two_agents.py", "--topic", "tea")
    assert replayed.returncode == 0
    assert "assistant to user_proxy, turn 4" in replayed.stdout


def test_what_the_script_raises_is_shown_as_python_shows_it(recorded: Path) -> None:
    script = (recorded / "two_agents.py").read_text()
    (recorded / "two_agents.py").write_text(f"{script}\nraise ValueError('mine')\n")

    raised = execute(recorded, "--no-report", "two_agents.py")
    (recorded / "two_agents.py").write_text(f"{script}\nsys.exit(7)\n")
    left = execute(recorded, "--no-report", "two_agents.py")
    (recorded / "two_agents.py").write_text(f"{script}\nsys.exit()\n")
    fine = execute(recorded, "--no-report", "two_agents.py")

    assert raised.returncode == 1
    assert 'two_agents.py", line' in raised.stderr
    assert "ValueError: mine" in raised.stderr
    assert "harness/" not in raised.stderr
    assert (left.returncode, fine.returncode) == (1, 0)
    assert "two_agents.py exited with 7" in left.stderr
    for failed, why in ((raised, "ValueError: mine"), (left, "two_agents.py exited with 7")):
        assert "PASS" not in failed.stdout
        assert "exec/two_agents/default/1  ERROR" in failed.stdout
        assert why in failed.stdout
    assert "exec/two_agents/default/1  PASS" in fine.stdout


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        pytest.param(["nothing.py"], "nothing.py: the script cannot be read", id="no file"),
        pytest.param(["--record", "--live", "group.py"], "exclude each other", id="two ways"),
        pytest.param(["--overwrite", "group.py"], "goes with --record", id="overwrite"),
        pytest.param(["--max-cost", "1", "group.py"], "limits a recording", id="sum"),
    ],
)
def test_a_mistake_on_the_command_line_says_what_to_do(
    project: Path, arguments: list[str], text: str
) -> None:
    done = execute(project, *arguments)

    assert done.returncode == 2
    assert text in done.stderr


def test_options_of_harness_after_the_script_are_named_when_it_fails(project: Path) -> None:
    misplaced = ("two_agents.py", "--record", "--sandbox=none")
    hint = (
        "What stands after two_agents.py goes to the script, --record, --sandbox=none too; options "
        "of harness come before it, as in: harness exec --record two_agents.py"
    )

    unrecorded = execute(project, *misplaced)
    fine = record(project, *misplaced)
    with (project / "two_agents.py").open("a") as script:
        script.write("sys.exit(2)\n")
    failed = execute(project, "--no-report", *misplaced)

    assert unrecorded.returncode == 2
    assert hint in unrecorded.stderr
    assert fine.returncode == 0, fine.stderr
    assert hint not in fine.stderr
    assert failed.returncode == 1
    assert hint in failed.stderr
