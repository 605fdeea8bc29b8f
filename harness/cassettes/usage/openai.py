"""OpenAI's chat completions, completions, embeddings and responses.

Azure OpenAI, Groq, Mistral, OpenRouter, Together, DeepSeek, xAI, vLLM and many
more answer in the same shape.
"""

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


class _Body(msgspec.Struct):
    model: Json = None
    usage: Json = None
    service_tier: Json = None
    x_groq: Json = None
    # An event of a streamed response holds the response so far.
    response: msgspec.Raw = msgspec.Raw()


_NOTHING = msgspec.Raw()
_decode = msgspec.json.Decoder(_Body).decode


def read(documents: Iterable[bytes], operation: str = "") -> Reading | None:
    """The usage of a response or of its chunks.

    Chunks that repeat usage count up, so the last one holds for the call.
    """
    model, tier, usage, is_groq = "", None, None, False
    for body in parsed(documents, _decode):
        if body.response != _NOTHING:
            body = next(parsed((body.response,), _decode), body)
        # Azure's first chunk names no model.
        model = name(body.model) or model
        tier = body.service_tier or tier
        is_groq = is_groq or body.x_groq is not None
        usage = body.usage or _groq_usage(body.x_groq) or usage
    counted = _usage(usage, operation) if usage else None
    if counted is None:
        return None
    provider = "groq" if is_groq else ""
    return Reading(counted, model, provider, (*_audio(usage), *tier_surcharge(tier)))


def _groq_usage(x_groq: Json) -> Json:
    return x_groq.get("usage") if isinstance(x_groq, dict) else None


def _usage(usage: Json, operation: str) -> Usage | None:
    if count(usage, "prompt_tokens") is None:
        return _counted(usage, "input", "output")
    if operation == "embeddings" and count(usage, "completion_tokens") is None:
        return tokens(count(usage, "prompt_tokens"), 0)
    return _counted(usage, "prompt", "completion")


def _counted(usage: Json, into: str, out: str) -> Usage | None:
    prompt, completion = count(usage, f"{into}_tokens"), count(usage, f"{out}_tokens")
    reasoning = count(usage, f"{out}_tokens_details", "reasoning_tokens")
    total = count(usage, "total_tokens")
    if prompt and reasoning and total == prompt + (completion or 0) + reasoning:
        # xAI counts reasoning beside the completion, OpenAI within it.
        completion = (completion or 0) + reasoning
    return tokens(
        prompt,
        completion,
        cached_tokens=_cached(usage, f"{into}_tokens_details"),
        cache_write_tokens=count(usage, f"{into}_tokens_details", "cache_write_tokens"),
        reasoning_tokens=reasoning,
    )


def _cached(usage: Json, details: str) -> int | None:
    """Tokens read from the cache: OpenAI's place for them, DeepSeek's, Moonshot's."""
    return (
        count(usage, details, "cached_tokens")
        or count(usage, "prompt_cache_hit_tokens")
        or count(usage, "cached_tokens")
    )


def _audio(usage: Json) -> tuple[str, ...]:
    has_audio = any(
        count(usage, f"{kind}_tokens_details", "audio_tokens")
        for kind in ("prompt", "completion", "input", "output")
    )
    return ("audio tokens",) if has_audio else ()
