"""The verdict of a suite in one short sentence, and line by line what that rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.comparison.wording import (
    MOST_NAMED,
    cost,
    could_see,
    counted_verdicts,
    interaction_sentence,
    level_name,
    p_values,
    points_of,
    signed,
    size,
    solves,
    too_few,
)
from harness.model.comparison import UNDECIDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.comparison import Contrast, Interaction


def headline(compared: Sequence[Contrast], interactions: Sequence[Interaction]) -> str:
    """What is found, and what is not, without the numbers behind it; "" if nothing is claimed.

    Args:
        compared: Effects of factors, or configs against the baseline: what the verdict names.
        interactions: All of the suite.
    """
    shown, open_ = _sorted(compared)
    parts = [solves(each) for each in shown[:MOST_NAMED]]
    if len(shown) > MOST_NAMED:
        parts.append(f"{len(shown) - MOST_NAMED} more differences are listed below")
    if len(open_) > MOST_NAMED:
        parts += counted_verdicts(open_)
    else:
        parts += [f"{level_name(e)} against {e.reference}: {e.verdict}" for e in open_]
    parts += [
        f"the effect of {each.factor} depends on {each.by}"
        for each in interactions
        if each.verdict in ("better", "worse")
    ]
    return f"{'; '.join(parts)}." if compared else ""


def findings(
    compared: Sequence[Contrast], interactions: Sequence[Interaction], family: Sequence[Contrast]
) -> tuple[str, ...]:
    """What the headline rests on, one line for each comparison that it names.

    Args:
        compared: As above.
        interactions: As above.
        family: Every contrast that is shown.
    """
    shown, open_ = _sorted(compared)
    named = [*shown[:MOST_NAMED], *(open_ if len(open_) <= MOST_NAMED else ())]
    lines = [_finding(each, len(family) + len(interactions)) for each in named]
    lines += [
        f"{interaction_sentence(each)}."
        for each in interactions
        if each.verdict in ("better", "worse")
    ]
    few = too_few(family, len(family) + len(interactions)).strip() if compared else ""
    return (*lines, few) if few else tuple(lines)


def carries(compared: Sequence[Contrast]) -> str:
    """How far what is said of these scenarios holds for others like them; "" if it is of those.

    Args:
        compared: As above.
    """
    named = [each for each in compared if each.scope == "these scenarios"]
    if not named:
        return ""
    scenarios = max(each.scenarios for each in named)
    if scenarios == 1:
        return "All of this is about one scenario; it tells nothing of others."
    told = [
        f"{level_name(each)} against {each.reference} {points_of(each.across)} points"
        for each in sorted(named, key=lambda each: -abs(each.difference.value))
        if each.across
    ][:MOST_NAMED]
    if not told:
        return ""
    return (
        f"How far this carries to other scenarios, from only these {scenarios}: {'; '.join(told)}. "
        "Where 0 is inside, nothing is shown for others."
    )


def _sorted(compared: Sequence[Contrast]) -> tuple[list[Contrast], list[Contrast]]:
    shown = [each for each in compared if each.verdict not in UNDECIDED]
    open_ = [each for each in compared if each.verdict in UNDECIDED]
    return sorted(shown, key=lambda each: -abs(each.difference.value)), open_


def _finding(contrast: Contrast, comparisons: int) -> str:
    interval = contrast.difference.interval
    limits = f", interval {points_of(interval)}" if interval else ""
    line = (
        f"{level_name(contrast)} against {contrast.reference}: "
        f"{signed(contrast.difference.value)} points{limits}, {p_values(contrast)}, "
        f"{size(contrast)}"
    )
    if contrast.verdict not in UNDECIDED:
        return f"{line}{cost(contrast)}."
    if contrast.is_held_back:
        corrected = f", corrected for {comparisons} comparisons" if comparisons > 1 else ""
        return f"{line}; a verdict needs p below 0.05 too{corrected}."
    return f"{line}; {_unseen(contrast)}."


def _unseen(contrast: Contrast) -> str:
    """What may be there all the same."""
    if contrast.seen is None:
        return could_see(contrast)
    if contrast.seen > 1:
        return "no difference would be seen, however large"
    return f"a difference smaller than {100 * contrast.seen:.0f} points would not be seen"
