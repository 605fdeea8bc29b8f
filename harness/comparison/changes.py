"""Two runs in words: of replays the facts first, of live runs what the outcomes show."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.comparison.wording import (
    IDENTICAL,
    could_see,
    counted,
    did_not_complete,
    ends,
    evidence,
    more_or_fewer,
    too_few,
)
from harness.model.comparison import UNDECIDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.comparison import Contrast
    from harness.model.paired import RunComparison, SampleChange
    from harness.model.sample import Outcome, SampleResult

    Pairs = Sequence[tuple[SampleResult, SampleResult]]

_NOW: dict[Outcome, str] = {"miss": "cassette miss", "error": "error", "fail": "failure"}


def in_words(comparison: RunComparison, pairs: Pairs) -> dict[str, str]:
    """Alert, verdict and statistics of a comparison; `pairs` are its samples in both runs.

    A replay asks no model, so a sample that changed between two replays did so
    because something was edited. That is a fact, and comes before any test.
    """
    alert, shown = _alert(comparison, pairs), _statistics(comparison)
    if comparison.is_replay:
        facts = _facts(comparison.changes, comparison.samples)
        return {"alert": "", "verdict": facts, "statistics": f"{alert} {shown}".strip()}
    moved = f"{counted(len(comparison.changes), 'sample')} of {comparison.samples}"
    verdict = f"{shown} {moved} changed outcome or termination.".strip()
    return {"alert": alert, "verdict": verdict, "statistics": ""}


def _facts(changes: Sequence[SampleChange], total: int) -> str:
    """How many samples got worse and better, e.g. "4 samples of 8 got worse (4 errors)."."""
    if not changes:
        return f"No sample of {total} changed outcome or termination."
    ways = Counter(change.direction for change in changes)
    parts = []
    if ways["worse"]:
        now = Counter(each.outcome_b for each in changes if each.direction == "worse")
        kinds = [counted(now[outcome], name) for outcome, name in _NOW.items() if now[outcome]]
        parts.append(f"got worse ({', '.join(kinds)})")
    if ways["better"]:
        parts.append("got better")
    if ways["same outcome"]:
        parts.append("ended otherwise with the same outcome")
    counts = [ways[way] for way in ("worse", "better", "same outcome") if ways[way]]
    first = f"{counted(counts[0], 'sample')} of {total} {parts[0]}"
    others = [f"{n} {part}" for n, part in zip(counts[1:], parts[1:], strict=True)]
    return f"{'; '.join([first, *others])}."


def _alert(comparison: RunComparison, pairs: Pairs) -> str:
    contrasts = [each.contrast for each in comparison.configs]
    return barred(contrasts, pairs, ("in the first run", "in the second run"))


def barred(contrasts: Sequence[Contrast], pairs: Pairs, sides: tuple[str, str]) -> str:
    """Which side's samples did not complete, if that keeps the two from being compared.

    Args:
        contrasts: What is compared.
        pairs: Its samples on both sides.
        sides: Where each is, e.g. "in the first run".
    """
    struck = [each for each in contrasts if each.verdict == "not comparable"]
    if not struck:
        return ""
    said = []
    for where, side in zip(sides, ([a for a, _ in pairs], [b for _, b in pairs]), strict=True):
        misses = sum(sample.status == "miss" for sample in side)
        errors = sum(sample.status == "error" for sample in side)
        unknown = sum(sample.outcome == "unjudged" for sample in side)
        if misses or errors or unknown:
            told = did_not_complete(misses, errors, len(side), unknown=unknown)
            said.append(f"{where} {told}")
    prefix = "Not" if len(struck) == len(contrasts) else "Partly not"
    return f"{prefix} comparable: {'; '.join(said)}."


def _statistics(comparison: RunComparison) -> str:
    """What the outcomes show about the configs that can be compared; "" if none can."""
    fit = [each for each in comparison.configs if each.contrast.verdict != "not comparable"]
    is_same = all(each.is_identical for each in comparison.pairs.samples)
    if is_same and len(fit) == len(comparison.configs):
        return f"{IDENTICAL[0].upper()}{IDENTICAL[1:]}."
    if not fit:
        return ""
    parts = [
        f"{each.suite}/{each.config} {_does(each.contrast)} in the second run than in the first "
        f"({evidence(each.contrast)})"
        for each in fit
        if each.contrast.verdict not in UNDECIDED
    ]
    said = "; ".join(parts) or _nothing_shown([each.contrast for each in fit])
    return f"{said}.{too_few([each.contrast for each in comparison.configs])}"


def _does(contrast: Contrast) -> str:
    return ends(contrast) if not contrast.is_judged else f"solves {more_or_fewer(contrast)}"


def _nothing_shown(contrasts: Sequence[Contrast]) -> str:
    said = "No difference shown between the success rates of the two runs"
    known = [each for each in contrasts if each.seen is not None]
    if len(known) < len(contrasts):
        return said
    blindest = max(known, key=lambda each: each.seen or 0.0)
    return f"{said}; with {blindest.candidate_success.n} samples a side it {could_see(blindest)}"
