"""The cost of a sample: every model call, each at the price of the model that answered."""

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import plugins
from harness.model.sample import SampleKey
from harness.model.scenario import AgentConfig, Price, PythonReference, Scenario
from harness.model.score import Score, Unscored
from harness.model.team import FinishedSample
from harness.model.transcript import ExceptionInfo, Message, ModelCall, Transcript, Usage
from harness.pricing import price_table
from harness.scorers.cost import Cost

RECORDED = "2026-11-10T08:00:00Z"
OWN = {"scripted-1": Price(prompt=0.5, completion=1.5, cached=0.25)}


def usage(prompt, completion, cached=0, reasoning=0):
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=cached,
        reasoning_tokens=reasoning,
    )


def call(
    tokens, *, agent="coder", purpose="reply", asked="scripted-1", answered="scripted-1", **more
):
    """A model call without its place in a transcript, which `sample` gives it."""
    return {
        "agent": agent,
        "purpose": purpose,
        "model_requested": asked,
        "model_answered": answered,
        "usage": tokens,
        **more,
    }


def failed(**more):
    error = ExceptionInfo(type="openai.RateLimitError", message="slow down")
    return call(None, answered=None, error=error, **more)


def sample(*calls, prices=OWN, priced_at=RECORDED):
    """A finished sample with one message, then the calls: the first call is event 1."""
    opening = Message(index=0, offset_seconds=0.0, speaker="user", recipient="coder", content="Go.")
    events = [ModelCall(index=at, offset_seconds=0.0, **one) for at, one in enumerate(calls, 1)]
    folder = str(Path(__file__).parent)
    return FinishedSample(
        key=SampleKey(suite="trial", scenario="basic", config="brief", epoch=1),
        scenario=Scenario(
            name="basic",
            suite="trial",
            title="",
            task="Go.",
            folder=folder,
            team=PythonReference(path=f"{folder}/team.py", attribute="build"),
        ),
        config=AgentConfig(name="brief"),
        transcript=Transcript(engine="mock", engine_version="mock 1", events=(opening, *events)),
        workspace=Path(folder),
        sandbox=None,
        prices=prices,
        priced_at=priced_at,
    )


def score(*calls, **options):
    return Cost().score(sample(*calls, **options))


def test_the_entry_point_names_this_scorer():
    assert plugins.load("scorers", "cost") is Cost


def test_the_value_is_the_sum_over_all_calls():
    result = score(call(usage(1_000, 200)), call(usage(2_000, 100)))

    assert isinstance(result, Score)
    assert (result.scorer, result.unit, result.passed) == ("cost", "usd", None)
    assert result.value == pytest.approx((3_000 * 0.5 + 300 * 1.5) / 1e6)
    assert result.evidence == (1, 2)


def test_hidden_calls_are_included_and_told_apart():
    result = score(
        call(usage(1_000, 0)),
        call(usage(3_000, 0), agent="manager", purpose="speaker_selection"),
        call(usage(2_000, 0), purpose="summary"),
    )

    assert result.value == pytest.approx(6_000 * 0.5 / 1e6)
    assert result.details["by_purpose"] == pytest.approx(
        {"reply": 0.0005, "speaker_selection": 0.0015, "summary": 0.001}
    )
    assert result.details["by_agent"] == pytest.approx({"coder": 0.0015, "manager": 0.0015})
    assert result.details["by_call"] == pytest.approx({"1": 0.0005, "2": 0.0015, "3": 0.001})


def test_cached_and_reasoning_tokens_are_parts_with_rates_of_their_own():
    result = score(call(usage(10_000, 2_000, cached=6_000, reasoning=500)))

    assert result.value == pytest.approx((4_000 * 0.5 + 6_000 * 0.25 + 2_000 * 1.5) / 1e6)
    assert result.details["tokens"] == {
        "prompt": 10_000,
        "cached": 6_000,
        "completion": 2_000,
        "reasoning": 500,
    }


def test_a_call_is_priced_by_the_model_that_answered():
    mini = "gpt-4o-mini-2024-07-18"
    result = score(call(usage(10_000, 1_000), asked="gpt-4o", answered=mini), prices={})

    assert result.details["by_model"] == pytest.approx({mini: (10_000 * 0.15 + 1_000 * 0.6) / 1e6})


def test_a_call_nobody_signed_is_priced_by_the_model_asked_for():
    result = score(call(usage(10_000, 0), asked="gpt-4o", answered=None), prices={})

    assert result.details["by_model"] == pytest.approx({"gpt-4o": 0.025})


def test_list_prices_are_those_of_the_day_of_the_recording():
    june = score(call(usage(1_000, 0), answered="o3"), priced_at="2025-06-01T12:00:00Z")
    july = score(call(usage(1_000, 0), answered="o3"), priced_at="2025-07-01T12:00:00Z")

    assert (june.value, july.value) == (pytest.approx(0.010), pytest.approx(0.002))
    assert "list prices of 2025-06-01 from genai-prices" in june.reason


def test_failed_calls_cost_nothing_but_are_counted():
    result = score(call(usage(1_000, 0)), failed(), failed())

    assert result.value == pytest.approx(0.0005)
    assert result.evidence == (1,)
    assert "; 2 model calls that failed without usage left out." in result.reason


def test_the_reason_holds_all_a_reader_needs_to_recompute_the_value():
    result = score(
        call(usage(12_000, 2_000, cached=6_000)),
        call(usage(10_000, 500, reasoning=300), answered="gpt-4o"),
    )

    assert result.reason == (
        "$0.0375 = scripted-1: 6,000 prompt * $0.5 + 6,000 cached * $0.25 + 2,000 completion * "
        "$1.5; gpt-4o: 10,000 prompt * $2.5 + 200 completion * $10 + 300 reasoning * $10 per "
        "million tokens, over 2 model calls; the suite's own prices for scripted-1 and list "
        f"prices of 2026-11-10 from {price_table()}."
    )
    assert recomputed(result.reason) == pytest.approx(result.value)


def recomputed(reason):
    terms = re.findall(r"([\d,]+) \w+ \* \$([\d.]+)", reason)
    return sum(int(tokens.replace(",", "")) * float(rate) for tokens, rate in terms) / 1e6


def test_a_long_prompt_is_worked_out_at_its_own_rate():
    result = score(
        call(usage(100_000, 0), answered="gemini-2.5-pro"),
        call(usage(300_000, 0), answered="gemini-2.5-pro"),
    )

    assert "gemini-2.5-pro: 100,000 prompt * $1.25; gemini-2.5-pro: 300,000 prompt * $2.5" in (
        result.reason
    )
    assert recomputed(result.reason) == pytest.approx(result.value)
    assert result.details["by_model"] == pytest.approx({"gemini-2.5-pro": 0.125 + 0.75})


def test_a_fee_per_request_is_part_of_the_cost():
    sonar = "perplexity/sonar"
    result = score(call(usage(1_000, 0), answered=sonar), call(usage(500, 0), answered=sonar))

    assert result.value == pytest.approx(1_500 * 1 / 1e6 + 2 * 12 / 1_000)
    assert "1,500 prompt * $1 + 2 requests * $12000 per million tokens or requests" in result.reason
    assert recomputed(result.reason) == pytest.approx(result.value)


def test_an_unknown_model_leaves_the_sample_unscored_and_says_how_to_price_it():
    result = score(
        call(usage(10, 10)),
        call(usage(10, 10), asked="llama3", answered="llama3:8b"),
        call(usage(10, 10), answered="mystery"),
    )

    assert result == Unscored(
        scorer="cost",
        reason=f"the price of models 'llama3:8b', 'mystery' is unknown to {price_table()}; give "
        "it in the suite.yaml of trial, in US dollars per million tokens, as "
        "prices: {llama3:8b: {prompt: ..., completion: ...}}",
    )


@pytest.mark.parametrize(
    ("calls", "reason"),
    [
        pytest.param([], "no model call reported usage: the transcript holds none", id="no-calls"),
        pytest.param(
            [call(None), call(None)],
            "no model call reported usage: 2 model calls made, none with token counts",
            id="no-usage",
        ),
        pytest.param(
            [failed()],
            "no model call reported usage: 1 model call made, none with token counts",
            id="only-failures",
        ),
    ],
)
def test_without_usage_there_is_no_cost_rather_than_a_cost_of_zero(calls, reason):
    assert score(*calls) == Unscored(scorer="cost", reason=reason)


def test_an_answered_call_without_usage_leaves_no_sum_that_would_be_too_low():
    result = score(call(usage(10, 10)), call(None), call(None))

    assert isinstance(result, Unscored)
    assert result.reason.startswith(
        "2 of 3 model calls were answered without token counts (events 2, 3), so a sum would be"
    )


def test_a_free_model_costs_nothing_and_is_scored():
    result = score(call(usage(10, 10)), prices={"scripted-1": Price(prompt=0, completion=0)})

    assert (result.value, result.details["by_call"]) == (0.0, {"1": 0.0})


def test_calls_with_no_tokens_at_all_are_scored():
    assert score(call(usage(0, 0))).reason.startswith("$0 = scripted-1: no tokens * any price per")


def test_more_cached_tokens_than_prompt_still_add_up():
    result = score(call(usage(100, 0, cached=150)))

    assert result.value == pytest.approx(100 * 0.25 / 1e6)
    assert recomputed(result.reason) == pytest.approx(result.value)


CALLS = st.lists(
    st.builds(
        call,
        st.builds(usage, st.integers(0, 10**6), st.integers(0, 10**5)),
        agent=st.sampled_from(["coder", "reviewer", "manager"]),
        purpose=st.sampled_from(["reply", "speaker_selection", "summary", "other"]),
        answered=st.sampled_from(["scripted-1", "gpt-4o", "gemini-2.5-pro"]),
    ),
    min_size=1,
    max_size=8,
)


@given(calls=CALLS)
def test_every_breakdown_adds_up_to_the_value(calls):
    result = score(*calls)

    for key in ("by_call", "by_model", "by_agent", "by_purpose"):
        assert math.fsum(result.details[key].values()) == pytest.approx(result.value)
    assert len(result.details["by_call"]) == len(result.evidence) == len(calls)
    assert recomputed(result.reason) == pytest.approx(result.value)


@given(calls=CALLS, order=st.randoms())
def test_the_value_does_not_depend_on_the_order_of_the_calls(calls, order):
    shuffled = list(calls)
    order.shuffle(shuffled)

    assert score(*calls).value == score(*shuffled).value
