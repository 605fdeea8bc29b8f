"""What a reader must know to trust the verdict of a suite, and what to do next."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from harness.comparison.wording import counted, held_back
from harness.model.comparison import MATTERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.comparison import ConfigSummary, Contrast, Interaction

_MOST_EPOCHS = 10_000
_MOST_PARTLY = 3


def suite_notes(
    configs: Sequence[ConfigSummary],
    compared: Sequence[Contrast],
    interactions: Sequence[Interaction],
) -> tuple[str, ...]:
    """One sentence or two each: the claim, what counts as a failure, what is unknown, what next."""
    ran = [config for config in configs if config.success.n]
    notes = [_claim(ran, compared, len(compared) + len(interactions))] if ran else []
    if why := held_back(compared, len(compared) + len(interactions)):
        notes.append(why)
    notes += _partly(ran, compared)
    notes += _not_judged(configs)
    notes += _failures(configs)
    total = sum(config.success.n for config in configs)
    unpriced = sum(config.cost.absent for config in configs)
    if unpriced and unpriced < total:
        notes.append(f"Cost is unknown for {counted(unpriced, 'sample')}, left out of every cost.")
    if next_run := _next(ran, compared):
        notes.append(next_run)
    return tuple(notes)


def _not_judged(configs: Sequence[ConfigSummary]) -> list[str]:
    """Of imported samples whose result the files do not tell, what is counted all the same."""
    unknown = sum(config.unknown for config in configs)
    if not unknown:
        return []
    total = sum(config.success.n for config in configs)
    uncounted = sum(config.unknown - config.accepted for config in configs)
    if uncounted:
        return [
            f"Nobody judged whether the task was solved in {uncounted} of "
            f"{counted(total, 'sample')}, but in others: what nobody judged counts as not solved."
        ]
    open_ = sum(config.unjudged for config in configs)
    untold = f" Of {open_} not even the end is told; they count as not accepted." if open_ else ""
    return [
        f"Nobody judged whether the task was solved in {unknown} of {counted(total, 'sample')}: "
        f"what is counted of these is whether they ended as accepted.{untold} Name the field that "
        "tells it and import them again with: harness import --mapping FILE"
    ]


def _failures(configs: Sequence[ConfigSummary]) -> list[str]:
    errors = sum(config.errors for config in configs)
    misses = sum(config.misses for config in configs)
    unjudged = sum(config.unjudged for config in configs)
    missing = sum(config.missing for config in configs)
    planned = sum(config.success.n or config.missing for config in configs)
    notes = []
    if errors or misses:
        parts = [counted(errors, "error")] * bool(errors) + [counted(misses, "miss")] * bool(misses)
        notes.append(f"Counted as failures: {' and '.join(parts)}.")
    if unjudged and not any(config.unknown for config in configs):
        notes.append(f"No score judged {counted(unjudged, 'sample')}; they count as failures.")
    if missing:
        notes.append(
            f"The run is incomplete: {counted(missing, 'planned sample')} of {planned} without a "
            "result, counted as failures of configs that have any. Go on with: harness run --resume"
        )
    return notes


def _claim(configs: Sequence[ConfigSummary], compared: Sequence[Contrast], comparisons: int) -> str:
    about = _about(compared or configs)
    if not comparisons:
        return about
    if comparisons == 1:
        return f"{about} One comparison is shown: its interval is one of 95 %."
    return (
        f"{about} Intervals of differences are widened and p-values corrected, and what each "
        f"sees with them, so that all {comparisons} comparisons shown hold together at 95 %."
    )


def _about(parts: Sequence[ConfigSummary | Contrast]) -> str:
    """What is claimed, by the widest of what is compared; `_partly` tells of the others."""
    widest = max(parts, key=lambda each: each.scenarios)
    scenarios = widest.scenarios
    if widest.scope == "scenarios like these":
        return (
            f"The claim is about scenarios like these {scenarios}: they are what varies, and "
            "epochs of one scenario count as one piece of evidence."
        )
    whose = "this scenario" if scenarios == 1 else f"these {scenarios} scenarios"
    return f"The claim is about {whose}; epochs are the repeats."


def _partly(configs: Sequence[ConfigSummary], compared: Sequence[Contrast]) -> list[str]:
    """Comparisons of configs that share only some of their scenarios, and what each is about."""
    most = max((config.scenarios for config in configs), default=0)
    few = [each for each in compared if each.factor == "config" and each.scenarios < most]
    notes = [
        f"{each.candidate} and {each.reference} share only {counted(each.scenarios, 'scenario')}; "
        f"what is said of the two is about {_those(each)}."
        for each in few[:_MOST_PARTLY]
    ]
    if len(few) > _MOST_PARTLY:
        notes.append(f"{len(few) - _MOST_PARTLY} more pairs share only some scenarios.")
    return notes


def _those(contrast: Contrast) -> str:
    if contrast.scope == "scenarios like these":
        return "scenarios like those"
    return "that one alone" if contrast.scenarios == 1 else "those alone"


def _next(configs: Sequence[ConfigSummary], compared: Sequence[Contrast]) -> str:
    """The next command, and about how much would decide, if something is inconclusive."""
    open_ = [each for each in compared if each.verdict == "inconclusive"]
    if not open_:
        return ""
    command = f"plan a run that sees more with: harness noise --difference {100 * MATTERS:.0f}"
    blindest = max(open_, key=lambda each: each.seen or 0.0)
    epochs = max((config.epochs or 0 for config in configs), default=0)
    if any(each.seen is None for each in open_) or not blindest.seen or not epochs:
        return f"Inconclusive is what too few samples leave open; {command}"
    factor = (blindest.seen / MATTERS) ** 2
    scenarios = blindest.scenarios
    if blindest.scope == "these scenarios":
        needed = ceil(epochs * factor)
        whose = "this scenario" if scenarios == 1 else f"these {scenarios} scenarios"
        size = f"{counted(needed, 'epoch')} of {whose}"
    else:
        needed = ceil(scenarios * factor)
        size = f"{counted(needed, 'scenario')} like these"
    if needed > _MOST_EPOCHS:
        return f"Inconclusive is what too few samples leave open; {command}"
    return (
        f"About {size}{_cost(configs, factor)} would show a difference of "
        f"{100 * MATTERS:.0f} points where it is inconclusive now; {command}"
    )


def _cost(configs: Sequence[ConfigSummary], factor: float) -> str:
    if any(config.cost.absent or not config.cost.n for config in configs):
        return ""
    cost = factor * sum(config.cost.total for config in configs)
    return f" (about ${cost:,.2f})" if cost >= 0.01 else ""
