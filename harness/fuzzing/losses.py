"""What is told of a conversation whose process was lost: it ended itself, or never went on."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.capture import is_own_code
from harness.errors import HarnessError
from harness.fuzzing.moves import Said
from harness.fuzzing.played import Finding, Played
from harness.fuzzing.violation import Violation
from harness.model.transcript import Message, Termination, Transcript

if TYPE_CHECKING:
    from harness.fuzzing.journal import Journal
    from harness.model.transcript import TerminationReason

DEATH, HANG = "process-survives", "ends-in-time"
_FRAME = re.compile(r'^  File "(.+)", line (\d+) in ', re.MULTILINE)


def death(name: str, engine: str, journal: Journal, status: int | None) -> Finding:
    """The finding that a team ended its process.

    Args:
        name: The team's.
        engine: The engine's.
        journal: Of the conversation.
        status: As `os.waitpid` gives it; None if nobody knows.

    Raises:
        HarnessError: If no message was ever sent.
    """
    reason = f"The team ended the process it runs in{_place(journal)}: {_status_told(status)}."
    return _lost(name, engine, journal, Violation(invariant=DEATH, reason=reason, index=0), "error")


def hang(name: str, engine: str, journal: Journal, seconds: float) -> Finding:
    """The finding that a conversation was not over in time.

    Args:
        name: The team's.
        engine: The engine's.
        journal: Of the conversation.
        seconds: How long it was waited for.

    Raises:
        HarnessError: If no message was ever sent.
    """
    reason = (
        f"The conversation was not over after {seconds:g} s, and its process was ended"
        f"{_place(journal)}. (It may last longer with --conversation-seconds, in "
        "a test with @harness.fuzz(conversation_seconds=...).)"
    )
    violation = Violation(invariant=HANG, reason=reason, index=0)
    return _lost(name, engine, journal, violation, "timeout")


def _lost(
    name: str, engine: str, journal: Journal, violation: Violation, ending: TerminationReason
) -> Finding:
    events = journal.read_events()
    if not any(isinstance(event, Message) for event in events):
        raise HarnessError(
            f"{name}: the team cannot hold a single conversation: {violation.reason}"
        )
    last = events[-1]
    if not isinstance(last, Termination):
        last = Termination(
            index=last.index + 1,
            offset_seconds=last.offset_seconds,
            reason=ending,
            detail=violation.reason,
        )
        events = (*events, last)
    shown = replace(violation, index=last.index)
    transcript = Transcript(engine=engine, engine_version="", events=events)
    opening = transcript.messages[0]
    moves = journal.read_moves()
    played = Played(
        transcript=transcript,
        moves=tuple(move for _, move in moves),
        said=tuple((move, position) for position, move in moves if isinstance(move, Said)),
        attempts=(),
        outer=(opening.speaker, opening.recipient),
        violation=shown,
    )
    return Finding(shown, played)


def _status_told(status: int | None) -> str:
    if status is None:
        return "how is not known"
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exit code {code}, as by os._exit({code})"
    try:
        return f"signal {-code}, {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def _place(journal: Journal) -> str:
    """Where the user's own code was, as far as the interpreter could still say it."""
    here = os.getcwd() + os.sep
    for path, line in _FRAME.findall(journal.read_stack()):
        if is_own_code(path):
            return f", at {path.removeprefix(here)}:{line}"
    return ""
