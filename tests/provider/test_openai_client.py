"""The real OpenAI SDK against the provider: plain, streaming, tools, sync and async."""

import asyncio
import json

import openai
import pytest

SIX = [{"role": "user", "content": "What is six times seven?"}]
MONEY = [{"role": "user", "content": "Convert the money."}]
POEM = [{"role": "user", "content": "Recite the poem."}]


def ask(client, messages, **options):
    return client.chat.completions.create(model="scripted-1", messages=messages, **options)


def test_a_plain_completion(client):
    completion = ask(client, SIX, temperature=0.2)

    assert (
        completion.choices[0].message.content
        == ask(client, SIX, temperature=0.2).choices[0].message.content
    )
    assert completion.choices[0].finish_reason == "stop"
    assert completion.id.startswith("chatcmpl-")
    assert completion.created == 1_735_689_600
    assert completion.system_fingerprint.startswith("scripted-rs-bpe-")
    assert completion.usage.total_tokens == (
        completion.usage.prompt_tokens + completion.usage.completion_tokens
    )


def test_behaviour_differs_between_epochs_and_repeats_within_one(client):
    def first_words(epoch):
        headers = {"X-Harness-Epoch": str(epoch)}
        return ask(client, SIX, extra_headers=headers).choices[0].message.content

    answers = [first_words(epoch) for epoch in range(1, 13)]

    assert answers == [first_words(epoch) for epoch in range(1, 13)]
    assert len(set(answers)) > 3


@pytest.mark.parametrize("messages", [SIX, POEM], ids=["words", "flowers"])
def test_a_stream_carries_the_same_answer_and_usage(client, messages):
    whole = ask(client, messages)

    chunks = list(ask(client, messages, stream=True, stream_options={"include_usage": True}))

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert text == whole.choices[0].message.content
    assert len(chunks) > 5
    assert reasons[-1] == "stop"
    assert set(reasons[:-1]) == {None}
    assert [chunk.usage for chunk in chunks if not chunk.choices] == [whole.usage]
    assert all(chunk.usage is None for chunk in chunks if chunk.choices)


def test_a_stream_has_no_usage_unless_asked(client):
    chunks = list(ask(client, SIX, stream=True))

    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


def test_parallel_tool_calls_and_their_results(client, tools):
    asked = ask(client, MONEY, tools=tools).choices[0]
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": f"{at}.50"}
        for at, call in enumerate(asked.message.tool_calls)
    ]
    answered = ask(client, [*MONEY, asked.message.to_dict(), *results], tools=tools).choices[0]

    assert asked.finish_reason == "tool_calls"
    assert asked.message.content == "Let me look."
    assert [call.function.name for call in asked.message.tool_calls] == ["convert", "convert"]
    assert [json.loads(call.function.arguments) for call in asked.message.tool_calls] == [
        {"amount": 5, "to": "€"},
        {"amount": 7, "to": "円"},
    ]
    assert len({call.id for call in asked.message.tool_calls}) == 2
    assert (answered.finish_reason, answered.message.content) == ("stop", "Done: 1.50")


def test_streamed_tool_calls_add_up_to_the_plain_ones(client, tools):
    whole = ask(client, MONEY, tools=tools)

    with client.chat.completions.stream(
        model="scripted-1", messages=MONEY, tools=tools, stream_options={"include_usage": True}
    ) as stream:
        streamed = stream.get_final_completion()

    def plain(completion):
        calls = completion.choices[0].message.tool_calls
        return [(call.id, call.function.name, call.function.arguments) for call in calls]

    assert plain(streamed) == plain(whole)
    assert streamed.id == whole.id
    assert streamed.choices[0].message.content == "Let me look."
    assert streamed.choices[0].finish_reason == "tool_calls"
    assert streamed.usage == whole.usage


def test_the_async_client_gets_the_same(provider, client):
    async def both():
        async with openai.AsyncOpenAI(base_url=provider.base_url, api_key="unused") as client:
            plain = await ask(client, SIX)
            parts = [
                chunk.choices[0].delta.content or ""
                async for chunk in await ask(client, SIX, stream=True)
            ]
            return plain, "".join(parts)

    plain, streamed = asyncio.run(both())

    assert plain == ask(client, SIX)
    assert streamed == plain.choices[0].message.content


def test_concurrent_async_calls_do_not_mix(provider, client):
    async def gather():
        async with openai.AsyncOpenAI(base_url=provider.base_url, api_key="unused") as client:
            return await asyncio.gather(*(ask(client, messages) for messages in [SIX, POEM] * 10))

    assert asyncio.run(gather()) == [ask(client, SIX), ask(client, POEM)] * 10


@pytest.mark.parametrize(
    ("messages", "options", "error"),
    [
        pytest.param(SIX, {"n": 3}, openai.BadRequestError, id="several-answers"),
        pytest.param(
            [{"role": "user", "content": "Who?"}], {}, openai.NotFoundError, id="no-scenario"
        ),
        pytest.param(
            [{"role": "user", "content": "Break, please."}],
            {},
            openai.InternalServerError,
            id="script-fails",
        ),
    ],
)
def test_errors_are_raised_as_the_sdks_own_at_the_first_try(
    provider, client, messages, options, error
):
    before = provider.requests

    with pytest.raises(error) as caught:
        ask(client, messages, **options)

    assert caught.value.body["message"] in str(caught.value)
    assert provider.requests == before + 1


def test_the_list_of_models(client):
    assert [model.id for model in client.models.list()] == ["scripted-1"]
    assert client.models.retrieve("gpt-4o").id == "gpt-4o"
