"""Comparisons in words: the alert, the verdict, and the best set.

Every sentence names the sides in the order of its table row: candidate
first, then the reference it is measured against, and points and intervals are
always candidate minus reference.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.model.comparison import UNDECIDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.comparison import ConfigSummary, Contrast, Interaction, Interval

ALPHA = 0.05
# Said of two sides where no conversation of one differs from the other's.
IDENTICAL = "the two are identical, conversation by conversation: nothing could differ"
MOST_NAMED = 3
# Said of samples whose results nobody judged: they were imported without it.
NOT_JUDGED = "whether they solved the task is not known"


def alert(configs: Sequence[ConfigSummary], named: Sequence[Contrast]) -> str:
    """What must be read first: how many samples did not complete, and what that forbids."""
    total = sum(config.success.n for config in configs)
    misses = sum(config.misses for config in configs)
    errors = sum(config.errors for config in configs)
    missing = _missing(configs)
    unknown = sum(config.unknown - config.accepted for config in configs)
    if not errors + misses + missing + unknown:
        return ""
    barred = sum(each.verdict == "not comparable" for each in named)
    prefix = ""
    if barred:
        prefix = "Not comparable: " if barred == len(named) else "Partly not comparable: "
    told = did_not_complete(misses, errors, total, missing=missing, unknown=unknown)
    return f"{prefix}{told}."


def _missing(configs: Sequence[ConfigSummary]) -> int:
    """Samples without a result that count as failures: of configs that have any result."""
    return sum(config.missing for config in configs if config.success.n)


def did_not_complete(
    misses: int, errors: int, total: int, *, missing: int = 0, unknown: int = 0
) -> str:
    """How many samples missed or ended in errors, e.g. "4 of 8 samples missed their cassette"."""
    parts = []
    if misses:
        whose = "its cassette" if total == 1 else "their cassette"
        parts.append(f"{misses} of {counted(total, 'sample')} missed {whose}")
    if errors:
        parts.append(f"{errors} of {counted(total, 'sample')} ended in errors")
    if missing:
        parts.append(f"{missing} of {counted(total, 'planned sample')} have no result")
    if unknown:
        was = "was" if unknown == 1 else "were"
        parts.append(f"{unknown} of {counted(total, 'sample')} {was} not judged")
    return " and ".join(parts)


def warning(compared: Sequence[Contrast], *, are_all_judged: bool = True) -> str:
    """Which verdicts rest on counting what has no result as failures; "" if none does."""
    changed = [
        f"{level_name(each)} against {each.reference} is {each.verdict_by_count} if they count "
        f"as failures, and {each.verdict_if_dropped} without them"
        for each in compared
        if each.verdict_if_dropped not in ("not comparable", each.verdict_by_count)
    ]
    if not changed:
        return ""
    more = f"; and {len(changed) - MOST_NAMED} more" if len(changed) > MOST_NAMED else ""
    said = "; ".join(changed[:MOST_NAMED])
    how = "did not complete" if are_all_judged else "did not complete or were not judged"
    return f"The samples that {how} decide a verdict: {said}{more}."


def suite_verdict(
    configs: Sequence[ConfigSummary],
    baseline: str,
    contrasts: Sequence[Contrast],
    effects: Sequence[Contrast],
    interactions: Sequence[Interaction],
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
        return f"No other config shares a scenario with {baseline}: nothing is compared with it."
    named = [each for each in effects or contrasts if each.verdict != "not comparable"]
    if not named:
        return _no_claim(ran)
    shown = [each for each in interactions if each.verdict in ("better", "worse")]
    parts = [*_parts(named), *map(interaction_sentence, shown)]
    sentence = "; ".join(parts) + "."
    family = len(contrasts) + len(effects) + len(interactions)
    return f"{sentence}{too_few([*contrasts, *effects], family)}"


def _alone(config: ConfigSummary) -> str:
    success = config.success
    limits = f", interval {_shares(success.interval)}" if success.interval else ""
    share = f"{100 * (success.value or 0):.0f} %"
    told = f"{success.successes} of {success.n}"
    if config.accepted:
        return f"{config.config}: {told} ended as accepted ({share}{limits}); {NOT_JUDGED}"
    partly = f", {config.unknown} of them not judged" if config.unknown else ""
    return f"{config.config} solves {told} samples{partly} ({share}{limits})"


def _no_claim(configs: Sequence[ConfigSummary]) -> str:
    """Why nothing is said of the configs: the numbers would be those of errors and misses."""
    unknown = any(config.unknown for config in configs)
    how = "did not complete or were not judged" if unknown else "did not complete"
    struck = [f"{c.config} {_without_result(c)} of {c.success.n}" for c in configs]
    more = f", and {len(struck) - 6} more configs" if len(struck) > 6 else ""
    return (
        f"No effect is claimed: the numbers below count samples that {how} as "
        f"failures ({', '.join(struck[:6])}{more})."
    )


def _without_result(config: ConfigSummary) -> int:
    return config.errors + config.misses + config.missing + config.unknown


def too_few(compared: Sequence[Contrast], comparisons: int = 0) -> str:
    """A sentence, if no outcome of this many samples could give a corrected p below 0.05.

    Holm multiplies the smallest p of a family by the size of the family, and
    no other corrected p is smaller than that.

    Args:
        compared: The contrasts of the family.
        comparisons: Size of the family, if more is in it.
    """
    smallest = min((each.smallest_p for each in compared), default=0.0)
    reachable = min(1.0, max(comparisons, len(compared)) * smallest)
    if reachable < ALPHA:
        return ""
    return f" Too few repeats: the smallest p reachable is {reachable:.2f}."


def _parts(contrasts: Sequence[Contrast]) -> list[str]:
    shown = [each for each in contrasts if each.verdict not in UNDECIDED]
    open_ = [each for each in contrasts if each.verdict in UNDECIDED]
    shown.sort(key=lambda each: -abs(each.difference.value))
    parts = [decided_sentence(each) for each in shown[:MOST_NAMED]]
    if len(shown) > MOST_NAMED:
        parts.append(f"{len(shown) - MOST_NAMED} more differences are listed below")
    if len(open_) <= MOST_NAMED:
        return parts + [undecided_sentence(each) for each in open_]
    return [*parts, *counted_verdicts(open_)]


def counted_verdicts(contrasts: Sequence[Contrast]) -> list[str]:
    """How many came out how, e.g. "4 comparisons: inconclusive"."""
    words = Counter(each.verdict for each in contrasts)
    return [f"{counted(count, 'comparison')}: {word}" for word, count in words.items()]


def could_see(contrast: Contrast) -> str:
    """The smallest difference that the comparison could have shown, e.g. "sees 35 points".

    Of a decided one nobody asks where it is not known: then "".
    """
    if contrast.seen is None:
        if contrast.verdict not in UNDECIDED:
            return ""
        repeat = "repeat" if contrast.scope == "these scenarios" else "scenario"
        return f"what it could see is not known: no {repeat} came out otherwise than another"
    return "sees no difference" if contrast.seen > 1 else f"sees {100 * contrast.seen:.0f} points"


def decided_sentence(contrast: Contrast) -> str:
    """What the candidate solves more or fewer than the reference, and what that rests on."""
    interval = contrast.difference.interval
    limits = f", interval {points_of(interval)}" if interval else ""
    return (
        f"{solves(contrast)}{limits}, {size(contrast)}{cost(contrast)} "
        f"({_joined(p_values(contrast), could_see(contrast))})"
    )


def solves(contrast: Contrast) -> str:
    """The difference alone, e.g. "careful solves 40 points more than brief"."""
    if not contrast.is_judged:
        return f"{level_name(contrast)} {ends(contrast)} than {contrast.reference}"
    return f"{level_name(contrast)} solves {more_or_fewer(contrast)} than {contrast.reference}"


def ends(contrast: Contrast) -> str:
    """The difference where nobody judged results: "ends 40 points more often as accepted"."""
    points = round(100 * contrast.difference.value)
    how = "less" if points < 0 else "more"
    return f"ends {abs(points)} points {how} often as accepted"


def interaction_sentence(found: Interaction) -> str:
    """By how many points the effect of one factor differs between two levels of another."""
    points = round(100 * found.difference.value)
    interval = found.difference.interval
    limits = f", interval {points_of(interval)}" if interval else ""
    return (
        f"the effect of {found.factor}={found.candidate} is {abs(points)} points "
        f"{'smaller' if points < 0 else 'larger'} at {found.by}={found.by_candidate} than at "
        f"{found.by_reference}{limits} ({_p(found.p_adjusted)})"
    )


def more_or_fewer(contrast: Contrast) -> str:
    """A difference without its sign, e.g. "40 points more"."""
    points = round(100 * contrast.difference.value)
    return f"{abs(points)} points {'fewer' if points < 0 else 'more'}"


def undecided_sentence(contrast: Contrast) -> str:
    """No difference shown, with the difference that was seen."""
    return (
        f"{level_name(contrast)}: {signed(contrast.difference.value)} points against "
        f"{contrast.reference}, {contrast.verdict} ({evidence(contrast)})"
    )


def level_name(contrast: Contrast) -> str:
    """The candidate, with the factor it is a level of, e.g. "prompts=careful"."""
    is_named = contrast.factor in ("config", "run")
    return contrast.candidate if is_named else f"{contrast.factor}={contrast.candidate}"


def evidence(contrast: Contrast) -> str:
    """Interval, samples, corrected p of candidate minus reference, and what could be seen."""
    interval = contrast.difference.interval
    limits = f"interval {points_of(interval)}" if interval else ""
    return _joined(limits, size(contrast), p_values(contrast), could_see(contrast))


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def size(contrast: Contrast) -> str:
    """How much was compared, e.g. "n = 3 scenarios x 5 epochs"; of a factor, "10 samples"."""
    scenarios = counted(contrast.scenarios, "scenario")
    if contrast.epochs is None:
        counts = contrast.candidate_success.n, contrast.reference_success.n
        return f"n = {counts[0]} vs {counts[1]} of {scenarios}"
    is_plain = contrast.strata == contrast.scenarios
    unit = counted(contrast.epochs, "epoch" if is_plain else "sample")
    return f"n = {scenarios} \N{MULTIPLICATION SIGN} {unit}"


def p_values(contrast: Contrast) -> str:
    """The corrected p, and the one before where that alone is below 0.05."""
    p_value = _p(contrast.p_adjusted)
    if contrast.p_value < ALPHA <= contrast.p_adjusted:
        return f"{p_value} after correction, {contrast.p_value:.3f} before"
    return p_value


def cost(contrast: Contrast) -> str:
    """At what cost, as a ratio of means, e.g. ", at 1.3x the mean cost"; "" if not known."""
    if contrast.cost_ratio is None or contrast.cost_ratio.value <= 0:
        return ""
    ratio = contrast.cost_ratio.value
    if 0.95 <= ratio <= 1.05:
        return ", at about the same mean cost"
    return f", at {ratio:.{1 if ratio >= 0.95 else 2}f}\N{MULTIPLICATION SIGN} the mean cost"


def held_back(compared: Sequence[Contrast], comparisons: int) -> str:
    """Why an interval that excludes 0 did not decide; "" if none is held back.

    Args:
        compared: What is shown.
        comparisons: Size of the family that p is corrected for.
    """
    if not any(each.is_held_back for each in compared):
        return ""
    corrected = f", and p is corrected for all {comparisons} comparisons (Holm)"
    return (
        "An interval excludes 0 where the verdict is open: a verdict needs p below 0.05 as well"
        f"{corrected if comparisons > 1 else ''}."
    )


def corrected_for(comparisons: int) -> str:
    """For how many comparisons intervals, p and what could be seen of a table hold; "" for none."""
    if comparisons < 2:
        alone = "Interval, p and what it sees are of this comparison alone, at 95 %."
        return alone if comparisons else ""
    number = "both" if comparisons == 2 else f"all {comparisons}"
    return (
        f"Intervals, p and what each sees are corrected for {number} comparisons of this table, "
        "which hold together at 95 %."
    )


def _p(p_value: float) -> str:
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def points_of(interval: Interval) -> str:
    """An interval of a difference in points, e.g. "+9 to +66"."""
    return f"{signed(interval.low)} to {signed(interval.high)}"


def signed(share: float) -> str:
    """A difference in points with its sign."""
    points = round(100 * share)
    return f"{points:+d}" if points else "0"


def _shares(interval: Interval) -> str:
    return f"{round(100 * interval.low)} to {round(100 * interval.high)} %"


def standing(
    configs: Sequence[ConfigSummary],
    compared: Sequence[Contrast],
    not_worse: Sequence[str],
    apart: Sequence[tuple[str, str]] = (),
) -> str:
    """The best set: which configs are not shown to be worse than any other.

    Args:
        configs: All of them.
        compared: What is shown.
        not_worse: Those no other is shown to be better than.
        apart: Pairs that share no scenario: then there is no best set.
    """
    ran = [config.config for config in configs if config.success.n]
    if compared and apart:
        left, right = apart[0]
        more = f", nor do {counted(len(apart) - 1, 'more pair')}" if apart[1:] else ""
        return f"There is no best set: {left} and {right} share no scenario{more}."
    if not compared or any(each.verdict == "not comparable" for each in compared):
        return ""
    # A config may be in it though a factor's effect, which has more samples, speaks against it.
    is_matrix = any(each.factor != "config" for each in compared)
    why = "; a pair has fewer samples than a factor and shows less" if is_matrix else ""
    if len(not_worse) < len(ran):
        return f"Best set: {', '.join(not_worse)}. No config is shown to beat one of these{why}."
    return f"Best set: all {len(ran)} configs. None is shown to beat another{why}."


def counted(count: int, noun: str) -> str:
    """A count with its noun, e.g. "2 misses"."""
    plural = f"{noun}es" if noun.endswith("miss") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"
