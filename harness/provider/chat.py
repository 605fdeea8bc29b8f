"""What a provider script reads out of a conversation: code, and what running it gave."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.provider.script import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_OUTCOME = re.compile(r"\Aexitcode: (-?\d+) \([^)]*\)\s*\nCode output: ?(.*)\Z", re.DOTALL)
_BLOCK = re.compile(r"```[ \t]*(\w*)[ \t]*\r?\n(.*?)\n?[ \t]*```", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the executor reported of one message's code: exit code and output."""

    exit_code: int
    output: str

    @property
    def error(self) -> str:
        """The last line of the output that says something; "" without output."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return lines[-1] if lines else ""


def outcome_of(text: str) -> Outcome | None:
    """Read AutoGen's execution report; None if the text is something else."""
    match = _OUTCOME.match(text.strip())
    return Outcome(exit_code=int(match[1]), output=match[2].strip("\n")) if match else None


def outcomes_in(messages: tuple[Mapping[str, Any], ...]) -> list[Outcome]:
    """Every execution report in a conversation, oldest first."""
    found = [outcome_of(text_of(message)) for message in messages]
    return [outcome for outcome in found if outcome is not None]


def code_in(text: str) -> list[str]:
    """The code blocks of a message, in order."""
    return [match[2] for match in _BLOCK.finditer(text)]


def fenced(code: str, language: str = "python") -> str:
    """Code as a block of a message."""
    return f"```{language}\n{code}\n```"
