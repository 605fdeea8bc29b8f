"""Each generation of the GenAI conventions, as spans written by hand, tells the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from otel_spans import ANSWERED, ASKED, chat, event, export, listed, samples, span, valued

GENERATIONS = [
    pytest.param(
        span(
            1,
            chat()
            | {
                "gen_ai.input.messages": json.dumps(ASKED),
                "gen_ai.output.messages": json.dumps(ANSWERED),
            },
        ),
        id="json-in-attributes",
    ),
    pytest.param(
        span(1, chat() | {"gen_ai.input.messages": ASKED, "gen_ai.output.messages": ANSWERED}),
        id="structured-attributes",
    ),
    pytest.param(
        span(
            1,
            chat(),
            events=[
                event(
                    "gen_ai.client.inference.operation.details",
                    {"gen_ai.input.messages": ASKED, "gen_ai.output.messages": ANSWERED},
                )
            ],
        ),
        id="details-event",
    ),
    pytest.param(
        span(
            1,
            chat(),
            events=[
                event("gen_ai.system.message", {"content": "Be brief."}),
                event("gen_ai.user.message", {"content": "Hi"}),
                event(
                    "gen_ai.choice",
                    {
                        "gen_ai.event.content": json.dumps(
                            {
                                "index": 0,
                                "finish_reason": "stop",
                                "message": {"role": "assistant", "content": "Hello"},
                            }
                        )
                    },
                ),
            ],
        ),
        id="message-events",
    ),
    pytest.param(
        span(
            1,
            chat(),
            events=[
                event(
                    "gen_ai.content.prompt",
                    {
                        "gen_ai.prompt": json.dumps(
                            [
                                {"role": "system", "content": "Be brief."},
                                {"role": "user", "content": "Hi"},
                            ]
                        )
                    },
                ),
                event(
                    "gen_ai.content.completion",
                    {
                        "gen_ai.completion": json.dumps(
                            [{"role": "assistant", "content": "Hello", "finish_reason": "stop"}]
                        )
                    },
                ),
            ],
        ),
        id="content-events",
    ),
    pytest.param(
        span(
            1,
            {
                "llm.request.type": "chat",
                "gen_ai.request.model": "gpt-4o",
                "gen_ai.usage.prompt_tokens": 10,
                "gen_ai.usage.completion_tokens": 3,
                "gen_ai.prompt.0.role": "system",
                "gen_ai.prompt.0.content": "Be brief.",
                "gen_ai.prompt.1.role": "user",
                "gen_ai.prompt.1.content": "Hi",
                "gen_ai.completion.0.role": "assistant",
                "gen_ai.completion.0.content": "Hello",
                "gen_ai.completion.0.finish_reason": "stop",
            },
        ),
        id="openllmetry",
    ),
]


@pytest.mark.parametrize("one", GENERATIONS)
def test_every_generation_of_the_conventions_tells_the_same(
    one: dict[str, Any], tmp_path: Path
) -> None:
    (sample,) = samples(tmp_path, export(one))

    messages = sample.transcript.messages
    said = [(each.speaker, each.recipient, each.role, each.content) for each in messages]
    assert said == [
        ("user", "assistant", "user", "Hi"),
        ("assistant", "user", "assistant", "Hello"),
    ]
    (call,) = sample.transcript.model_calls
    assert call.usage is not None
    assert (call.usage.prompt_tokens, call.usage.completion_tokens) == (10, 3)
    assert (call.prompt, call.prompt_messages, call.reply) == ("Hi", 2, "Hello")
    system, asked = sample.transcript.request_of(call)
    assert (system.role, system.content) == ("system", "Be brief.")
    assert (asked.role, asked.content) == ("user", "Hi")
    assert (call.finish_reason, call.latency_seconds) == ("stop", 1.0)
    assert sample.score_of("cost") is not None


def test_log_records_are_events_of_the_span_that_they_name(tmp_path: Path) -> None:
    records = [
        {"traceId": f"{1:032x}", "spanId": f"{1:016x}", "timeUnixNano": time, **record}
        for time, record in (
            (
                "2",
                {"eventName": "gen_ai.choice", "body": valued({"message": {"content": "Hello"}})},
            ),
            (
                "1",
                {
                    "attributes": listed({"event.name": "gen_ai.user.message"}),
                    "body": valued({"content": "Hi"}),
                },
            ),
        )
    ]
    logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}

    (sample,) = samples(tmp_path, [export(span(1, chat())), logs])

    assert [each.content for each in sample.transcript.messages] == ["Hi", "Hello"]
    assert sample.origin is not None
    assert len(json.loads(sample.origin.document)["logRecords"]) == 2
