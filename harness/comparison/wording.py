"""Comparisons in words: one verdict sentence, and the notes it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.model.comparison import ConfigSummary, Contrast, Interval, RunComparison

if TYPE_CHECKING:
    from collections.abc import Sequence

ALPHA = 0.05
_MOST_NAMED = 3


def suite_verdict(
    configs: Sequence[ConfigSummary],
    baseline: str,
    contrasts: Sequence[Contrast],
    effects: Sequence[Contrast],
) -> str:
    """One sentence: what makes a difference, and what is not shown to.

    Factors are named when the configs come from a matrix, else the configs.
    """
    ran = [config for config in configs if config.success.n]
    if not ran:
        return "No sample of this suite has a result yet."
    if len(ran) == 1:
        return f"{_alone(ran[0])}; there is no other config to compare it with."
    if not (effects or contrasts):
        return "The configs share no scenario, so nothing can be compared."
    sentence = "; ".join(_parts(effects or contrasts, baseline)) + "."
    return f"N{sentence[1:]}" if sentence.startswith("no difference") else sentence


def _alone(config: ConfigSummary) -> str:
    success = config.success
    limits = f", interval {_shares(success.interval)}" if success.interval else ""
    share = f"{100 * (success.value or 0):.0f} %"
    return f"{config.config} solves {success.successes} of {success.n} samples ({share}{limits})"


def _parts(contrasts: Sequence[Contrast], baseline: str) -> list[str]:
    shown = [each for each in contrasts if each.verdict != "no difference shown"]
    open_ = [each for each in contrasts if each.verdict == "no difference shown"]
    shown.sort(key=lambda each: -abs(each.difference.value))
    parts = [winning_sentence(each) for each in shown[:_MOST_NAMED]]
    if len(shown) > _MOST_NAMED:
        parts.append(f"{len(shown) - _MOST_NAMED} more differences are listed below")
    if len(open_) <= _MOST_NAMED:
        return parts + [undecided_sentence(each) for each in open_]
    return [*parts, f"no difference shown between {baseline} and {len(open_)} others"]


def winning_sentence(contrast: Contrast) -> str:
    """The better side first, whichever of the two it is."""
    is_better = contrast.verdict == "better"
    names = contrast.candidate, contrast.reference
    winner, loser = names if is_better else names[::-1]
    points = round(100 * abs(contrast.difference.value))
    return (
        f"{_level(contrast.factor, winner)} solves {points} points more than {loser} "
        f"({_evidence(contrast, is_flipped=not is_better)}"
        f"{_cost(contrast, is_flipped=not is_better)})"
    )


def undecided_sentence(contrast: Contrast) -> str:
    """No difference shown, with the difference that was seen."""
    kind = "" if contrast.factor in ("config", "run") else f"{contrast.factor} "
    points = round(100 * contrast.difference.value)
    return (
        f"no difference shown between {kind}{contrast.reference} and {contrast.candidate} "
        f"({f'{points:+d}' if points else 0} points, {_evidence(contrast)})"
    )


def _level(factor: str, level: str) -> str:
    return level if factor in ("config", "run") else f"{factor}={level}"


def _evidence(contrast: Contrast, *, is_flipped: bool = False) -> str:
    interval = contrast.difference.interval
    counts = contrast.candidate_success.n, contrast.reference_success.n
    if is_flipped:
        counts = counts[::-1]
        interval = interval and Interval(low=-interval.high, high=-interval.low)
    limits = f"interval {_points(interval)}, " if interval else ""
    p_value = _p(contrast.p_adjusted)
    if contrast.p_value < ALPHA <= contrast.p_adjusted:
        p_value += f" after correction, {contrast.p_value:.3f} before"
    return f"{limits}n = {counts[0]} vs {counts[1]}, {p_value}"


def _cost(contrast: Contrast, *, is_flipped: bool) -> str:
    if contrast.cost_ratio is None or contrast.cost_ratio.value <= 0:
        return ""
    ratio = contrast.cost_ratio.value
    ratio = 1 / ratio if is_flipped else ratio
    if 0.95 <= ratio <= 1.05:
        return ", at about the same cost"
    return f", at {ratio:.{1 if ratio >= 0.95 else 2}f}\N{MULTIPLICATION SIGN} the cost"


def _p(p_value: float) -> str:
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def _points(interval: Interval) -> str:
    return f"{round(100 * interval.low)} to {round(100 * interval.high)}"


def _shares(interval: Interval) -> str:
    return f"{round(100 * interval.low)} to {round(100 * interval.high)} %"


def suite_notes(
    configs: Sequence[ConfigSummary], scenarios: int, comparisons: int
) -> tuple[str, ...]:
    """What a reader must know to trust the verdict."""
    total = sum(config.success.n for config in configs)
    errors = sum(config.errors for config in configs)
    misses = sum(config.misses for config in configs)
    unjudged = sum(config.unjudged for config in configs)
    missing = sum(config.missing for config in configs)
    unpriced = sum(config.cost.absent for config in configs)
    notes = [_claim(scenarios, comparisons)] if total else []
    if errors or misses:
        counted = [_n(errors, "error")] * bool(errors) + [_n(misses, "miss")] * bool(misses)
        notes.append(f"Counted as failures: {' and '.join(counted)}.")
    if unjudged:
        notes.append(f"No score judged {_n(unjudged, 'sample')}; they count as failures.")
    if missing:
        notes.append(
            f"The run is incomplete: {_n(missing, 'planned sample')} of {total + missing} without "
            "a result, left out of every number."
        )
    if unpriced and unpriced < total:
        notes.append(f"Cost is unknown for {_n(unpriced, 'sample')}, left out of every cost.")
    return tuple(notes)


def _claim(scenarios: int, comparisons: int) -> str:
    about = (
        f"The claim is about {'this' if scenarios == 1 else 'these'} {_n(scenarios, 'scenario')}; "
        "epochs are the repeats."
    )
    if not comparisons:
        return about
    return f"{about} p-values are corrected for the {_n(comparisons, 'comparison')} shown."


def _n(count: int, noun: str) -> str:
    plural = "misses" if noun == "miss" else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"


def runs_verdict(comparison: RunComparison) -> str:
    """One sentence about run B against run A."""
    changed = [
        each for each in comparison.configs if each.contrast.verdict != "no difference shown"
    ]
    moved = f"{_n(len(comparison.changes), 'sample')} of {comparison.samples} changed"
    if not changed:
        return f"No difference shown between the two runs; {moved} outcome or termination."
    parts = [
        f"{each.suite}/{each.config} is {each.contrast.verdict} in the second run by "
        f"{round(100 * abs(each.contrast.difference.value))} points "
        f"({_evidence(each.contrast, is_flipped=each.contrast.verdict == 'worse')})"
        for each in changed
    ]
    return f"{'; '.join(parts)}; {moved} outcome or termination."
