"""Comparisons in words: the alert, the verdict, and the notes a suite needs.

Every sentence names the sides in the order of its table row: candidate
first, then the reference it is measured against, and points and intervals are
always candidate minus reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.model.comparison import UNDECIDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.comparison import ConfigSummary, Contrast, Interval

ALPHA = 0.05
_MOST_NAMED = 3


def alert(configs: Sequence[ConfigSummary], named: Sequence[Contrast]) -> str:
    """What must be read first: how many samples did not complete, and what that forbids."""
    total = sum(config.success.n for config in configs)
    misses = sum(config.misses for config in configs)
    errors = sum(config.errors for config in configs)
    if not errors + misses:
        return ""
    barred = sum(each.verdict == "not comparable" for each in named)
    prefix = ""
    if barred:
        prefix = "Not comparable: " if barred == len(named) else "Partly not comparable: "
    return f"{prefix}{did_not_complete(misses, errors, total)}."


def did_not_complete(misses: int, errors: int, total: int) -> str:
    """How many samples missed or ended in errors, e.g. "4 of 8 samples missed their cassette"."""
    parts = []
    if misses:
        whose = "its cassette" if total == 1 else "their cassette"
        parts.append(f"{misses} of {counted(total, 'sample')} missed {whose}")
    if errors:
        parts.append(f"{errors} of {counted(total, 'sample')} ended in errors")
    return " and ".join(parts)


def suite_verdict(
    configs: Sequence[ConfigSummary],
    baseline: str,
    contrasts: Sequence[Contrast],
    effects: Sequence[Contrast],
) -> str:
    """What makes a difference, and what is not shown to.

    Factors are named when the configs come from a matrix, else the configs.
    """
    ran = [config for config in configs if config.success.n]
    if not ran:
        return "No sample of this suite has a result yet."
    if len(ran) == 1:
        return f"{_alone(ran[0])}; there is no other config to compare it with."
    if not (effects or contrasts):
        return "The configs share no scenario, so nothing can be compared."
    named = [each for each in effects or contrasts if each.verdict != "not comparable"]
    if not named:
        return _no_claim(ran)
    sentence = "; ".join(_parts(named, baseline)) + "."
    return f"{capital(sentence)}{too_few([*contrasts, *effects])}"


def _alone(config: ConfigSummary) -> str:
    success = config.success
    limits = f", interval {_shares(success.interval)}" if success.interval else ""
    share = f"{100 * (success.value or 0):.0f} %"
    return f"{config.config} solves {success.successes} of {success.n} samples ({share}{limits})"


def _no_claim(configs: Sequence[ConfigSummary]) -> str:
    """Why nothing is said of the configs: the numbers would be those of errors and misses."""
    struck = [f"{c.config} {c.errors + c.misses} of {c.success.n}" for c in configs]
    more = f", and {len(struck) - 6} more configs" if len(struck) > 6 else ""
    return (
        "No effect is claimed: the numbers below count samples that did not complete as "
        f"failures ({', '.join(struck[:6])}{more})."
    )


def too_few(compared: Sequence[Contrast]) -> str:
    """A sentence, if no outcome of this many samples could give a corrected p below 0.05.

    Holm multiplies the smallest p of a family by the size of the family, and
    no other corrected p is smaller than that.
    """
    smallest = min((each.smallest_p for each in compared), default=0.0)
    reachable = min(1.0, len(compared) * smallest)
    if reachable < ALPHA:
        return ""
    return f" Too few repeats: the smallest p reachable is {reachable:.2f}."


def _parts(contrasts: Sequence[Contrast], baseline: str) -> list[str]:
    shown = [each for each in contrasts if each.verdict not in UNDECIDED]
    open_ = [each for each in contrasts if each.verdict in UNDECIDED]
    shown.sort(key=lambda each: -abs(each.difference.value))
    parts = [decided_sentence(each) for each in shown[:_MOST_NAMED]]
    if len(shown) > _MOST_NAMED:
        parts.append(f"{len(shown) - _MOST_NAMED} more differences are listed below")
    if len(open_) <= _MOST_NAMED:
        return parts + [undecided_sentence(each) for each in open_]
    return [*parts, f"no difference shown between {len(open_)} others and {baseline}"]


def could_see(contrast: Contrast) -> str:
    """The smallest difference that the comparison could have shown, e.g. "sees 35 points"."""
    if contrast.seen is None:
        return "what it could see is not known"
    return "sees no difference" if contrast.seen > 1 else f"sees {100 * contrast.seen:.0f} points"


def decided_sentence(contrast: Contrast) -> str:
    """What the candidate solves more or fewer than the reference."""
    return (
        f"{level_name(contrast)} solves {more_or_fewer(contrast)} than {contrast.reference} "
        f"({evidence(contrast)}{_cost(contrast)})"
    )


def more_or_fewer(contrast: Contrast) -> str:
    """A difference without its sign, e.g. "40 points more"."""
    points = round(100 * contrast.difference.value)
    return f"{abs(points)} points {'fewer' if points < 0 else 'more'}"


def undecided_sentence(contrast: Contrast) -> str:
    """No difference shown, with the difference that was seen."""
    return (
        f"{level_name(contrast)}: {_signed(contrast.difference.value)} points against "
        f"{contrast.reference}, {contrast.verdict} ({evidence(contrast)})"
    )


def level_name(contrast: Contrast) -> str:
    """The candidate, with the factor it is a level of, e.g. "prompts=careful"."""
    is_named = contrast.factor in ("config", "run")
    return contrast.candidate if is_named else f"{contrast.factor}={contrast.candidate}"


def evidence(contrast: Contrast) -> str:
    """Interval, samples, corrected p of candidate minus reference, and what could be seen."""
    interval = contrast.difference.interval
    counts = contrast.candidate_success.n, contrast.reference_success.n
    limits = f"interval {_points(interval)}, " if interval else ""
    p_value = _p(contrast.p_adjusted)
    if contrast.p_value < ALPHA <= contrast.p_adjusted:
        p_value += f" after correction, {contrast.p_value:.3f} before"
    return f"{limits}n = {counts[0]} vs {counts[1]}, {p_value}, {could_see(contrast)}"


def _cost(contrast: Contrast) -> str:
    if contrast.cost_ratio is None or contrast.cost_ratio.value <= 0:
        return ""
    ratio = contrast.cost_ratio.value
    if 0.95 <= ratio <= 1.05:
        return ", at about the same cost"
    return f", at {ratio:.{1 if ratio >= 0.95 else 2}f}\N{MULTIPLICATION SIGN} the cost"


def _p(p_value: float) -> str:
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def _points(interval: Interval) -> str:
    return f"{_signed(interval.low)} to {_signed(interval.high)}"


def _signed(share: float) -> str:
    points = round(100 * share)
    return f"{points:+d}" if points else "0"


def _shares(interval: Interval) -> str:
    return f"{round(100 * interval.low)} to {round(100 * interval.high)} %"


def standing(
    configs: Sequence[ConfigSummary], compared: Sequence[Contrast], not_worse: Sequence[str]
) -> str:
    """Which configs are not shown to be worse than any other, and what that means."""
    ran = [config.config for config in configs if config.success.n]
    if not compared or any(each.verdict == "not comparable" for each in compared):
        return ""
    if len(not_worse) < len(ran):
        return (
            f"Not shown to be worse than any other config: {', '.join(not_worse)}. "
            "(Every pair of configs is tested; of these none loses to another.)"
        )
    said = "Pair by pair, no config is shown to be worse than another"
    is_matrix = any(each.factor != "config" for each in compared)
    return f"{said}; a pair has fewer samples than a factor." if is_matrix else f"{said}."


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
        parts = [counted(errors, "error")] * bool(errors) + [counted(misses, "miss")] * bool(misses)
        notes.append(f"Counted as failures: {' and '.join(parts)}.")
    if unjudged:
        notes.append(f"No score judged {counted(unjudged, 'sample')}; they count as failures.")
    if missing:
        notes.append(
            f"The run is incomplete: {counted(missing, 'planned sample')} of {total + missing} "
            "without a result, left out of every number."
        )
    if unpriced and unpriced < total:
        notes.append(f"Cost is unknown for {counted(unpriced, 'sample')}, left out of every cost.")
    return tuple(notes)


def _claim(scenarios: int, comparisons: int) -> str:
    whose = "this scenario" if scenarios == 1 else f"these {scenarios} scenarios"
    about = f"The claim is about {whose}; epochs are the repeats."
    if not comparisons:
        return about
    if comparisons == 1:
        return f"{about} One comparison is shown: its interval is one of 95 %."
    return (
        f"{about} Intervals of differences are widened and p-values corrected so that all "
        f"{comparisons} comparisons shown hold together at 95 %."
    )


def counted(count: int, noun: str) -> str:
    """A count with its noun, e.g. "2 misses"."""
    plural = f"{noun}es" if noun.endswith("miss") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"


def capital(sentence: str) -> str:
    """The sentence with a capital letter, unless it begins with a name."""
    return f"N{sentence[1:]}" if sentence.startswith("no difference") else sentence
