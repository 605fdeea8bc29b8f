"""How a conversation broke what must hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Violation:
    """How a conversation broke an invariant.

    Attributes:
        invariant: Its name.
        reason: One sentence.
        index: The event that shows it; what came after does not matter.
    """

    invariant: str
    reason: str
    index: int
