"""Cohere's chat and embed, versions 1 and 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from harness.cassettes.usage.counts import Json, Reading, count, parsed, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable


class _Body(msgspec.Struct):
    # Version 1 has it in meta, version 2 in usage, their streams in the last event.
    meta: Json = None
    usage: Json = None
    response: Json = None
    delta: Json = None


_decode = msgspec.json.Decoder(_Body).decode


def read(documents: Iterable[bytes], operation: str = "") -> Reading | None:
    """The billed tokens, which leave out Cohere's own prompt around the user's.

    What was read from a cache is told only of the tokens that are not billed.
    """
    usage = None
    for body in parsed(documents, _decode):
        found = body.usage or body.meta
        usage = found or _member(body.delta, "usage") or _member(body.response, "meta") or usage
    units = _member(usage, "billed_units") or _member(usage, "tokens")
    completion = count(units, "output_tokens")
    if completion is None and operation == "embed":
        completion = 0
    counted = tokens(count(units, "input_tokens"), completion)
    return None if counted is None else Reading(counted)


def _member(value: Json, key: str) -> Json:
    return value.get(key) if isinstance(value, dict) else None
