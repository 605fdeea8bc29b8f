"""What recorded calls cost: hand-checked sums for every provider's way of naming models."""

import json

import pytest

from harness.cassettes.costs import cost_of_response, cost_of_usage, usage_of_response
from harness.cassettes.matching import request_of
from harness.cassettes.usage import CallUsage
from harness.errors import HarnessError
from harness.model.scenario import Price
from harness.model.transcript import Usage
from harness.pricing import cost_of, provider_at

THEN = "2026-03-01T00:00:00Z"
BIG = Usage(prompt_tokens=10_000, completion_tokens=2_000)
WRITTEN = Usage(
    prompt_tokens=10_000,
    completion_tokens=0,
    cached_tokens=1_000,
    cache_write_tokens=6_000,
    cache_write_1h_tokens=2_000,
)
CHAT = {"model": "gpt-4o-2024-08-06", "usage": {"prompt_tokens": 100, "completion_tokens": 10}}
JSON = {"Content-Type": ["application/json"]}


@pytest.mark.parametrize(
    ("provider", "model", "prompt", "completion"),
    [
        pytest.param("openai", "gpt-4o-mini-2024-07-18", 0.15, 0.60, id="dated"),
        pytest.param("azure", "gpt-4o-mini-2024-07-18", 0.15, 0.60, id="azure"),
        pytest.param("azure", "gpt-35-turbo", 0.5, 1.5, id="azure-name"),
        pytest.param("anthropic", "claude-3-5-haiku-20241022", 0.80, 4.0, id="anthropic"),
        pytest.param("aws", "anthropic.claude-3-haiku-20240307-v1:0", 0.25, 1.25, id="bedrock"),
        pytest.param("aws", "us.anthropic.claude-3-haiku-20240307-v1:0", 0.25, 1.25, id="region"),
        pytest.param("aws", "us.anthropic.claude-sonnet-4-6", 3.3, 16.5, id="regional-price"),
        pytest.param("aws", "global.anthropic.claude-sonnet-4-6", 3.0, 15.0, id="global-price"),
        pytest.param(
            "aws",
            "arn:aws:bedrock:us-east-1:012345678901:inference-profile/us.amazon.nova-lite-v1:0",
            0.06,
            0.24,
            id="bedrock-arn",
        ),
        pytest.param("groq", "llama3-8b-8192", 0.05, 0.08, id="groq"),
        pytest.param("google", "claude-sonnet-4-5", 3.0, 15.0, id="claude-on-vertex"),
        pytest.param("openrouter", "openai/gpt-4o", 2.5, 10.0, id="router"),
    ],
)
def test_a_model_costs_what_its_provider_lists(provider, model, prompt, completion):
    call = CallUsage(provider=provider, model=model, usage=BIG)

    usd = cost_of_usage(call, at=THEN)

    assert usd == pytest.approx((10_000 * prompt + 2_000 * completion) / 1e6, rel=1e-9)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        pytest.param("ollama", "deepseek-r1:8b", id="runs-at-home"),
        pytest.param("groq", "gpt-4o", id="on-another-list-only"),
        pytest.param("aws", "arn:aws:sagemaker:us-east-1:1:endpoint/mine", id="own-endpoint"),
        pytest.param("", "facebook/opt-125m", id="nobody's"),
        pytest.param("", "", id="nameless"),
    ],
)
def test_a_model_on_no_list_of_its_provider_has_no_price(provider, model):
    assert cost_of_usage(CallUsage(provider, model, BIG), at=THEN) is None


def test_what_is_written_to_the_cache_costs_more_and_for_an_hour_most():
    call = CallUsage("anthropic", "claude-sonnet-4-5", WRITTEN)

    usd = cost_of_usage(call, at=THEN)

    expected = 3_000 * 3 + 1_000 * 0.30 + 4_000 * 3.75 + 2_000 * 6
    assert usd == pytest.approx(expected / 1e6, rel=1e-9)


def test_own_prices_charge_cache_writes_as_prompt():
    own = {"m": Price(prompt=2.0, completion=4.0, cached=0.5)}

    usd = cost_of("m", WRITTEN, prices=own)

    assert usd == pytest.approx((9_000 * 2.0 + 1_000 * 0.5) / 1e6)


def test_more_cache_writes_than_the_prompt_has_are_not_charged():
    excess = Usage(
        prompt_tokens=10, completion_tokens=0, cache_write_tokens=99, cache_write_1h_tokens=500
    )

    assert cost_of("claude-sonnet-4-5", excess, at=THEN) == pytest.approx(10 * 6 / 1e6)


def test_usage_with_prices_on_no_list_costs_nobody_knows_what():
    call = CallUsage("openai", "gpt-4o", BIG, unpriced=("audio tokens",))

    assert cost_of_usage(call, at=THEN) is None
    own = {"gpt-4o": Price(prompt=1.0, completion=1.0)}
    assert cost_of_usage(call, prices=own) == pytest.approx(0.012)


def test_an_answer_under_an_unlisted_name_costs_what_was_asked_for():
    call = CallUsage("openai", "davinci:2023-07-21-v2", BIG, asked="davinci-002")
    deployment = CallUsage("azure", "unlisted", BIG, asked="gpt-4o")

    assert cost_of_usage(call, at=THEN) == pytest.approx(12_000 * 2.0 / 1e6)
    assert cost_of_usage(deployment, at=THEN) is None


def test_an_own_price_for_the_name_asked_for_holds_for_its_dated_form():
    own = {"gpt-4o": Price(prompt=1.0, completion=1.0)}
    call = CallUsage("openai", "gpt-4o-2024-08-06", BIG, asked="gpt-4o")

    assert cost_of_usage(call, prices=own) == pytest.approx(0.012)


def test_a_recorded_chat_completion_is_priced():
    request = request_of(
        "POST", "https://api.openai.com/v1/chat/completions", b'{"model":"gpt-4o","messages":[]}'
    )
    content = json.dumps(CHAT).encode()

    call = usage_of_response(request, 200, JSON, content)
    usd = cost_of_response(request, 200, JSON, content, at=THEN)

    assert (call.provider, call.model, call.asked) == ("openai", "gpt-4o-2024-08-06", "gpt-4o")
    assert usd == pytest.approx((100 * 2.5 + 10 * 10) / 1e6)


def test_the_host_is_told_where_the_request_does_not_know_it():
    request = request_of("POST", "/v1/chat/completions", b'{"model":"llama3-8b-8192"}')
    content = json.dumps({**CHAT, "model": "llama3-8b-8192"}).encode()

    assert cost_of_response(request, 200, JSON, content, at=THEN) is None
    usd = cost_of_response(request, 200, JSON, content, at=THEN, host="api.groq.com")
    assert usd == pytest.approx((100 * 0.05 + 10 * 0.08) / 1e6)


@pytest.mark.parametrize(
    ("status", "content"),
    [
        pytest.param(429, json.dumps(CHAT).encode(), id="error"),
        pytest.param(200, b"{}", id="without-usage"),
        pytest.param(200, b"", id="empty"),
    ],
)
def test_a_response_without_usage_has_no_cost_rather_than_zero(status, content):
    request = request_of("POST", "https://api.openai.com/v1/chat/completions", b"not json")

    assert cost_of_response(request, status, {}, content, at=THEN) is None


def test_a_moment_that_is_no_time_is_named():
    with pytest.raises(HarnessError, match="as of 'yesterday'"):
        cost_of_usage(CallUsage("openai", "gpt-4o", BIG), at="yesterday")


def test_only_an_own_price_of_zero_costs_nothing():
    own = {"llama3": Price(prompt=0.0, completion=0.0)}
    call = CallUsage("ollama", "llama3", BIG)

    assert cost_of_usage(call, prices=own) == 0.0
    assert cost_of_usage(call, at=THEN) is None


@pytest.mark.parametrize("host", ["", "localhost", "api.openai.com.evil.example", "[", "a b\n"])
def test_an_unknown_host_is_nobodys(host):
    assert provider_at(host) == ""
