"""The written parts a scripted review is composed of, and what can be done with them.

Each scenario has one module ``parts_<scenario>.py`` with its `Parts`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """A change of the code: what the coder says of it, and pairs of old and new text."""

    said: str
    edits: tuple[tuple[str, str], ...]

    def is_in(self, code: str) -> bool:
        return all(new in code for _, new in self.edits)

    def can_apply(self, code: str) -> bool:
        return all(code.count(old) == 1 for old, _ in self.edits)

    def apply(self, code: str) -> str:
        for old, new in self.edits:
            code = code.replace(old, new, 1)
        return code

    def undo(self, code: str) -> str:
        for old, new in self.edits:
            code = code.replace(new, old, 1)
        return code


@dataclass(frozen=True)
class Defect:
    """A planted defect.

    `subtlety` says how easily it is overlooked, 0 to 1. `half_fix` is a repair that a
    hurried coder makes and that does not work; `half_findings` is what a reviewer who
    sees through it writes. `probe` is the body of the coder's own check of the repair.
    """

    name: str
    kind: str
    where: str
    severity: str
    subtlety: float
    planted: str
    findings: tuple[str, ...]
    fixes: tuple[Change, ...]
    half_fix: Change
    half_findings: tuple[str, ...]
    probe: str

    def state(self, code: str) -> str:
        """How the code stands: "planted", "half" or "fixed"."""
        if self.half_fix.is_in(code):
            return "half"
        # Some repairs contain the planted text, so they are looked for first.
        if any(fix.is_in(code) for fix in self.fixes):
            return "fixed"
        return "planted" if self.planted in code else "fixed"

    def repaired(self, code: str, fix: Change) -> str:
        """The code with this fix, whatever was there before."""
        if self.half_fix.is_in(code):
            code = self.half_fix.undo(code)
        return fix.apply(code) if fix.can_apply(code) else code


@dataclass(frozen=True)
class Mistake:
    """A finding that is not true; `change` is what harm a coder does who believes it."""

    where: str
    severity: str
    what: str
    refusal: str
    change: Change | None = None


@dataclass(frozen=True)
class Parts:
    """Everything written for one scenario.

    `check_setup` opens the coder's check script; the probes of defects follow it.
    `forgotten` is the old and new text in it when the coder forgets an import.
    """

    module: str
    defects: tuple[Defect, ...]
    mistakes: tuple[Mistake, ...]
    check_setup: str
    forgotten: tuple[str, str]
