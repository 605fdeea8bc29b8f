"""Scripted models, agents and humans in every kind of AutoGen conversation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from harness.engines.autogen import AutogenEngine
from harness.mocks import MockAgent, MockCall, MockReply, MockToolCall, ScriptedHuman, ScriptedModel
from harness.model.sample import SampleKey
from harness.model.team import Team, TeamContext
from harness.model.transcript import HumanInput, SpeakerSelection, ToolResult

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("ann", "bob", "cat")


def third_first(last: Any, groupchat: Any) -> Any:
    """A custom function: backwards through the list."""
    agents = groupchat.agents
    return agents[agents.index(last) - 1]


def chat(**options: Any) -> Callable[[TeamContext], Team]:
    """A group chat of three scripted agents, opened by the first."""

    def build(context: TeamContext) -> Team:
        from autogen import GroupChat, GroupChatManager

        agents = [MockAgent(name, f"I am {name}.").as_autogen() for name in NAMES]
        settings = {"max_round": 5, **options}
        if settings.pop("is_constrained", False):
            ann, bob, cat = agents
            settings["allowed_or_disallowed_speaker_transitions"] = {
                ann: [cat],
                bob: [ann],
                cat: [ann, bob],
            }
            settings["speaker_transitions_type"] = "allowed"
        manager = GroupChatManager(
            GroupChat(agents=agents, messages=[], **settings),
            name="boss",
            llm_config=context.llm_config(),
        )
        return Team(initiator=agents[0], recipient=manager, agents=tuple(agents))

    return build


@pytest.mark.parametrize(
    ("options", "script", "human", "speakers"),
    [
        pytest.param(
            {"speaker_selection_method": "auto"},
            ["bob", "cat", "bob", "ann"],
            (),
            ["ann", "bob", "cat", "bob", "ann"],
            id="auto",
        ),
        pytest.param(
            {"speaker_selection_method": "round_robin"},
            [],
            (),
            ["ann", "bob", "cat", "ann", "bob"],
            id="round robin",
        ),
        pytest.param(
            {"speaker_selection_method": "manual"},
            [],
            ("3", "2", "9", "1", "3"),
            ["ann", "cat", "bob", "ann", "cat"],
            id="manual, with a number that is none",
        ),
        pytest.param(
            {"speaker_selection_method": third_first},
            [],
            (),
            ["ann", "cat", "bob", "ann", "cat"],
            id="custom function",
        ),
        pytest.param(
            {"speaker_selection_method": "auto", "is_constrained": True},
            # From ann only cat may follow: nobody needs to be asked.
            ["bob", "ann"],
            (),
            ["ann", "cat", "bob", "ann", "cat"],
            id="constrained transitions",
        ),
    ],
)
def test_speakers_follow_the_script_whatever_chooses_them(
    options: Any, script: list[str], human: tuple[str, ...], speakers: list[str], play: Any
) -> None:
    transcript = play(chat(**options), script=ScriptedModel({"boss": script}), human=human)

    assert transcript.speakers == speakers
    assert transcript.termination == "max_round"


def test_a_random_choice_is_the_same_for_the_same_sample_and_another_for_another(
    play: Any,
) -> None:
    def speakers(epoch: int) -> list[str]:
        key = SampleKey(suite="suite", scenario="scenario", config="config", epoch=epoch)
        build = chat(speaker_selection_method="random", max_round=12)
        return list(play(build, key=key).speakers)

    assert speakers(1) == speakers(1)
    assert len({tuple(speakers(epoch)) for epoch in range(1, 5)}) > 1


def test_a_scripted_model_is_told_which_tools_it_may_call(play: Any) -> None:
    seen: list[str] = []

    def reply(call: MockCall) -> Any:
        seen.append(",".join(tool["function"]["name"] for tool in call.tools))
        if call.number > 1:
            return "TERMINATE"
        both = (
            MockToolCall(name="add", arguments={"a": 1, "b": 2}),
            MockToolCall(name="double", arguments={"a": 4}),
        )
        return MockReply(tool_calls=both)

    def build(context: TeamContext) -> Team:
        from autogen import AssistantAgent, UserProxyAgent, register_function

        def add(a: int, b: int) -> int:
            return a + b

        def double(a: int) -> int:
            return 2 * a

        clerk = AssistantAgent("clerk", llm_config=context.llm_config())
        user = UserProxyAgent(
            "user",
            human_input_mode="NEVER",
            code_execution_config=False,
            is_termination_msg=lambda m: m.get("content") == "TERMINATE",
        )
        for tool in (add, double):
            register_function(tool, caller=clerk, executor=user, description="Counts.")
        return Team(initiator=user, recipient=clerk)

    transcript = play(build, script=ScriptedModel(reply))

    assert seen == ["add,double", "add,double"]
    results = [e for e in transcript.events if isinstance(e, ToolResult)]
    assert [(each.name, each.content) for each in results] == [("add", "3"), ("double", "8")]
    assert [call.name for call in transcript.messages[1].tool_calls] == ["add", "double"]
    assert transcript.termination == "termination_message"


def test_a_reply_that_only_calls_tools_has_no_content_as_from_a_provider(play: Any) -> None:
    contents: list[Any] = []

    def build(context: TeamContext) -> Team:
        from autogen import AssistantAgent, UserProxyAgent

        clerk = AssistantAgent("clerk", llm_config=context.llm_config())
        user = UserProxyAgent(
            "user",
            human_input_mode="NEVER",
            code_execution_config=False,
            is_termination_msg=lambda m: contents.append(m.get("content")) or True,
        )
        return Team(initiator=user, recipient=clerk)

    calling = MockReply(tool_calls=(MockToolCall(name="add"),))
    for reply in (calling, MockReply("Hm.", tool_calls=calling.tool_calls)):
        play(build, script=ScriptedModel([reply]))

    # AutoGen 0.14 asks again; what matters is what it is given.
    assert contents[0] is None
    assert contents[-1] == "Hm."


@pytest.mark.parametrize(
    ("mode", "answers", "speakers", "ending"),
    [
        pytest.param("NEVER", [], ["user", "clerk", "user"], "max_consecutive", id="never"),
        pytest.param("TERMINATE", ["exit"], ["user", "clerk"], "human_exit", id="exit"),
        pytest.param("TERMINATE", [""], ["user", "clerk"], "termination_message", id="skip"),
        pytest.param(
            "TERMINATE", ["Once more.", "exit"], ["user", "clerk"] * 2, "human_exit", id="text"
        ),
        pytest.param(
            "ALWAYS", ["Go on.", ""], ["user", "clerk"] * 2, "termination_message", id="always"
        ),
    ],
)
def test_a_human_skips_speaks_and_leaves(
    mode: str, answers: list[str], speakers: list[str], ending: str, play: Any
) -> None:
    def build(_context: TeamContext) -> Team:
        word = "Hm." if mode == "NEVER" else "TERMINATE"
        clerk = MockAgent("clerk", word).as_autogen()
        user = MockAgent("user", "Well?", max_replies=1).as_autogen(human_input_mode=mode)
        return Team(initiator=user, recipient=clerk)

    transcript = play(build, human=tuple(answers))

    assert transcript.speakers[: len(speakers)] == speakers
    assert str(transcript.termination).startswith(ending)
    asked = [e.reply for e in transcript.events if isinstance(e, HumanInput)]
    assert asked == answers[: len(asked)]


class WithHuman(AutogenEngine):
    """The engine, asking a human of the test's own instead of the scenario's answers."""

    def __init__(self, human: ScriptedHuman) -> None:
        self.human = human

    def run(self, assignment: Any) -> None:
        super().run(replace(assignment, human=self.human))


def test_humans_of_several_agents_have_answers_of_their_own(play: Any) -> None:
    human = ScriptedHuman({"ann": ["From ann."], "bob": ["From bob.", "exit"]})

    def build(_context: TeamContext) -> Team:
        pair = [MockAgent(n, "Hm.").as_autogen(human_input_mode="ALWAYS") for n in ("ann", "bob")]
        return Team(initiator=pair[0], recipient=pair[1])

    transcript = play(build, engine=WithHuman(human))

    assert [m.content for m in transcript.messages] == ["Begin.", "From bob.", "From ann."]
    assert transcript.termination == "human_exit"


def test_a_nested_chat_of_scripted_agents_answers_for_its_owner(play: Any) -> None:
    def build(context: TeamContext) -> Team:
        from autogen import AssistantAgent

        critic = AssistantAgent("critic", llm_config=context.llm_config())
        writer = MockAgent("writer", "A draft.").as_autogen()
        user = MockAgent("user", ["Thanks. TERMINATE"]).as_autogen()
        writer.register_nested_chats(
            [
                {
                    "recipient": critic,
                    "message": "Judge it.",
                    "max_turns": 1,
                    "summary_method": "last_msg",
                }
            ],
            trigger=user,
        )
        return Team(initiator=user, recipient=writer, max_turns=1)

    transcript = play(build, script=ScriptedModel({"critic": ["Too long."]}))

    assert [(m.speaker, m.content) for m in transcript.messages] == [
        ("user", "Begin."),
        ("writer", "Judge it."),
        ("critic", "Too long."),
        ("writer", "Too long."),
    ]


def test_selections_say_how_they_were_made(play: Any) -> None:
    transcript = play(chat(speaker_selection_method="random", max_round=3))

    chosen = [e for e in transcript.events if isinstance(e, SpeakerSelection)]
    assert {each.method for each in chosen} == {"random"}
