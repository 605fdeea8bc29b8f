"""Why conversations end: a table that must hold on every supported AutoGen line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from harness.mocks import MockAgent, MockReply, MockToolCall, ScriptedModel, raising
from harness.model.scenario import Limits
from harness.model.team import Team, TeamContext
from harness.model.transcript import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.model.transcript import Transcript

Build = "Callable[[TeamContext], Team]"


def talker(name: str, *replies: Any, **options: Any) -> Any:
    """An AutoGen agent that says the given things; the last one again and again."""

    def say(call: Any) -> Any:
        return replies[min(call.number, len(replies)) - 1]

    return MockAgent(name, say).as_autogen(**options)


def pair(
    ann: tuple[Any, ...] = ("Hm.",), bob: tuple[Any, ...] = ("Hm.",), **options: Any
) -> Callable[[TeamContext], Team]:
    """Ann opens a chat with Bob. Options starting with ann_ or bob_ are the agents' own."""

    def build(_context: TeamContext) -> Team:
        agents = []
        for name, replies in (("ann", ann), ("bob", bob)):
            own = {k[4:]: v for k, v in options.items() if k.startswith(f"{name}_")}
            agents.append(talker(name, *replies, **own))
        rest = {k: v for k, v in options.items() if k[:4] not in {"ann_", "bob_"}}
        return Team(initiator=agents[0], recipient=agents[1], **rest)

    return build


def group(
    ann: tuple[Any, ...] = ("Hm.",),
    bob: tuple[Any, ...] = ("Hm.",),
    *,
    manager: dict[str, Any] | None = None,
    ann_options: dict[str, Any] | None = None,
    is_async: bool = False,
    max_turns: int | None = None,
    **chat: Any,
) -> Callable[[TeamContext], Team]:
    """Ann opens a group chat of Ann and Bob."""

    def build(context: TeamContext) -> Team:
        from autogen import GroupChat, GroupChatManager

        agents = [talker("ann", *ann, **(ann_options or {})), talker("bob", *bob)]
        settings = {"speaker_selection_method": "round_robin", "max_round": 6, **chat}
        if settings["speaker_selection_method"] == "sink":
            settings["speaker_selection_method"] = "round_robin"
            settings["allowed_or_disallowed_speaker_transitions"] = {agents[0]: [agents[1]]}
            settings["speaker_transitions_type"] = "allowed"
        chat_manager = GroupChatManager(
            GroupChat(agents=agents, messages=[], **settings),
            name="boss",
            llm_config=context.llm_config(),
            **(manager or {}),
        )
        return Team(
            initiator=agents[0], recipient=chat_manager, is_async=is_async, max_turns=max_turns
        )

    return build


def ends_with_stop(message: dict[str, Any]) -> bool:
    return str(message.get("content")).endswith("STOP")


def only_exactly_done(message: dict[str, Any]) -> bool:
    return message.get("content") == "DONE"


def chooses_nobody(_last_speaker: Any, _groupchat: Any) -> None:
    return None


def chooses_bob(_last_speaker: Any, groupchat: Any) -> Any:
    return groupchat.agents[1]


def with_tool(_context: TeamContext) -> Team:
    """Ann calls a tool that raises; Bob runs it; AutoGen tells Ann of the error."""
    call = MockReply(tool_calls=(MockToolCall(name="divide", arguments={"by": 0}),))
    ann = talker("ann", call, "TERMINATE")
    bob = talker("bob", "Do it.", function_map={"divide": lambda by: 1 / by})
    return Team(initiator=bob, recipient=ann)


def with_broken_reply_function(_context: TeamContext) -> Team:
    def broken(*_args: Any, **_kwargs: Any) -> tuple[bool, str]:
        raise KeyError("state")

    ann, bob = talker("ann", "Hm."), talker("bob", "Hm.")
    bob.register_reply([object, None], broken)
    return Team(initiator=ann, recipient=bob)


def with_model(is_termination_msg: Any = None) -> Callable[[TeamContext], Team]:
    def build(context: TeamContext) -> Team:
        from autogen import AssistantAgent

        bob = AssistantAgent("bob", llm_config=context.llm_config())
        return Team(initiator=talker("ann", "Hm."), recipient=bob)

    return build


def without_a_team(_context: TeamContext) -> Team:
    raise LookupError("no such prompt")


def nested(_context: TeamContext) -> Team:
    """Bob thinks with Cat for two turns before each answer; that ends nothing."""
    ann, bob, cat = talker("ann", "Hm."), talker("bob", "Hm."), talker("cat", "So: TERMINATE")
    bob.register_nested_chats(
        [{"recipient": cat, "message": "Think.", "max_turns": 1, "summary_method": "last_msg"}],
        trigger=ann,
    )
    return Team(initiator=ann, recipient=bob, max_turns=2)


def group_in_a_group(_context: TeamContext) -> Team:
    """A manager among the participants never answers its own group chat's opener."""
    from autogen import GroupChat, GroupChatManager

    ann, bob, cat, dan = (talker(name, "Hm.") for name in ("ann", "bob", "cat", "dan"))
    options = {"messages": [], "speaker_selection_method": "round_robin"}
    inner = GroupChatManager(GroupChat(agents=[cat, dan], max_round=2, **options), name="inner")
    outer = GroupChatManager(
        GroupChat(agents=[ann, bob, inner], max_round=9, **options), name="outer"
    )
    return Team(initiator=ann, recipient=outer)


class Case(NamedTuple):
    """A conversation, its setting, and how it must end."""

    build: Any
    reason: str
    agent: str | None = None
    last: str | None = None
    human: tuple[str, ...] = ()
    limits: Limits = Limits()
    script: dict[str, Any] | None = None
    error: str | None = None


ALWAYS, TERMINATE = {"ann_human_input_mode": "ALWAYS"}, {"ann_human_input_mode": "TERMINATE"}
DEFAULT = {"ann_is_termination_msg": None, "bob_is_termination_msg": None}
TALKS = "Hm."
MESSAGE, CAP = "termination_message", "max_consecutive_auto_reply"

TWO_AGENTS = {
    "recipient says it": Case(pair(bob=("A TERMINATE",)), MESSAGE, "ann", "A TERMINATE"),
    "initiator says it": Case(pair(("B TERMINATE",)), MESSAGE, "bob", "B TERMINATE"),
    "recipient is capped": Case(pair(bob_max_consecutive_auto_reply=2), CAP, "bob", TALKS),
    "initiator is capped": Case(pair(ann_max_consecutive_auto_reply=2), CAP, "ann", TALKS),
    "cap of nought": Case(pair(bob_max_consecutive_auto_reply=0), CAP, "bob", "Begin."),
    "it comes at the cap": Case(
        pair((TALKS, "X TERMINATE"), bob_max_consecutive_auto_reply=2), MESSAGE, "bob"
    ),
    "recipient is silent": Case(pair(bob=(TALKS, None)), "no_reply", "bob", TALKS),
    "initiator is silent": Case(pair((None,)), "no_reply", "ann", TALKS),
    "turns": Case(pair(max_turns=3), "max_turns", None, TALKS),
    "turns, cap first": Case(pair(max_turns=6, bob_max_consecutive_auto_reply=2), CAP, "bob"),
    "turns, recipient ends the last": Case(
        pair(bob=(TALKS, "A TERMINATE"), max_turns=2), MESSAGE, "ann", "A TERMINATE"
    ),
    "turns, initiator ends the last": Case(
        pair(("B TERMINATE",), max_turns=2), MESSAGE, "bob", "B TERMINATE"
    ),
    "turns, ended before": Case(pair(bob=("A TERMINATE",), max_turns=9), MESSAGE, "ann"),
    "turns, exactly TERMINATE": Case(
        pair(bob=(TALKS, "TERMINATE"), max_turns=9, **DEFAULT), MESSAGE, None, "TERMINATE"
    ),
    "turns, exactly TERMINATE last": Case(
        pair(bob=("TERMINATE",), max_turns=1, **DEFAULT), MESSAGE, None, "TERMINATE"
    ),
    "turns, recipient is silent": Case(pair((None,), (None,), max_turns=3), "no_reply", "bob"),
    "async": Case(pair(bob=("A TERMINATE",), is_async=True), MESSAGE, "ann", "A TERMINATE"),
    "async turns": Case(pair(max_turns=2, is_async=True), "max_turns", None, TALKS),
    "nested chat ends nothing": Case(nested, "max_turns"),
}

HUMANS = {
    "exit at once": Case(pair(**ALWAYS), "human_exit", "ann", TALKS, ("exit",)),
    "exit after a word": Case(pair(**ALWAYS), "human_exit", "ann", TALKS, ("Wait.", "", "exit")),
    "always, skips TERMINATE": Case(
        pair(bob=("A TERMINATE",), **ALWAYS), MESSAGE, "ann", "A TERMINATE", ("",)
    ),
    "exit on TERMINATE": Case(
        pair(bob=("A TERMINATE",), **TERMINATE), "human_exit", "ann", "A TERMINATE", ("exit",)
    ),
    "skips TERMINATE": Case(
        pair(bob=("A TERMINATE",), **TERMINATE), MESSAGE, "ann", "A TERMINATE", ("Go on.", "")
    ),
    "exit at the cap": Case(
        pair(**TERMINATE, ann_max_consecutive_auto_reply=1), "human_exit", "ann", None, ("exit",)
    ),
    "async exit": Case(pair(**ALWAYS, is_async=True), "human_exit", "ann", TALKS, ("", "exit")),
    "nobody scripted": Case(pair(**ALWAYS), "error", error="harness.errors.ScriptError"),
}

GROUPS = {
    "rounds": Case(group(max_round=3), "max_round", "boss", TALKS),
    "rounds, async": Case(group(max_round=3, is_async=True), "max_round", "boss", TALKS),
    "manager's condition": Case(
        group(bob=("X STOP",), manager={"is_termination_msg": ends_with_stop}),
        MESSAGE,
        "boss",
        "X STOP",
    ),
    "manager's condition, last round": Case(
        group(bob=("X STOP",), max_round=2, manager={"is_termination_msg": ends_with_stop}),
        MESSAGE,
        "boss",
        "X STOP",
    ),
    "manager's condition, last turn": Case(
        group(bob=("X STOP",), max_turns=1, manager={"is_termination_msg": ends_with_stop}),
        MESSAGE,
        "boss",
        "X STOP",
    ),
    "participant's condition": Case(group(bob=("A TERMINATE",)), MESSAGE, "ann", "A TERMINATE"),
    "participant's condition, async": Case(
        group(bob=("A TERMINATE",), is_async=True), MESSAGE, "ann", "A TERMINATE"
    ),
    "participant's cap": Case(
        group(ann_options={"max_consecutive_auto_reply": 1}, max_round=9), CAP, "ann", TALKS
    ),
    "participant is silent": Case(group(bob=(None,)), "no_reply", "bob", "Begin."),
    "human leaves": Case(
        group(ann_options={"human_input_mode": "ALWAYS"}), "human_exit", "ann", TALKS, ("exit",)
    ),
    "function chooses": Case(
        group(speaker_selection_method=chooses_bob, max_round=3), "max_round", "boss", TALKS
    ),
    "function chooses nobody": Case(
        group(speaker_selection_method=chooses_nobody), "no_next_speaker", "boss", "Begin."
    ),
    "nobody may follow": Case(
        group(speaker_selection_method="sink"), "no_next_speaker", "boss", TALKS
    ),
    "model chooses": Case(
        group(
            bob=("X STOP",),
            speaker_selection_method="auto",
            manager={"is_termination_msg": ends_with_stop},
        ),
        MESSAGE,
        "boss",
        "X STOP",
        script={"boss": ["ann", "bob"]},
    ),
    "model names nobody": Case(
        group(speaker_selection_method="auto", max_round=2),
        "max_round",
        "boss",
        TALKS,
        script={"speaker_selection": "I cannot decide."},
    ),
    "selecting fails": Case(
        group(speaker_selection_method="auto"),
        "error",
        None,
        "Begin.",
        script={"boss": [ConnectionError("down")]},
        error="ConnectionError",
    ),
    "group in a group": Case(group_in_a_group, "no_reply", "inner"),
}

FAILURES = {
    "agent raises": Case(pair(bob=(raising(OSError("disk")),)), "error", error="OSError"),
    "model raises": Case(
        with_model(),
        "error",
        None,
        TALKS,
        script={"bob": ["Fine.", ValueError("bad")]},
        error="ValueError",
    ),
    "model runs out of replies": Case(
        with_model(),
        "error",
        None,
        TALKS,
        script={"bob": ["Fine."]},
        error="harness.errors.ScriptError",
    ),
    "tool raises": Case(with_tool, MESSAGE, "bob", "TERMINATE"),
    "reply function raises": Case(with_broken_reply_function, "error", error="KeyError"),
    "team cannot be built": Case(without_a_team, "error", error="LookupError"),
}

SPENDING = Usage(prompt_tokens=1000, completion_tokens=1000)

LIMITS = {
    "turns": Case(pair(), "turn_limit", None, TALKS, limits=Limits(turns=3)),
    "turns in a group": Case(group(), "turn_limit", None, TALKS, limits=Limits(turns=4)),
    "it comes on the last turn": Case(
        pair(bob=("A TERMINATE",)), MESSAGE, "ann", "A TERMINATE", limits=Limits(turns=2)
    ),
    "cost": Case(
        with_model(),
        "cost_limit",
        None,
        TALKS,
        limits=Limits(cost_usd=0.5),
        script={"bob": [MockReply("Dear.", usage=SPENDING)] * 9},
    ),
    "cost of choosing speakers": Case(
        group(speaker_selection_method="auto"),
        "cost_limit",
        limits=Limits(cost_usd=0.5),
        script={"boss": [MockReply("bob", usage=SPENDING)] * 9},
    ),
}

TABLES = {"two": TWO_AGENTS, "human": HUMANS, "group": GROUPS, "fails": FAILURES, "limit": LIMITS}
CASES = [
    pytest.param(case, id=f"{table}: {name}")
    for table, cases in TABLES.items()
    for name, case in cases.items()
]


def dollars(call: Any) -> float:
    return call.usage.total_tokens / 10_000 if call.usage else 0.0


@pytest.mark.parametrize("case", CASES)
def test_the_reason_a_conversation_ends(case: Case, play: Callable[..., Transcript]) -> None:
    script = ScriptedModel(case.script) if case.script is not None else None

    transcript = play(
        case.build, human=case.human, limits=case.limits, script=script, price=dollars
    )

    end = transcript.termination_event
    assert end is not None
    assert end.reason == case.reason, end.detail
    if case.agent is not None:
        assert end.agent == case.agent
    if case.last is not None:
        assert transcript.messages[-1].content == case.last
        assert end.message_index == transcript.messages[-1].index
    assert (end.exception.type if end.exception else None) == case.error
