"""What a call costs: hand-checked sums, and the library's own arithmetic for every model."""

import subprocess
import sys
import timeit
from datetime import UTC, datetime
from functools import cache, partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.model.scenario import Price
from harness.model.transcript import ModelCall, Usage
from harness.pricing import cost_of, cost_of_call, price_table, priced_model

BIG = Usage(prompt_tokens=10_000, cached_tokens=6_000, completion_tokens=2_000)
THEN = "2026-11-10T00:00:00Z"
# As seconds, so that times of day with prices of their own are met too.
MOMENTS = st.integers(1_704_067_200, 1_798_761_600).map(lambda s: datetime.fromtimestamp(s, UTC))


@cache
def library():
    from genai_prices.data import providers
    from genai_prices.data_snapshot import DataSnapshot

    return DataSnapshot(providers=providers, from_auto_update=False)


@cache
def listed_models():
    return [(p.id, m.id) for p in library().providers for m in p.models]


def library_cost(provider, model, usage, moment):
    from genai_prices import Usage as LibraryUsage

    tokens = LibraryUsage(
        input_tokens=usage.prompt_tokens,
        cache_read_tokens=usage.cached_tokens,
        output_tokens=usage.completion_tokens,
        output_reasoning_tokens=usage.reasoning_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
    )
    return float(library().calc(tokens, model, provider, None, moment).total_price)


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        pytest.param("gpt-4o", (4_000 * 2.50 + 6_000 * 1.25 + 2_000 * 10) / 1e6, id="plain"),
        pytest.param("GPT-4o", 0.0375, id="capitals"),
        pytest.param("gpt-4o-2024-08-06", 0.0375, id="dated"),
        pytest.param("openai/gpt-4o", 0.0375, id="provider-prefix"),
        pytest.param("openrouter/openai/gpt-4o", 0.0375, id="router-prefix"),
        pytest.param(
            "gpt-4o-mini-2024-07-18",
            (4_000 * 0.15 + 6_000 * 0.075 + 2_000 * 0.60) / 1e6,
            id="dated-mini",
        ),
        pytest.param("gpt-3.5-turbo", (10_000 * 0.5 + 2_000 * 1.5) / 1e6, id="no-cache-price"),
    ],
)
def test_a_listed_model_costs_what_its_list_price_says(model, usd):
    assert cost_of(model, BIG, at=THEN) == pytest.approx(usd, rel=1e-12)


@pytest.mark.parametrize("model", ["scripted-1", "gpt-4ofoo", "a/b", "/", "", "llama3.1:8b"])
def test_an_unknown_model_has_no_price_rather_than_none_to_pay(model):
    assert cost_of(model, BIG) is None


def test_prices_are_those_of_the_given_moment():
    before = cost_of("o3", BIG, at="2025-06-01T00:00:00Z")
    after = cost_of("o3", BIG, at="2025-07-01T00:00:00Z")

    assert before == pytest.approx((4_000 * 10 + 6_000 * 0.5 + 2_000 * 40) / 1e6)
    assert after == pytest.approx((4_000 * 2 + 6_000 * 0.5 + 2_000 * 8) / 1e6)


def test_without_a_moment_the_prices_of_today_apply():
    today = datetime.now(UTC).isoformat()

    assert cost_of("o3", BIG) == cost_of("o3", BIG, at=today)


@pytest.mark.parametrize("moment", ["2025-07-01", "2025-07-01T00:00:00", "2025-07-01T02:00+02:00"])
def test_a_moment_without_time_or_zone_is_utc(moment):
    assert cost_of("o3", BIG, at=moment) == cost_of("o3", BIG, at="2025-07-01T00:00:00Z")


def test_a_moment_that_is_no_time_is_named():
    with pytest.raises(HarnessError, match=r"as of 'yesterday', which is not an ISO 8601 time"):
        cost_of("gpt-4o", BIG, at="yesterday")


def test_a_long_prompt_pays_the_long_prompt_rate_for_all_its_tokens():
    at_limit = Usage(prompt_tokens=200_000, completion_tokens=1_000)
    above = Usage(prompt_tokens=200_001, completion_tokens=1_000)

    assert cost_of("gemini-2.5-pro", at_limit, at=THEN) == pytest.approx(
        (200_000 * 1.25 + 1_000 * 10) / 1e6
    )
    assert cost_of("gemini-2.5-pro", above, at=THEN) == pytest.approx(
        (200_001 * 2.50 + 1_000 * 15) / 1e6
    )


def test_reasoning_tokens_are_paid_once_as_part_of_the_completion():
    thinking = Usage(prompt_tokens=100, completion_tokens=2_000, reasoning_tokens=1_900)
    plain = Usage(prompt_tokens=100, completion_tokens=2_000)

    assert cost_of("o3", thinking, at=THEN) == pytest.approx(cost_of("o3", plain, at=THEN))


def test_a_model_with_its_own_reasoning_price_is_paid_by_it():
    usage = Usage(prompt_tokens=0, completion_tokens=3_000, reasoning_tokens=1_000)

    usd = cost_of("perplexity/sonar-deep-research", usage, at=THEN)

    assert usd == pytest.approx((2_000 * 8 + 1_000 * 3) / 1e6)


@pytest.mark.parametrize(
    "model",
    [
        pytest.param("openai/text-embedding-3-small", id="no-completion-price"),
        pytest.param("openai/tts-1", id="priced-by-characters"),
        pytest.param("github-copilot/gpt-3.5-turbo", id="listed-without-any-price"),
    ],
)
def test_tokens_of_a_kind_without_a_price_leave_the_call_unpriced(model):
    assert cost_of(model, BIG) is None


def test_a_model_with_only_a_prompt_price_is_priced_when_it_completed_nothing():
    usage = Usage(prompt_tokens=1_000_000, completion_tokens=0)

    assert cost_of("openai/text-embedding-3-small", usage, at=THEN) == pytest.approx(0.02)


def test_a_router_is_paid_its_own_price_not_the_maker_of_the_model():
    million_each = Usage(prompt_tokens=1_000_000, completion_tokens=1_000_000)
    routed = "openrouter/gemini-2.5-flash-preview-05-20:thinking"

    assert cost_of(routed, million_each, at=THEN) == pytest.approx(0.15 + 3.50)


@pytest.mark.parametrize(
    "usage",
    [
        pytest.param(Usage(prompt_tokens=10, cached_tokens=99, completion_tokens=0), id="cached"),
        pytest.param(
            Usage(prompt_tokens=10, cached_tokens=10, completion_tokens=0), id="all-cached"
        ),
    ],
)
def test_more_cached_tokens_than_the_prompt_has_are_not_charged(usage):
    assert cost_of("gpt-4o", usage, at=THEN) == pytest.approx(10 * 1.25 / 1e6)


def test_own_prices_win_over_the_list():
    own = {"gpt-4o": Price(prompt=1.0, completion=2.0, cached=0.1)}

    assert cost_of("gpt-4o", BIG, prices=own) == pytest.approx(
        (4_000 * 1.0 + 6_000 * 0.1 + 2_000 * 2.0) / 1e6
    )


def test_an_own_price_without_a_cached_one_charges_cached_tokens_as_prompt():
    own = {"scripted-1": Price(prompt=0.5, completion=1.5)}

    assert cost_of("scripted-1", BIG, prices=own) == pytest.approx(
        (10_000 * 0.5 + 2_000 * 1.5) / 1e6
    )


@settings(deadline=None, max_examples=300)
@given(
    which=st.integers(min_value=0),
    prompt=st.integers(0, 1_200_000),
    cached_share=st.floats(0, 1),
    completion=st.integers(0, 200_000),
    reasoning_share=st.floats(0, 1),
    moment=MOMENTS,
)
def test_every_listed_model_costs_what_the_library_computes(
    which, prompt, cached_share, completion, reasoning_share, moment
):
    provider, model = listed_models()[which % len(listed_models())]
    usage = Usage(
        prompt_tokens=prompt,
        cached_tokens=int(prompt * cached_share),
        completion_tokens=completion,
        reasoning_tokens=int(completion * reasoning_share),
    )

    ours = cost_of(f"{provider}/{model}", usage, at=moment.isoformat())

    if ours is not None:  # None: some tokens have no price; the library takes them for free
        theirs = library_cost(provider, model, usage, moment)
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-15)


def test_most_listed_models_are_priced():
    priced = sum(cost_of(f"{p}/{m}", BIG, at=THEN) is not None for p, m in listed_models())

    # The others are embeddings, speech, scans, and entries of the table without a price.
    assert priced / len(listed_models()) > 0.8


def call(answered, *, requested="my-deployment", usage=BIG):
    return ModelCall(
        index=0,
        offset_seconds=0.0,
        agent="coder",
        model_requested=requested,
        model_answered=answered,
        usage=usage,
    )


OWN = {"gpt-4o": Price(prompt=1.0, completion=1.0)}
DATED = {"gpt-4o-2024-08-06": Price(prompt=2.0, completion=2.0)}


@pytest.mark.parametrize(
    ("requested", "answered", "prices", "name"),
    [
        pytest.param("my-deployment", "gpt-4o", {}, "gpt-4o", id="answered"),
        pytest.param("gpt-4o", None, {}, "gpt-4o", id="nobody-answered"),
        pytest.param("gpt-4o", "gpt-4o-2024-08-06", {}, "gpt-4o-2024-08-06", id="dated"),
        pytest.param("gpt-4o", "gpt-4o-2024-08-06", OWN, "gpt-4o", id="own-price-undated"),
        pytest.param(
            "gpt-4o", "gpt-4o-2024-08-06", OWN | DATED, "gpt-4o-2024-08-06", id="own-price-for-both"
        ),
        pytest.param("gpt-4o", "gpt-4o-mini", OWN, "gpt-4o-mini", id="other-model-answered"),
        pytest.param("gpt-4o", "o3", OWN, "o3", id="quite-other-model-answered"),
    ],
)
def test_a_call_is_priced_by_the_model_that_answered(requested, answered, prices, name):
    assert priced_model(call(answered, requested=requested), prices) == name


def test_a_call_without_usage_has_no_cost():
    assert cost_of_call(call("gpt-4o", usage=None)) is None
    assert cost_of_call(call("gpt-4o"), at=THEN) == pytest.approx(0.0375)


def test_the_price_table_is_named_with_its_version():
    assert price_table().startswith("genai-prices 0.")


def test_prices_downloaded_by_somebody_else_are_not_used(monkeypatch):
    from genai_prices import data_snapshot

    downloaded = data_snapshot.DataSnapshot(providers=[], from_auto_update=True)
    monkeypatch.setattr(data_snapshot, "_custom_snapshot", downloaded)

    assert cost_of("gpt-4.1-nano", BIG, at="2026-01-02T03:04:05Z") is not None


def test_a_warm_call_costs_less_than_twenty_microseconds():
    cost_of("gpt-4o", BIG, at=THEN)

    for moment in (THEN, None):
        timer = timeit.Timer(partial(cost_of, "gpt-4o", BIG, at=moment))
        assert min(timer.repeat(number=200, repeat=9)) / 200 < 20e-6


def test_importing_pricing_or_using_own_prices_loads_no_price_library():
    program = """
import sys
from harness.model.scenario import Price
from harness.model.transcript import Usage
from harness.pricing import cost_of

usage = Usage(prompt_tokens=1, completion_tokens=1)
cost_of("x", usage, prices={"x": Price(prompt=1, completion=1)})
print([name for name in ("genai_prices", "pydantic") if name in sys.modules])
"""
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert finished.stdout.strip() == "[]"
