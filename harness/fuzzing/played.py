"""A played conversation, with everything needed to judge it, and what it may show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.fuzzing.moves import Move, Said
    from harness.fuzzing.violation import Violation
    from harness.fuzzing.world import Attempt
    from harness.model.transcript import Transcript


@dataclass(frozen=True, kw_only=True)
class Played:
    """One conversation and everything needed to judge it.

    Attributes:
        transcript: What happened.
        moves: What the world did, in order.
        said: Each reply of a model, with the number of events before it.
        attempts: Every piece of code that would have run.
        outer: Names of the two ends of the outermost chat.
        violation: What it broke; None if everything held.
    """

    transcript: Transcript
    moves: tuple[Move, ...]
    said: tuple[tuple[Said, int], ...]
    attempts: tuple[Attempt, ...]
    outer: tuple[str, str]
    violation: Violation | None = None


@dataclass(frozen=True)
class Finding:
    """The shortest conversation found that breaks one invariant."""

    violation: Violation
    played: Played
