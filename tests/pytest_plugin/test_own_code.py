"""Code of the user's own, unchanged, in a block of the fixture `conversation`."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import TYPE_CHECKING, NamedTuple

import pytest
from forked import run_module
from pytest_project import TEAM, copied, environment, recorded, run_pytest, served, write_project

from harness.logs import find_log, read_log
from harness.runner.sandboxes import own_sandbox

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path


class Replayed(NamedTuple):
    project: Path
    done: subprocess.CompletedProcess[str]


def samples(project: Path) -> dict:
    log = read_log(find_log(project / ".harness" / "runs", "latest"))
    return {str(sample.key): sample for sample in log.samples}


@pytest.fixture(scope="module")
def replayed(once_recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """A project whose one test was recorded, after a replay with everything written."""
    project = copied(once_recorded, tmp_path_factory.mktemp("replayed") / "project")
    written = ("--harness-report=out/report.html", "--junitxml=junit.xml")
    return Replayed(project, run_pytest(project, "--harness-strict", *written))


def test_a_recorded_test_replays_without_key_or_network(replayed: Replayed) -> None:
    project, done = replayed
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 cassette played, 0 stale, 0 unplayed, 0 orphaned; $0.00 saved" in done.stdout
    page = (project / "out" / "report.html").read_text()
    assert "tests.test_team.test_mine.answer" in page
    (sample,) = samples(project).values()
    assert sample.cassette.source == "scripted provider"
    assert (sample.cassette.asked, sample.cassette.served) == (2, 2)


def test_the_agents_code_runs_in_the_sandbox_and_leaves_the_project_alone(
    replayed: Replayed,
) -> None:
    project, _ = replayed
    (sample,) = samples(project).values()
    assert [run.sandbox for run in sample.transcript.code_executions] == [own_sandbox(None).label]
    assert [artefact.path for artefact in sample.artefacts] == ["coding/answer.txt"]
    assert not (project / "coding").exists()
    assert not (project / ".cache").exists()


def test_a_failed_plain_assert_shows_the_conversation_and_how_to_read_it(
    project: Path, add_test: Callable[..., None]
) -> None:
    add_test(
        """
def test_turns(conversation):
    with conversation.record("answer") as chat:
        team.run()
    assert chat.turns <= 3

def test_why(conversation):
    with conversation.record("answer") as chat:
        team.run()
    assert chat.termination == "max_turns"

def test_who(conversation):
    with conversation.record("answer") as chat:
        team.run()
    assert chat.transcript.speakers == ["user", "critic"]

def test_same(conversation):
    with conversation.record("answer") as one:
        team.run()
    assert one.transcript == type(one.transcript)(engine="x", engine_version="x")

def test_of_something_else(conversation):
    with conversation.record("answer"):
        team.run()
    assert {"turns": 1} == {"turns": 2}
""",
        *[
            f"test_{n}.answer/default/1"
            for n in ("turns", "why", "who", "same", "of_something_else")
        ],
    )

    done = run_pytest(project)

    assert "turns 4 <= 3" in done.stdout
    assert "E         > [4] coder to user" in done.stdout
    assert "termination 'termination_message' == 'max_turns'" in done.stdout
    assert "speakers ['user', 'coder', 'user', 'coder'] == ['user', 'critic']" in done.stdout
    assert "E         > [2] coder to user" in done.stdout
    assert "They part at step 1:" in done.stdout
    assert "E       AssertionError: assert {'turns': 1} == {'turns': 2}" in done.stdout
    assert "Transcript(" not in done.stdout
    key = "pytest/tests.test_team.test_why.answer/default/1"
    assert f"Read it whole: harness show {key}" in done.stdout
    told = done.stdout.split(f"Read it whole: harness show {key} ")[1].splitlines()[0]
    run_pytest(project, "-k", "not test_why")
    newest = run_module("harness", ["show", key], cwd=project, env=environment())
    shown = run_module("harness", ["show", key, *told.split()], cwd=project, env=environment())
    assert newest.returncode == 2
    assert "It is 42. TERMINATE" in shown.stdout
    assert done.returncode == 1


def test_what_expect_shows_is_coloured_when_the_terminal_is_and_plain_in_junit(
    project: Path, add_test: Callable[..., None]
) -> None:
    add_test(
        """
def test_silence(conversation):
    from harness import expect

    with conversation.record("answer") as chat:
        team.run()
    expect(chat).artefact("coding/answer.txt").never_speaks_after("user", "coder")
""",
        "test_silence.answer/default/1",
    )

    plain = run_pytest(project, "--junitxml=junit.xml")
    coloured = run_pytest(project, "--color=yes", "-k", "silence")

    assert "ExpectationFailed: Expected user never to speak after coder" in plain.stdout
    assert "\n> [3] user to coder\n" in plain.stdout
    assert "\x1b" not in plain.stdout
    assert plain.stdout.count("Read it whole: harness show") == 1
    assert "\x1b[1m> [3] user to coder\x1b[0m" in coloured.stdout
    assert "#x1B" not in (project / "junit.xml").read_text()


def test_junit_properties_tell_termination_turns_and_cost(replayed: Replayed) -> None:
    tree = ElementTree.parse(replayed.project / "junit.xml")
    found = {p.get("name"): p.get("value") for p in tree.iter("property")}
    assert found == {
        "harness.sample": "pytest/tests.test_team.test_mine.answer/default/1",
        "harness.status": "completed",
        "harness.termination": "termination_message",
        "harness.turns": "4",
        "harness.cost_usd": found["harness.cost_usd"],
    }
    assert 0 < float(found["harness.cost_usd"]) < 0.01


def test_a_miss_fails_the_test_that_caused_it_also_when_it_was_swallowed(
    project: Path, add_test: Callable[..., None]
) -> None:
    add_test(
        """
import threading

def test_swallowed(conversation):
    with conversation.record("answer"):
        try:
            team.run("Something else.")
        except BaseException:
            pass

def test_turned_into_something_else(conversation):
    with conversation.record("answer"):
        try:
            team.run("Something else.")
        except BaseException:
            raise KeyError("lost")

def test_innocent(conversation):
    with conversation.record("answer"):
        team.run()
""",
        *[
            f"test_{name}.answer/default/1"
            for name in ("swallowed", "turned_into_something_else", "innocent")
        ],
    )

    done = run_pytest(project, "-rA")

    assert done.stdout.count("prompt changed (opening message)") >= 2
    assert "recorded 'Compute the answer.', asked 'Something else.'" in done.stdout
    again = "pytest tests/test_team.py::test_swallowed --harness-mode=update"
    assert f"To record it again: {again}" in done.stdout
    assert "FAILED tests/test_team.py::test_swallowed - harness.errors.CassetteMiss" in done.stdout
    assert "FAILED tests/test_team.py::test_turned_into_something_else - harness" in done.stdout
    assert "PASSED tests/test_team.py::test_innocent" in done.stdout
    assert "harness/runner/conversation.py" not in done.stdout


def test_without_a_cassette_nothing_goes_live_and_the_command_is_told(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")

    with served() as url:
        done = run_pytest(project, OPENAI_BASE_URL=url, OPENAI_API_KEY="sk-live-key-of-a-test")
        unsafe = ("--harness-mode=record", "--harness-sandbox=none")
        refused = run_pytest(project, *unsafe, OPENAI_BASE_URL=url)

    assert done.returncode == 1
    assert "the sample has no cassette. Record it with: pytest tests/test_team.py::" in done.stdout
    (sample,) = samples(project).values()
    assert sample.status == "miss"
    assert refused.returncode == 4
    assert "NOT ISOLATED" in refused.stderr
    assert "--harness-allow-unsafe" in refused.stderr
    assert not (project / "cassettes").exists()


def test_an_update_records_from_the_first_call_that_no_longer_fits(project: Path) -> None:
    cassette = project / "cassettes/pytest/tests.test_team.test_mine.answer/default/1.jsonl"
    before = cassette.read_text()
    (project / "team.py").write_text(TEAM.replace("Compute", "Do compute"))
    assert run_pytest(project).returncode == 1

    with served("Do compute the answer.") as url:
        update = ["--harness-mode=update", "--harness-allow-unsafe"]
        updated = run_pytest(project, *update, OPENAI_BASE_URL=url, OPENAI_API_KEY="sk-of-a-test")

    assert updated.returncode == 0, updated.stdout
    assert "0 cassettes played, 1 recorded" in updated.stdout
    assert cassette.read_text() != before
    assert run_pytest(project).returncode == 0


def test_a_recording_stops_at_the_sum_that_was_given(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")

    done = recorded(project, "--harness-max-cost=0.000001")

    assert done.returncode == 1
    assert "--harness-max-cost 1e-06 is reached" in done.stdout
    assert not list((project / "cassettes").rglob("*.jsonl"))


NO_KEY = "the environment variable OPENAI_API_KEY is not set, and the provider needs a key"


@pytest.mark.parametrize("key", ["None", "os.environ['OPENAI_API_KEY']"])
def test_a_recording_without_a_key_fails_with_one_paragraph(tmp_path: Path, key: str) -> None:
    project = write_project(tmp_path / "project")
    (project / "team.py").write_text(TEAM.replace('os.environ.get("OPENAI_API_KEY")', key))
    (project / "script.py").write_text("import team\nteam.run()\n")

    done = run_pytest(project, "--harness-mode=record", "--harness-allow-unsafe")
    script = run_module(
        "harness",
        ["exec", "--record", "--allow-unsafe", "script.py"],
        cwd=project,
        env=environment(),
    )

    assert done.returncode == 1
    assert "EnvironmentFault: pytest/tests.test_team.test_mine" in done.stdout
    assert NO_KEY in done.stdout
    assert "OpenAIError" not in done.stdout
    assert "_client_auth.py" not in done.stdout
    assert script.returncode == 2
    assert NO_KEY in script.stderr
    assert "Traceback" not in script.stderr
    assert [each for each in (project / "cassettes").rglob("*") if each.is_file()] == []


ASKING = """
import autogen

def run():
    user = autogen.UserProxyAgent("user", code_execution_config=False)
    other = autogen.ConversableAgent("other", llm_config=False, human_input_mode="NEVER")
    other.initiate_chat(user, message="Go on?")
"""


def test_who_gave_too_few_answers_is_told_where_to_give_them(tmp_path: Path) -> None:
    test = """
import team
from harness.mocks import ScriptedModel

def test_mine(conversation):
    with conversation.record("answer", script=ScriptedModel({})):
        team.run()
"""
    project = write_project(tmp_path / "project", test)
    (project / "team.py").write_text(ASKING)
    (project / "script.py").write_text("import team\nteam.run()\n")

    done = run_pytest(project)
    script = run_module(
        "harness", ["exec", "--live", "--allow-unsafe", "script.py"], cwd=project, env=environment()
    )

    assert "as in: conversation.record(human=['', 'some text', 'exit'])" in done.stdout
    assert "as in: harness exec --human '' --human 'some text' SCRIPT" in script.stderr
    assert "human: [" not in done.stdout + script.stderr


def test_workers_share_one_budget_and_leave_nothing_of_it(tmp_path: Path) -> None:
    twice = """
import pytest, team

@pytest.mark.parametrize("number", range(4))
def test_mine(conversation, number):
    with conversation.record("answer"):
        team.run()
"""
    project = write_project(tmp_path / "project", twice)
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    done = recorded(project, "-n", "2", "--harness-max-cost=0.000001", TMPDIR=str(scratch))

    assert "4 failed" in done.stdout, done.stdout
    assert done.stdout.count("--harness-max-cost 1e-06 is reached") >= 4
    assert list(scratch.glob("harness-*")) == []


def test_a_failed_assertion_after_the_chat_does_not_waste_its_recording(tmp_path: Path) -> None:
    tests = """
import team

def test_mine(conversation):
    with conversation.record("answer") as chat:
        team.run()
        assert chat.turns == 1
"""
    project = write_project(tmp_path / "project", tests)

    done = recorded(project)

    assert done.returncode == 1
    assert "assert chat.turns == 1" in done.stdout
    assert len(list((project / "cassettes").rglob("1.jsonl"))) == 1


def test_a_script_answers_in_process_and_limits_end_the_block(project: Path) -> None:
    (project / "tests" / "test_scripted.py").write_text(
        """
import pytest, team
from harness import Limits
from harness.mocks import ScriptedModel

def test_scripted(conversation):
    with conversation.record("a", script=ScriptedModel({"coder": ["Done. TERMINATE"]})) as chat:
        team.run()
    assert chat.speakers == ["user", "coder"]
    with conversation.record("a", script=ScriptedModel(lambda call: "More.")) as chat:
        team.run()
    assert chat.termination == "max_consecutive_auto_reply"
    limits = Limits(turns=3)
    script = ScriptedModel(lambda call: "More.")
    with conversation.record("a", script=script, limits=limits) as chat:
        team.run()
        pytest.fail("the limit did not end the block")
    assert (chat.termination, chat.turns) == ("turn_limit", 3)
    assert chat.key.epoch == 3
"""
    )

    done = run_pytest(project, "tests/test_scripted.py", "--harness-mode=mock")

    assert done.returncode == 0, done.stdout


def test_mode_mock_says_how_a_model_is_scripted(project: Path) -> None:
    done = run_pytest(project, "--harness-mode=mock")

    assert done.returncode == 1
    assert "in mode mock no provider is asked. Let a scripted model answer" in done.stdout
    assert "harness run --live" not in done.stdout


def test_a_block_in_which_nobody_said_anything_fails_its_test(tmp_path: Path) -> None:
    project = write_project(
        tmp_path,
        "from harness.mocks import ScriptedModel\n"
        "def test_nothing(conversation):\n"
        "    with conversation.record('talk', script=ScriptedModel({'coder': ['Hi']})):\n"
        "        pass\n",
    )

    done = run_pytest(project)

    assert done.returncode == 1
    assert "conversation.record('talk'): no conversation was held in this block" in done.stdout
