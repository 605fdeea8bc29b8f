"""What running, capturing, scoring and logging costs on top of AutoGen itself."""

from __future__ import annotations

import resource
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from cpu_time import Timed, in_turns

SAMPLES = 200
LIMIT = 1.5

# Both sides run exactly this: a planner and a critic who exchange 20 messages.
AGENTS = """
PARAGRAPH = (
    "Turn {turn}: I read what you wrote about the release plan, and I would move the database "
    "migration before the feature freeze, because a rollback afterwards costs a full day. "
) * 3


def reply_text(turn):
    return PARAGRAPH.format(turn=turn)


def build_pair(llm_config):
    from autogen import AssistantAgent

    return [
        AssistantAgent(
            name=name,
            system_message=f"You are {name}.",
            llm_config=llm_config,
            human_input_mode="NEVER",
            max_consecutive_auto_reply=50,
        )
        for name in ("planner", "critic")
    ]
"""

BARE = """
import contextlib, io
from types import SimpleNamespace as Space
from autogen.oai import client as oai
from agents import build_pair, reply_text

class Client:
    def __init__(self):
        self.calls = 0
    def create(self, params):
        self.calls += 1
        message = Space(content=reply_text(self.calls), function_call=None, tool_calls=None,
                        role="assistant")
        usage = Space(prompt_tokens=100, completion_tokens=50, total_tokens=150)
        return Space(id="1", choices=[Space(message=message, finish_reason="stop")], usage=usage,
                     model="bare", cost=0.0, config_id=None, pass_filter=True,
                     message_retrieval_function=self.message_retrieval)
    def message_retrieval(self, response):
        return [choice.message.content for choice in response.choices]
    def cost(self, response):
        return 0.0
    @staticmethod
    def get_usage(response):
        return {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150, "cost": 0.0,
                "model": "bare"}

oai.OpenAIWrapper._register_default_client = lambda self, config, openai_config: (
    self._clients.append(Client()))
for _ in range(SAMPLES):
    first, second = build_pair({"config_list": [{"model": "bare", "api_key": "none"}],
                                "cache_seed": None})
    with contextlib.redirect_stdout(io.StringIO()):
        result = first.initiate_chat(second, message="Plan the release.", max_turns=10, silent=True)
    assert len(result.chat_history) == 20, len(result.chat_history)
"""

SUITE = """
title: Long chat
epochs: 200
accept: [max_turns]
script: script.py:build
model: bare
configs:
  - {name: only}
"""

TEAM = """
from harness.model.team import Team
from harness.suites import sibling

def build(context):
    first, second = sibling(__file__, "agents").build_pair(context.llm_config())
    return Team(initiator=first, recipient=second, max_turns=10)
"""

SCRIPT = """
from harness.mocks import MockReply, ScriptedModel
from harness.model.transcript import Usage
from harness.suites import sibling

def build(context):
    said = sibling(__file__, "agents").reply_text
    usage = Usage(prompt_tokens=100, completion_tokens=50)
    return ScriptedModel([MockReply(said(turn), usage=usage) for turn in range(1, 30)])
"""


def _project(folder: Path) -> None:
    suite = folder / "scenarios" / "long_chat"
    (suite / "plan").mkdir(parents=True)
    files = {"suite.yaml": SUITE, "team.py": TEAM, "script.py": SCRIPT, "agents.py": AGENTS}
    for name, text in files.items():
        (suite / name).write_text(text)
    (suite / "plan" / "scenario.yaml").write_text("title: Plan\ntask: Plan the release.\n")
    (folder / "agents.py").write_text(AGENTS)
    (folder / "bare.py").write_text(f"SAMPLES = {SAMPLES}\n" + textwrap.dedent(BARE))


def _cpu_seconds(command: list[str], folder: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


@pytest.mark.benchmark
def test_a_mock_sample_costs_at_most_one_and_a_half_bare_conversations(tmp_path: Path) -> None:
    _project(tmp_path)
    ours_command = [sys.executable, "-m", "harness", "run", "--no-report"]
    bare_command = [sys.executable, "bare.py"]

    our_side = Timed(lambda: _cpu_seconds(ours_command, tmp_path))
    bare_side = Timed(lambda: _cpu_seconds(bare_command, tmp_path))

    in_turns(
        {our_side: 1, bare_side: 1},
        turns=5,
        holds=lambda: our_side.seconds / bare_side.seconds <= LIMIT,
    )

    ours, bare = our_side.seconds, bare_side.seconds
    print(
        f"\n{SAMPLES} samples of a 20-turn mock conversation, CPU per sample, imports and start "
        f"included: harness {ours / SAMPLES * 1000:.1f} ms, bare AutoGen loop "
        f"{bare / SAMPLES * 1000:.1f} ms, ratio {ours / bare:.2f} (limit {LIMIT})"
    )
    assert ours / bare <= LIMIT
