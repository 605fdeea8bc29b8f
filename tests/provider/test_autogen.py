"""AutoGen conversations over real HTTP, played by the reference script."""

import pytest

autogen = pytest.importorskip("autogen", exc_type=ImportError)

from harness.provider.server import Behaviour, serving  # noqa: E402 - AutoGen decides whether to run

# AutoGen's own deprecations are not what these tests are about.
pytestmark = pytest.mark.filterwarnings("default")

TASK = "What is six times seven?"


def config_of(provider, **options):
    entry = {"model": "scripted-1", "api_key": "unused", "base_url": provider.base_url}
    return {"config_list": [entry], "cache_seed": None, **options}


def two_agents(provider, temperature):
    def is_over(message):
        return "TERMINATE" in (message.get("content") or "")

    config = config_of(provider, temperature=temperature)
    solver = autogen.ConversableAgent(
        "solver", system_message="You compute.", llm_config=config, human_input_mode="NEVER"
    )
    checker = autogen.ConversableAgent(
        "checker", system_message="You check.", llm_config=config, human_input_mode="NEVER"
    )
    solver._is_termination_msg = is_over
    return solver, checker


def converse(provider, temperature):
    solver, checker = two_agents(provider, temperature)
    result = checker.initiate_chat(solver, message=TASK, max_turns=6, silent=True)
    return [message["content"] for message in result.chat_history]


def test_two_agents_converse_to_the_end_and_again_the_same(provider, capsys):
    chats = [converse(provider, temperature) for temperature in (0.1, 0.2, 0.3, 0.4)]

    assert chats == [converse(provider, temperature) for temperature in (0.1, 0.2, 0.3, 0.4)]
    assert all(chat[0] == TASK for chat in chats)
    assert all(chat[-2:] == ["It is 42.", "Right. TERMINATE"] for chat in chats)
    assert (
        len({len(chat) for chat in chats}) > 1
    )  # temperature changes how many mistakes come first


def test_a_group_chat_asks_the_same_script_who_speaks_next(capsys):
    seen = []

    def reply(call):
        seen.append(call)
        if "select the next role" in call.last:
            return "bob" if call.said_by("alice") else "alice"
        return "Done. TERMINATE" if call.said_by("alice") else "Over to bob."

    with serving([Behaviour("group", "Talk to each other.", {}, reply)]) as provider:
        config = config_of(provider)
        alice, bob, carol = (
            autogen.ConversableAgent(name, llm_config=config, human_input_mode="NEVER")
            for name in ("alice", "bob", "carol")
        )
        group = autogen.GroupChat([alice, bob, carol], messages=[], max_round=6)
        manager = autogen.GroupChatManager(
            group,
            llm_config=config,
            is_termination_msg=lambda message: "TERMINATE" in (message.get("content") or ""),
        )
        user = autogen.UserProxyAgent(
            "user", human_input_mode="NEVER", code_execution_config=False, llm_config=False
        )
        user.initiate_chat(manager, message="Talk to each other.", silent=True)

        selections = [call for call in seen if "select the next role" in call.last]
        assert [message["name"] for message in group.messages] == ["user", "alice", "bob"]
        assert len(selections) == 2
        assert provider.requests == len(seen) == 4
        assert {call.scenario for call in seen} == {"group"}
