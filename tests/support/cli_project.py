"""A small project of its own for a test, run by a scripted model."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

Command = Callable[..., subprocess.CompletedProcess[str]]


def environment(**extra: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, **extra}


SUITE = """
title: Small talk
epochs: {epochs}
accept: [max_turns]
script: script.py:build
model: written
configs:
  - {{name: plain}}
limits: {{wall_seconds: {wall_seconds}}}
"""

TEAM = """
from harness.model.team import Team

def build(context):
    from autogen import AssistantAgent

    pair = [
        AssistantAgent(name=name, llm_config=context.llm_config(), human_input_mode="NEVER")
        for name in ("ann", "bob")
    ]
    return Team(initiator=pair[0], recipient=pair[1], max_turns=2)
"""

SCRIPT = """
import time
from harness.mocks import ScriptedModel

def build(context):
    def reply(call):
        {behaviour}
        return "fine, thanks"

    return ScriptedModel(reply)
"""


def write_suite(
    project: Path,
    name: str = "talk",
    *,
    behaviour: str = "pass",
    epochs: int = 2,
    wall_seconds: float = 30,
) -> Path:
    """Write a suite whose scripted model does something before each reply."""
    suite = project / "scenarios" / name
    (suite / "hello").mkdir(parents=True)
    (suite / "suite.yaml").write_text(SUITE.format(epochs=epochs, wall_seconds=wall_seconds))
    (suite / "team.py").write_text(TEAM)
    (suite / "script.py").write_text(SCRIPT.format(behaviour=behaviour))
    (suite / "hello" / "scenario.yaml").write_text("title: Hello\ntask: Say hello.\n")
    return suite
