"""`@harness.fuzz` in a project's own tests."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from cli_project import write_coding_suite
from pytest_project import result_of, run_pytest

import harness
from harness.errors import HarnessError

QUIETLY = ("-p", "no:cacheprovider", "-q")

TEST = """
import harness

@harness.fuzz(task="What is 1 + 2?", examples=60, seed=3)
def test_the_team_holds(context, tmp_path):
    assert tmp_path.is_dir()
    from autogen import AssistantAgent, UserProxyAgent

    assistant = AssistantAgent("assistant", llm_config=context.llm_config())
    user = UserProxyAgent(
        "user",
        human_input_mode="NEVER",
        max_consecutive_auto_reply=5,
        code_execution_config=False,
        is_termination_msg=lambda message: CONDITION,
    )
    return harness.Team(initiator=user, recipient=assistant)
"""
SOUND = '(message.get("content") or "").rstrip().endswith("TERMINATE")'
QUOTED = '"TERMINATE" in (message.get("content") or "")'


def run(project: Path, condition: str) -> pytest.RunResult:
    (project / "test_team.py").write_text(TEST.replace("CONDITION", condition))
    return result_of(run_pytest(project, *QUIETLY))


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[pytest.RunResult]]:
    """A project with a broken team, and two runs of its test."""
    project = tmp_path_factory.mktemp("broken")
    return project, [run(project, QUOTED), run(project, QUOTED)]


def test_a_sound_team_passes_and_fixtures_reach_the_factory(tmp_path: Path) -> None:
    run(tmp_path, SOUND).assert_outcomes(passed=1)


def test_a_broken_team_fails_with_the_conversation_and_is_played_first_next_time(
    broken: tuple[Path, list[pytest.RunResult]],
) -> None:
    kept = ".harness/fuzz/tests/test_team.test_the_team_holds/ends-when-meant.jsonl"
    project, (first, again) = broken

    first.assert_outcomes(failed=1)
    first.stdout.fnmatch_lines(
        [
            "*assistant -> user",
            "*I will say TERMINATE when it is done.",
            "*BROKEN ends-when-meant: *",
            f"*kept in {kept}",
            "*seed=3*",
        ]
    )
    assert (project / kept).is_file()
    again.stdout.fnmatch_lines([f"*{kept} still breaks the team:"])
    run(project, SOUND).assert_outcomes(passed=1)


def test_the_story_comes_first_and_no_frame_of_harness_before_it(
    broken: tuple[Path, list[pytest.RunResult]],
) -> None:
    _, (first, again) = broken

    for done, opening in ((first, "the team breaks: "), (again, ".harness/fuzz/")):
        shown = [line for line in done.outlines if line.strip()]
        title = next(i for i, line in enumerate(shown) if line.startswith("____"))
        assert shown[title + 1].startswith(f"E   harness.fuzzing.hunting.Broken: {opening}")
        assert "user -> assistant" in shown[title + 2]
        assert "def " not in done.stdout.str()
    first.stdout.fnmatch_lines(["FAILED *Broken: th*"])


@pytest.mark.parametrize(
    ("condition", "invariant"),
    [
        pytest.param(
            '"TERMINATE" in str(message) and __import__("os")._exit(0)',
            "process-survives",
            id="death",
        ),
        pytest.param(
            '"TERMINATE" in str(message) and __import__("time").sleep(1e9)',
            "ends-in-time",
            id="hang",
        ),
    ],
)
def test_a_team_that_takes_its_process_along_fails_its_test_and_no_other(
    tmp_path: Path, condition: str, invariant: str
) -> None:
    hostile = TEST.replace("seed=3", "seed=3, conversation_seconds=2")
    (tmp_path / "test_team.py").write_text(
        f"{hostile.replace('CONDITION', condition)}\n\ndef test_another():\n    pass\n"
    )

    done = result_of(run_pytest(tmp_path, *QUIETLY))

    done.assert_outcomes(failed=1, passed=1)
    done.stdout.fnmatch_lines([f"*BROKEN {invariant}: *", f"*kept in *{invariant}.jsonl"])


def test_a_factory_that_skips_its_test_skips_it(tmp_path: Path) -> None:
    (tmp_path / "test_team.py").write_text(
        dedent("""
        import harness
        import pytest

        @harness.fuzz(task="What is 1 + 2?", examples=5)
        def test_the_team_holds(context):
            pytest.skip("not here")
        """)
    )

    done = result_of(run_pytest(tmp_path, "-p", "no:cacheprovider", "-rs"))

    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["*not here*"])


def test_a_scenario_gives_task_config_and_team(tmp_path: Path) -> None:
    write_coding_suite(tmp_path)
    (tmp_path / "test_scenario.py").write_text(
        dedent("""
        import harness

        @harness.fuzz("scenarios/coding/look", examples=60, seed=1)
        def test_the_scenario(context):
            assert context.prompt("coder") == "You are a coder."
        """)
    )

    done = result_of(run_pytest(tmp_path, "test_scenario.py", *QUIETLY))

    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*coder -> runner", "*BROKEN ends-when-meant: *"])


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(HarnessError, match="knows no setting 'exmples'; it knows: examples, seed"):
        harness.fuzz(exmples=3)
