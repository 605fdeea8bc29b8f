"""What every registered engine must do with the same small conversation."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness import plugins
from harness.capture import Recorder
from harness.mocks import MockAgent, ScriptedModel
from harness.model.sample import SampleKey
from harness.model.scenario import AgentConfig, Limits, Scenario
from harness.model.team import Endpoint, Team, TeamContext
from harness.model.transcript import Transcript, decode_transcript, encode_transcript
from harness.protocols import Assignment, Engine
from harness.sandboxes.process import ProcessSandbox

if TYPE_CHECKING:
    from collections.abc import Callable

every_engine = pytest.mark.parametrize("name", plugins.names("engines"))

TASK = "Count to three."


def agents() -> tuple[MockAgent, MockAgent]:
    """Someone who asks and someone whose words a scripted model gives."""
    asker = MockAgent("asker", lambda _: "Go on.")
    return asker, MockAgent("counter", max_replies=10)


def mock_team(_: TeamContext) -> Team:
    asker, counter = agents()
    return Team(initiator=asker, recipient=counter)


def autogen_team(context: TeamContext) -> Team:
    asker, counter = agents()
    return Team(
        initiator=asker.as_autogen(), recipient=counter.as_autogen(llm_config=context.llm_config())
    )


# An engine drives agents of its own framework, so each needs a team of them here.
TEAMS: dict[str, Callable[[TeamContext], Team]] = {"autogen": autogen_team, "mock": mock_team}


def team_for(name: str) -> Callable[[TeamContext], Team]:
    assert name in TEAMS, f"add a team of two for the engine {name!r} to {__file__}"
    return TEAMS[name]


def made(name: str) -> Engine:
    engine: Engine = plugins.load("engines", name)()
    return engine


def assignment(name: str, scenario: Scenario, recorder: Recorder, **changes: Any) -> Assignment:
    config = AgentConfig(name="plain", engine=name, model="scripted-1", temperature=0.5)
    fields: dict[str, Any] = {
        "key": SampleKey(suite="demo", scenario="first", config="plain", epoch=1),
        "scenario": scenario,
        "config": config,
        "workspace": Path(scenario.folder),
        "endpoint": Endpoint(base_url="http://127.0.0.1:9/v1"),
        "build_team": team_for(name),
        "sandbox": ProcessSandbox(),
        "recorder": recorder,
        "mode": "mock",
        "script": ScriptedModel(["One.", "Two.", "Three. TERMINATE"]),
    }
    return Assignment(**{**fields, **changes})


def conversation(name: str, scenario: Scenario, **changes: Any) -> Transcript:
    recorder = Recorder(limits=scenario.limits)
    engine = made(name)
    engine.run(assignment(name, scenario, recorder, **changes))
    return recorder.transcript(name, engine.version())


@every_engine
def test_an_engine_bears_its_name_and_tells_its_version(name: str) -> None:
    engine = made(name)

    assert engine.name == name
    assert re.fullmatch(r"\S+ \d\S*", engine.version())


@every_engine
def test_making_an_engine_imports_no_framework(name: str) -> None:
    frameworks = {"autogen", "autogen_agentchat", "autogen_core", "ag2", "openai"}
    code = (
        "import sys\nfrom harness import plugins\n"
        f"plugins.load('engines', {name!r})()\nprint(*sys.modules, sep='\\n')"
    )

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert {line.partition(".")[0] for line in done.stdout.splitlines()} & frameworks == set()


@every_engine
def test_an_engine_records_the_conversation_and_why_it_ended(name: str, scenario: Scenario) -> None:
    transcript = conversation(name, scenario)

    assert transcript.speakers == ["asker", "counter"] * 3
    assert [message.content for message in transcript.messages[1::2]] == [
        "One.",
        "Two.",
        "Three. TERMINATE",
    ]
    assert transcript.messages[0].content == scenario.task
    assert transcript.termination == "termination_message"
    assert [call.reply for call in transcript.model_calls] == ["One.", "Two.", "Three. TERMINATE"]


@every_engine
def test_what_an_engine_records_is_a_sound_transcript(name: str, scenario: Scenario) -> None:
    transcript = conversation(name, scenario)

    assert decode_transcript(encode_transcript(transcript)) == transcript
    assert [event.index for event in transcript.events] == list(range(len(transcript.events)))
    offsets = [event.offset_seconds for event in transcript.events]
    assert offsets == sorted(offsets)


@every_engine
def test_an_engine_can_run_one_sample_after_the_other(name: str, scenario: Scenario) -> None:
    first, second = conversation(name, scenario), conversation(name, scenario)

    assert first.speakers == second.speakers
    assert first.termination == second.termination


@every_engine
def test_an_exception_ends_the_conversation_and_keeps_what_was_said(
    name: str, scenario: Scenario
) -> None:
    transcript = conversation(name, scenario, script=ScriptedModel(["One."]))

    assert transcript.termination == "error"
    assert transcript.speakers[:2] == ["asker", "counter"]
    assert transcript.termination_event is not None
    assert transcript.termination_event.exception is not None
    assert transcript.termination_event.exception.type.endswith("ScriptError")


@every_engine
def test_a_team_that_cannot_be_built_is_an_error_of_the_sample(
    name: str, scenario: Scenario
) -> None:
    def build(_: TeamContext) -> Team:
        raise ValueError("no such agent")

    transcript = conversation(name, scenario, build_team=build)

    assert transcript.termination == "error"
    assert transcript.messages == ()


@every_engine
def test_the_turn_limit_ends_the_conversation(name: str, scenario: Scenario) -> None:
    import msgspec

    limited = msgspec.structs.replace(scenario, limits=Limits(turns=3))

    transcript = conversation(name, limited)

    assert transcript.termination == "turn_limit"
    assert transcript.turns == 3


@every_engine
def test_an_engine_prints_nothing(
    name: str, scenario: Scenario, capfd: pytest.CaptureFixture[str]
) -> None:
    conversation(name, scenario)

    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")
