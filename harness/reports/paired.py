"""Two runs, or two configs, on a terminal: what changed, and where conversations part."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, TextIO

from harness.reports import numbers
from harness.reports.text import counted, one_line, outcome_words
from harness.reports.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.comparison import Contrast
    from harness.model.paired import (
        ConfigPairComparison,
        Crossing,
        PairedSample,
        Pairs,
        RunComparison,
        Said,
        SampleChange,
        Shift,
    )
    from harness.model.sample import Outcome
    from harness.reports.folding import Part

_MOST_CHANGES = 50
_MOST_PARTINGS = 5
_MOST_TURNS = 6
_MOST_LABELS = 6
_MOST_SUITES = 6
_LINES_BESIDE = 12
_LINES_BELOW = 6
_MOST_REASONS = 4
_REASON = 300
_MEDIANS = (
    "Difference: the median over pairs of second minus first, which is not the difference of the "
    "two medians."
)
# From here on two columns are wide enough to read code in.
_WIDE = 100
_GROUPS = {"worse": "Got worse", "better": "Got better", "same outcome": "Ended otherwise"}
# Lines without a word, which cost room.
_EMPTY = re.compile(r"\n(?:[ \t]*\n)+")
_OVER = {"error": "(cut short by an error)", "miss": "(cut short by a cassette miss)"}
_ENDED = "(the conversation is over)"
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
        _legend(writer, comparison.correction, comparison.held_back)
    _pairs(writer, comparison.pairs, sides, is_whole=is_whole)
    for name, keys in zip(sides, (comparison.only_in_a, comparison.only_in_b), strict=True):
        if keys:
            writer.line()
            writer.line(f"Samples of {name} without a counterpart, not compared: {len(keys)}.")


def _not_judged(writer: Writer, contrasts: Sequence[Contrast]) -> None:
    if not all(each.is_judged for each in contrasts):
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
        _legend(writer, comparison.correction, comparison.held_back)


def _legend(writer: Writer, correction: str, held_back: str) -> None:
    """What the columns are, for what they are corrected, and why an interval may not decide."""
    if correction:
        writer.prose(f"{SEES} {correction}", "dim")
    if held_back:
        writer.prose(held_back)


def _differing(pairs: Pairs) -> set[tuple[str, str]]:
    """Suite and first config of the pairs that are not identical."""
    keys = [each.key_a for each in pairs.samples if not each.is_identical]
    return {(key.suite, key.config) for key in keys}


def _rate(name: str, contrast: Contrast, *, is_identical: bool) -> tuple[str, ...]:
    shown = numbers.difference(contrast)
    if is_identical:
        # Nothing could differ, however much was run.
        shown = (*shown[:3], numbers.DASH, "identical")
    return (
        name,
        numbers.percent(contrast.reference_success.value),
        numbers.percent(contrast.candidate_success.value),
        *shown,
    )


def _changes(writer: Writer, comparison: RunComparison) -> None:
    left = _MOST_CHANGES
    for direction, title in _GROUPS.items():
        group = [each for each in comparison.changes if each.direction == direction]
        if group[:left]:
            writer.line()
            head = title, "First", "Second", "Ended by", "Then by"
            writer.table(head, [_change(each) for each in group[:left]])
        left -= len(group[:left])
    if len(comparison.changes) > _MOST_CHANGES:
        writer.line(f"and {len(comparison.changes) - _MOST_CHANGES} more changed samples")


def _change(change: SampleChange) -> tuple[str, ...]:
    return (
        str(change.key),
        outcome_words(change.outcome_a),
        outcome_words(change.outcome_b),
        change.termination_a or numbers.DASH,
        change.termination_b or numbers.DASH,
    )


def _pairs(writer: Writer, pairs: Pairs, names: tuple[str, str], *, is_whole: bool) -> None:
    _pooled(writer, pairs)
    _crossing(writer, "Ended by", pairs.terminations)
    if pairs.code.labels != ("none",):
        _crossing(writer, "Code", pairs.code)
    _shifts(writer, pairs)
    _partings(writer, pairs.samples, names, is_whole=is_whole)


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


def _partings(
    writer: Writer, samples: Sequence[PairedSample], names: tuple[str, str], *, is_whole: bool
) -> None:
    """Where the conversations part, those whose outcome changed first."""
    parted = in_order_of_weight(samples)
    writer.line()
    if not parted:
        writer.line("The same is said in both conversations of every pair.")
        return
    turns = Counter(each.parting.turn for each in parted if each.parting)
    told = ", ".join(f"turn {turn} ({turns[turn]})" for turn in sorted(turns)[:_MOST_TURNS])
    later = sum(turns[turn] for turn in sorted(turns)[_MOST_TURNS:])
    more = f", later ({later})" if later else ""
    writer.line(
        f"Conversations part in {len(parted)} of {counted(len(samples), 'pair')}: {told}{more}."
    )
    said_once = _reasons(writer, parted)
    # Of levels of a factor, which name all their configs at once.
    are_several = len({(each.key_a.config, each.key_b.config) for each in samples}) > 1
    writer.line("Where they part:", "bold")
    shown = parted if is_whole else parted[:_MOST_PARTINGS]
    for position, each in enumerate(shown):
        if position:
            writer.line()
        _heading(writer, each, _name(each, are_several=are_several), said_once)
        _sides(writer, each, names)
    if len(parted) > len(shown):
        writer.line()
        writer.line(f"and {len(parted) - len(shown)} more that part; all of them with: --all")


def _reasons(writer: Writer, parted: Sequence[PairedSample]) -> frozenset[str]:
    """Write the reasons that several pairs share; returns them, not to be said again."""
    counts = Counter(each.parting.why for each in parted if each.parting and each.parting.why)
    shared = [(why, count) for why, count in counts.most_common(_MOST_REASONS) if count > 1]
    for why, count in shared:
        told = [("Why, ", "dim"), (f"{count} times: ", "dim"), (one_line(why, _REASON), "")]
        writer.parts(told, hanging=2)
    return frozenset(why for why, _ in shared)


def in_order_of_weight(samples: Sequence[PairedSample]) -> list[PairedSample]:
    """The pairs that part: those whose outcome got worse first, those that ended alike last."""
    return sorted((each for each in samples if each.parting), key=_weight)


def _weight(pair: PairedSample) -> tuple[int, int]:
    """Outcomes that changed first, then terminations, then code; in key order among equals."""
    if pair.outcome_a != pair.outcome_b:
        return 0 if pair.direction == "worse" else 1, 0
    if pair.termination_a != pair.termination_b:
        return 2, 0
    return 3, int(pair.code_a == pair.code_b)


def _heading(writer: Writer, pair: PairedSample, name: str, said_once: frozenset[str]) -> None:
    if pair.parting is None:
        return
    same = pair.outcome_a == pair.outcome_b
    a, b = outcome_words(pair.outcome_a), outcome_words(pair.outcome_b)
    outcome = f"{a} in both" if same else f"{a}, then {b}"
    writer.parts([(name, "bold"), (f", turn {pair.parting.turn}: {outcome}", "")])
    why = pair.parting.why
    if why and why not in said_once:
        writer.parts([("Why: ", "dim"), (one_line(why, _REASON), "")], 2, hanging=5)


def _sides(writer: Writer, pair: PairedSample, names: tuple[str, str]) -> None:
    """What each said at that turn, beside one another if there is room."""
    if pair.parting is None:
        return
    a = _message(pair.parting.said_a, pair.outcome_a, "red")
    b = _message(pair.parting.said_b, pair.outcome_b, "green")
    if writer.columns >= _WIDE:
        left, right = [(f"{names[0]}: ", "dim"), *a], [(f"{names[1]}: ", "dim"), *b]
        writer.side_by_side(left, right, _LINES_BESIDE)
    else:
        _below(writer, a, ("- ", "red"))
        _below(writer, b, ("+ ", "green"))


def _name(pair: PairedSample, *, are_several: bool) -> str:
    """The key; of two configs, which are named above unless they are several, what they share."""
    key = pair.key_a
    if key == pair.key_b:
        return str(key)
    configs = f", {key.config} and {pair.key_b.config}" if are_several else ""
    return f"{key.suite}/{key.scenario}, epoch {key.epoch}{configs}"


def _message(said: Said | None, outcome: Outcome, colour: str) -> list[Part]:
    """Who says what, what both say dimmed; or why nobody does. Empty lines are left out."""
    if said is None:
        return [(_OVER.get(outcome, _ENDED), "dim")]
    before, after = said.text[: said.differs_at], said.text[said.differs_at :].rstrip()
    return [
        (f"{said.speaker}: ", f"bold {colour}"),
        (_EMPTY.sub("\n", before), "dim"),
        (_EMPTY.sub("\n", after), colour),
    ]


def _below(writer: Writer, parts: Sequence[Part], mark: Part) -> None:
    first, *others = writer.clipped(parts, writer.columns - 4, _LINES_BELOW)
    writer.rows([[mark, *first]], 2)
    writer.rows(others, 4)
