"""What each provider's response says about its tokens, in its own words."""

import json

import pytest

from harness.cassettes.usage import is_model_call, usage_of
from harness.model.transcript import Usage

JSON = "application/json"


def read(path, body, *, request=None, content_type=JSON, **more):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return usage_of(path, request, content_type, content, **more)


CHAT = {
    "model": "gpt-4o-2024-08-06",
    "choices": [{"message": {"content": "Hi"}}],
    "usage": {
        "prompt_tokens": 1144,
        "completion_tokens": 30,
        "total_tokens": 1174,
        "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 20},
    },
}
CHAT_USAGE = Usage(
    prompt_tokens=1144, completion_tokens=30, cached_tokens=1024, reasoning_tokens=20
)
TWELVE = {"prompt_tokens": 10, "completion_tokens": 2}
COUNTED = Usage(prompt_tokens=10, completion_tokens=2)
CLAUDE = {
    "model": "claude-sonnet-4-5",
    "usage": {
        "input_tokens": 4,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        "output_tokens": 7,
    },
}
CLAUDE_USAGE = Usage(
    prompt_tokens=134,
    completion_tokens=7,
    cached_tokens=100,
    cache_write_tokens=30,
    cache_write_1h_tokens=20,
)
GEMINI = {
    "modelVersion": "gemini-2.5-flash",
    "usageMetadata": {
        "promptTokenCount": 50,
        "cachedContentTokenCount": 40,
        "toolUsePromptTokenCount": 5,
        "candidatesTokenCount": 3,
        "thoughtsTokenCount": 9,
    },
}
GEMINI_USAGE = Usage(prompt_tokens=55, completion_tokens=12, cached_tokens=40, reasoning_tokens=9)


RESPONSES = [
    pytest.param(
        "/v1/chat/completions", CHAT, "gpt-4o-2024-08-06", "", CHAT_USAGE, id="openai-chat"
    ),
    pytest.param(
        "/v1/responses",
        {
            "model": "o4-mini",
            "usage": {
                "input_tokens": 52,
                "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 4},
                "output_tokens": 254,
                "output_tokens_details": {"reasoning_tokens": 192},
            },
        },
        "o4-mini",
        "",
        Usage(
            prompt_tokens=52,
            completion_tokens=254,
            cached_tokens=8,
            reasoning_tokens=192,
            cache_write_tokens=4,
        ),
        id="openai-responses",
    ),
    pytest.param(
        "/v1/embeddings",
        {"model": "e", "data": [], "usage": {"prompt_tokens": 8, "total_tokens": 8}},
        "e",
        "",
        Usage(prompt_tokens=8, completion_tokens=0),
        id="openai-embeddings",
    ),
    pytest.param(
        "/v1/completions", {"model": "c", "usage": TWELVE}, "c", "", COUNTED, id="completions"
    ),
    pytest.param(
        "/openai/deployments/mine/chat/completions",
        {"model": "gpt-4o", "usage": TWELVE},
        "gpt-4o",
        "azure",
        COUNTED,
        id="azure",
    ),
    pytest.param(
        "/openai/v1/chat/completions",
        {"model": "llama3-8b-8192", "usage": TWELVE, "x_groq": {"id": "req_1"}},
        "llama3-8b-8192",
        "groq",
        COUNTED,
        id="groq",
    ),
    pytest.param(
        "/v1/chat/completions",
        {
            "model": "grok-4",
            "usage": {
                "prompt_tokens": 10,
                "completion_tokens": 2,
                "total_tokens": 112,
                "completion_tokens_details": {"reasoning_tokens": 100},
            },
        },
        "grok-4",
        "",
        Usage(prompt_tokens=10, completion_tokens=102, reasoning_tokens=100),
        id="reasoning-beside-the-completion",
    ),
    pytest.param(
        "/v1/chat/completions",
        {"model": "deepseek-chat", "usage": {**TWELVE, "prompt_cache_hit_tokens": 6}},
        "deepseek-chat",
        "",
        Usage(prompt_tokens=10, completion_tokens=2, cached_tokens=6),
        id="deepseek",
    ),
    pytest.param(
        "/v1/messages", CLAUDE, "claude-sonnet-4-5", "anthropic", CLAUDE_USAGE, id="anthropic"
    ),
    pytest.param(
        "/v1/projects/p/locations/l/publishers/anthropic/models/claude-sonnet-4-5:rawPredict",
        CLAUDE,
        "claude-sonnet-4-5",
        "google",
        CLAUDE_USAGE,
        id="anthropic-on-vertex",
    ),
    pytest.param(
        "/v1beta/models/gemini-2.5-flash:generateContent",
        GEMINI,
        "gemini-2.5-flash",
        "google",
        GEMINI_USAGE,
        id="gemini",
    ),
    pytest.param(
        "/api/chat",
        {"model": "llama3", "done": True, "prompt_eval_count": 10, "eval_count": 2},
        "llama3",
        "ollama",
        COUNTED,
        id="ollama-chat",
    ),
    pytest.param(
        "/api/embed",
        {"model": "nomic", "prompt_eval_count": 10},
        "nomic",
        "ollama",
        Usage(prompt_tokens=10, completion_tokens=0),
        id="ollama-embed",
    ),
    pytest.param(
        "/v2/chat",
        {
            "usage": {
                "billed_units": {"input_tokens": 10.0, "output_tokens": 2},
                "tokens": {"input_tokens": 212, "output_tokens": 2},
                "cached_tokens": 208,
            }
        },
        "",
        "cohere",
        COUNTED,
        id="cohere-2-billed-not-raw-tokens",
    ),
    pytest.param(
        "/v1/chat",
        {"meta": {"billed_units": {"input_tokens": 10, "output_tokens": 2}}},
        "",
        "cohere",
        COUNTED,
        id="cohere-1",
    ),
    pytest.param(
        "/v2/embed",
        {"meta": {"billed_units": {"input_tokens": 10}}},
        "",
        "cohere",
        Usage(prompt_tokens=10, completion_tokens=0),
        id="cohere-embed",
    ),
]


@pytest.mark.parametrize(("path", "body", "model", "provider", "usage"), RESPONSES)
def test_a_response_tells_its_model_and_tokens(path, body, model, provider, usage):
    call = read(path, body)

    assert call is not None
    assert (call.model, call.provider, call.usage) == (model, provider, usage)
    assert call.unpriced == ()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/v1/chat/completions", {"error": {"message": "no"}}, id="error"),
        pytest.param(
            "/api/chat", {"model": "m", "done": True, "eval_count": 79}, id="ollama-without-prompt"
        ),
        pytest.param(
            "/v1/chat/completions",
            {"model": "m", "usage": {"prompt_tokens": 0, "completion_tokens": 0}},
            id="all-zero",
        ),
        pytest.param(
            "/v1/chat/completions",
            {"model": "m", "usage": {"prompt_tokens": 5, "total_tokens": 9}},
            id="chat-without-completion",
        ),
        pytest.param("/v1/traces", {"usage": TWELVE}, id="no-model-call"),
        pytest.param("/v1/models/gemini-2.5-flash", GEMINI, id="not-an-operation"),
        pytest.param("/v1/models/gemini-2.5-flash:countTokens", GEMINI, id="not-billed"),
        pytest.param("/v1/chat/completions", b"", id="empty"),
    ],
)
def test_no_usage_is_made_up(path, body):
    assert read(path, body, request={"model": "gpt-4o"}) is None


@pytest.mark.parametrize(
    ("path", "request_fields", "answered", "model", "asked"),
    [
        pytest.param(
            "/v1/completions", {"model": "gpt-4o"}, "gpt-4o-x", "gpt-4o-x", "gpt-4o", id="response"
        ),
        pytest.param(
            "/v1/completions", {"model": "gpt-4o"}, None, "gpt-4o", "gpt-4o", id="request"
        ),
        pytest.param(
            "/openai/deployments/mine/completions", {}, None, "mine", "mine", id="azure-path"
        ),
        pytest.param("/v1/completions", None, None, "", "", id="nowhere"),
        pytest.param("/v1/completions", "not an object", 7, "", "", id="no-names"),
    ],
)
def test_the_model_is_the_responses_then_the_requests_then_the_paths(
    path, request_fields, answered, model, asked
):
    call = read(path, {"model": answered, "usage": TWELVE}, request=request_fields)

    assert (call.model, call.asked) == (model, asked)


@pytest.mark.parametrize(
    ("host", "path", "provider"),
    [
        ("api.openai.com", "/v1/chat/completions", "openai"),
        ("api.groq.com", "/openai/v1/chat/completions", "groq"),
        ("api.mistral.ai", "/v1/chat/completions", "mistral"),
        ("api.together.xyz", "/v1/completions", "together"),
        ("openrouter.ai", "/api/v1/chat/completions", "openrouter"),
        ("mine.openai.azure.com", "/openai/v1/chat/completions", "azure"),
        ("localhost", "/v1/chat/completions", ""),
        ("localhost", "/openai/deployments/d/chat/completions", "azure"),
    ],
)
def test_the_host_tells_apart_who_shares_a_format(host, path, provider):
    assert read(path, {"model": "m", "usage": TWELVE}, host=host).provider == provider


@pytest.mark.parametrize(
    ("path", "body", "unpriced"),
    [
        pytest.param(
            "/v1/chat/completions",
            {"usage": {**TWELVE, "prompt_tokens_details": {"audio_tokens": 3}}},
            ("audio tokens",),
            id="openai-audio",
        ),
        pytest.param(
            "/v1/responses",
            {"usage": {"input_tokens": 1, "output_tokens": 1}, "service_tier": "flex"},
            ("service tier flex",),
            id="openai-tier",
        ),
        pytest.param(
            "/v1/messages",
            {"usage": {**CLAUDE["usage"], "server_tool_use": {"web_search_requests": 2}}},
            ("web searches",),
            id="anthropic-search",
        ),
        pytest.param(
            "/v1beta/models/m:generateContent",
            {
                "usageMetadata": {
                    **GEMINI["usageMetadata"],
                    "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 3}],
                }
            },
            ("audio tokens",),
            id="gemini-audio",
        ),
    ],
)
def test_what_has_other_prices_is_named(path, body, unpriced):
    assert read(path, body).unpriced == unpriced


def test_paths_of_model_calls_are_known_encoded_or_not():
    assert is_model_call("/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke")
    assert is_model_call("/proxy/v1/chat/completions")
    assert not is_model_call("/v1/traces")
    assert not is_model_call("/v1/chat/completions/chatcmpl-1")
