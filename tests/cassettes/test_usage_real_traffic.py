"""Real recordings of two open-source projects: how many calls tell usage, and what they cost.

Everything is pinned: a call that used to be priced and no longer is shows here.
"""

import gzip
import json
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from harness.cassettes.costs import cost_of_usage
from harness.cassettes.usage import CallUsage, is_model_call, usage_of
from harness.model.transcript import Usage

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "cassettes"
THEN = "2026-03-01T00:00:00Z"

pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="no folder of real recordings beside this checkout"
)


@dataclass(frozen=True)
class Call:
    """One interaction of a real recording."""

    name: str
    status: int
    content: bytes
    usage: CallUsage | None

    @property
    def usd(self):
        return None if self.usage is None else cost_of_usage(self.usage, at=THEN)

    @property
    def cause(self):
        """Why it has no cost; "" if it has."""
        if self.status >= 300:
            return "error response"
        if self.usage is None:
            return self._why_no_usage()
        if self.usd is not None:
            return ""
        reason = ", ".join(self.usage.unpriced)
        return reason or f"no price for {self.usage.model.split(':endpoint')[0]}"

    def _why_no_usage(self):
        body = self.content.decode()
        if '"prompt_eval_duration"' in body and '"prompt_eval_count"' not in body:
            return "prompt not counted"
        counted = '"usage":' in body.replace('"usage":null', "").replace('"usage": null', "")
        return "usage overlooked" if counted else "no usage in stream"


@cache
def model_calls():
    found = {}
    for path in sorted(RECORDINGS.rglob("*.yaml")):
        document = yaml.load(path.read_bytes(), yaml.CSafeLoader)
        for number, interaction in enumerate(document["interactions"]):
            if is_model_call(urlsplit(interaction["request"]["uri"]).path):
                call = read(f"{path.stem}#{number}", interaction)
                found[call.name] = call
    return found


def read(name, interaction):
    request, response = interaction["request"], interaction["response"]
    url = urlsplit(request["uri"])
    headers = {key.lower(): values for key, values in response["headers"].items()}
    content = response["body"]["string"]
    content = content.encode() if isinstance(content, str) else content
    # The recordings know no other encoding; br and zstd would show as usage overlooked.
    content = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    status = response["status"]["code"]
    usage = usage_of(
        url.path,
        fields(request["body"]),
        "".join(headers.get("content-type", [])),
        content,
        host=url.hostname or "",
        headers=headers,
    )
    return Call(name, status, content, usage if status < 300 else None)


def fields(body):
    try:
        return json.loads(body or "null")
    except ValueError:
        return None


def test_every_call_tells_its_usage_and_cost_or_why_it_cannot():
    calls = model_calls().values()

    answered = [call for call in calls if call.status < 300]
    counted = [call for call in answered if call.usage]
    priced = [call for call in counted if call.usd is not None]

    assert (len(calls), len(answered), len(counted), len(priced)) == (446, 444, 401, 380)
    assert Counter(call.cause for call in calls if call.cause) == {
        "error response": 2,
        "no usage in stream": 41,
        "prompt not counted": 2,
        "audio tokens": 3,
        "no price for facebook/opt-125m": 7,
        "no price for meta-llama/Llama-3.2-1B-Instruct": 4,
        "no price for llama3": 5,
        "no price for llama3.1": 1,
        "no price for arn:aws:sagemaker:us-east-1:767398002385": 1,
    }
    assert all(call.usd > 0 for call in priced)


def test_calls_of_every_provider_are_among_them():
    providers = Counter(call.usage.provider for call in model_calls().values() if call.usage)

    assert providers == {
        "openai": 260,
        "anthropic": 36,
        "aws": 31,
        "azure": 21,
        "google": 15,
        "cohere": 9,
        "groq": 6,
        "ollama": 6,
        "mistral": 3,
        "together": 2,
        "openrouter": 1,
        "": 11,
    }


# Read off the recordings by hand, and multiplied with the providers' list prices.
BY_HAND = [
    pytest.param(
        "cassettes__test_hierarchical_process#5",
        Usage(prompt_tokens=2091, completion_tokens=634, cached_tokens=1408),
        683 * 2.50 + 1408 * 1.25 + 634 * 10,
        id="openai-cached",
    ),
    pytest.param(
        "cassettes__llms__openai__test_openai_streaming_cached_prompt_tokens#1",
        Usage(prompt_tokens=1144, completion_tokens=3, cached_tokens=1024),
        120 * 2 + 1024 * 0.50 + 3 * 8,
        id="openai-cached-streamed",
    ),
    pytest.param(
        "cassettes__TestAgentMultimodalOpenAIResponses.test_image_file[openai-o4-mini-responses]#0",
        Usage(prompt_tokens=563, completion_tokens=243, reasoning_tokens=128),
        563 * 1.10 + 243 * 4.40,
        id="openai-responses-reasoning",
    ),
    pytest.param(
        "cassettes__agents__TestAzureNativeToolCalling"
        ".test_azure_parallel_native_tool_calling_test_crew#0",
        Usage(prompt_tokens=378, completion_tokens=2457, reasoning_tokens=2368),
        378 * 0.05 + 2457 * 0.40,
        id="azure-reasoning",
    ),
    pytest.param(
        "opentelemetry-instrumentation-anthropic__tests__cassettes__test_prompt_caching"
        "__test_anthropic_prompt_caching_stream_legacy#0",
        Usage(prompt_tokens=1169, completion_tokens=201, cache_write_tokens=1165),
        4 * 3 + 1165 * 3.75 + 201 * 15,
        id="anthropic-streamed-cache-write",
    ),
    pytest.param(
        "opentelemetry-instrumentation-bedrock__tests__traces__cassettes__test_anthropic"
        "__test_prompt_cache_with_events_with_no_content#1",
        Usage(prompt_tokens=18135, completion_tokens=50, cached_tokens=18131),
        4 * 0.80 + 18131 * 0.08 + 50 * 4,
        id="bedrock-claude-cached",
    ),
    pytest.param(
        "opentelemetry-instrumentation-bedrock__tests__traces__cassettes__test_titan"
        "__test_titan_invoke_stream#0",
        Usage(prompt_tokens=28, completion_tokens=188),
        28 * 0.20 + 188 * 0.60,
        id="bedrock-titan-streamed",
    ),
    pytest.param(
        "opentelemetry-instrumentation-google-generativeai__tests__cassettes"
        "__test_generate_content__test_generate_metrics#0",
        Usage(prompt_tokens=5, completion_tokens=1807, reasoning_tokens=1096),
        5 * 0.30 + 1807 * 2.50,
        id="gemini-thoughts",
    ),
    pytest.param(
        "opentelemetry-instrumentation-langchain__tests__cassettes__test_chains__test_astream#0",
        Usage(prompt_tokens=12, completion_tokens=65),
        12 * 0.15 + 65 * 0.60,
        id="cohere-streamed-billed-units",
    ),
]


@pytest.mark.parametrize(("name", "usage", "usd"), BY_HAND)
def test_usage_and_cost_are_those_in_the_recording(name, usage, usd):
    call = model_calls()[name]

    assert call.usage.usage == usage
    assert call.usd == pytest.approx(usd / 1e6, rel=1e-9)


FLAVORS = {"openai": ("chat", "responses", "embeddings"), "azure": ("chat",)}


def test_the_price_library_reads_the_same_from_whole_responses():
    compared = 0
    for call in model_calls().values():
        theirs = by_library(call)
        if theirs is None:
            continue
        ours = call.usage.usage
        assert (ours.prompt_tokens, ours.completion_tokens) == (
            theirs.input_tokens or 0,
            theirs.output_tokens or 0,
        ), call.name
        assert ours.cached_tokens == (theirs.cache_read_tokens or 0), call.name
        assert ours.cache_write_tokens == (theirs.cache_write_tokens or 0), call.name
        compared += 1

    assert compared == 332


def by_library(call):
    """What genai-prices reads; None where it does not know the format."""
    from genai_prices.data import providers
    from genai_prices.data_snapshot import DataSnapshot

    body = fields(call.content) if call.usage and call.content[:1] == b"{" else None
    if not isinstance(body, dict):
        return None
    provider = call.usage.provider
    snapshot = DataSnapshot(providers, from_auto_update=False)
    for flavor in FLAVORS.get(provider, ("default", "anthropic")):
        try:
            extractor = snapshot.find_provider(None, provider or "openai", None)
            return extractor.extract_usage(body, api_flavor=flavor)[1]
        except (ValueError, LookupError):
            continue
    return None
