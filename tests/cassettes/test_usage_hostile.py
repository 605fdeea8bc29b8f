"""Whatever a server sends, reading its usage neither raises nor returns nonsense."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cassettes.usage import usage_of
from harness.model.transcript import Usage

PATHS = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/responses",
    "/openai/deployments/d/chat/completions",
    "/v1/messages",
    "/v1beta/models/m:generateContent",
    "/v1beta/models/m:streamGenerateContent",
    "/model/m/converse",
    "/model/m/converse-stream",
    "/model/m/invoke",
    "/model/m/invoke-with-response-stream",
    "/api/chat",
    "/api/embed",
    "/v1/chat",
    "/v2/chat",
    "/v2/embed",
)
# Every key that a reader looks at, so that random documents reach it.
_WORDS = """
model usage message response delta meta metadata usageMetadata modelVersion type done
prompt_tokens completion_tokens input_tokens output_tokens total_tokens billed_units tokens
prompt_tokens_details completion_tokens_details input_tokens_details cached_tokens
reasoning_tokens audio_tokens prompt_cache_hit_tokens cache_creation service_tier
cache_read_input_tokens cache_creation_input_tokens ephemeral_1h_input_tokens x_groq
server_tool_use web_search_requests promptTokenCount candidatesTokenCount thoughtsTokenCount
promptTokensDetails modality tokenCount inputTokens outputTokens cacheReadInputTokens cacheDetails
ttl prompt_token_count generation_token_count inputTextTokenCount totalOutputTextTokenCount
results embedding bytes prompt_eval_count eval_count amazon-bedrock-invocationMetrics
inputTokenCount outputTokenCount
"""
KEYS = st.sampled_from(_WORDS.split())
NUMBERS = st.integers(-3, 9) | st.integers() | st.floats()
LEAVES = st.none() | st.booleans() | NUMBERS | st.sampled_from(["message_start", "flex", "", "x"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)
FRAMES = st.sampled_from(["", "data: ", "\n", "["])


def framed(value, frame):
    text = json.dumps(value)
    if frame == "[":
        return f"[{text}, {text}]".encode()
    if frame == "\n":
        return f"{text}\n{text}\n".encode()
    return f"{frame}{text}\n\n".encode() if frame else text.encode()


def is_sound(call):
    return call is None or (
        all(type(count) is int and count >= 0 for count in counts(call.usage))
        and call.usage.total_tokens > 0
        and isinstance(call.model, str)
        and isinstance(call.asked, str)
    )


def counts(usage):
    return [getattr(usage, name) for name in Usage.__struct_fields__]


@given(
    path=st.sampled_from(PATHS) | st.text(max_size=40),
    fields=VALUES,
    content_type=st.sampled_from(["", "application/json", "text/event-stream"]),
    content=st.binary(max_size=300),
    host=st.text(max_size=20),
)
def test_arbitrary_bytes_are_read_without_a_fault(path, fields, content_type, content, host):
    assert is_sound(usage_of(path, fields, content_type, content, host=host))


@given(path=st.sampled_from(PATHS), value=VALUES, frame=FRAMES)
def test_arbitrary_json_is_read_without_a_fault(path, value, frame):
    assert is_sound(usage_of(path, None, "", framed(value, frame)))


@given(
    path=st.sampled_from(PATHS),
    top=st.sampled_from(["usage", "usageMetadata", "meta", "message", "response", ""]),
    value=st.dictionaries(KEYS, VALUES, min_size=2, max_size=8),
    frame=FRAMES,
)
def test_arbitrary_usage_is_read_without_a_fault(path, top, value, frame):
    body = {top: value, "type": "message_start", "done": True} if top else value

    assert is_sound(usage_of(path, None, "", framed(body, frame)))


@given(content=st.binary(max_size=60), operation=st.sampled_from(["converse", "invoke"]))
def test_headers_of_any_kind_are_read_without_a_fault(content, operation):
    headers = {"X-Amzn-Bedrock-Input-Token-Count": content.decode("latin-1"), "": []}

    assert is_sound(usage_of(f"/model/m/{operation}", None, "", b"{}", headers=headers))


@pytest.mark.parametrize(
    "bad", [-1, 1.5, True, "7", [7], {"a": 7}, 2**53 + 1, 10**400], ids=lambda bad: str(bad)[:8]
)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"usage": {"prompt_tokens": None, "completion_tokens": 2}}),
        ("/v1/responses", {"usage": {"input_tokens": 5, "output_tokens": None}}),
        ("/v1/messages", {"usage": {"input_tokens": 5, "output_tokens": None}}),
        (
            "/v1/messages",
            {"usage": {"input_tokens": 5, "output_tokens": 5, "cache_read_input_tokens": None}},
        ),
        ("/v1beta/models/m:generateContent", {"usageMetadata": {"promptTokenCount": None}}),
        ("/model/m/converse", {"usage": {"inputTokens": None, "outputTokens": 2}}),
        ("/api/chat", {"done": True, "prompt_eval_count": 5, "eval_count": None}),
        ("/v2/chat", {"usage": {"billed_units": {"input_tokens": None, "output_tokens": 2}}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_impossible_count_makes_the_usage_unknown(path, body, bad):
    good, wrong = (json.dumps(body).replace("null", json.dumps(count)) for count in (7, bad))

    assert usage_of(path, None, "", good.encode()) is not None
    assert usage_of(path, None, "", wrong.encode()) is None


@pytest.mark.parametrize("path", PATHS)
def test_endless_nesting_is_read_without_a_fault(path):
    deep = b'{"usage":' * 100_000

    assert usage_of(path, None, "", deep) is None
    assert usage_of(path, None, "", b"[" * 100_000) is None
