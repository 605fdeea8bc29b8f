"""What the AutoGen engine records, on every supported line."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from harness.capture import Recorder
from harness.errors import CassetteMiss
from harness.mocks import MockAgent, MockReply, MockToolCall, Rule, ScriptedModel
from harness.model.team import Team, TeamContext
from harness.model.transcript import HumanInput, ToolInvocation, ToolResult, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.model.transcript import Transcript


def says(name: str, *replies: Any, **options: Any) -> Any:
    return MockAgent(name, list(replies)).as_autogen(**options)


def assistants(*names: str, **chat: Any) -> Callable[[TeamContext], Team]:
    """A group chat of assistants, all asking the scripted model, opened by a user."""

    def build(context: TeamContext) -> Team:
        from autogen import AssistantAgent, GroupChat, GroupChatManager

        agents = [
            AssistantAgent(name, llm_config=context.llm_config(), description=f"The {name}.")
            for name in names
        ]
        options = {"speaker_selection_method": "auto", "max_round": 3, **chat}
        summary = options.pop("summary_method", None)
        manager = GroupChatManager(
            GroupChat(agents=agents, messages=[], **options),
            name="boss",
            llm_config=context.llm_config(),
        )
        return Team(initiator=says("user"), recipient=manager, summary_method=summary)

    return build


def of(transcript: Transcript, kind: type) -> list[Any]:
    return [event for event in transcript.events if isinstance(event, kind)]


def test_a_group_chat_shows_each_message_once_and_none_of_the_hidden_ones(play: Any) -> None:
    script = ScriptedModel({"boss": ["coder", "reviewer"], "*": ["Code.", "Looks good."]})

    transcript = play(assistants("coder", "reviewer"), script=script, task="Write it.")

    assert [(m.speaker, m.recipient, m.content) for m in transcript.messages] == [
        ("user", "boss", "Write it."),
        ("coder", "boss", "Code."),
        ("reviewer", "boss", "Looks good."),
    ]


def test_hidden_model_calls_are_recorded_with_purpose_attempt_and_tokens(play: Any) -> None:
    usage = Usage(prompt_tokens=90, completion_tokens=9, cached_tokens=40, reasoning_tokens=3)
    script = ScriptedModel(
        {
            "boss": ["Nobody.", "coder and reviewer", MockReply("coder", usage=usage), "reviewer"],
            "user/summary": ["They agree."],
            "*": ["Code.", "Good."],
        }
    )

    transcript = play(
        assistants("coder", "reviewer", summary_method="reflection_with_llm"), script=script
    )

    calls = [(call.agent, call.purpose, call.attempt) for call in transcript.model_calls]
    assert calls == [
        ("boss", "speaker_selection", 1),
        ("boss", "speaker_selection", 2),
        ("boss", "speaker_selection", 3),
        ("coder", "reply", 1),
        ("boss", "speaker_selection", 1),
        ("reviewer", "reply", 1),
        ("user", "summary", 1),
    ]
    assert transcript.model_calls[2].usage == usage
    assert transcript.model_calls[0].usage is None
    assert transcript.model_calls[-1].reply == "They agree."


def test_a_speaker_selection_tells_method_candidates_choice_and_calls(play: Any) -> None:
    script = ScriptedModel({"boss": ["Nobody.", "reviewer", "coder"], "*": "Hm."})

    transcript = play(assistants("coder", "reviewer"), script=script)

    first, second = [e for e in transcript.events if type(e).__name__ == "SpeakerSelection"]
    assert (first.manager, first.method, first.last_speaker) == ("boss", "auto", "user")
    assert (first.candidates, first.selected, first.model_calls) == (
        ("coder", "reviewer"),
        "reviewer",
        2,
    )
    assert (second.last_speaker, second.selected, second.model_calls) == ("reviewer", "coder", 1)


def test_choosing_without_a_model_takes_no_calls(play: Any) -> None:
    def coder_first(_last: Any, groupchat: Any) -> Any:
        return groupchat.agents[0]

    script = ScriptedModel("Hm.")

    transcript = play(
        assistants("coder", "reviewer", speaker_selection_method=coder_first), script=script
    )

    selections = [e for e in transcript.events if type(e).__name__ == "SpeakerSelection"]
    assert {(s.method, s.selected, s.model_calls) for s in selections} == {
        ("coder_first", "coder", 0)
    }


def test_a_model_call_keeps_request_answer_and_error(play: Any) -> None:
    reply = MockReply("Short.", finish_reason="length", model="mock-1-0613")
    script = ScriptedModel({"coder": [reply, TimeoutError("too slow")]})

    def build(context: TeamContext) -> Team:
        from autogen import AssistantAgent

        coder = AssistantAgent("coder", system_message="Be brief.", llm_config=context.llm_config())
        return Team(initiator=says("user", "More."), recipient=coder)

    transcript = play(build, script=script, task="Explain.")

    good, bad = transcript.model_calls
    assert (good.model_requested, good.model_answered) == ("mock-1", "mock-1-0613")
    assert (good.finish_reason, good.prompt, good.prompt_messages) == ("length", "Explain.", 2)
    assert good.latency_seconds > 0
    assert (bad.model_answered, bad.error.type, bad.error.message) == (
        None,
        "TimeoutError",
        "too slow",
    )
    assert transcript.termination == "error"
    assert [m.content for m in transcript.messages] == ["Explain.", "Short.", "More."]


def test_the_whole_request_of_every_call_is_kept(play: Any) -> None:
    def build(context: TeamContext) -> Team:
        from autogen import AssistantAgent

        coder = AssistantAgent("coder", system_message="Be brief.", llm_config=context.llm_config())
        return Team(initiator=says("user", "More."), recipient=coder, max_turns=2)

    transcript = play(
        build, script=ScriptedModel({"coder": ["Short.", "Longer."]}), task="Explain."
    )

    first, second = (transcript.request_of(call) for call in transcript.model_calls)
    assert [(m.role, m.content) for m in first] == [("system", "Be brief."), ("user", "Explain.")]
    assert second[:2] == first
    assert [(m.role, m.content) for m in second[2:]] == [("assistant", "Short."), ("user", "More.")]
    assert [m.content for m in transcript.model_calls[1].new_messages] == ["Short.", "More."]


def test_a_request_is_kept_with_its_templates_filled(play: Any) -> None:
    def build(context: TeamContext) -> Team:
        from autogen import AssistantAgent, ConversableAgent

        config = {**context.llm_config(), "allow_format_str_template": True}
        coder = AssistantAgent("coder", system_message="You serve {who}.", llm_config=config)
        says_to = ConversableAgent("user", llm_config=False, human_input_mode="NEVER")

        def filled(agent: Any, messages: Any, sender: Any, config: Any) -> Any:
            return True, {"content": "Dear {who}", "context": {"who": "MARS"}}

        says_to.register_reply([AssistantAgent, None], filled)
        return Team(initiator=says_to, recipient=coder, max_turns=2)

    transcript = play(build, script=ScriptedModel({"coder": ["Hi.", "Ho."]}), task="Explain {who}.")

    first, second = (transcript.request_of(call) for call in transcript.model_calls)
    assert [m.content for m in first] == ["You serve {who}.", "Explain {who}."]
    assert [m.content for m in second] == [
        *("You serve MARS.", "Explain MARS.", "Hi."),
        "Dear MARS",
    ]
    assert transcript.model_calls[1].prompt == "Dear MARS"


def test_the_request_of_a_hidden_call_holds_what_was_said_and_the_question(play: Any) -> None:
    transcript = play(assistants("coder", "reviewer"), script=ScriptedModel("reviewer"))

    hidden = [c for c in transcript.model_calls if c.purpose == "speaker_selection"]
    assert hidden
    for call in hidden:
        request = transcript.request_of(call)
        assert len(request) == call.prompt_messages
        assert request[-1].content == call.prompt


def tool_team(is_async: bool, is_async_tool: bool) -> Callable[[TeamContext], Team]:
    def add(a: int, b: int) -> str:
        return str(a + b)

    async def slowly_add(a: int, b: int) -> str:
        await asyncio.sleep(0)
        return add(a, b)

    def build(context: TeamContext) -> Team:
        from autogen import AssistantAgent

        coder = AssistantAgent(
            "coder", llm_config=context.llm_config(), is_termination_msg=lambda _message: False
        )
        tool = slowly_add if is_async_tool else add
        user = says("user", "Fine. TERMINATE", function_map={"add": tool})
        return Team(initiator=user, recipient=coder, max_turns=2, is_async=is_async)

    return build


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("is_async_tool", [False, True], ids=["plain tool", "async tool"])
def test_tool_calls_and_their_results_are_recorded(
    is_async: bool, is_async_tool: bool, play: Any
) -> None:
    calls = (
        MockToolCall(name="add", arguments={"a": 2, "b": 3}, id="c1"),
        MockToolCall(name="subtract", arguments="{}", id="c2"),
    )
    script = ScriptedModel({"coder": [MockReply(tool_calls=calls), "5 it is."]})

    transcript = play(tool_team(is_async, is_async_tool), script=script)

    asked = [(c.agent, c.name, c.call_id) for c in of(transcript, ToolInvocation)]
    # AutoGen runs the tools of one message concurrently in an async chat.
    answered = {r.call_id: (r.content, r.is_error) for r in of(transcript, ToolResult)}
    assert asked == [("user", "add", "c1"), ("user", "subtract", "c2")]
    assert answered == {
        "c1": ("5", False),
        "c2": ("Error: Function subtract not found.", True),
    }
    assert [call.id for call in transcript.messages[1].tool_calls] == ["c1", "c2"]
    assert transcript.messages[2].role == "tool"
    assert transcript.messages[-1].content == "5 it is."


def test_what_a_human_is_asked_and_answers_is_recorded(play: Any) -> None:
    def build(_context: TeamContext) -> Team:
        user = says("user", "Auto.", human_input_mode="ALWAYS")
        return Team(initiator=user, recipient=says("coder", "One.", "Two.", "Three."))

    transcript = play(build, human=("", "In my words.", "exit"))

    asked = of(transcript, HumanInput)
    assert [(h.agent, h.reply) for h in asked] == [
        ("user", ""),
        ("user", "In my words."),
        ("user", "exit"),
    ]
    assert "Provide feedback to coder" in asked[0].prompt
    assert [m.content for m in transcript.messages if m.speaker == "user"] == [
        "Begin.",
        "Auto.",
        "In my words.",
    ]


def test_a_human_chooses_the_speaker_of_a_manual_group_chat(play: Any) -> None:
    build = assistants("coder", "reviewer", speaker_selection_method="manual", max_round=2)

    transcript = play(build, script=ScriptedModel("Hm."), human=("2",))

    assert transcript.speakers == ["user", "reviewer"]
    assert of(transcript, HumanInput)[0].agent == "boss"


def test_agents_that_read_the_keyboard_get_an_error_instead_of_blocking(play: Any) -> None:
    def build(_context: TeamContext) -> Team:
        user = says("user")
        user.register_reply([object, None], lambda *_args, **_kwargs: (True, input("? ")))
        return Team(initiator=user, recipient=says("coder", "One."))

    transcript = play(build)

    assert transcript.termination_event.exception.type == "harness.errors.ScriptError"
    assert "read from the keyboard" in transcript.termination_event.detail


def test_the_second_chat_of_the_same_agents_leaves_the_first_transcript_alone(play: Any) -> None:
    user, coder = says("user", "A", "B TERMINATE"), says("coder", "1", "2", "3")

    first = play(lambda _context: Team(initiator=user, recipient=coder, max_turns=1))
    contents = [message.content for message in first.messages]
    second = play(lambda _context: Team(initiator=user, recipient=coder, max_turns=1))

    assert [message.content for message in first.messages] == contents == ["Begin.", "1"]
    assert [message.content for message in second.messages] == ["Begin.", "2"]


def test_nested_chats_are_messages_too_but_end_nothing(play: Any) -> None:
    def build(_context: TeamContext) -> Team:
        user, coder = says("user", "Next."), says("coder")
        critic = says("critic", "Weak. TERMINATE")
        coder.register_nested_chats(
            [{"recipient": critic, "message": "Judge.", "max_turns": 1}], trigger=user
        )
        return Team(initiator=user, recipient=coder, max_turns=1)

    transcript = play(build)

    assert transcript.speakers == ["user", "coder", "critic", "coder"]
    assert transcript.termination == "max_turns"


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("where", ["model", "tool", "selection"])
def test_an_interrupt_surfaces_from_wherever_it_is_raised(
    where: str, is_async: bool, play: Any
) -> None:
    def miss(*_args: Any, **_kwargs: Any) -> Any:
        raise CassetteMiss(f"nothing recorded for the {where}")

    async def miss_slowly() -> None:
        miss()

    def build(context: TeamContext) -> Team:
        if where == "selection":
            return assistants("coder", "reviewer")(context)
        team = tool_team(is_async, is_async_tool=False)(context)
        team.initiator.register_function({"add": miss_slowly})
        return team

    tool = MockReply(tool_calls=(MockToolCall(name="add", arguments={}, id="c1"),))
    script = ScriptedModel([Rule(tool)]) if where == "tool" else ScriptedModel(miss)

    with pytest.raises(CassetteMiss, match=f"nothing recorded for the {where}"):
        play(build, script=script)

    recorder: Recorder = play.recorder
    assert recorder.termination is not None
    assert recorder.termination.reason == "error"
    assert recorder.turns >= 1
