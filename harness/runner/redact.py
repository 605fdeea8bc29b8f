"""No secret in the run log: the last thing that happens to a result before it is kept."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from harness.cassettes.redaction import Redactor
from harness.model.sample import SampleResult, encode_sample

if TYPE_CHECKING:
    from collections.abc import Iterator


_PLAIN = frozenset({int, float, bool, type(None)})


@lru_cache(maxsize=1)
def _redactor() -> Redactor:
    return Redactor.from_environment(os.environ)


def redacted_encoding(result: SampleResult) -> bytes:
    """Encode a result with every secret in it replaced by a placeholder."""
    # Nearly every result has no secret, and says most things three times: in a reply, in the
    # message made of it and in the next prompt. So each text is looked through once.
    texts = "\n".join(dict.fromkeys(_texts(result)))
    redactor = _redactor()
    if redactor.text(texts) == texts:
        return encode_sample(result)
    return msgspec.json.encode(redactor.data(msgspec.json.decode(encode_sample(result))))


def _texts(value: Any) -> Iterator[str]:
    """Every text in a stored value: structs, tuples and JSON-like data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        # With their keys, which can tell that what follows is a secret.
        yield msgspec.json.encode(value).decode()
    elif isinstance(value, tuple | list | msgspec.Struct):
        fields = msgspec.structs.astuple(value) if isinstance(value, msgspec.Struct) else value
        for item in fields:
            # Most fields are texts or plain numbers: a call for each would cost the most.
            if type(item) is str:
                yield item
            elif type(item) not in _PLAIN:
                yield from _texts(item)


def redacted_text(text: str) -> str:
    """A text with every secret replaced, for logs and command lines."""
    return _redactor().text(text)
