"""A project whose scenario demands that faults are survived."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """
model: written-1
prices: {written-1: {prompt: 1, completion: 2}}
accept: [termination_message, max_consecutive_auto_reply]
limits: {wall_seconds: 60, turns: 20, cost_usd: 0.5}
configs: [{name: plain}]
"""

TEAM = """
from harness.model.team import Team

def build(context):
    from autogen import AssistantAgent, UserProxyAgent, register_function

    model = context.llm_config()
    model["config_list"][0].update(EXTRA)
    clerk = AssistantAgent("clerk", llm_config=model)
    user = UserProxyAgent(
        "user",
        human_input_mode="NEVER",
        max_consecutive_auto_reply=5,
        code_execution_config=False,
        is_termination_msg=lambda m: (m.get("content") or "").rstrip().endswith("TERMINATE"),
    )

    def add(a: int, b: int) -> int:
        return a + b

    register_function(add, caller=clerk, executor=user, description="Adds.")
    return Team(initiator=user, recipient=clerk)
"""

SCRIPT = """
from harness.mocks import MockReply, MockToolCall, ScriptedModel, Rule

def build(context):
    call = MockToolCall(name="add", arguments={"a": 1, "b": 2})
    return ScriptedModel([
        Rule(MockReply(tool_calls=(call,)), times=1),
        Rule("It is 3. TERMINATE"),
    ])
"""

PROVIDER = """
from harness.provider.script import Call, Reply, ToolRequest

def reply(call):
    if any(m.get("role") == "tool" for m in call.messages):
        return "It is 3. TERMINATE"
    return Reply(tool_calls=(ToolRequest(name="add", arguments={"a": 1, "b": 2}),))
"""


def write_fault_suite(
    project: Path, faults: str, *, is_scripted: bool = True, extra: str = "{}"
) -> Path:
    """Write a suite with one scenario that has the given ``faults``, a YAML flow mapping.

    Args:
        project: Folder of the project.
        faults: Value of the key.
        is_scripted: Whether a model in process answers, or a provider over HTTP.
        extra: Python expression of further settings of the model.
    """
    suite = project / "scenarios" / "sums"
    (suite / "add").mkdir(parents=True)
    (suite / "suite.yaml").write_text(SUITE)
    (suite / "team.py").write_text(TEAM.replace("EXTRA", extra))
    (suite / "add" / "scenario.yaml").write_text(f"task: What is 1 + 2?\nfaults: {faults}\n")
    script = ("script.py", SCRIPT) if is_scripted else ("provider.py", PROVIDER)
    (suite / script[0]).write_text(script[1])
    if is_scripted:
        with (suite / "suite.yaml").open("a") as file:
            file.write("script: script.py:build\n")
    return suite
