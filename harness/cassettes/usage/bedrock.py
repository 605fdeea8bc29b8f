"""Amazon Bedrock: converse, and invoke with whatever the model's own format is."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import msgspec

from harness.cassettes.usage import anthropic, openai
from harness.cassettes.usage.counts import Json, Reading, Response, count, parsed, tokens
from harness.cassettes.usage.eventstream import payloads

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.cassettes.usage.counts import Headers
    from harness.model.transcript import Usage

_HEADER = "x-amzn-bedrock-"


class _Body(msgspec.Struct):
    usage: Json = None
    # The last event of Nova's stream holds its usage.
    metadata: Json = None
    # Llama's.
    prompt_token_count: Json = None
    generation_token_count: Json = None
    # Titan's.
    titan_prompt: Json = msgspec.field(name="inputTextTokenCount", default=None)
    titan_completion: Json = msgspec.field(name="totalOutputTextTokenCount", default=None)
    results: Json = None
    embedding: msgspec.Raw = msgspec.Raw()
    # Bedrock adds them to the last event of a stream, whichever model made it.
    metrics: Json = msgspec.field(name="amazon-bedrock-invocationMetrics", default=None)


class _Chunk(msgspec.Struct):
    data: str = msgspec.field(name="bytes", default="")


_NOTHING = msgspec.Raw()
_decode = msgspec.json.Decoder(_Body).decode
_decode_chunk = msgspec.json.Decoder(_Chunk).decode


def read(response: Response) -> Reading | None:
    """The usage of a response: by its body, else by the token counts in its headers."""
    documents = _documents(response)
    if response.operation in ("converse", "converse-stream"):
        return _native(documents)
    return (
        anthropic.read(documents)
        or openai.read(documents)
        or _native(documents)
        or _reading(_of_headers(response.headers))
    )


def _documents(response: Response) -> Sequence[bytes]:
    if not response.operation.endswith("stream"):
        return (response.content,)
    events = tuple(payloads(response.content))
    if response.operation == "converse-stream":
        return events
    return tuple(base64.b64decode(chunk.data) for chunk in parsed(events, _decode_chunk))


def _reading(usage: Usage | None) -> Reading | None:
    return None if usage is None else Reading(usage)


def _native(documents: Iterable[bytes]) -> Reading | None:
    """Bedrock's and Amazon's own formats, and Llama's.

    Where several events of a stream have a count, the last one is the total.
    """
    last: dict[str, Json] = {}
    for body in parsed(documents, _decode):
        last.update({key: value for key, value in msgspec.structs.asdict(body).items() if value})
    metadata = last.get("metadata")
    usage = last.get("usage") or (metadata.get("usage") if isinstance(metadata, dict) else None)
    return _reading(
        _of_usage(usage)
        or _of_metrics(last.get("metrics"))
        or tokens(count(last, "prompt_token_count"), count(last, "generation_token_count"))
        or tokens(count(last, "titan_prompt"), _titan_completion(last))
    )


def _of_usage(usage: Json) -> Usage | None:
    # Of the names, converse has both, Nova's own format only the longer ones.
    cached, written = (
        count(usage, f"cache{kind}InputTokens") or count(usage, f"cache{kind}InputTokenCount")
        for kind in ("Read", "Write")
    )
    return _summed(
        count(usage, "inputTokens"),
        count(usage, "outputTokens"),
        cached=cached,
        written=written,
        hour=_hour(usage),
    )


def _hour(usage: Json) -> int:
    """Tokens written to the cache for an hour, which cost more."""
    details = usage.get("cacheDetails") if isinstance(usage, dict) else None
    entries = details if isinstance(details, list) else []
    return sum(
        count(entry, "inputTokens") or 0
        for entry in entries
        if isinstance(entry, dict) and entry.get("ttl") == "1h"
    )


def _of_metrics(metrics: Json) -> Usage | None:
    return _summed(
        count(metrics, "inputTokenCount"),
        count(metrics, "outputTokenCount"),
        cached=count(metrics, "cacheReadInputTokenCount"),
        written=count(metrics, "cacheWriteInputTokenCount"),
    )


def _of_headers(headers: Headers) -> Usage | None:
    counts = {
        key.lower().removeprefix(_HEADER): int(text)
        for key, value in headers.items()
        if (text := "".join(value)).isdecimal() and len(text) < 20
    }
    return _summed(
        counts.get("input-token-count"),
        counts.get("output-token-count"),
        cached=counts.get("cache-read-input-token-count"),
        written=counts.get("cache-write-input-token-count"),
    )


def _summed(
    uncached: int | None,
    completion: int | None,
    *,
    cached: int | None,
    written: int | None,
    hour: int = 0,
) -> Usage | None:
    """Usage of counts that tell cached and written tokens beside the input."""
    if uncached is None:
        return None
    cached, written = cached or 0, written or 0
    return tokens(
        uncached + cached + written,
        completion,
        cached_tokens=cached,
        cache_write_tokens=written,
        cache_write_1h_tokens=hour,
    )


def _titan_completion(last: dict[str, Json]) -> int | None:
    results = last.get("results")
    if isinstance(results, list) and results:
        return sum(count(result, "tokenCount") or 0 for result in results)
    if last.get("embedding", _NOTHING) != _NOTHING:
        return 0
    return count(last, "titan_completion")
