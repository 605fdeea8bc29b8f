from __future__ import annotations

import json
from typing import Any

import pytest

from harness.cassettes.answers import Answer, answer_of

JSON, EVENTS = "application/json", "text/event-stream"


def body(**document: Any) -> bytes:
    return json.dumps(document).encode()


def events(*documents: dict[str, Any]) -> bytes:
    lines = [f"data: {json.dumps(document)}\n\n" for document in documents]
    return ("".join(lines) + "data: [DONE]\n\n").encode()


def chat(**message: Any) -> dict[str, Any]:
    return {"index": 0, "message": {"role": "assistant", **message}}


def delta(**message: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": message}]}


LOOK = {"name": "look", "arguments": '{"at": 1}'}


FORMATS = [
    pytest.param(JSON, body(choices=[chat(content="Hi.")]), Answer("Hi."), id="chat"),
    pytest.param(
        JSON,
        body(choices=[chat(content=None, tool_calls=[{"function": LOOK}, {"function": LOOK}])]),
        Answer(calls=(("look", '{"at": 1}'),) * 2),
        id="tool calls",
    ),
    pytest.param(
        JSON, body(choices=[chat(refusal="I will not.")]), Answer("I will not."), id="refusal"
    ),
    pytest.param(
        EVENTS, events(delta(content="H"), delta(content="i.")), Answer("Hi."), id="stream"
    ),
    pytest.param(
        EVENTS,
        events(
            delta(tool_calls=[{"index": 0, "function": {"name": "look", "arguments": ""}}]),
            delta(tool_calls=[{"index": 0, "function": {"arguments": '{"at"'}}]),
            delta(tool_calls=[{"index": 0, "function": {"arguments": ": 1}"}}]),
        ),
        Answer(calls=(("look", '{"at": 1}'),)),
        id="streamed tool call",
    ),
    pytest.param(JSON, body(choices=[{"text": "Hi."}]), Answer("Hi."), id="completion"),
    pytest.param(
        JSON,
        body(
            object="response",
            output=[
                {"type": "message", "content": [{"type": "output_text", "text": "Hi."}]},
                {"type": "function_call", **LOOK},
            ],
        ),
        Answer("Hi.", (("look", '{"at": 1}'),)),
        id="responses API",
    ),
    pytest.param(
        JSON,
        body(
            type="message",
            content=[
                {"type": "text", "text": "Hi."},
                {"type": "tool_use", "name": "look", "input": {"at": 1}},
            ],
        ),
        Answer("Hi.", (("look", '{"at":1}'),)),
        id="Anthropic",
    ),
    pytest.param(
        EVENTS,
        events(
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}},
            {"type": "content_block_delta", "index": 0, "delta": {"text": "Hi."}},
            {"type": "content_block_start", "index": 1, "content_block": {"name": "look"}},
            {"type": "content_block_delta", "index": 1, "delta": {"partial_json": "{}"}},
        ),
        Answer("Hi.", (("look", "{}"),)),
        id="Anthropic stream",
    ),
    pytest.param(
        JSON,
        body(
            candidates=[
                {
                    "content": {
                        "parts": [
                            {"text": "Hi."},
                            {"functionCall": {"name": "look", "args": {"at": 1}}},
                        ]
                    }
                }
            ]
        ),
        Answer("Hi.", (("look", '{"at":1}'),)),
        id="Gemini",
    ),
    pytest.param(
        JSON,
        body(output={"message": {"content": [{"text": "Hi."}]}}),
        Answer("Hi."),
        id="Bedrock",
    ),
    pytest.param(
        JSON, body(error={"message": "Slow down."}), Answer(error="Slow down."), id="error"
    ),
]


@pytest.mark.parametrize(("content_type", "content", "answer"), FORMATS)
def test_every_format_tells_text_and_tool_calls(
    content_type: str, content: bytes, answer: Answer
) -> None:
    assert answer_of(content_type, content) == answer


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"{",
        b"\xff\xfe\x00",
        b'{"choices": 5}',
        b'{"choices": [null, {"message": 7, "index": {}}]}',
        b'{"choices": [{"message": {"tool_calls": [5, {"function": 6}]}}]}',
        b'{"content": [{"text": {}}, 5], "output": [[]], "delta": 3, "bytes": "?"}',
        b"[" * 5000,
        b'{"data": [{"embedding": [0.5]}]}',
    ],
)
@pytest.mark.parametrize("content_type", [JSON, EVENTS, "application/vnd.amazon.eventstream"])
def test_what_is_not_understood_is_no_answer_and_no_crash(
    content: bytes, content_type: str
) -> None:
    assert answer_of(content_type, content) is None
