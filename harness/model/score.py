"""What a scorer returns: a value with its reason, or an explicit absence."""

from __future__ import annotations

from typing import Any, Literal

from harness.model.structs import Strict as _Strict

Unit = Literal["share", "turns", "usd", "count", "seconds"]


class Score(_Strict, frozen=True, kw_only=True, tag="score"):
    """A measured value.

    Attributes:
        scorer: Entry-point name of the scorer.
        value: The number; shares are 0 to 1.
        unit: Unit of value.
        passed: For a score that judges, its verdict; None for one that only measures.
        reason: One sentence from which a reader can recompute the value.
        evidence: Indices of the events it rests on.
        details: JSON-compatible breakdown.
    """

    scorer: str
    value: float
    unit: Unit
    reason: str
    passed: bool | None = None
    evidence: tuple[int, ...] = ()
    details: dict[str, Any] = {}


class Unscored(_Strict, frozen=True, kw_only=True, tag="unscored"):
    """The scorer had nothing to judge, and why. Never a silent zero or pass."""

    scorer: str
    reason: str


class CheckResult(_Strict, frozen=True, kw_only=True):
    """Outcome of one acceptance check.

    Attributes:
        name: The check function's name without ``check_``.
        passed: Its verdict.
        reason: The failing assertion, or what was found.
        value: A measured share 0 to 1, for checks that grade; None for plain ones.
        evidence: Indices of the events it rests on.
    """

    name: str = ""
    passed: bool
    reason: str = ""
    value: float | None = None
    evidence: tuple[int, ...] = ()
