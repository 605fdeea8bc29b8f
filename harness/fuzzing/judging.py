"""Every invariant, and the first that a conversation breaks."""

from __future__ import annotations

from collections.abc import Callable

from harness.fuzzing import executions, invariants
from harness.fuzzing.played import Played
from harness.fuzzing.settings import FuzzSettings
from harness.fuzzing.violation import Violation

Invariant = Callable[[Played, FuzzSettings, frozenset[str]], Violation | None]

# What is said when every one held; in the order in which they are looked at.
INVARIANTS: tuple[Invariant, ...] = (
    invariants.no_exception,
    invariants.ends,
    invariants.hears_the_end,
    invariants.ends_when_meant,
    invariants.calls_get_results,
    executions.is_not_the_users,
    executions.is_new,
    executions.is_approved,
)


def first_violation(
    played: Played,
    settings: FuzzSettings,
    accepted: frozenset[str],
    known: frozenset[str] = frozenset(),
) -> Violation | None:
    """The violation that shows first; None if everything holds.

    Args:
        played: The conversation.
        settings: What is demanded.
        accepted: Termination reasons that are good ends.
        known: Invariants that do not count.
    """
    found = [judge(played, settings, accepted) for judge in INVARIANTS]
    violations = [each for each in found if each is not None and each.invariant not in known]
    return min(violations, key=lambda violation: violation.index) if violations else None
