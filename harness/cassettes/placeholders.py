"""Matching what secrets were removed from: the placeholder stands for any text.

Secrets are replaced before anything is written, and the environment that knew
them may be gone at replay. So where a recorded request holds the placeholder,
and nothing matches exactly, the placeholder fits one character or more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from harness.cassettes.ignoring import normal
from harness.cassettes.redaction import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.cassettes.ignoring import Ignoring
    from harness.cassettes.matching import Part, Request

_MASK = PLACEHOLDER.encode()


def has_placeholder(data: bytes) -> bool:
    """Whether a secret was removed from this."""
    return _MASK in data


def fits(recorded: Request, asked: Request) -> bool:
    """Whether asked is what was recorded, a placeholder standing for any text."""
    return (
        recorded.method == asked.method
        and recorded.shape.kind == asked.shape.kind
        and _fits_text(recorded.path, asked.path)
        and _fits_text(recorded.query, asked.query)
        and _fits_lists(recorded, asked)
        and _fits(_fields(recorded), _fields(asked))
    )


def _fields(request: Request) -> Any:
    """The fields as the key sees them: whole floats as integers, without what is ignored."""
    return msgspec.json.decode(request.ignoring.fields(normal(request.shape.fields)))


def _fits_lists(recorded: Request, asked: Request) -> bool:
    ones, others = recorded.shape.lists, asked.shape.lists
    ignoring = recorded.ignoring
    return ones.keys() == others.keys() and all(
        ignoring.drops(name) or _fits_list(name, parts, others[name], ignoring)
        for name, parts in ones.items()
    )


def _fits_list(
    name: str, recorded: Sequence[Part], asked: Sequence[Part], ignoring: Ignoring
) -> bool:
    return len(recorded) == len(asked) and all(
        one.digest == other.digest
        or (one.is_masked and _fits(_item(name, one, ignoring), _item(name, other, ignoring)))
        for one, other in zip(recorded, asked, strict=True)
    )


def _item(name: str, part: Part, ignoring: Ignoring) -> Any:
    return msgspec.json.decode(ignoring.part(name, part.value)) if ignoring else part.value


def _fits(recorded: Any, asked: Any) -> bool:
    if isinstance(recorded, str):
        return _fits_text(recorded, asked if isinstance(asked, str) else str(asked))
    if isinstance(recorded, dict):
        return isinstance(asked, dict) and _fits_dict(recorded, asked)
    if isinstance(recorded, list):
        return (
            isinstance(asked, list)
            and len(recorded) == len(asked)
            and all(map(_fits, recorded, asked))
        )
    return type(recorded) is type(asked) and bool(recorded == asked)


def _fits_dict(recorded: dict[str, Any], asked: dict[str, Any]) -> bool:
    if len(recorded) != len(asked):
        return False
    rest = {key: value for key, value in asked.items() if key not in recorded}
    for key, value in recorded.items():
        if key in asked:
            partner = key
        else:
            found = [other for other in rest if _fits_text(key, other)]
            if not found:
                return False
            partner = found[0]
            del rest[partner]
        if not _fits(value, asked[partner]):
            return False
    return True


def _fits_text(recorded: str, asked: str) -> bool:
    """Compare texts; each placeholder stands for one character or more."""
    if recorded == asked:
        return True
    first, *rest = recorded.split(PLACEHOLDER)
    if not rest or not asked.startswith(first):
        return False
    position, last = len(first), rest.pop()
    for piece in rest:
        position = asked.find(piece, position + 1)
        if position < 0:
            return False
        position += len(piece)
    return asked.endswith(last) and len(asked) - len(last) > position
