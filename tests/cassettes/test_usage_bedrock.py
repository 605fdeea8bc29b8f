"""Bedrock: its own formats, those of the models it serves, and Amazon's binary streams."""

import base64
import json
import struct
import zlib

import pytest

from harness.cassettes.usage import usage_of
from harness.cassettes.usage.eventstream import payloads
from harness.model.transcript import Usage

HAIKU = "/model/anthropic.claude-3-haiku-20240307-v1%3A0"
COUNTED = Usage(prompt_tokens=10, completion_tokens=2)
HEADERS = {
    "X-Amzn-Bedrock-Input-Token-Count": ["4"],
    "X-Amzn-Bedrock-Cache-Read-Input-Token-Count": ["6"],
    "X-Amzn-Bedrock-Output-Token-Count": ["2"],
    "content-type": ["application/json"],
}


def frame(payload, headers=b""):
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


def stream(*values):
    return b"".join(frame(json.dumps(value).encode(), b"\x01a\x01") for value in values)


def invoked(*values):
    return stream(
        *({"bytes": base64.b64encode(json.dumps(value).encode()).decode()} for value in values)
    )


def read(path, body, headers=None):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "application/vnd.amazon.eventstream" if isinstance(body, bytes) else "application/json"
    return usage_of(path, {}, kind, content, headers=headers or {})


RESPONSES = [
    pytest.param(
        "converse",
        {
            "usage": {
                "inputTokens": 4,
                "outputTokens": 2,
                "cacheReadInputTokens": 6,
                "cacheReadInputTokenCount": 6,
                "cacheWriteInputTokens": 5,
                "cacheDetails": [{"ttl": "1h", "inputTokens": 3}],
            }
        },
        Usage(
            prompt_tokens=15,
            completion_tokens=2,
            cached_tokens=6,
            cache_write_tokens=5,
            cache_write_1h_tokens=3,
        ),
        id="converse",
    ),
    pytest.param(
        "converse-stream",
        stream(
            {"contentBlockIndex": 0, "delta": {"text": "Hi"}},
            {"usage": {"inputTokens": 10, "outputTokens": 2}},
        ),
        COUNTED,
        id="converse-stream",
    ),
    pytest.param(
        "invoke",
        {"model": "claude-3", "usage": {"input_tokens": 10, "output_tokens": 2}},
        COUNTED,
        id="claude",
    ),
    pytest.param(
        "invoke-with-response-stream",
        invoked(
            {
                "type": "message_start",
                "message": {"usage": {"input_tokens": 10, "output_tokens": 1}},
            },
            {"type": "message_delta", "usage": {"output_tokens": 2}},
            {"type": "message_stop"},
        ),
        COUNTED,
        id="claude-stream",
    ),
    pytest.param("invoke", {"usage": {"inputTokens": 10, "outputTokens": 2}}, COUNTED, id="nova"),
    pytest.param(
        "invoke-with-response-stream",
        invoked(
            {"contentBlockDelta": {"delta": {"text": "Hi"}}},
            {"metadata": {"usage": {"inputTokens": 10, "outputTokens": 2}}},
        ),
        COUNTED,
        id="nova-stream",
    ),
    pytest.param(
        "invoke",
        {"inputTextTokenCount": 10, "results": [{"tokenCount": 2, "outputText": "Hi"}]},
        COUNTED,
        id="titan",
    ),
    pytest.param(
        "invoke",
        {"inputTextTokenCount": 10, "embedding": [0.5]},
        Usage(prompt_tokens=10, completion_tokens=0),
        id="titan-embedding",
    ),
    pytest.param(
        "invoke", {"prompt_token_count": 10, "generation_token_count": 2}, COUNTED, id="llama"
    ),
    pytest.param(
        "invoke-with-response-stream",
        invoked(
            {"outputText": "Hi"},
            {
                "outputText": "",
                "amazon-bedrock-invocationMetrics": {
                    "inputTokenCount": 10,
                    "outputTokenCount": 2,
                },
            },
        ),
        COUNTED,
        id="any-model-with-metrics",
    ),
    pytest.param(
        "invoke",
        {"usage": {"prompt_tokens": 10, "completion_tokens": 2}},
        COUNTED,
        id="imported-model",
    ),
]


@pytest.mark.parametrize(("operation", "body", "usage"), RESPONSES)
def test_every_kind_of_bedrock_response_tells_its_tokens(operation, body, usage):
    call = read(f"{HAIKU}/{operation}", body)

    assert call is not None
    assert call.usage == usage
    assert (call.provider, call.model) == ("aws", "anthropic.claude-3-haiku-20240307-v1:0")


def test_headers_tell_the_tokens_of_models_that_do_not():
    call = read(f"{HAIKU}/invoke", {"outputs": [{"text": "Hi"}]}, HEADERS)

    assert call.usage == Usage(prompt_tokens=10, completion_tokens=2, cached_tokens=6)


def test_headers_without_numbers_tell_nothing():
    unusual = {name: ["-1", "²"][i % 2] for i, name in enumerate(HEADERS)}

    assert read(f"{HAIKU}/invoke", {"outputs": []}, unusual) is None


def test_the_model_may_be_an_arn_percent_encoded_or_not():
    arn = "arn:aws:bedrock:us-east-1:012345678901:inference-profile/us.amazon.nova-lite-v1:0"
    body = {"usage": {"inputTokens": 10, "outputTokens": 2}}
    encoded = arn.replace(":", "%3A").replace("/", "%2F")

    models = [read(f"/model/{name}/invoke", body).model for name in (arn, encoded)]

    assert models == [arn, arn]


def test_payloads_of_a_stream_come_back_in_order():
    assert list(payloads(frame(b"one", b"\x01a\x01") + frame(b"") + frame(b"two"))) == [
        b"one",
        b"",
        b"two",
    ]


@pytest.mark.parametrize("position", range(len(frame(b"payload", b"\x01a\x01"))))
def test_a_flipped_bit_anywhere_in_a_message_is_noticed(position):
    damaged = bytearray(frame(b"payload", b"\x01a\x01"))
    damaged[position] ^= 1

    with pytest.raises(ValueError, match="the message at byte 0"):
        list(payloads(bytes(damaged)))


@pytest.mark.parametrize("size", range(1, len(frame(b"payload"))))
def test_a_cut_off_message_is_noticed(size):
    with pytest.raises(ValueError, match="the message at byte 0 is cut off"):
        list(payloads(frame(b"payload")[:size]))


@pytest.mark.parametrize(("length", "headers_length"), [(0, 0), (15, 0), (16, 1), (2**32 - 1, 0)])
def test_a_message_with_impossible_lengths_is_refused(length, headers_length):
    prelude = struct.pack(">II", length, headers_length)
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + bytes(16)

    with pytest.raises(ValueError, match="the message at byte 0 is cut off"):
        list(payloads(message))


def test_a_damaged_stream_has_no_usage():
    body = stream({"usage": {"inputTokens": 10, "outputTokens": 2}})

    assert read(f"{HAIKU}/converse-stream", body) is not None
    assert read(f"{HAIKU}/converse-stream", body[:-1] + bytes([body[-1] ^ 1])) is None
