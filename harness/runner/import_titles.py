"""What imported scenarios are called: names that are ids tell nobody anything."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Characters of a title that a task gives.
_LENGTH = 80
# A shorter beginning that all tasks share is part of what they ask, as in "How many ...".
_PREAMBLE = 40
# After a number only where no other can follow, as in "Version 3. 4".
_ENDS = re.compile(r"(?<!\d)\.\s+|(?<=\d)\.\s+(?=[^\d\s])|[:!?]\s+|\n")
_WORDS = re.compile(r"\s+")


def titles_of_tasks(tasks: Mapping[str, str]) -> dict[str, str]:
    """A line of at most 80 characters for each scenario, from what its task says.

    A preamble that all tasks begin with is left out: it would be all that the titles say.

    Args:
        tasks: Text of the task by name of the scenario.

    Returns:
        Titles by name; the name itself where the task says nothing.
    """
    shared = _preamble({task for task in tasks.values() if task.strip()})
    return {name: _title(task, shared) or name for name, task in tasks.items()}


def _preamble(tasks: set[str]) -> int:
    """How many characters all tasks begin with, whole sentences or lines; 0 if that is little.

    Whole words where not even a title's length has an end: the titles would be the same.
    """
    if len(tasks) < 2:
        return 0
    # What the first and the last in order share, all in between share as well.
    pairs = zip(min(tasks), max(tasks), strict=False)
    shared = "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    length = _last(_ENDS, shared)
    if length >= _PREAMBLE:
        return length
    return _last(_WORDS, shared) if len(shared) >= _LENGTH else 0


def _last(ends: re.Pattern[str], text: str) -> int:
    """Where the last one ends; 0 without any."""
    return max((end.end() for end in ends.finditer(text)), default=0)


def _title(task: str, shared: int) -> str:
    first = _first_line(task[shared:]) or _first_line(task)
    return first if len(first) <= _LENGTH else f"{first[: _LENGTH - 1]}…"


def _first_line(text: str) -> str:
    """The first that says something, which the fence of a code block does not."""
    lines = [stripped for line in text.splitlines() if (stripped := line.strip())]
    return next((line for line in lines if not line.startswith("```")), "")
