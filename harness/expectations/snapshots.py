"""The trajectory of a conversation against the one that was stored."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.expectations.speakers import first_difference
from harness.expectations.subject import Finding
from harness.model.transcript import CodeExecution, Message, Termination, ToolInvocation
from harness.reports.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.expectations.subject import Subject
    from harness.model.transcript import Transcript

# Set to 1 it has snapshots written; pytest's --harness-update-snapshots sets it.
UPDATE_VARIABLE = "HARNESS_UPDATE_SNAPSHOTS"
FOLDER = "snapshots"
_SUFFIX = ".trajectory"
_LONGEST_NAME = 200  # Bytes; most file systems take 255 with the suffix.
_WIDTH = 200
_OWN_FOLDER = str(Path(__file__).parent) + os.sep


def steps_of(transcript: Transcript) -> Iterator[tuple[str, int]]:
    """The trajectory: who spoke to whom, tools, exit codes, the end; with event indices."""
    for event in transcript.events:
        match event:
            case Message():
                yield _step(f"{event.speaker} -> {event.recipient}"), event.index
            case ToolInvocation():
                yield _step(f"{event.agent} calls {event.name}({event.arguments})"), event.index
            case CodeExecution():
                told = f"{event.agent} runs {event.language}: exit {event.exit_code}"
                yield _step(told), event.index
            case Termination():
                whose = f" of {event.agent}" if event.agent else ""
                yield _step(f"ended by {event.reason}{whose}"), event.index
            case _:
                continue


def _step(text: str) -> str:
    """The text as one line of a file; what that leaves out still tells two steps apart."""
    line = one_line(text, _WIDTH)
    if line == text:
        return line
    return f"{line} {hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def follows(subject: Subject, name: str) -> Finding | None:
    """The same trajectory as stored; written instead, if updating was asked for."""
    if not re.fullmatch(r"[\w.+-]+", name) or len(os.fsencode(name)) > _LONGEST_NAME:
        raise HarnessError(
            f"{one_line(name, 60)!r} cannot name a snapshot: use letters, digits, '_', '.', '+' "
            f"and '-', at most {_LONGEST_NAME} bytes of them."
        )
    steps = list(steps_of(subject.transcript))
    if not steps:
        return Finding(text="It has no trajectory: the transcript is empty.")
    path = _caller_folder() / FOLDER / f"{name}{_SUFFIX}"
    lines = [step for step, _ in steps]
    if os.environ.get(UPDATE_VARIABLE) == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return None
    again = "pytest --harness-update-snapshots"
    if not path.is_file():
        return Finding(text=f"There is no snapshot {path} yet. Write it with: {again}")
    stored = _stored(path, again)
    if stored == lines:
        return None
    position = first_difference(stored, lines)
    before = stored[position] if position < len(stored) else "(the end)"
    now = lines[position] if position < len(lines) else "(the end)"
    return Finding(
        text=f"The trajectory parts from {path} at step {position + 1} of {len(stored)}:\n"
        f"  - {before}\n  + {now}\nIf it is meant to: {again}",
        evidence=(steps[min(position, len(steps) - 1)][1],),
    )


def _stored(path: Path, again: str) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise HarnessError(
            f"The snapshot {path} cannot be read: {error}. Restore it from version control, or "
            f"write it anew with: {again}"
        ) from None


def _caller_folder() -> Path:
    """The folder of the file that expects something."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OWN_FOLDER):
        frame = frame.f_back
    return Path(frame.f_code.co_filename).absolute().parent
