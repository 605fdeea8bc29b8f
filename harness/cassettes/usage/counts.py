"""What the readers of all wire formats share: their result and the checking of numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from harness.model.transcript import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Headers = Mapping[str, str | Sequence[str]]

T = TypeVar("T")

# What decoding hostile bytes may raise.
MALFORMED = (msgspec.MsgspecError, ValueError, RecursionError)
# SQLite, Parquet and JSON readers in other languages hold no larger integer.
_LARGEST = 2**53

# Any because the shape is the provider's, and checked where it is read.
Json = Any


class BadCountError(ValueError):
    """A count that cannot be right: negative, fractional, huge, or no number."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a response says about its own call.

    Attributes:
        usage: Tokens of the call.
        model: Model the response names; "" if it names none.
        provider: Price list the response itself betrays; "" if none.
        unpriced: See `CallUsage`.
    """

    usage: Usage
    model: str = ""
    provider: str = ""
    unpriced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallUsage:
    """Tokens of one recorded model call, and what is needed to price them.

    Attributes:
        provider: Whose price list applies, by genai-prices' id ("openai", "aws", ...);
            "" if only the model's name can tell. A name on no list, such as "ollama",
            means that no list price applies.
        model: Model as the response names it, else as the request, else as the path
            does; for Bedrock always the path's, which prices go by.
        usage: Tokens, as the provider counted them.
        asked: Model as the request names it, else as the path does; "" if neither does.
        unpriced: What the usage mentions that changes the price but is on no list,
            such as "audio tokens", "web searches" or "service tier flex".
    """

    provider: str
    model: str
    usage: Usage
    asked: str = ""
    unpriced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """A response, as the readers of wire formats see it.

    Attributes:
        operation: Last part of the path that names the format, e.g. "embeddings".
        content_type: Value of the header.
        content: Body, content-encoding undone.
        headers: One value or several by name, in any case.
    """

    operation: str
    content_type: str
    content: bytes
    headers: Headers = field(default_factory=dict)


def count(source: Json, *path: str) -> int | None:
    """The number of tokens at a path of keys.

    Returns:
        None if it is not there, or null.

    Raises:
        BadCountError: If what is there is no count.
    """
    for name in path:
        if source is None:
            return None
        if not isinstance(source, dict):
            raise BadCountError(path)
        source = source.get(name)
    if source is None or (type(source) is int and 0 <= source <= _LARGEST):
        return source
    # Cohere writes counts as floats.
    if type(source) is float and source.is_integer() and 0 <= source <= _LARGEST:
        return int(source)
    raise BadCountError(path)


def tokens(prompt: int | None, completion: int | None, **parts: int | None) -> Usage | None:
    """Usage of counts that were read.

    Args:
        prompt: Prompt tokens, all kinds.
        completion: Completion tokens, all kinds.
        **parts: The other fields of `Usage`; None for 0.

    Returns:
        None if a count is missing, or if nothing was counted: no call takes no tokens.
    """
    if prompt is None or completion is None or not prompt + completion:
        return None
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        **{name: part for name, part in parts.items() if part},
    )


def name(value: Json) -> str:
    """A model's name; "" for anything that is none."""
    return value if isinstance(value, str) else ""


def tier_surcharge(tier: Json) -> tuple[str, ...]:
    """The service tier, if it has other prices than the list's."""
    return (f"service tier {tier}",) if tier in ("batch", "flex", "priority") else ()


def parsed(documents: Iterable[bytes], decode: Callable[[bytes], T]) -> Iterator[T]:
    """Decode documents, passing over those that are not of the kind."""
    for document in documents:
        try:
            yield decode(document)
        except MALFORMED:
            continue
