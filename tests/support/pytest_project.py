"""A project of somebody who uses AutoGen and pytest: a team of their own, and a served model."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cli_project import environment as lean_environment
from forked import run_module

from harness.provider.server import Behaviour, serving

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from harness.provider.script import Call

TASK = "Compute the answer."

# As people write it: a key from the environment, a disk cache, no Docker.
TEAM = """
import os

def run(task="Compute the answer.", model="gpt-4o-mini", work_dir="coding"):
    from autogen import AssistantAgent, UserProxyAgent

    config_list = [{"model": model, "api_key": os.environ.get("OPENAI_API_KEY")}]
    coder = AssistantAgent("coder", llm_config={"config_list": config_list, "cache_seed": 42})
    user = UserProxyAgent(
        "user",
        human_input_mode="NEVER",
        is_termination_msg=lambda m: "TERMINATE" in (m.get("content") or ""),
        code_execution_config={"work_dir": work_dir, "use_docker": False},
    )
    return user.initiate_chat(coder, message=task)

async def run_async(task="Compute the answer."):
    from autogen import AssistantAgent, UserProxyAgent

    config_list = [{"model": "gpt-4o-mini", "api_key": os.environ.get("OPENAI_API_KEY")}]
    coder = AssistantAgent("coder", llm_config={"config_list": config_list, "cache_seed": 42})
    user = UserProxyAgent(
        "user",
        human_input_mode="NEVER",
        is_termination_msg=lambda m: "TERMINATE" in (m.get("content") or ""),
        code_execution_config={"work_dir": "coding", "use_docker": False},
    )
    return await user.a_initiate_chat(coder, message=task)
"""

TESTS = """
import team

def test_mine(conversation):
    with conversation.record("answer") as chat:
        team.run()
    assert chat.termination == "termination_message"
    assert chat.speakers == ["user", "coder", "user", "coder"]
    assert chat.turns <= 8
"""


def plays_the_coder(call: Call) -> str:
    if "select the next role" in call.last.lower() or "choose a speaker" in call.last.lower():
        spoken = [message.get("name") for message in call.messages]
        return "critic" if spoken.count("writer") > spoken.count("critic") else "writer"
    if "exitcode: 0" in call.last:
        return "It is 42. TERMINATE"
    return "Let me see.\n```python\nopen('answer.txt', 'w').write('42')\nprint(6 * 7)\n```"


@contextmanager
def served(task: str = TASK) -> Iterator[str]:
    """Serve the model on loopback; yields its address."""
    with serving([Behaviour("answer", task, {}, plays_the_coder)]) as server:
        yield server.base_url


def environment(**extra: str) -> dict[str, str]:
    return lean_environment(PYTHONDONTWRITEBYTECODE="1", **extra)


# What is installed for the tests of harness, and slow to load.
UNWANTED = ("-p", "no:cassetter", "-p", "no:hypothesispytest")


def run_pytest(project: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run a real pytest in a project; no plugin of ours but the one under test."""
    options = [*UNWANTED, "-p", "no:randomly"]
    if any(argument in ("-p", "randomly") for argument in arguments):
        options = [*UNWANTED]
    return run_module("pytest", [*options, *arguments], cwd=project, env=environment(**extra))


def result_of(done: subprocess.CompletedProcess[str]) -> pytest.RunResult:
    """The same as pytester tells it."""
    return pytest.RunResult(done.returncode, done.stdout.split("\n"), done.stderr.split("\n"), 0.0)


def write_project(project: Path, tests: str = TESTS) -> Path:
    """Write the team and a test module."""
    (project / "tests").mkdir(parents=True)
    (project / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    (project / "team.py").write_text(TEAM)
    (project / "tests" / "test_team.py").write_text(tests)
    return project


def copied(project: Path, target: Path) -> Path:
    """Copy a project without what was run in it."""
    left_out = shutil.ignore_patterns(".harness", ".pytest*")
    return shutil.copytree(project, target, ignore=left_out)


def recorded(project: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Record every conversation of a project's tests."""
    with served() as url:
        return run_pytest(
            project,
            "--harness-mode=record",
            "--harness-allow-unsafe",
            *arguments,
            OPENAI_BASE_URL=url,
            OPENAI_API_KEY="sk-test-of-the-plugin",
            **extra,
        )
