"""A small project of its own for a test, run by a scripted model."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

Command = Callable[..., subprocess.CompletedProcess[str]]


# AutoGen loads what it finds, which takes twice as long as loading AutoGen itself. Most people
# who use it have these not, and nor have the projects of tests.
LEAN = Path(__file__).with_name("lean")


def environment(**extra: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": str(LEAN), **extra}


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

MOCK_TEAM = """
from harness import Team
from harness.mocks import MockAgent

def build(context):
    return Team(initiator=MockAgent("ann"), recipient=MockAgent("bob"), max_turns=2)
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


def without_autogen(suite: Path) -> Path:
    """Have mock agents say what the script says: a run of them does not import AutoGen."""
    (suite / "suite.yaml").write_text("engine: mock\n" + (suite / "suite.yaml").read_text())
    (suite / "team.py").write_text(MOCK_TEAM)
    return suite


def until_there(signal: Path, *, after: int) -> str:
    """A behaviour that, from an epoch on, waits until a file is there: a run stays unfinished."""
    return (
        "import os\n"
        f"        while context.epoch > {after} and not os.path.exists({str(signal)!r}):\n"
        "            time.sleep(0.02)"
    )


CODING_SUITE = """
title: Coding
epochs: 2
provider: provider.py:reply
accept: [termination_message]
model: written-1
prices: {written-1: {prompt: 1, completion: 2}}
configs:
  - {name: plain, temperature: 0.5, prompts: {coder: "You are a coder."}}
"""

CODING_TEAM = """
from harness.model.team import Team

def build(context):
    from autogen import AssistantAgent, UserProxyAgent

    coder = AssistantAgent(
        name="coder", llm_config=context.llm_config(), system_message=context.prompt("coder")
    )
    runner = UserProxyAgent(
        name="runner",
        human_input_mode="NEVER",
        max_consecutive_auto_reply=4,
        is_termination_msg=lambda message: "TERMINATE" in (message.get("content") or ""),
        code_execution_config={"work_dir": str(context.workspace), "use_docker": False},
    )
    return Team(initiator=runner, recipient=coder)
"""

# Everything this code prints differs between machines and runs: folders, addresses, durations.
CODING_PROVIDER = """
CODE = '''Let me look around.
```python
import os, tempfile, unittest
print(os.getcwd(), tempfile.gettempdir(), os.path.expanduser("~"), object())
class Test(unittest.TestCase):
    def test_it(self):
        self.assertTrue(os.getcwd())
unittest.main(exit=False, argv=["x"])
open("seen.txt", "w").write("yes")
raise SystemExit(undefined_name)
```
'''

def reply(call):
    {behaviour}
    if "exitcode" in call.last:
        return f"Epoch {{call.epoch}} is done. TERMINATE"
    return CODE
"""


def write_coding_suite(project: Path, *, behaviour: str = "pass") -> Path:
    """Write a suite whose coder is played by the scripted provider over HTTP."""
    suite = project / "scenarios" / "coding"
    (suite / "look").mkdir(parents=True)
    (suite / "suite.yaml").write_text(CODING_SUITE)
    (suite / "team.py").write_text(CODING_TEAM)
    (suite / "provider.py").write_text(CODING_PROVIDER.format(behaviour=behaviour))
    (suite / "look" / "scenario.yaml").write_text("title: Look\ntask: Look around, please.\n")
    return suite
