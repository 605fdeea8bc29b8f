"""Anthropic's messages, also as served by Bedrock, Vertex AI and Azure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from harness.cassettes.usage.counts import (
    Json,
    Reading,
    count,
    name,
    parsed,
    tier_surcharge,
    tokens,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.model.transcript import Usage


class _Event(msgspec.Struct):
    type: Json = None
    model: Json = None
    usage: Json = None
    message: Json = None


_decode = msgspec.json.Decoder(_Event).decode


def read(documents: Iterable[bytes], operation: str = "") -> Reading | None:
    """The usage of a message or of its events.

    In a stream the first event tells the prompt and a preliminary completion;
    counts of later events are totals that replace earlier ones. A stream that
    broke off before its last count has none.
    """
    model, is_final = "", False
    usage: Json = None
    for event in parsed(documents, _decode):
        message = event.message if event.type == "message_start" else None
        if isinstance(message, dict):
            model, usage, is_final = name(message.get("model")), message.get("usage"), False
        elif isinstance(event.usage, dict):
            model, is_final = name(event.model) or model, True
            usage = _updated(usage, event.usage)
    counted = _usage(usage) if is_final else None
    return None if counted is None else Reading(counted, model, "", _unpriced(usage))


def _updated(usage: Json, later: dict[str, Json]) -> dict[str, Json]:
    known = {key: value for key, value in later.items() if value is not None}
    return {**usage, **known} if isinstance(usage, dict) else known


def _usage(usage: Json) -> Usage | None:
    uncached = count(usage, "input_tokens")
    if uncached is None:
        return None
    cached = count(usage, "cache_read_input_tokens") or 0
    written = count(usage, "cache_creation_input_tokens") or 0
    return tokens(
        uncached + cached + written,
        count(usage, "output_tokens"),
        cached_tokens=cached,
        cache_write_tokens=written,
        cache_write_1h_tokens=count(usage, "cache_creation", "ephemeral_1h_input_tokens"),
        reasoning_tokens=count(usage, "output_tokens_details", "thinking_tokens"),
    )


def _unpriced(usage: dict[str, Json]) -> tuple[str, ...]:
    found = list(tier_surcharge(usage.get("service_tier")))
    if count(usage, "server_tool_use", "web_search_requests"):
        found.append("web searches")
    if usage.get("speed") == "fast":
        found.append("fast mode")
    if usage.get("inference_geo") == "us":
        found.append("inference in the US only")
    return tuple(found)
