"""No secret in the run log: the last thing that happens to a result before it is kept."""

from __future__ import annotations

import json
import os
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from harness.capture import storable
from harness.cassettes.redaction import NO_RULES, Redactor
from harness.model.sample import KeptImage, SampleResult, encode_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.model.scenario import SecretRules

S = TypeVar("S", bound=msgspec.Struct)

_PLAIN = frozenset({int, float, bool, type(None)})


@lru_cache(maxsize=8)
def _redactor(rules: SecretRules = NO_RULES) -> Redactor:
    return Redactor.from_environment(os.environ, rules)


def redacted_encoding(result: SampleResult, rules: SecretRules = NO_RULES) -> bytes:
    """Encode a result with every secret in it replaced by a placeholder.

    Args:
        result: What is to be kept.
        rules: The user's own.
    """
    redactor = _redactor(rules)
    kept = tuple(image for image in result.images if not _tells_secret(image.content, redactor))
    # Their content is no text, so what changes texts must not meet it.
    plain = msgspec.structs.replace(result, images=())
    try:
        return encode_sample(_with_images(redacted(plain, rules), kept, redactor.text))
    except UnicodeEncodeError:
        # A lone surrogate, say from a file name an agent chose, cannot be stored as JSON.
        storing = partial(_storable, redactor=redactor)
        return encode_sample(_with_images(_converted(plain, storing), kept, storing))


def _tells_secret(content: bytes, redactor: Redactor) -> bool:
    text = content.decode("latin-1")
    return redactor.text(text) != text


def _with_images(
    result: SampleResult, images: tuple[KeptImage, ...], change: Callable[[str], str]
) -> SampleResult:
    named = (msgspec.structs.replace(each, path=change(each.path)) for each in images)
    return msgspec.structs.replace(result, images=tuple(named))


def redacted(value: S, rules: SecretRules = NO_RULES) -> S:
    """A stored value with every secret in it replaced by a placeholder."""
    # Nearly every result has no secret, and says most things three times: in a reply, in the
    # message made of it and in the next prompt. So each text is looked through once.
    texts = "\n".join(dict.fromkeys(_texts(value)))
    redactor = _redactor(rules)
    return value if redactor.text(texts) == texts else _converted(value, redactor.data)


def _converted(value: S, change: Callable[[Any], Any]) -> S:
    return msgspec.convert(change(msgspec.to_builtins(value)), type(value))


def _storable(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        return redactor.text(storable(value))
    if isinstance(value, dict):
        return {_storable(key, redactor): _storable(item, redactor) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_storable(item, redactor) for item in value]
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
    """A text with every secret replaced, for logs, command lines and titles."""
    return _redactor().text(text)
