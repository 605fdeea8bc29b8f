"""Which cassettes want looking after, and when that fails the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_project import TESTS, run_pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path


def replayed(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Where the code runs is of no concern here: it runs where nothing has to be started."""
    return run_pytest(project, "--harness-sandbox=none", *arguments)


def test_orphans_are_told_and_fail_a_strict_session(
    project: Path, add_test: Callable[..., None]
) -> None:
    gone = (
        "test_renamed.answer/default/1",
        "test_mine.other/default/1",
        "test_mine.answer/default/2",
    )
    add_test("", *gone)
    moved = project / "cassettes/pytest/tests.test_gone.test_x.answer/default"
    moved.mkdir(parents=True)
    (moved / "1.jsonl").write_text("{}")

    lenient = replayed(project)
    strict = replayed(project, "--harness-strict")

    assert lenient.returncode == 0, lenient.stdout
    assert "1 cassette played, 0 stale, 0 unplayed, 4 orphaned" in lenient.stdout
    for name in (*gone, "tests.test_gone.test_x.answer/default/1"):
        assert f"{name.removeprefix('tests.test_gone.')}.jsonl" in lenient.stdout
    assert strict.returncode == 1, strict.stdout


def test_a_cassette_that_was_not_looked_for_is_no_orphan(
    project: Path, add_test: Callable[..., None]
) -> None:
    add_test(
        """
def test_other(conversation):
    with conversation.record("answer") as chat:
        team.run()

def test_half(conversation):
    with conversation.record("answer") as chat:
        team.run()
    assert False
    with conversation.record("more") as chat:
        team.run()
""",
        "test_other.answer/default/1",
        "test_half.answer/default/1",
    )

    one = replayed(project, "--harness-strict", "tests/test_team.py::test_mine")
    some = replayed(project, "--harness-strict", "-k", "mine")

    assert (one.returncode, some.returncode) == (0, 0), one.stdout + some.stdout


def test_unplayed_calls_are_told_and_fail_a_strict_session(project: Path) -> None:
    shorter = TESTS.replace("team.run()", "team.stop_early()").partition("    assert")[0]
    (project / "tests" / "test_team.py").write_text(shorter)
    (project / "team.py").write_text(
        (project / "team.py").read_text()
        + """
def stop_early():
    from autogen import AssistantAgent, UserProxyAgent

    config_list = [{"model": "gpt-4o-mini", "api_key": os.environ["OPENAI_API_KEY"]}]
    coder = AssistantAgent("coder", llm_config={"config_list": config_list})
    user = UserProxyAgent("user", human_input_mode="NEVER", code_execution_config=False)
    user.initiate_chat(coder, message="Compute the answer.", max_turns=1)
"""
    )

    lenient = replayed(project)
    strict = replayed(project, "--harness-strict")

    assert lenient.returncode == 0, lenient.stdout
    assert "0 stale, 1 unplayed, 0 orphaned" in lenient.stdout
    assert "default/1.jsonl (1 recorded calls that nobody asked for)" in lenient.stdout
    assert strict.returncode == 1, strict.stdout


def test_cassettes_of_tests_are_no_orphans_of_the_suites(project: Path) -> None:
    from harness.runner.leftovers import find_leftovers

    assert find_leftovers(project / "cassettes", [], [], label="docker") == []


def test_nobody_is_told_to_remove_an_unfinished_recording_of_a_test(project: Path) -> None:
    from harness.runner.leftovers import find_leftovers

    [whole] = (project / "cassettes").rglob("*.jsonl")
    lines = whole.read_bytes().splitlines(keepends=True)
    whole.unlink()
    whole.with_name(f"{whole.name}.partial").write_bytes(b"".join(lines[:-1]))

    assert find_leftovers(project / "cassettes", [], [], label="docker") == []
