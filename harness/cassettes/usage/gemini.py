"""Google's generateContent and streamGenerateContent, of Gemini and of Vertex AI."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from harness.cassettes.usage.counts import Json, Reading, count, name, parsed, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

_OTHER_RATES = {
    "promptTokensDetails": ("AUDIO",),
    "toolUsePromptTokensDetails": ("AUDIO",),
    "candidatesTokensDetails": ("AUDIO", "IMAGE", "VIDEO"),
}


class _Body(msgspec.Struct, rename="camel"):
    usage_metadata: Json = None
    model_version: Json = None


_decode = msgspec.json.Decoder(_Body).decode


def read(documents: Iterable[bytes], operation: str = "") -> Reading | None:
    """The usage of a response or of its chunks, whose counts are running totals.

    Thoughts are counted beside the candidates, and the results of hosted tools
    beside the prompt; cached tokens are counted within the prompt.
    """
    model = ""
    usage: Json = None
    for body in parsed(documents, _decode):
        model = name(body.model_version) or model
        usage = body.usage_metadata or usage
    prompt = count(usage, "promptTokenCount")
    if prompt is None:
        return None
    thoughts = count(usage, "thoughtsTokenCount") or 0
    counted = tokens(
        prompt + (count(usage, "toolUsePromptTokenCount") or 0),
        # Left out if nothing was generated.
        (count(usage, "candidatesTokenCount") or 0) + thoughts,
        cached_tokens=count(usage, "cachedContentTokenCount"),
        reasoning_tokens=thoughts,
    )
    if counted is None:
        return None
    return Reading(counted, model.removeprefix("models/"), "", _unpriced(usage))


def _unpriced(usage: Json) -> tuple[str, ...]:
    found = [
        f"{modality.lower()} tokens"
        for details, modalities in _OTHER_RATES.items()
        for modality in modalities
        if _has_modality(usage.get(details), modality)
    ]
    traffic = usage.get("trafficType")
    if isinstance(traffic, str) and traffic not in ("ON_DEMAND", "TRAFFIC_TYPE_UNSPECIFIED"):
        found.append(f"traffic type {traffic}")
    return tuple(dict.fromkeys(found))


def _has_modality(details: Json, modality: str) -> bool:
    entries = details if isinstance(details, list) else []
    return any(
        isinstance(entry, dict) and entry.get("modality") == modality and count(entry, "tokenCount")
        for entry in entries
    )
