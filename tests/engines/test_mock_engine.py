from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.engines.mock import MockEngine
from harness.errors import CassetteMiss
from harness.mocks import MockAgent, MockReply, ScriptedModel, raising
from harness.model.scenario import Limits
from harness.model.team import Team
from harness.model.transcript import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.model.transcript import Transcript


def team(ann: Any, bob: Any, *others: MockAgent, **options: Any) -> Callable[[Any], Team]:
    pair = [
        given if isinstance(given, MockAgent) else MockAgent(name, given)
        for name, given in (("ann", ann), ("bob", bob))
    ]
    return lambda _context: Team(
        initiator=pair[0], recipient=pair[1], agents=(*pair, *others), **options
    )


@pytest.mark.parametrize(
    ("build", "limits", "reason", "agent", "turns"),
    [
        pytest.param(
            team("Hm.", ["A", "B TERMINATE"]), None, "termination_message", "ann", 4, id="message"
        ),
        pytest.param(team("Hm.", ["A", None]), None, "no_reply", "bob", 3, id="silent"),
        pytest.param(team("Hm.", "Hm.", max_turns=2), None, "max_turns", None, 4, id="turns"),
        pytest.param(
            team("Hm.", ["A", "B TERMINATE"], max_turns=2),
            None,
            "termination_message",
            "ann",
            4,
            id="message on the last turn",
        ),
        pytest.param(
            team("Hm.", "Hm.", MockAgent("cat", "Hm."), options={"max_round": 5}),
            None,
            "max_round",
            None,
            5,
            id="rounds",
        ),
        pytest.param(
            team("Hm.", MockAgent("bob", "Hm.", max_replies=2)),
            None,
            "max_consecutive_auto_reply",
            "bob",
            5,
            id="cap",
        ),
        pytest.param(team("Hm.", "Hm."), Limits(turns=3), "turn_limit", None, 3, id="turn limit"),
        pytest.param(team("Hm.", [raising(OSError("disk"))]), None, "error", None, 1, id="raises"),
        pytest.param(team("Hm.", ["A"]), None, "error", None, 3, id="out of replies"),
    ],
)
def test_the_reason_a_mock_conversation_ends(
    build: Any, limits: Any, reason: str, agent: str | None, turns: int, play: Any
) -> None:
    transcript = play(build, engine=MockEngine(), limits=limits)

    assert transcript.termination == reason
    assert transcript.termination_event.agent == agent
    assert transcript.turns == turns


def test_speakers_take_turns_in_the_order_of_the_team(play: Callable[..., Transcript]) -> None:
    cat = MockAgent("cat", "Hm.")

    transcript = play(team("Hm.", "Hm.", cat, max_turns=2), engine=MockEngine())

    assert transcript.speakers == ["ann", "bob", "cat", "ann", "bob", "cat"]
    assert [message.recipient for message in transcript.messages[:3]] == ["bob", "cat", "ann"]


def test_an_agent_without_replies_asks_the_scripted_model(play: Callable[..., Transcript]) -> None:
    usage = Usage(prompt_tokens=5, completion_tokens=2)
    script = ScriptedModel({"bob": [MockReply("A TERMINATE", usage=usage, model="mock-2")]})

    transcript = play(team("Hm.", None), engine=MockEngine(), script=script)

    (call,) = transcript.model_calls
    assert (call.agent, call.model_requested, call.model_answered) == ("bob", "mock-1", "mock-2")
    assert (call.prompt, call.reply, call.usage) == ("Begin.", "A TERMINATE", usage)
    assert transcript.messages[-1].content == "A TERMINATE"


def test_a_fault_is_recorded_before_the_error_it_causes(play: Callable[..., Transcript]) -> None:
    transcript = play(team("Hm.", [raising(OSError("disk"))]), engine=MockEngine())

    kinds = [type(event).__name__ for event in transcript.events]
    assert kinds == ["Message", "Fault", "Termination"]
    assert transcript.termination_event.exception.type == "OSError"  # type: ignore[union-attr]


def test_a_model_error_is_kept_with_its_call(play: Callable[..., Transcript]) -> None:
    script = ScriptedModel({"bob": [ConnectionError("down")]})

    transcript = play(team("Hm.", None), engine=MockEngine(), script=script)

    assert transcript.model_calls[0].error.message == "down"  # type: ignore[union-attr]
    assert transcript.termination == "error"


def test_an_interrupt_passes_through_after_it_was_recorded(play: Any) -> None:
    def miss(_call: Any) -> str:
        raise CassetteMiss("nothing recorded")

    with pytest.raises(CassetteMiss, match="nothing recorded"):
        play(team("Hm.", miss), engine=MockEngine())

    assert play.recorder.termination.reason == "error"
    assert play.recorder.turns == 1


def test_agents_of_a_framework_are_refused_by_name(play: Callable[..., Transcript]) -> None:
    foreign = MockAgent("bob", "Hm.").as_autogen()

    transcript = play(
        lambda _context: Team(initiator=MockAgent("ann", "Hm."), recipient=foreign),
        engine=MockEngine(),
    )

    assert "given a ConversableAgent" in transcript.termination_event.detail  # type: ignore[union-attr]
