from __future__ import annotations

import time
from typing import Any

import pytest

from harness.errors import ScriptError
from harness.mocks import (
    MockAgent,
    MockCall,
    MockReply,
    MockToolCall,
    Rule,
    ScriptedHuman,
    ScriptedModel,
    empty,
    faults_reported_to,
    garbage,
    raising,
    slow,
)
from harness.mocks.faults import deliver


def asked(
    model: ScriptedModel, agent: str = "coder", purpose: str = "reply", last: str = ""
) -> str:
    return model.reply(agent, purpose, [{"role": "user", "content": last}]).text


def test_a_list_is_given_out_in_order_per_agent() -> None:
    model = ScriptedModel({"coder": ["one", "two"], "reviewer": ["eins"]})

    assert [asked(model), asked(model, "reviewer"), asked(model)] == ["one", "eins", "two"]


def test_running_out_names_the_agent_and_the_call() -> None:
    model = ScriptedModel({"coder": ["one"]})
    asked(model)

    with pytest.raises(ScriptError, match=r"'coder' asked for reply 2 \(reply\), but only 1 are"):
        asked(model)


def test_an_agent_without_a_script_is_an_error_that_names_those_that_have_one() -> None:
    model = ScriptedModel({"coder": ["one"], "boss": "coder"})

    with pytest.raises(
        ScriptError, match=r"'reviewer' .* speaker_selection .* only for: boss, coder"
    ):
        asked(model, "reviewer", "speaker_selection")


def test_a_function_sees_the_conversation_and_the_number_of_the_call() -> None:
    def shout(call: MockCall) -> str:
        return f"{call.number} {call.agent} {call.purpose} {call.last.upper()}"

    model = ScriptedModel(shout)

    assert asked(model, last="hello") == "1 coder reply HELLO"
    assert asked(model, "boss", "summary", "bye") == "2 boss summary BYE"


def test_rules_match_on_last_message_agent_and_purpose_the_first_one_winning() -> None:
    model = ScriptedModel(
        [
            Rule("coder", purpose="speaker_selection"),
            Rule("fixed", last=r"exitcode: [1-9]", agent="cod.*"),
            Rule("TERMINATE", last="exitcode: 0"),
            Rule(lambda call: f"said {call.last}", agent="reviewer"),
        ]
    )

    assert asked(model, "boss", "speaker_selection", "exitcode: 0") == "coder"
    assert asked(model, "coder", last="exitcode: 1 (execution failed)") == "fixed"
    assert asked(model, "reviewer", last="exitcode: 0") == "TERMINATE"
    assert asked(model, "reviewer", last="exitcode: 1") == "said exitcode: 1"
    with pytest.raises(
        ScriptError, match=r"None of the 4 rules .* call 5 of agent 'coder' \(reply\)"
    ):
        asked(model, "coder", last="something else")


def test_a_rule_can_be_used_up() -> None:
    model = ScriptedModel([Rule("first", times=1), Rule("then")])

    assert [asked(model) for _ in range(3)] == ["first", "then", "then"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param("boss/speaker_selection", "exact", id="agent and purpose"),
        pytest.param("speaker_selection", "purpose", id="purpose"),
        pytest.param("boss", "agent", id="agent"),
        pytest.param("*", "anyone", id="anyone"),
    ],
)
def test_the_most_specific_key_answers(key: str, expected: str) -> None:
    keys = ["boss/speaker_selection", "speaker_selection", "boss", "*"]
    texts = dict(zip(keys, ["exact", "purpose", "agent", "anyone"], strict=True))

    model = ScriptedModel({name: texts[name] for name in keys[keys.index(key) :]})

    assert asked(model, "boss", "speaker_selection") == expected


def test_rules_and_plain_replies_do_not_mix() -> None:
    with pytest.raises(ScriptError, match="'coder' mix 1 rules with 1 plain"):
        ScriptedModel({"coder": [Rule("a"), "b"]})


def test_an_answer_of_another_type_is_an_error() -> None:
    model = ScriptedModel({"coder": lambda _call: 42})  # type: ignore[dict-item,return-value]

    with pytest.raises(ScriptError, match="call 1 of agent 'coder' with a int"):
        asked(model)


def test_tool_calls_set_the_finish_reason_and_get_ids() -> None:
    reply = MockReply(tool_calls=(MockToolCall(name="add", arguments={"a": 1}),))

    (call,) = reply.calls("call_7")

    assert reply.stopped_because == "tool_calls"
    assert (call.id, call.name, call.arguments) == ("call_7_1", "add", '{"a": 1}')
    assert MockReply("x", finish_reason="length").stopped_because == "length"


def test_a_human_answers_in_order_and_running_out_names_the_agent_and_its_question() -> None:
    human = ScriptedHuman(["", "Go on.", "exit"])

    assert [human.answer("user", "Feedback? ") for _ in range(3)] == ["", "Go on.", "exit"]
    with pytest.raises(ScriptError, match=r"'user' .* answer 4, but only 3 are .*'Feedback\?'"):
        human.answer("user", "Feedback? ")


def test_a_human_nobody_scripted_says_how_to_script_one() -> None:
    with pytest.raises(ScriptError, match=r"none is scripted.*human: .*human_input_mode to NEVER"):
        ScriptedHuman().answer("user", "Feedback?")


@pytest.mark.parametrize(
    ("reply", "kind", "detail"),
    [
        pytest.param(empty(), "empty", "answers 0 characters", id="empty"),
        pytest.param(garbage(3, 50), "garbage", "answers 50 characters", id="garbage"),
        pytest.param(slow(0.01, "late"), "latency", "answers after 0.01 s", id="latency"),
    ],
)
def test_a_fault_is_reported_when_it_is_delivered(reply: MockReply, kind: str, detail: str) -> None:
    seen: list[Any] = []

    with faults_reported_to(lambda *fault: seen.append(fault)):
        delivered = deliver(reply, "coder")

    assert delivered is reply
    assert seen == [("coder", kind, detail)]


def test_an_error_fault_is_reported_and_then_raised() -> None:
    seen: list[Any] = []

    with (
        faults_reported_to(lambda *fault: seen.append(fault)),
        pytest.raises(TimeoutError, match="too slow"),
    ):
        deliver(raising(TimeoutError("too slow")), "coder")

    assert seen == [("coder", "exception", "raises TimeoutError: too slow")]


def test_latency_is_really_waited_for() -> None:
    started = time.perf_counter()

    deliver(slow(0.05), "coder")

    assert time.perf_counter() - started >= 0.05


def test_garbage_is_the_same_for_the_same_seed() -> None:
    assert garbage(1).text == garbage(1).text != garbage(2).text


def test_a_mock_agent_gives_out_its_replies_and_may_keep_silent() -> None:
    agent = MockAgent("ann", ["Hello.", None])

    first, second = agent.reply([]), agent.reply([{"content": "Hm."}])

    assert first == MockReply("Hello.")
    assert second is None


def test_a_rule_and_a_function_see_how_many_replies_were_asked_for() -> None:
    seen: list[tuple[str, int]] = []

    class Counting(Rule):
        def matches(self, call: MockCall) -> bool:
            seen.append(("rule", call.number))
            return super().matches(call)

    def answer(call: MockCall) -> str:
        seen.append(("function", call.number))
        return "Yes."

    by_rule, by_function = ScriptedModel([Counting("Yes.")]), ScriptedModel(answer)
    for _ in range(3):
        by_rule.reply("coder", "reply", [])
        by_function.reply("coder", "reply", [])

    assert sorted(seen) == [(who, n) for who in ("function", "rule") for n in (1, 2, 3)]
