"""Matching what secrets were removed from: the placeholder stands for any text.

Secrets are replaced before anything is written, and the environment that knew
them may be gone at replay. So where a recorded request holds the placeholder,
and nothing matches exactly, the placeholder fits one character or more: no blanks if
what was removed had none. A placeholder that was asked as it stands fits nothing but
itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from harness.cassettes.ignoring import canonical, normal
from harness.cassettes.redaction import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.cassettes.format import Removed
    from harness.cassettes.ignoring import Ignoring
    from harness.cassettes.matching import Part, Request

_MASK = PLACEHOLDER.encode()
_BLANK = re.compile(r"\s")


def has_placeholder(data: bytes) -> bool:
    """Whether a secret was removed from this."""
    return _MASK in data


def fits(recorded: Request, asked: Request) -> bool:
    """Whether asked is what was recorded, a placeholder standing for any text."""
    return (
        recorded.method == asked.method
        and recorded.shape.kind == asked.shape.kind
        and _fits_head(recorded, asked)
        and _fits_lists(recorded, asked)
    )


def _fits_head(recorded: Request, asked: Request) -> bool:
    one, other = _fields(recorded), _fields(asked)
    if recorded.removed == "nothing":
        places = (recorded.path, recorded.query), (asked.path, asked.query)
        return places[0] == places[1] and canonical(one) == canonical(other)
    pairs = ((recorded.path, asked.path), (recorded.query, asked.query), (one, other))
    is_word = recorded.removed == "word"
    return all(_fits(one, other, is_word) for one, other in pairs)


def removed_from(clean: Any, raw: Any) -> Removed:
    """What was removed from a value.

    Args:
        clean: The value with placeholders.
        raw: The value before that.
    """
    return "word" if _fits(clean, raw, is_word=True) else "text"


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
        one.digest == other.digest or (one.is_masked and _fits_part(name, one, other, ignoring))
        for one, other in zip(recorded, asked, strict=True)
    )


def _fits_part(name: str, recorded: Part, asked: Part, ignoring: Ignoring) -> bool:
    one, other = _item(name, recorded, ignoring), _item(name, asked, ignoring)
    return _fits(one, other, is_word=recorded.removed == "word")


def _item(name: str, part: Part, ignoring: Ignoring) -> Any:
    return msgspec.json.decode(ignoring.part(name, part.value)) if ignoring else part.value


def _fits(recorded: Any, asked: Any, is_word: bool) -> bool:  # noqa: FBT001 - recursive
    if isinstance(recorded, str):
        return _fits_text(recorded, asked if isinstance(asked, str) else str(asked), is_word)
    if isinstance(recorded, dict):
        return isinstance(asked, dict) and _fits_dict(recorded, asked, is_word)
    if isinstance(recorded, list):
        return (
            isinstance(asked, list)
            and len(recorded) == len(asked)
            and all(_fits(one, other, is_word) for one, other in zip(recorded, asked, strict=True))
        )
    return type(recorded) is type(asked) and bool(recorded == asked)


def _fits_dict(recorded: dict[str, Any], asked: dict[str, Any], is_word: bool) -> bool:  # noqa: FBT001
    if len(recorded) != len(asked):
        return False
    rest = {key: value for key, value in asked.items() if key not in recorded}
    for key, value in recorded.items():
        if key in asked:
            partner = key
        else:
            found = [other for other in rest if _fits_text(key, other, is_word)]
            if not found:
                return False
            partner = found[0]
            del rest[partner]
        if not _fits(value, asked[partner], is_word):
            return False
    return True


def _fits_text(recorded: str, asked: str, is_word: bool) -> bool:  # noqa: FBT001
    """Compare texts; each placeholder stands for one character or more."""
    if recorded == asked:
        return True
    first, *rest = recorded.split(PLACEHOLDER)
    if not rest or not asked.startswith(first):
        return False
    position, last = len(first), rest.pop()
    end = len(asked) - len(last)
    for piece in rest:
        found = asked.find(piece, position + 1)
        if found < 0 or (is_word and _BLANK.search(asked, position, found)):
            return False
        position = found + len(piece)
    if is_word and _BLANK.search(asked, position, max(end, position)):
        return False
    return asked.endswith(last) and end > position
