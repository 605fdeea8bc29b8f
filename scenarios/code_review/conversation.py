"""What the scripted model reads out of the conversation so far; it has no other memory."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from harness.provider.chat import Outcome, code_in, outcome_of
from harness.provider.script import Call, text_of
from harness.suites import sibling

findings = sibling(__file__, "findings")

SPEAKERS = ("executor", "reviewer", "coder")


@dataclass(frozen=True)
class Turn:
    speaker: str
    text: str


@dataclass(frozen=True)
class Conversation:
    """The turns of a conversation about the module that the parts are for."""

    turns: tuple[Turn, ...]
    # A `Parts`; written as Any because suite modules are loaded by path.
    parts: Any

    def count(self, speaker: str) -> int:
        return sum(turn.speaker == speaker for turn in self.turns)

    def version(self) -> int | None:
        """Index of the turn with the newest version of the module; None before the first."""
        for index in reversed(range(len(self.turns))):
            turn = self.turns[index]
            if turn.speaker == "coder" and self._module_in(turn.text):
                return index
        return None

    @property
    def code(self) -> str:
        """The newest version of the module, at first the one in the task."""
        index = self.version()
        if index is None:
            return _indented_code(self.turns[0].text)
        return self._module_in(self.turns[index].text) or ""

    def _module_in(self, text: str) -> str | None:
        head = f"# filename: {self.parts.module}\n"
        for block in code_in(text):
            if block.startswith(head):
                return block.removeprefix(head) + "\n"
        return None

    def since_version(self) -> tuple[Turn, ...]:
        """The turns after the newest version."""
        return self.turns[(self.version() or 0) + 1 :]

    @property
    def is_approved(self) -> bool:
        """Whether the reviewer's last word on the newest version was to approve it."""
        said = [turn.text for turn in self.since_version() if turn.speaker == "reviewer"]
        return bool(said) and findings.verdict_in(said[-1]) == "APPROVED"

    @property
    def outcome(self) -> Outcome | None:
        """What running the newest version gave; None if it has not run."""
        ran = [outcome_of(turn.text) for turn in self.since_version() if turn.speaker == "executor"]
        reports = [outcome for outcome in ran if outcome is not None]
        return reports[-1] if reports else None

    @property
    def review(self) -> str:
        """The newest thing the reviewer said; empty before the first."""
        said = [turn.text for turn in self.turns if turn.speaker == "reviewer"]
        return said[-1] if said else ""

    def was_reported(self, wordings: tuple[str, ...]) -> bool:
        """Whether the reviewer has ever used one of these wordings."""
        said = [turn.text for turn in self.turns if turn.speaker == "reviewer"]
        return any(wording in text for text in said for wording in wordings)


def conversation_of(call: Call, parts: Any) -> Conversation:
    """The group chat's turns in a request, whoever the request is for."""
    turns = [
        Turn(str(message.get("name")), text_of(message))
        for message in call.messages
        if message.get("name") in SPEAKERS
    ]
    return Conversation(tuple(turns), parts)


def heat(call: Call) -> float:
    """The temperature, scaled: 0 up to 0.2, 1 at 1.0."""
    return max(0.0, (call.temperature - 0.2) / 0.8)


def _indented_code(task: str) -> str:
    """The module in the task: its indented lines from the first to the last."""
    lines = task.splitlines()
    marked = [index for index, line in enumerate(lines) if line.startswith("    ")]
    return textwrap.dedent("\n".join(lines[marked[0] : marked[-1] + 1])) + "\n"
