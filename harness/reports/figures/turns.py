"""How long the conversations of each config were: a mark per sample, piled up by turns."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING

from harness.reports import numbers
from harness.reports.figures.links import sample_fragment
from harness.reports.figures.scale import Scale, from_zero
from harness.reports.text import outcome_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.model.comparison import ConfigSummary
    from harness.model.sample import SampleResult

WIDTH = 460.0
_LEFT, _RIGHT = 8.0, 444.0
_PITCH = 7.0
MOST_MARKS = 1_000
# A pile that would be higher is made of several columns beside each other.
_MOST_PILED = 8
# Of samples that completed.
_OUTCOMES = ("pass", "fail", "unjudged")


@dataclass(frozen=True, kw_only=True)
class TurnsMark:
    """One sample."""

    x: float
    y: float
    outcome: str
    told: str
    fragment: str


@dataclass(frozen=True, kw_only=True)
class TurnsRow:
    """One config.

    Attributes:
        name: The config.
        told: Median and its interval, for people.
        top: Where its row begins.
        base: Base line of its marks.
        median: Position of the median; None without one.
        low: Position of the low end of the median's interval; None without one.
        high: Position of the high end.
        marks: Its samples.
    """

    name: str
    told: str
    top: float
    base: float
    median: float | None
    low: float | None
    high: float | None
    marks: tuple[TurnsMark, ...]


@dataclass(frozen=True, kw_only=True)
class TurnsFigure:
    """The drawing.

    Attributes:
        height: Of it.
        axis: Where the axis lies.
        rows: One per config.
        ticks: Position and label of each.
        outcomes: What its marks are of, to be told in a legend.
        left_out: Samples that did not complete.
    """

    height: float
    axis: float
    rows: tuple[TurnsRow, ...]
    ticks: tuple[tuple[float, str], ...]
    outcomes: tuple[str, ...]
    left_out: int


def turns_figure(
    samples: Sequence[SampleResult], configs: Sequence[ConfigSummary]
) -> TurnsFigure | None:
    """The turns of the completed samples; None if nothing completed, or there are too many."""
    done = [sample for sample in samples if sample.status == "completed"]
    if not done or len(done) > MOST_MARKS:
        return None
    across = from_zero([sample.transcript.turns for sample in done], _LEFT, _RIGHT)
    groups: defaultdict[str, list[SampleResult]] = defaultdict(list)
    for sample in done:
        groups[sample.key.config].append(sample)
    rows, top = [], 0.0
    for config in configs:
        row, height = _row(config, groups[config.config], across, top)
        rows.append(row)
        top += height
    return TurnsFigure(
        height=top + 34,
        axis=top + 4,
        rows=tuple(rows),
        ticks=tuple((across.at(t), numbers.number(t)) for t in across.ticks() if t == int(t)),
        outcomes=tuple(each for each in _OUTCOMES if each in {s.outcome for s in done}),
        left_out=len(samples) - len(done),
    )


def _row(
    config: ConfigSummary, samples: Sequence[SampleResult], across: Scale, top: float
) -> tuple[TurnsRow, float]:
    """The row of a config, and how high it is."""
    piles: defaultdict[int, list[SampleResult]] = defaultdict(list)
    for sample in sorted(samples, key=lambda each: (each.outcome, each.key)):
        piles[sample.transcript.turns].append(sample)
    slot = across.at(1) - across.at(0)
    columns = [_columns(len(pile), slot) for pile in piles.values()]
    heights = (ceil(len(p) / c) for p, c in zip(piles.values(), columns, strict=True))
    highest = max(heights, default=1)
    # One pitch in both directions, so that the marks of the densest pile just touch.
    pitch = min(_PITCH, slot * 0.9, _PITCH * 3 * _MOST_PILED / highest)
    base = top + 24 + pitch * (highest - 1)
    turns = config.turns
    row = TurnsRow(
        name=config.config,
        told=f"median {numbers.number(turns.median)}" + _limits(config),
        top=top,
        base=round(base, 2),
        median=None if turns.median is None else across.at(turns.median),
        low=across.at(turns.interval.low) if turns.interval else None,
        high=across.at(turns.interval.high) if turns.interval else None,
        marks=tuple(
            mark
            for length, pile in sorted(piles.items())
            for mark in _pile(pile, across.at(length), base, pitch, _columns(len(pile), slot))
        ),
    )
    return row, base + 12 - top


def _columns(marks: int, slot: float) -> int:
    """Columns of a pile: as few as keep it low, as many as the room up to the next turn holds."""
    return max(1, min(ceil(marks / _MOST_PILED), floor(slot / _PITCH)))


def _pile(
    samples: Sequence[SampleResult], x: float, base: float, pitch: float, columns: int
) -> Iterator[TurnsMark]:
    """Marks from left to right, then upwards, around x."""
    for number, sample in enumerate(samples):
        line, column = divmod(number, columns)
        yield _mark(sample, x + pitch * (column - (columns - 1) / 2), base - pitch * line)


def _limits(config: ConfigSummary) -> str:
    interval = config.turns.interval
    if interval is None:
        return ""
    return f", interval {numbers.number(interval.low)} to {numbers.number(interval.high)}"


def _mark(sample: SampleResult, x: float, y: float) -> TurnsMark:
    key = sample.key
    return TurnsMark(
        x=round(x, 2),
        y=round(y, 2),
        outcome=sample.outcome,
        told=f"{key.scenario}, {key.config}, epoch {key.epoch}: {outcome_words(sample.outcome)} "
        f"after {sample.transcript.turns} turns",
        fragment=sample_fragment(key),
    )
