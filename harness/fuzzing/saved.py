"""Findings in files: JSON lines, a header and then the moves of the conversation.

They are to fuzzing what cassettes are to recordings. A file says nothing about the team,
only about the world around it, so it stays playable while the team is being mended::

    {"kind": "harness fuzz finding", "version": 1, "subject": "...", "invariant": "...", ...}
    {"type": "opened", "task": "..."}
    {"type": "said", "agent": "coder", "kind": "closing word quoted", "text": "..."}
"""

from __future__ import annotations

import dataclasses
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from harness.cassettes.redaction import Redactor
from harness.errors import SchemaError
from harness.fuzzing.moves import Move
from harness.fuzzing.settings import FuzzSettings
from harness.model.structs import Strict as _Strict

if TYPE_CHECKING:
    from pathlib import Path

    from harness.fuzzing.played import Finding

SUFFIX = ".jsonl"
_UNPLAIN = re.compile(r"[^\w.-]+")


class FindingHeader(_Strict, frozen=True, kw_only=True):
    """First line of a saved finding.

    Attributes:
        kind: Says what the file is.
        version: Of this format.
        subject: Suite, scenario and config, or the name of a test.
        invariant: What was broken.
        reason: How, in one sentence.
        engine: Which framework the team used.
        settings: What was demanded; a replay demands the same.
    """

    kind: Literal["harness fuzz finding"] = "harness fuzz finding"
    version: Literal[1] = 1
    subject: str
    invariant: str
    reason: str
    engine: str
    settings: dict[str, str | int | float | bool | list[str] | None]


@dataclass(frozen=True)
class SavedFinding:
    """A finding read back."""

    header: FindingHeader
    moves: tuple[Move, ...]

    @property
    def settings(self) -> FuzzSettings:
        """What was demanded."""
        given = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in self.header.settings.items()
        }
        return FuzzSettings(**given)  # type: ignore[arg-type]  # checked when it was read


def finding_path(folder: Path, subject: str, invariant: str) -> Path:
    """Where a finding is kept: one file for each invariant of each subject."""
    parts = [_UNPLAIN.sub("_", part) for part in subject.split("/")]
    return folder.joinpath(*parts, f"{invariant}{SUFFIX}")


def save(finding: Finding, path: Path, subject: str, settings: FuzzSettings) -> None:
    """Write a finding, secrets removed; an earlier one of the same name is replaced."""
    header = FindingHeader(
        subject=subject,
        invariant=finding.violation.invariant,
        reason=finding.violation.reason,
        engine=finding.played.transcript.engine,
        settings=_as_data(settings),
    )
    told = [msgspec.json.encode(each).decode() for each in (header, *finding.played.moves)]
    clean = Redactor.from_environment(os.environ).text("".join(f"{line}\n" for line in told))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(clean, encoding="utf-8")


def _as_data(settings: FuzzSettings) -> dict[str, str | int | float | bool | list[str] | None]:
    """The settings that shape a single conversation."""
    given = dataclasses.asdict(settings)
    kept = {name: value for name, value in given.items() if name not in ("examples", "seed")}
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()
    }


def read(path: Path) -> SavedFinding:
    """Read a saved finding.

    Raises:
        SchemaError: If it is none, or damaged; with the line.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise SchemaError(f"{path}: the finding cannot be read: {error.strerror}.") from None
    if not lines:
        raise _unplayable(path, 1, "it is empty")
    number, moves = 1, []
    try:
        header = msgspec.json.decode(lines[0], type=FindingHeader)
        for line in lines[1:]:
            number += 1
            moves.append(msgspec.json.decode(line, type=Move))
        finding = SavedFinding(header, tuple(moves))
        _ = finding.settings
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError) as error:
        raise _unplayable(path, number, str(error)) from None
    return finding


def how_again(saved: SavedFinding, finding: Finding) -> str:
    """That a conversation still breaks its team, or that it breaks it in another way now."""
    was, now = saved.header.invariant, finding.violation.invariant
    return "still breaks" if now == was else f"no more {was}, but now {now} breaks"


def _unplayable(path: Path, line: int, why: str) -> SchemaError:
    return SchemaError(
        f"{path}:{line}: this is no finding that this release can play: {why}. Make a new one "
        "with: harness fuzz"
    )
