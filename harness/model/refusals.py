"""Recognise in a program's error output what a sandbox refused it."""

from __future__ import annotations

import re

_MOST_REFUSALS = 3
_MOST_CHARACTERS = 200

# Errors a program meets where it has no business. Python prints number and text, other
# programs only the text.
_REFUSAL = re.compile(
    r"^(?:"
    r"(?:[\w.]*\.)?(?:PermissionError|BlockingIOError|OSError|ConnectionError|URLError|gaierror)\b.*"
    r"(?:\[Errno (?:1|13|30|97|99|101|113|-[235])\]|Network is unreachable|name resolution).*"
    r"|.*: (?:Permission denied|Operation not permitted|Read-only file system"
    r"|Network is unreachable|Could not resolve host.*|Temporary failure in name resolution)"
    r")$",
    re.MULTILINE,
)


def refusals_in(stderr: str) -> tuple[str, ...]:
    """The lines that tell of something refused: files, network, rights; at most three.

    A program that handles its errors silently leaves no such line. Whether it was a sandbox
    or the program's own workspace that refused cannot be told from the text.

    Args:
        stderr: Standard error of a run that failed in an isolating sandbox.
    """
    found = dict.fromkeys(match.group().strip() for match in _REFUSAL.finditer(stderr))
    return tuple(line[:_MOST_CHARACTERS] for line in list(found)[-_MOST_REFUSALS:])
