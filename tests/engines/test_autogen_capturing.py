"""Chats that the user's own code starts, with agents of its own, captured in a block."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from harness.capture import Recorder
from harness.engines.autogen import AutogenEngine
from harness.errors import LimitReached
from harness.mocks import MockAgent
from harness.model.sample import SampleKey
from harness.model.scenario import AgentConfig, Limits, PythonReference, Scenario
from harness.model.team import Endpoint
from harness.protocols import Assignment
from harness.sandboxes.process import ProcessSandbox

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    reference = PythonReference(path="mine.py", attribute="")
    return Assignment(
        key=SampleKey(suite="pytest", scenario="mine", config="default", epoch=1),
        scenario=Scenario(
            name="mine", suite="pytest", title="", task="", folder="", team=reference
        ),
        config=AgentConfig(name="default"),
        workspace=tmp_path,
        endpoint=Endpoint(base_url=""),
        build_team=lambda _: pytest.fail("nobody asks for a team"),
        sandbox=ProcessSandbox(),
        recorder=Recorder(limits=Limits(turns=6)),
        mode="mock",
    )


def pair(*replies: str) -> tuple[Any, Any]:
    return MockAgent("ann", "Hm.").as_autogen(), MockAgent("bob", list(replies)).as_autogen()


def said(assignment: Assignment) -> list[str]:
    return [e.content for e in assignment.recorder.events if hasattr(e, "content")]


def test_agents_made_before_the_block_are_captured_and_what_is_printed_stays(
    assignment: Assignment, capsys: pytest.CaptureFixture[str]
) -> None:
    ann, bob = pair("Fine.")

    with AutogenEngine().capturing(assignment):
        print("mine")
        ann.initiate_chat(bob, message="How are you?", max_turns=1)

    assert said(assignment) == ["How are you?", "Fine."]
    assert assignment.recorder.termination.reason == "max_turns"
    assert capsys.readouterr().out == "mine\n"


def test_several_chats_are_one_transcript_that_ends_as_the_last(assignment: Assignment) -> None:
    ann, bob = pair("One.", "Two. TERMINATE")

    with AutogenEngine().capturing(assignment):
        ann.initiate_chat(bob, message="First?", max_turns=1)
        assert assignment.recorder.termination is None
        ann._is_termination_msg = lambda message: "TERMINATE" in message["content"]
        ann.initiate_chat(bob, message="Second?", max_turns=2)

    assert said(assignment) == ["First?", "One.", "Second?", "Two. TERMINATE"]
    assert assignment.recorder.termination.reason == "termination_message"


def test_chats_in_tasks_and_threads_of_the_block_belong_to_it(assignment: Assignment) -> None:
    ann, bob = pair("One.", "Two.")

    with AutogenEngine().capturing(assignment):
        asyncio.run(ann.a_initiate_chat(bob, message="First?", max_turns=1))
        thread = threading.Thread(
            target=lambda: ann.initiate_chat(bob, message="Second?", max_turns=1)
        )
        thread.start()
        thread.join()

    assert said(assignment)[:2] == ["First?", "One."]


def test_what_is_raised_goes_on_outwards_and_a_finished_chat_keeps_its_end(
    assignment: Assignment,
) -> None:
    ann, bob = pair("Fine.")

    def block() -> None:
        with AutogenEngine().capturing(assignment):
            ann.initiate_chat(bob, message="How are you?", max_turns=1)
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        block()

    assert assignment.recorder.termination.reason == "max_turns"


def test_a_limit_ends_the_block(assignment: Assignment) -> None:
    ann, bob = pair(*["More."] * 9)

    with pytest.raises(LimitReached), AutogenEngine().capturing(assignment):
        ann.initiate_chat(bob, message="Go.", max_turns=9)

    assert assignment.recorder.termination.reason == "turn_limit"
    assert assignment.recorder.turns == 6


def test_a_block_without_a_chat_says_so(assignment: Assignment) -> None:
    with AutogenEngine().capturing(assignment):
        pass

    assert assignment.recorder.termination.reason == "no_reply"


def test_nothing_is_captured_outside_the_block(assignment: Assignment) -> None:
    ann, bob = pair("One.", "Two.")
    with AutogenEngine().capturing(assignment):
        ann.initiate_chat(bob, message="First?", max_turns=1)

    ann.initiate_chat(bob, message="Second?", max_turns=1, silent=True)

    assert len(said(assignment)) == 2
