"""The plugin beside xdist, pytest-asyncio, anyio, random order, --lf, -k and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_project import recorded, run_pytest, write_project

from harness.logs import find_log, read_log

if TYPE_CHECKING:
    from pathlib import Path

TESTS = """
import asyncio
import anyio, pytest, team

@pytest.mark.parametrize("model", ["gpt-4o-mini", "gpt-4o"])
def test_models(conversation, model):
    with conversation.record("answer") as chat:
        team.run(model=model)
    assert chat.transcript.model_calls[0].model_requested == model

@pytest.mark.asyncio
async def test_asyncio(conversation):
    async def one(name):
        with conversation.record(name) as chat:
            await team.run_async()
        return chat.speakers

    first, second = await asyncio.gather(one("first"), one("second"))
    assert first == second == ["user", "coder", "user", "coder"]

@pytest.mark.anyio
async def test_anyio(conversation):
    with conversation.record("answer") as chat:
        await team.run_async()
    await anyio.sleep(0)
    assert chat.termination == "termination_message"

@pytest.fixture
def anyio_backend():
    return "asyncio"

def test_broken(conversation):
    with conversation.record("answer") as chat:
        team.run()
    assert chat.turns == 1
"""
KEYS = {
    "tests.test_team.test_models.answer/gpt-4o-mini/1",
    "tests.test_team.test_models.answer/gpt-4o/1",
    "tests.test_team.test_asyncio.first/default/1",
    "tests.test_team.test_asyncio.second/default/1",
    "tests.test_team.test_anyio.answer/default/1",
    "tests.test_team.test_broken.answer/default/1",
}
SUMMARY = "6 cassettes played, 0 stale, 0 unplayed, 0 orphaned"


def keys(project: Path) -> set[str]:
    log = read_log(find_log(project / ".harness" / "runs", "latest"))
    return {str(sample.key).removeprefix("pytest/") for sample in log.samples}


def test_all_of_them_together(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project", TESTS)
    first = recorded(project, "-n", "2", "--harness-max-cost=1")
    assert "1 failed, 4 passed" in first.stdout, first.stdout + first.stderr
    assert "6 recorded" in first.stdout

    spread = run_pytest(
        project, "-n", "2", "-p", "randomly", "--harness-report=r.html", "--harness-strict"
    )
    assert "1 failed, 4 passed" in spread.stdout, spread.stdout + spread.stderr
    assert SUMMARY in spread.stdout
    assert "turns 4 == 1" in spread.stdout
    assert "Read it whole: harness show pytest/tests.test_team.test_broken" in spread.stdout
    assert keys(project) == KEYS
    assert (project / "r.html").exists()

    last_failed = run_pytest(project, "--lf", "--harness-strict")
    assert "1 failed" in last_failed.stdout
    assert "1 cassette played, 0 stale, 0 unplayed, 0 orphaned" in last_failed.stdout

    chosen = run_pytest(project, "-k", "anyio or asyncio", "--harness-strict")
    assert chosen.returncode == 0, chosen.stdout
    assert "3 cassettes played, 0 stale, 0 unplayed, 0 orphaned" in chosen.stdout
