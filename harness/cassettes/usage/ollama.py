"""Ollama's own chat, generate and embed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from harness.cassettes.usage.counts import Json, Reading, count, name, parsed, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable


class _Body(msgspec.Struct):
    model: Json = None
    done: Json = None
    prompt_eval_count: Json = None
    eval_count: Json = None


_decode = msgspec.json.Decoder(_Body).decode


def read(documents: Iterable[bytes], operation: str = "") -> Reading | None:
    """The usage of the answer's last line.

    Old versions leave the prompt's count out when it was still in memory; its
    size is not known then, and so neither is the usage.
    """
    last = None
    for body in parsed(documents, _decode):
        if body.done is True or operation == "embed":
            last = body
    if last is None:
        return None
    counts = {"prompt": last.prompt_eval_count, "completion": last.eval_count}
    completion = 0 if operation == "embed" else count(counts, "completion")
    counted = tokens(count(counts, "prompt"), completion)
    return None if counted is None else Reading(counted, name(last.model))
