"""The tokens of streamed responses: events, lines and arrays."""

import json

import pytest

from harness.cassettes.usage import usage_of
from harness.model.transcript import Usage

TWELVE = {"prompt_tokens": 10, "completion_tokens": 2}
COUNTED = Usage(prompt_tokens=10, completion_tokens=2)


def read(path, body, content_type=""):
    return usage_of(path, {"model": "m"}, content_type, body)


def events(*values):
    return b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)


def lines(*values):
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


STREAMS = [
    pytest.param(
        "/v1/chat/completions",
        events({"model": "", "choices": []}, {"model": "m", "usage": None})
        + events({"model": "m", "choices": [], "usage": TWELVE})
        + b"data: [DONE]\n\n",
        COUNTED,
        id="openai-chat-last-chunk",
    ),
    pytest.param(
        "/v1/chat/completions",
        events({"model": "m", "usage": {"prompt_tokens": 10, "completion_tokens": 1}})
        + events({"model": "m", "usage": TWELVE}),
        COUNTED,
        id="counts-that-go-up-are-totals",
    ),
    pytest.param(
        "/openai/v1/chat/completions",
        events({"model": "m", "x_groq": {"id": "1"}}, {"x_groq": {"usage": TWELVE}}),
        COUNTED,
        id="groq",
    ),
    pytest.param(
        "/v1/responses",
        events(
            {"type": "response.created", "response": {"model": "m", "usage": None}},
            {"type": "response.output_text.delta", "delta": "Hi"},
            {
                "type": "response.completed",
                "response": {"model": "m", "usage": {"input_tokens": 10, "output_tokens": 2}},
            },
        ),
        COUNTED,
        id="openai-responses",
    ),
    pytest.param(
        "/v1/messages",
        b"event: message_start\n"
        + events(
            {
                "type": "message_start",
                "message": {
                    "model": "m",
                    "usage": {
                        "input_tokens": 4,
                        "cache_read_input_tokens": 6,
                        "output_tokens": 1,
                    },
                },
            },
            {"type": "content_block_delta", "delta": {"text": "Hi"}},
            {"type": "message_delta", "usage": {"output_tokens": 1}},
            {"type": "message_delta", "usage": {"output_tokens": 2}},
            {"type": "message_stop"},
        ),
        Usage(prompt_tokens=10, completion_tokens=2, cached_tokens=6),
        id="anthropic-later-counts-replace-earlier-ones",
    ),
    pytest.param(
        "/v1beta/models/m:streamGenerateContent",
        events(
            {"usageMetadata": {"promptTokenCount": 12}, "modelVersion": "m"},
            {"usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 2}},
        ),
        COUNTED,
        id="gemini-events",
    ),
    pytest.param(
        "/v1beta/models/m:streamGenerateContent",
        json.dumps(
            [
                {"usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 1}},
                {"usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 2}},
            ],
            indent=2,
        ).encode(),
        COUNTED,
        id="gemini-array",
    ),
    pytest.param(
        "/api/generate",
        lines(
            {"model": "m", "response": "Hi", "done": False},
            {"model": "m", "done": True, "prompt_eval_count": 10, "eval_count": 2},
        ),
        COUNTED,
        id="ollama-lines",
    ),
    pytest.param(
        "/v1/chat",
        lines(
            {"event_type": "text-generation", "text": "Hi"},
            {
                "event_type": "stream-end",
                "response": {"meta": {"billed_units": {"input_tokens": 10, "output_tokens": 2}}},
            },
        ),
        COUNTED,
        id="cohere-1-lines",
    ),
    pytest.param(
        "/v2/chat",
        events(
            {"type": "content-delta", "delta": {"message": {"content": {"text": "Hi"}}}},
            {
                "type": "message-end",
                "delta": {"usage": {"billed_units": {"input_tokens": 10, "output_tokens": 2}}},
            },
        ),
        COUNTED,
        id="cohere-2-events",
    ),
]


@pytest.mark.parametrize(("path", "body", "usage"), STREAMS)
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_a_stream_tells_its_tokens_once(path, body, usage, ending):
    call = read(path, body.replace(b"\n", ending))

    assert call is not None
    assert call.usage == usage
    assert call.model == "m"


def test_a_stream_counts_without_its_closing_blank_line():
    body = events({"model": "m", "usage": TWELVE}).rstrip()

    assert read("/v1/chat/completions", body, "text/event-stream; charset=utf-8").usage == COUNTED


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/v1/chat/completions", events({"model": "m"}), id="not-asked-for"),
        pytest.param(
            "/v1/messages",
            events(
                {
                    "type": "message_start",
                    "message": {"usage": {"input_tokens": 4, "output_tokens": 1}},
                }
            ),
            id="anthropic-broken-off",
        ),
        pytest.param("/api/chat", lines({"model": "m", "done": False}), id="ollama-broken-off"),
        pytest.param(
            "/v1/responses",
            events({"type": "response.created", "response": {"model": "m", "usage": None}}),
            id="openai-responses-broken-off",
        ),
    ],
)
def test_a_stream_that_did_not_say_has_no_usage(path, body):
    assert read(path, body) is None


def test_damaged_events_do_not_hide_the_last_count():
    body = b'data: {"model": "m", \n\n: ping\n\n' + events({"usage": TWELVE})

    assert read("/v1/chat/completions", body).usage == COUNTED
