"""A miss gets out of every model client as itself, after one try.

The installed versions decide what is tested; `tests/clients/run` installs the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from harness.cassettes import Session
from harness.errors import CassetteMiss

MESSAGES: Any = [{"role": "user", "content": "something else"}]
KEY = "sk-test-0123456789abcdef0123456789abcdef"
OPENAI = {"api_key": KEY, "base_url": "https://api.openai.com/v1"}
ANTHROPIC = {"api_key": KEY}
Ask = Callable[[], Any]


def chat(**options: Any) -> Any:
    openai = pytest.importorskip("openai")
    with openai.OpenAI(**OPENAI) as client:
        return list(client.chat.completions.create(model="m", messages=MESSAGES, **options))


def chat_stream_helper() -> Any:
    openai = pytest.importorskip("openai")
    with openai.OpenAI(**OPENAI) as client:
        completions = client.chat.completions
        # openai 1 has it under `beta` only.
        streamed = getattr(completions, "stream", None) or client.beta.chat.completions.stream
        with streamed(model="m", messages=MESSAGES) as stream:
            return list(stream)


def responses(**options: Any) -> Any:
    openai = pytest.importorskip("openai")
    with openai.OpenAI(**OPENAI) as client:
        return list(client.responses.create(model="m", input="something else", **options))


def raw_chat() -> Any:
    openai = pytest.importorskip("openai")
    with openai.OpenAI(**OPENAI) as client:
        return client.chat.completions.with_raw_response.create(model="m", messages=MESSAGES)


def embeddings() -> Any:
    openai = pytest.importorskip("openai")
    with openai.OpenAI(**OPENAI) as client:
        return client.embeddings.create(model="m", input=["something else"])


def messages(**options: Any) -> Any:
    anthropic = pytest.importorskip("anthropic")
    with anthropic.Anthropic(**ANTHROPIC) as client:
        return list(client.messages.create(model="m", max_tokens=9, messages=MESSAGES, **options))


def messages_stream_helper() -> Any:
    anthropic = pytest.importorskip("anthropic")
    with (
        anthropic.Anthropic(**ANTHROPIC) as client,
        client.messages.stream(model="m", max_tokens=9, messages=MESSAGES) as stream,
    ):
        return list(stream)


async def chat_async(**options: Any) -> Any:
    openai = pytest.importorskip("openai")
    async with openai.AsyncOpenAI(**OPENAI) as client:
        answer = await client.chat.completions.create(model="m", messages=MESSAGES, **options)
        return [chunk async for chunk in answer]


async def responses_async(**options: Any) -> Any:
    openai = pytest.importorskip("openai")
    async with openai.AsyncOpenAI(**OPENAI) as client:
        answer = await client.responses.create(model="m", input="something else", **options)
        return [event async for event in answer]


async def messages_async(**options: Any) -> Any:
    anthropic = pytest.importorskip("anthropic")
    async with anthropic.AsyncAnthropic(**ANTHROPIC) as client:
        answer = await client.messages.create(model="m", max_tokens=9, messages=MESSAGES, **options)
        return [event async for event in answer]


async def messages_stream_helper_async() -> Any:
    anthropic = pytest.importorskip("anthropic")
    async with (
        anthropic.AsyncAnthropic(**ANTHROPIC) as client,
        client.messages.stream(model="m", max_tokens=9, messages=MESSAGES) as stream,
    ):
        return [event async for event in stream]


def run(coroutine: Callable[..., Coroutine[Any, Any, Any]], **options: Any) -> Ask:
    return lambda: asyncio.run(coroutine(**options))


CALLS = [
    pytest.param(chat, id="openai"),
    pytest.param(lambda: chat(stream=True), id="openai, streamed"),
    pytest.param(chat_stream_helper, id="openai, stream helper"),
    pytest.param(raw_chat, id="openai, raw response"),
    pytest.param(responses, id="openai, responses"),
    pytest.param(lambda: responses(stream=True), id="openai, responses streamed"),
    pytest.param(embeddings, id="openai, embeddings"),
    pytest.param(run(chat_async), id="openai, async"),
    pytest.param(run(chat_async, stream=True), id="openai, async streamed"),
    pytest.param(run(responses_async), id="openai, async responses"),
    pytest.param(run(responses_async, stream=True), id="openai, async responses streamed"),
    pytest.param(messages, id="anthropic"),
    pytest.param(lambda: messages(stream=True), id="anthropic, streamed"),
    pytest.param(messages_stream_helper, id="anthropic, stream helper"),
    pytest.param(run(messages_async), id="anthropic, async"),
    pytest.param(run(messages_async, stream=True), id="anthropic, async streamed"),
    pytest.param(run(messages_stream_helper_async), id="anthropic, async stream helper"),
]


@pytest.mark.parametrize("ask", CALLS)
def test_a_miss_escapes_as_itself_after_one_try(session: Session, ask: Ask) -> None:
    with pytest.raises(CassetteMiss) as caught:
        ask()

    assert caught.type is CassetteMiss
    assert session.misses == (str(caught.value),)
    assert (session.asked, session.served, session.sockets_opened) == (1, 0, 0)


@pytest.mark.parametrize("ask", CALLS)
def test_a_miss_that_was_swallowed_is_remembered(session: Session, ask: Ask) -> None:
    try:
        ask()
    except BaseException as fault:  # what a careless agent does
        assert isinstance(fault, CassetteMiss)

    assert len(session.misses) == 1
    assert (session.asked, session.served) == (1, 0)


def test_many_retries_are_none(session: Session) -> None:
    openai = pytest.importorskip("openai")

    with openai.OpenAI(**OPENAI, max_retries=50) as client, pytest.raises(CassetteMiss):
        client.chat.completions.create(model="m", messages=MESSAGES)

    assert session.asked == 1
