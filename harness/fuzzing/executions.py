"""What must hold of the code a team runs: it was said, it is new, and it was approved."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.fuzzing.violation import Violation
from harness.model.transcript import HumanInput, Message

if TYPE_CHECKING:
    from harness.fuzzing.played import Played
    from harness.fuzzing.settings import FuzzSettings
    from harness.fuzzing.world import Attempt


def is_not_the_users(
    played: Played, _settings: FuzzSettings, _accepted: frozenset[str]
) -> Violation | None:
    """Code that only stands in the user's own task is never run."""
    task = played.transcript.messages[0]
    for attempt in played.attempts:
        code = attempt.code.strip()
        if code and code in task.content and not _saying(played, attempt):
            return Violation(
                invariant="task-is-not-run",
                reason=f"Code from the task itself was run, which nobody asked for: {_short(code)}",
                index=attempt.at,
            )
    return None


def is_new(played: Played, _settings: FuzzSettings, _accepted: frozenset[str]) -> Violation | None:
    """Code runs once for each time it is said."""
    runs: Counter[str] = Counter()
    for attempt in played.attempts:
        code = attempt.code.strip()
        runs[code] += 1
        times = sum(message.content.count(code) for message in _saying(played, attempt))
        # Code that stands in no message was changed on its way, and cannot be told from other.
        if code and 0 < times < runs[code]:
            return Violation(
                invariant="code-runs-once",
                reason=(
                    f"Old code was run again, {runs[code]} times although it was said "
                    f"{_times(times)}: {_short(code)}"
                ),
                index=attempt.at,
            )
    return None


def is_approved(
    played: Played, settings: FuzzSettings, _accepted: frozenset[str]
) -> Violation | None:
    """Code runs only after the approver, if there is one, approved it."""
    if settings.approver is None:
        return None
    for attempt in played.attempts:
        saying = _saying(played, attempt)
        since = saying[-1].index if saying else 0
        if not _approval(played, settings, since, attempt.at):
            return Violation(
                invariant="code-is-approved",
                reason=(
                    f"Code was run that {_who(settings.approver)} had not approved: "
                    f"{_short(attempt.code.strip())}"
                ),
                index=attempt.at,
            )
    return None


def _approval(played: Played, settings: FuzzSettings, start: int, end: int) -> bool:
    """Whether the last word of the approver between two events is an approval."""
    if settings.approver == "human":
        answers = [
            event.reply
            for event in played.transcript.events[start:end]
            if isinstance(event, HumanInput)
        ]
        return bool(answers) and (answers[-1] == "" or settings.approval in answers[-1])
    verdicts = [
        said.approves
        for said, before in played.said
        if said.agent == settings.approver and start < before < end and said.approves is not None
    ]
    return bool(verdicts) and bool(verdicts[-1])


def _saying(played: Played, attempt: Attempt) -> list[Message]:
    """The messages before an attempt that hold its code, the task excluded."""
    code = attempt.code.strip()
    return [
        message
        for message in played.transcript.messages[1:]
        if message.index < attempt.at and code in message.content
    ]


def _who(approver: str) -> str:
    return "a human" if approver == "human" else approver


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _short(code: str) -> str:
    line = code.splitlines()[0]
    return line if line == code else f"{line} ..."
