"""JSON that is nested too deep to be taken apart: it is kept as text."""

from __future__ import annotations

from itertools import chain
from typing import Any

# Whatever walks through a value needs a few frames per level, of the thousand that Python has.
MOST_LEVELS = 150


def is_deep(value: Any, encoded: bytes) -> bool:
    """Whether a value has more levels of lists and objects than may be taken apart.

    Args:
        value: As decoded.
        encoded: As encoded, to see at once that it has too few brackets.
    """
    if len(encoded) <= MOST_LEVELS or encoded.count(b"{") + encoded.count(b"[") <= MOST_LEVELS:
        return False
    level = [value]
    for _ in range(MOST_LEVELS + 1):
        level = list(chain.from_iterable(map(_inside, level)))
        if not level:
            return False
    return True


def refuse_deep(value: Any, encoded: bytes) -> None:
    """Refuse what is nested too deep.

    Raises:
        RecursionError: If it is.
    """
    if is_deep(value, encoded):
        raise RecursionError(f"nested more than {MOST_LEVELS} levels deep")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
