"""Cassettes written down call by call, and what a request that misses them is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.cassettes.cassette import Cassette
from harness.cassettes.format import CassetteHeader, Payload, ResponseRecord
from harness.cassettes.matching import Index, Request, request_of
from harness.cassettes.misses import Asked, Miss, miss_of
from harness.cassettes.reader import load_cassette
from harness.cassettes.writer import CassetteWriter

URL = "https://api.openai.com/v1/chat/completions"
SETTINGS = {"model": "gpt-4o", "temperature": 0.2}
Call = tuple[str, Request, str]


def said(role: str, content: Any, **fields: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **fields}


def request(*messages: dict[str, Any], url: str = URL, **fields: Any) -> Request:
    body = {**SETTINGS, "messages": list(messages), **fields}
    return request_of("POST", url, json.dumps(body).encode())


def record(
    path: Path,
    *calls: Call,
    source: str = "api.openai.com",
    cost_usd: float | None = 0.01,
    ignored: tuple[str, ...] = (),
    sample: str = "coding/look/brief-t0.2/1",
) -> Cassette:
    """Write one interaction per call: agent, request and reply."""
    header = CassetteHeader(
        recorded_at="2026-01-02T03:04:05+00:00",
        source=source,
        base_url="https://api.openai.com/v1",
        sample=sample,
        ignored=ignored,
    )
    writer = CassetteWriter(path, header)
    for agent, asked, reply in calls:
        body = {"choices": [{"index": 0, "message": said("assistant", reply)}]}
        response = ResponseRecord(status=200, body=Payload(json=body, style="compact"))
        writer.write(asked, response, latency_seconds=1, caller=(agent, ""), cost_usd=cost_usd)
    writer.finish()
    return load_cassette(path, ignored=ignored)


def miss(cassette: Cassette, asked: Request, *, agent: str = "coder", played: int = 0) -> Miss:
    """What a request is told after the first interactions were played.

    The agent is one that made no other call but those.
    """
    index = Index(cassette.interactions)
    for entry in cassette.interactions[:played]:
        assert index.take(entry.request) is entry
    assert index.take(asked) is None, "it does not miss"
    before = sum(entry.agent == agent for entry in cassette.interactions[:played])
    return miss_of("x.jsonl", cassette, index, asked, Asked(agent, "reply", played + 1, before + 1))
