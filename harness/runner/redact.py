"""No secret in the run log: the last thing that happens to a result before it is kept."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from harness.capture import storable
from harness.cassettes.redaction import Redactor
from harness.model.sample import SampleResult, encode_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


S = TypeVar("S", bound=msgspec.Struct)

_PLAIN = frozenset({int, float, bool, type(None)})


@lru_cache(maxsize=1)
def _redactor() -> Redactor:
    return Redactor.from_environment(os.environ)


def redacted_encoding(result: SampleResult) -> bytes:
    """Encode a result with every secret in it replaced by a placeholder."""
    try:
        return encode_sample(redacted(result))
    except UnicodeEncodeError:
        # A lone surrogate, say from a file name an agent chose, cannot be stored as JSON.
        return encode_sample(_converted(result, _storable))


def redacted(value: S) -> S:
    """A stored value with every secret in it replaced by a placeholder."""
    # Nearly every result has no secret, and says most things three times: in a reply, in the
    # message made of it and in the next prompt. So each text is looked through once.
    texts = "\n".join(dict.fromkeys(_texts(value)))
    redactor = _redactor()
    return value if redactor.text(texts) == texts else _converted(value, redactor.data)


def _converted(value: S, change: Callable[[Any], Any]) -> S:
    return msgspec.convert(change(msgspec.to_builtins(value)), type(value))


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _redactor().text(storable(value))
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_storable(item) for item in value]
    return value


def _texts(value: Any) -> Iterator[str]:
    """Every text in a stored value: structs, tuples and JSON-like data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        # With their keys, which can tell that what follows is a secret.
        yield json.dumps(value, ensure_ascii=False)
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
