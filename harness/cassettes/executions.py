"""Results of code among the messages of a conversation, as AutoGen words them."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_RESULT = re.compile(
    r"exitcode: (?P<code>-?\d+) \(execution (?:succeeded|failed)\)\nCode output: ?(?P<output>.*)",
    re.DOTALL,
)
_MOST_CHARACTERS = 120


def executed_differently(recorded: Any, asked: Any, before: Sequence[Any]) -> str:
    """Say what a run of code did now that it did not when it was recorded.

    Args:
        recorded: The message as recorded.
        asked: The message as it is now.
        before: The messages before it, which both have.

    Returns:
        For example ``execution 2 printed 'Total: 5' instead of 'Total: 4'``; empty if one of
        the two is no result of code.
    """
    was, now = _result(recorded), _result(asked)
    if was is None or now is None:
        return ""
    number = 1 + sum(_result(message) is not None for message in before)
    said = []
    if was["code"] != now["code"]:
        said.append(f"exited {now['code']} instead of {was['code']}")
    for old, new in zip_longest(was["output"].splitlines(), now["output"].splitlines()):
        if old != new:
            said.append(f"printed {_quoted(new)} instead of {_quoted(old)}")
            break
    return f"execution {number} {' and '.join(said)}" if said else ""


def _result(message: Any) -> re.Match[str] | None:
    content = message.get("content") if isinstance(message, dict) else None
    return _RESULT.match(content) if isinstance(content, str) else None


def _quoted(line: str | None) -> str:
    if line is None:
        return "nothing more"
    return repr(line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}…")
