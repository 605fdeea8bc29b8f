"""No secret in the run log: the last thing that happens to a result before it is kept."""

from __future__ import annotations

import os
from functools import lru_cache

import msgspec

from harness.cassettes.redaction import Redactor
from harness.model.sample import SampleResult, encode_sample


@lru_cache(maxsize=1)
def _redactor() -> Redactor:
    return Redactor.from_environment(os.environ)


def redacted_encoding(result: SampleResult) -> bytes:
    """Encode a result with every secret in it replaced by a placeholder."""
    encoded = encode_sample(result)
    redactor = _redactor()
    text = encoded.decode()
    # Nearly every result has no secret: one scan of the text, no walk over the data.
    if redactor.text(text) == text:
        return encoded
    return msgspec.json.encode(redactor.data(msgspec.json.decode(encoded)))


def redacted_text(text: str) -> str:
    """A text with every secret replaced, for logs and command lines."""
    return _redactor().text(text)
