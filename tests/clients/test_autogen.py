"""A miss gets through AutoGen, and an agent that swallows it does not hide it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from cli_project import Command, write_coding_suite

from harness.cassettes import Session
from harness.errors import CassetteMiss
from harness.logs import find_log, read_log
from harness.model.run import RunLog

pytest.importorskip("autogen.oai.client", exc_type=ImportError)
# AutoGen 0.9 warns of what it does itself.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:autogen.*")

KEY = "sk-test-0123456789abcdef0123456789abcdef"
ENTRY = {"model": "m", "api_key": KEY, "base_url": "https://api.openai.com/v1"}
# One with an agent that takes any fault for an answer.
SWALLOWING_TEAM = """
from harness.model.team import Team

def build(context):
    from autogen import AssistantAgent, UserProxyAgent

    class Coder(AssistantAgent):
        def generate_reply(self, *arguments, **options):
            try:
                return super().generate_reply(*arguments, **options)
            except BaseException:
                return "Nothing happened. TERMINATE"

    coder = Coder(
        name="coder", llm_config=context.llm_config(), system_message=context.prompt("coder")
    )
    runner = UserProxyAgent(
        name="runner",
        human_input_mode="NEVER",
        is_termination_msg=lambda message: "TERMINATE" in (message.get("content") or ""),
        code_execution_config={"work_dir": str(context.workspace), "use_docker": False},
    )
    return Team(initiator=runner, recipient=coder)
"""


def the_log(project: Path) -> RunLog:
    return read_log(find_log(project / ".harness" / "runs"))


def pair(*entries: dict[str, Any]) -> tuple[Any, Any]:
    import autogen

    llm_config = {"config_list": list(entries), "cache_seed": None}
    writer = autogen.AssistantAgent("writer", llm_config=llm_config)
    user = autogen.UserProxyAgent("user", human_input_mode="NEVER", code_execution_config=False)
    return user, writer


@pytest.mark.parametrize("stream", [False, True])
def test_a_miss_gets_through_a_conversation_after_one_try(session: Session, stream: bool) -> None:
    user, writer = pair({**ENTRY, "stream": stream})

    with pytest.raises(CassetteMiss) as caught:
        user.initiate_chat(writer, message="hello", max_turns=2, silent=True)

    assert session.misses == (str(caught.value),)
    assert (session.asked, session.served) == (1, 0)


def test_a_miss_gets_through_an_asynchronous_conversation_after_one_try(session: Session) -> None:
    user, writer = pair(ENTRY)

    with pytest.raises(CassetteMiss):
        asyncio.run(user.a_initiate_chat(writer, message="hello", max_turns=2, silent=True))

    assert (session.asked, len(session.misses)) == (1, 1)


def test_a_second_config_is_not_tried_after_a_miss(session: Session) -> None:
    user, writer = pair(ENTRY, {**ENTRY, "model": "n"})

    with pytest.raises(CassetteMiss):
        user.initiate_chat(writer, message="hello", max_turns=2, silent=True)

    assert (session.asked, len(session.misses)) == (1, 1)


def test_a_sample_whose_agent_swallowed_the_miss_is_a_miss(
    harness: Command, tmp_path: Path
) -> None:
    suite = write_coding_suite(tmp_path)
    (suite / "team.py").write_text(SWALLOWING_TEAM)
    recorded = harness("record", "--scripted", "--no-report", "-e", "1")
    text = (suite / "suite.yaml").read_text()
    (suite / "suite.yaml").write_text(text.replace("You are a coder.", "You are a poet."))

    replayed = harness("run", "--no-report", "-e", "1")

    assert recorded.returncode == 0, recorded.stdout + recorded.stderr
    assert replayed.returncode == 1, replayed.stdout + replayed.stderr
    [sample] = the_log(tmp_path).samples
    assert sample.status == "miss"
    assert sample.transcript.messages[-1].content == "Nothing happened. TERMINATE"
    assert sample.cassette is not None
    assert (sample.cassette.asked, len(sample.cassette.misses)) == (1, 1)
    assert sample.failure is not None
    assert sample.failure.message == sample.cassette.misses[0]
    assert "prompt changed (system prompt)" in replayed.stdout
