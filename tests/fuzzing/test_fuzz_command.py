"""`harness fuzz` from the command line, on projects of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli_project import environment, write_coding_suite, write_suite


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path


def fuzz(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", "fuzz", *arguments],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


# The suite's pair stops at the bare word and nowhere else.
ANY_END = ("--closer", "nobody", "--accept", "termination_message")
FINDING = Path(".harness/fuzz/coding/look/plain/ends-when-meant.jsonl")


def test_a_team_that_breaks_is_told_as_a_conversation_saved_and_played_again(
    project: Path,
) -> None:
    suite = write_coding_suite(project)

    broken = fuzz(project, "coding/look", "--seed", "1", "--examples", "60")

    assert broken.returncode == 1, broken.stderr
    assert "coding/look/plain: BROKEN in" in broken.stdout
    assert (
        "  coder -> runner\n"
        "      I will say TERMINATE when it is done.\n"
        "  the conversation ends: termination_message\n"
        "  BROKEN ends-when-meant: "
    ) in broken.stdout
    assert f"harness fuzz --replay {FINDING}" in broken.stdout
    assert "no code was run" in broken.stdout

    again = fuzz(project, "--replay", str(FINDING))
    assert again.returncode == 1
    assert f"{FINDING}: still breaks coding/look/plain" in again.stdout

    team = suite / "team.py"
    careless = '"TERMINATE" in (message.get("content") or "")'
    mended = '(message.get("content") or "").endswith("TERMINATE")'
    code = team.read_text()
    assert careless in code
    team.write_text(code.replace(careless, "1 / 0"))
    otherwise = fuzz(project, "--replay", str(FINDING))
    assert otherwise.returncode == 1
    assert f"{FINDING}: no more ends-when-meant, but now " in otherwise.stdout
    assert " breaks coding/look/plain" in otherwise.stdout
    assert "ZeroDivisionError" in otherwise.stdout

    team.write_text(code.replace(careless, mended))
    holds = fuzz(project, "--replay", str(FINDING.parent))
    assert f"{FINDING}: holds now (ends-when-meant, coding/look/plain)" in holds.stdout


def test_a_saved_finding_is_text_of_one_move_a_line(project: Path) -> None:
    write_coding_suite(project)
    fuzz(project, "--seed", "1", "--examples", "60")

    header, *moves = map(json.loads, (project / FINDING).read_text().splitlines())

    assert header["kind"] == "harness fuzz finding"
    assert header["subject"] == "coding/look/plain"
    assert [move["type"] for move in moves] == ["opened", "said"]
    assert moves[1]["kind"] == "closing word quoted"


def test_a_sound_team_survives_and_the_seed_is_named(project: Path) -> None:
    write_suite(project)

    done = fuzz(project, "talk", "--seed", "11", "--examples", "20", *ANY_END)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "talk/hello/plain: survived 20 conversations (seed 11, " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["talk/helo"], "no scenario 'helo'; it has: hello. Did you mean", id="name"),
        pytest.param(["talk/hello/plain"], "is no suite and no suite/scenario", id="too long"),
        pytest.param(["talk", "--config", "plan"], "no config 'plan'; it has: plain", id="config"),
        pytest.param(["--replay", "scenarios"], "no saved conversation in scenarios", id="none"),
        pytest.param(
            ["--replay", "scenarios/talk/team.py"], "team.py:1: this is no finding", id="no finding"
        ),
    ],
)
def test_a_mistake_on_the_command_line_is_named(
    project: Path, arguments: list[str], said: str
) -> None:
    write_suite(project)

    done = fuzz(project, *arguments)

    assert done.returncode == 2, done.stdout
    assert said in done.stderr


def test_a_team_that_cannot_be_built_is_the_users_mistake_with_its_line(project: Path) -> None:
    suite = write_suite(project)
    (suite / "team.py").write_text("def build(context):\n    return nothing\n")

    done = fuzz(project, "talk")

    assert done.returncode == 2
    assert "cannot hold a single conversation: NameError" in done.stderr
    assert "scenarios/talk/team.py:2" in done.stderr


def test_a_team_that_depends_on_more_than_what_is_said_is_named(project: Path) -> None:
    suite = write_suite(project)
    (suite / "team.py").write_text(
        "from harness.model.team import Team\n"
        "MADE = []\n"
        "def build(context):\n"
        "    from autogen import AssistantAgent\n"
        "    MADE.append(1)\n"
        "    pair = [AssistantAgent(n, llm_config=context.llm_config()) for n in ('a', 'b')]\n"
        "    return Team(initiator=pair[0], recipient=pair[1], max_turns=2 + len(MADE) % 3)\n"
    )

    done = fuzz(project, "talk", "--turns", "5", "--seed", "1", *ANY_END)

    assert done.returncode == 2, done.stdout
    assert "the same words led this team to different conversations" in done.stderr
