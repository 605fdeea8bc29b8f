"""Two runs, or two configs, on a terminal: what changed, and where conversations part."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from harness.model.imported import NOT_TOLD
from harness.reports import numbers
from harness.reports.partings import print_partings
from harness.reports.text import counted, outcome_words
from harness.reports.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.comparison import Contrast
    from harness.model.paired import (
        ConfigPairComparison,
        Crossing,
        Pairs,
        RunComparison,
        SampleChange,
        Shift,
    )
    from harness.model.sample import Outcome

_MOST_CHANGES = 50
_MOST_LABELS = 6
_MOST_SUITES = 6
_MEDIANS = (
    "Difference: the median over pairs of second minus first, which is not the difference of the "
    "two medians."
)
_GROUPS = {"worse": "Got worse", "better": "Got better", "same outcome": "Ended otherwise"}
_INTERVAL_AT, _SEES_AT = 4, 6  # the columns
SEES = "Sees: the smallest difference, in points, that so many samples show in 80 of 100 runs."


def print_comparison(comparison: RunComparison, stream: TextIO, *, is_whole: bool = False) -> None:
    """Print run B against run A: verdict, rates per config, and the samples that changed.

    Of two replays the changed samples come first, because they are facts; of
    live runs the statistics do.

    Args:
        comparison: What to print.
        stream: Coloured if it is a terminal, else plain text.
        is_whole: Print every sample that parts, not only the first ones.
    """
    writer = Writer(stream)
    writer.line(f"First run {comparison.run_a}, second run {comparison.run_b}.", "dim")
    _warnings(writer, comparison.drift, comparison.alert)
    writer.prose(comparison.verdict, "bold")
    if comparison.is_replay:
        _changes(writer, comparison)
        writer.line()
        writer.prose(comparison.statistics)
    _rates(writer, comparison)
    _not_judged(writer, [each.contrast for each in comparison.configs])
    if not comparison.is_replay:
        _changes(writer, comparison)
    _pairs(writer, comparison.pairs, ("first", "second"), is_whole=is_whole)
    for run, keys in (("first", comparison.only_in_a), ("second", comparison.only_in_b)):
        if keys:
            writer.line()
            writer.line(f"Samples with a result in the {run} run alone, not compared: {len(keys)}.")


def print_config_pair(
    comparison: ConfigPairComparison, stream: TextIO, *, is_whole: bool = False
) -> None:
    """Print config B against config A; the arguments are those of `print_comparison`."""
    writer = Writer(stream)
    sides = _side_names(comparison)
    writer.line(f"First {sides[0]}, second {sides[1]}.", "dim")
    for each in comparison.settings or ("Their settings are the same.",):
        writer.line(f"Settings: {each}" if comparison.settings else each, "dim")
    _suites_left_out(writer, comparison, sides)
    _warnings(writer, comparison.drift, comparison.alert)
    if comparison.verdict:
        writer.prose(comparison.verdict, "bold")
    writer.line()
    head = "Suite", "First", "Second", "Points", "Interval", "p", "Sees", "Verdict"
    differing = {suite for suite, _ in _differing(comparison.pairs)}
    rows = [
        _rate(each.suite, each.contrast, is_identical=each.suite not in differing)
        for each in comparison.suites
    ]
    writer.table(head, rows)
    _not_judged(writer, [each.contrast for each in comparison.suites])
    if differing:
        _legend(writer, rows, comparison.correction, comparison.held_back)
    _pairs(writer, comparison.pairs, sides, is_whole=is_whole)
    for name, keys in zip(sides, (comparison.only_in_a, comparison.only_in_b), strict=True):
        if keys:
            writer.line()
            writer.line(f"Samples of {name} without a counterpart, not compared: {len(keys)}.")


def _suites_left_out(
    writer: Writer, comparison: ConfigPairComparison, sides: tuple[str, str]
) -> None:
    """The suites that one side alone has, so that nobody reads them into what is compared."""
    shared = {each.key_a.suite for each in comparison.pairs.samples}
    for name, keys in zip(sides, (comparison.only_in_a, comparison.only_in_b), strict=True):
        alone = sorted({key.suite for key in keys} - shared)
        if alone:
            suites = "Suite" if len(alone) == 1 else "Suites"
            writer.prose(f"{suites} not compared, as {name} alone has samples: {', '.join(alone)}.")


def _not_judged(writer: Writer, contrasts: Sequence[Contrast]) -> None:
    # What was judged on one side alone is not comparable, and said to be so.
    if any(not each.is_judged and each.verdict != "not comparable" for each in contrasts):
        writer.prose(
            "Nobody judged whether the tasks were solved: the rates tell how many conversations "
            "ended as accepted."
        )


def _side_names(comparison: ConfigPairComparison) -> tuple[str, str]:
    if comparison.run_a == comparison.run_b:
        return comparison.config_a, comparison.config_b
    return (
        f"{comparison.config_a} of run {comparison.run_a}",
        f"{comparison.config_b} of run {comparison.run_b}",
    )


def _warnings(writer: Writer, drift: Sequence[str], alert: str) -> None:
    if drift:
        writer.prose(
            f"The scenarios are not the same on both sides: {', '.join(drift)}. What differs "
            "below may come from that.",
            "bold red",
        )
    if alert:
        writer.prose(alert, "bold red")


def _rates(writer: Writer, comparison: RunComparison) -> None:
    writer.line()
    head = "Config", "First", "Second", "Points", "Interval", "p", "Sees", "Verdict"
    differing = _differing(comparison.pairs)
    rows = [
        _rate(
            f"{each.suite}/{each.config}{' (settings changed)' if each.is_changed else ''}",
            each.contrast,
            is_identical=(each.suite, each.config) not in differing,
        )
        for each in comparison.configs
    ]
    writer.table(head, rows)
    if differing:
        _legend(writer, rows, comparison.correction, comparison.held_back)


def _legend(
    writer: Writer, rows: Sequence[tuple[str, ...]], correction: str, held_back: str
) -> None:
    """What the columns are, for what they are corrected, and why an interval may not decide."""
    if correction and any(row[_INTERVAL_AT] != numbers.DASH for row in rows):
        is_seen = any(row[_SEES_AT] != numbers.DASH for row in rows)
        writer.prose(f"{SEES} {correction}" if is_seen else correction, "dim")
    if held_back:
        writer.prose(held_back)


def _differing(pairs: Pairs) -> set[tuple[str, str]]:
    """Suite and first config of the pairs that are not identical."""
    keys = [each.key_a for each in pairs.samples if not each.is_identical]
    return {(key.suite, key.config) for key in keys}


def _rate(name: str, contrast: Contrast, *, is_identical: bool) -> tuple[str, ...]:
    shown = numbers.difference(contrast)
    if contrast.verdict == "not comparable":
        # No difference is told: it would be of what was lacking, as also where all is said alike.
        shown = (numbers.DASH, numbers.DASH, numbers.DASH, numbers.DASH, contrast.verdict)
    elif is_identical:
        # Nothing could differ, however much was run: there is no chance to allow for.
        shown = (shown[0], numbers.DASH, shown[2], numbers.DASH, "identical")
    return (
        name,
        numbers.percent(contrast.reference_success.value),
        numbers.percent(contrast.candidate_success.value),
        *shown,
    )


def _changes(writer: Writer, comparison: RunComparison) -> None:
    left = _MOST_CHANGES
    missing = NOT_TOLD if NOT_TOLD in comparison.pairs.terminations.labels else numbers.DASH
    for direction, title in _GROUPS.items():
        group = [each for each in comparison.changes if each.direction == direction]
        if group[:left]:
            writer.line()
            head = title, "First", "Second", "Ended by", "Then by"
            writer.table(head, [_change(each, missing) for each in group[:left]])
        left -= len(group[:left])
    if len(comparison.changes) > _MOST_CHANGES:
        writer.line(f"and {len(comparison.changes) - _MOST_CHANGES} more changed samples")


def _change(change: SampleChange, missing: str) -> tuple[str, ...]:
    return (
        str(change.key),
        outcome_words(change.outcome_a),
        outcome_words(change.outcome_b),
        change.termination_a or _no_end(change.outcome_a, missing),
        change.termination_b or _no_end(change.outcome_b, missing),
    )


def _no_end(outcome: Outcome, missing: str) -> str:
    return numbers.DASH if outcome in ("error", "miss") else missing


def _pairs(writer: Writer, pairs: Pairs, names: tuple[str, str], *, is_whole: bool) -> None:
    _pooled(writer, pairs)
    _crossing(writer, "Ended by", pairs.terminations)
    if pairs.code.labels != ("none",):
        _crossing(writer, "Code", pairs.code)
    _shifts(writer, pairs)
    print_partings(writer, pairs.samples, names, is_whole=is_whole)


def _pooled(writer: Writer, pairs: Pairs) -> None:
    """That what follows is told of several suites at once, where it is."""
    suites = list(dict.fromkeys(each.key_a.suite for each in pairs.samples))
    if len(suites) < 2:
        return
    more = f" and {len(suites) - _MOST_SUITES} more" if len(suites) > _MOST_SUITES else ""
    writer.line()
    writer.prose(
        f"Pooled over {len(suites)} suites ({', '.join(suites[:_MOST_SUITES])}{more}): how they "
        f"ended, code, turns and cost. Of one suite alone: -k {suites[0]}"
    )


def _crossing(writer: Writer, title: str, crossing: Crossing) -> None:
    """First side down, second side across; one sentence if nothing moved."""
    total = sum(map(sum, crossing.counts))
    if not total:
        return
    writer.line()
    if not crossing.moved:
        same = ", ".join(
            f"{label} {row[i]}"
            for i, (label, row) in enumerate(zip(crossing.labels, crossing.counts, strict=True))
        )
        writer.line(f"{title}: the same in every pair ({same}).")
        return
    writer.line(f"{title}: {crossing.moved} of {counted(total, 'pair')} differ.")
    labels = crossing.labels
    if len(labels) > _MOST_LABELS:
        _moves(writer, crossing)
        return
    head = "First (down), second (across)", *labels
    rows = [
        (label, *(str(count) if count else "·" for count in row))
        for label, row in zip(labels, crossing.counts, strict=True)
    ]
    writer.table(head, rows)


def _moves(writer: Writer, crossing: Crossing) -> None:
    """What a matrix would tell, line by line, where it would be wider than a page."""
    moves = [
        (count, a, b)
        for a, row in zip(crossing.labels, crossing.counts, strict=True)
        for b, count in zip(crossing.labels, row, strict=True)
        if count
    ]
    moves.sort(key=lambda move: -move[0])
    writer.table(("First", "Second", "Pairs"), [(a, b, str(count)) for count, a, b in moves])


def _shifts(writer: Writer, pairs: Pairs) -> None:
    rows = [
        _shift("Turns per sample", pairs.turns, numbers.number),
        _shift("Cost per sample", pairs.cost_usd, numbers.usd),
    ]
    shown = [row for row in rows if row]
    if shown:
        writer.line()
        head = "Medians", "First", "Second", "Difference", "Interval", "Differ in"
        writer.table(head, shown)
        writer.prose(_MEDIANS, "dim")


def _shift(name: str, shift: Shift, shown: numbers.Shown) -> tuple[str, ...] | None:
    if shift.difference is None:
        return None
    value, interval = shift.difference.value, shift.difference.interval
    limits = (
        f"{numbers.signed(interval.low, shown)} to {numbers.signed(interval.high, shown)}"
        if interval
        else numbers.DASH
    )
    return (
        name,
        shown(shift.median_a),
        shown(shift.median_b),
        numbers.signed(value, shown),
        limits,
        f"{shift.changed} of {shift.n}",
    )
