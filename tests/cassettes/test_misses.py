"""A miss stops the sample at once, whatever framework is in between, and explains itself."""

from __future__ import annotations

import asyncio

import pytest

from harness.cassettes import calling, replaying
from harness.errors import CassetteMiss


def test_a_miss_escapes_the_openai_client_after_one_try(kit, provider, path):
    kit.record(provider, path, ("one",))

    with (
        replaying(path) as session,
        kit.client(provider.base_url) as client,
        pytest.raises(CassetteMiss),
    ):
        kit.ask(client, "other")

    assert session.asked == 1
    assert len(session.misses) == 1


def test_a_miss_escapes_the_asynchronous_openai_client_after_one_try(kit, provider, path):
    import openai

    kit.record(provider, path, ("one",))

    async def converse() -> None:
        async with openai.AsyncOpenAI(api_key=kit.key, base_url=provider.base_url) as client:
            messages = [{"role": "user", "content": "other"}]
            await client.chat.completions.create(model="scripted-1", messages=messages)

    with replaying(path) as session, pytest.raises(CassetteMiss):
        asyncio.run(converse())

    assert session.asked == 1


def test_a_miss_escapes_autogen_after_one_try(kit, provider, path):
    client = pytest.importorskip("autogen.oai.client")
    kit.record(provider, path, ("one",))
    entry = {"model": "scripted-1", "api_key": kit.key, "base_url": provider.base_url}

    with replaying(path) as session:
        wrapper = client.OpenAIWrapper(config_list=[entry], cache_seed=None)
        with pytest.raises(CassetteMiss):
            wrapper.create(messages=[{"role": "user", "content": "other"}])

    assert session.asked == 1


def test_a_miss_escapes_a_whole_autogen_conversation(kit, provider, path):
    autogen = pytest.importorskip("autogen")
    kit.record(provider, path, ("one",))
    entry = {"model": "scripted-1", "api_key": kit.key, "base_url": provider.base_url}
    llm_config = {"config_list": [entry], "cache_seed": None}

    with replaying(path) as session:
        writer = autogen.AssistantAgent("writer", llm_config=llm_config)
        user = autogen.UserProxyAgent("user", human_input_mode="NEVER", code_execution_config=False)
        with pytest.raises(CassetteMiss):
            user.initiate_chat(writer, message="hello", max_turns=2, silent=True)

    assert session.asked == 1


def test_a_miss_names_agent_call_path_and_next_command(kit, provider, path):
    kit.record(provider, path, ("one",), ("one", "two"))

    with (
        replaying(path, label="cassettes/x.jsonl") as session,
        kit.client(provider.base_url) as client,
    ):
        with calling("analyst", "reply"):
            kit.ask(client, "one")
        with calling("reviewer", "reply"), pytest.raises(CassetteMiss) as caught:
            kit.ask(client, "one", "three")

    text = str(caught.value)
    assert session.misses == (text,)
    assert text.startswith("cassettes/x.jsonl: no recorded answer for call 2 of 2 recorded (")
    assert "(reviewer's 1st call, none recorded; reply), POST /v1/chat/completions: " in text
    assert "The nearest is interaction 2; they part at $.messages[1].content" in text
    assert "recorded 'two', asked 'three', in the user message" in text
    assert text.endswith(
        "To record it again: harness record suite -k case --config brief-t0.2 --epoch 1 "
        "--update --scripted"
    )
    # The call, the nearest, the price, the command; short values are beside their place.
    assert len(text.splitlines()) == 4


def test_the_nearest_turn_is_the_one_that_shares_most_of_the_conversation(kit, provider, path):
    turns = [tuple(f"message {number}" for number in range(1, end)) for end in range(2, 9)]
    kit.record(provider, path, *turns)

    with (
        replaying(path),
        kit.client(provider.base_url) as client,
        pytest.raises(CassetteMiss, match="nearest is interaction 5;"),
    ):
        kit.ask(client, *turns[4][:-1], "changed")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"temperature": 0.7}, "temperature: recorded 0.2, asked 0.7", id="number"),
        pytest.param({"model": "other"}, "model: recorded 'scripted-1', asked 'other'", id="text"),
        pytest.param({"max_tokens": 5}, "max_tokens: recorded nothing, asked 5", id="added"),
        pytest.param(
            {"response_format": {"type": "text"}},
            "response_format: recorded nothing, asked {'type': 'text'}",
            id="object",
        ),
    ],
)
def test_a_changed_parameter_is_named(kit, provider, path, change, words):
    kit.record(provider, path, ("one",))

    with (
        replaying(path),
        kit.client(provider.base_url) as client,
        pytest.raises(CassetteMiss) as caught,
    ):
        kit.ask(client, "one", **change)

    assert words in str(caught.value)


def test_a_longer_conversation_is_called_that(kit, provider, path):
    kit.record(provider, path, ("one", "two"))

    with (
        replaying(path),
        kit.client(provider.base_url) as client,
        pytest.raises(CassetteMiss) as caught,
    ):
        kit.ask(client, "one", "two", "three")

    text = str(caught.value)
    assert (
        "the conversation goes on where the recording ends (2 messages recorded, 3 asked)" in text
    )
    assert "$.messages[2], asked only: the user message, 'three'" in text


def test_an_empty_cassette_says_so(kit, provider, path):
    kit.record(provider, path)

    with (
        replaying(path),
        kit.client(provider.base_url) as client,
        pytest.raises(CassetteMiss, match="holds no interaction"),
    ):
        kit.ask(client, "one")


def test_a_miss_that_an_agent_swallowed_is_still_known_afterwards(kit, provider, path):
    kit.record(provider, path, ("one",))

    with replaying(path) as session, kit.client(provider.base_url) as client:
        try:
            kit.ask(client, "other")
        except BaseException:  # what a careless agent would do
            kit.ask(client, "one")

    assert (session.asked, session.served, len(session.misses)) == (2, 1, 1)
