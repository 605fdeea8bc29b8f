"""Cost against success: which configs no other beats at both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from harness.reports import numbers
from harness.reports.figures.links import list_fragment
from harness.reports.figures.scale import Scale, from_zero

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.model.comparison import ConfigSummary

WIDTH, HEIGHT = 460, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 440.0, 14.0, 226.0
# Of the larger letters on a phone.
_LINE = 16.0
_LETTER = 7.9
_SPOT = 6.5
_MOST_NAMED = 12


@dataclass(frozen=True, kw_only=True)
class CostPoint:
    """A config in the drawing.

    Attributes:
        name: The config, cut to what fits.
        told: The whole of it, for people who cannot see the drawing.
        x: Position of its mean cost.
        y: Position of its success rate.
        low: Position of the low end of the rate's interval; None without one.
        high: Position of the high end.
        is_best: Whether no other config solves as many at a lower cost, or more at no higher one.
        label_x: Where its name starts or ends.
        label_y: Base line of its name; None if it is not written out.
        is_left: Whether the name ends at label_x.
        fragment: Its samples.
    """

    name: str
    told: str
    x: float
    y: float
    low: float | None
    high: float | None
    is_best: bool
    label_x: float
    label_y: float | None
    is_left: bool
    fragment: str


@dataclass(frozen=True, kw_only=True)
class CostFigure:
    """The drawing.

    Attributes:
        points: Every config with a known cost and a rate.
        front: Corners of the stair that joins the best ones, as the points of a polyline.
        costs: Position and label of the ticks of the cost.
        rates: Position and label of the ticks of the success rate.
        unknown: Configs whose cost is not known.
    """

    points: tuple[CostPoint, ...]
    front: str
    costs: tuple[tuple[float, str], ...]
    rates: tuple[tuple[float, str], ...]
    unknown: tuple[str, ...]


def cost_figure(suite: str, configs: Sequence[ConfigSummary]) -> CostFigure | None:
    """The configs of a suite by mean cost per sample and success rate; None for fewer than two."""
    known = [config for config in configs if config.cost.mean is not None and config.success.n]
    if len(known) < 2 or not any(config.cost.mean for config in known):
        return None
    across = from_zero([_cost(config) for config in known], _LEFT, _RIGHT)
    up = Scale(low=0.0, high=1.0, start=_BOTTOM, end=_TOP)
    best = pareto_front({config.config: (_cost(config), _rate(config)) for config in known})
    points = _named([_point(suite, config, across, up, best) for config in known])
    return CostFigure(
        points=tuple(points),
        front=_stair(points),
        costs=tuple((across.at(tick), numbers.usd(tick)) for tick in across.ticks()),
        rates=tuple((up.at(tick), f"{100 * tick:.0f}") for tick in (0, 0.25, 0.5, 0.75, 1)),
        unknown=tuple(config.config for config in configs if config not in known),
    )


def pareto_front(found: dict[str, tuple[float, float]]) -> set[str]:
    """Names that no other beats: at most the cost and at least the success, and one of them better.

    Args:
        found: Cost and success rate by name.
    """
    return {
        name
        for name, (cost, rate) in found.items()
        if not any(
            other[0] <= cost and other[1] >= rate and other != (cost, rate)
            for other in found.values()
        )
    }


def _cost(config: ConfigSummary) -> float:
    return config.cost.mean or 0.0


def _rate(config: ConfigSummary) -> float:
    return config.success.value or 0.0


def _point(
    suite: str, config: ConfigSummary, across: Scale, up: Scale, best: set[str]
) -> CostPoint:
    interval = config.success.interval
    x, y = across.at(_cost(config)), up.at(_rate(config))
    name = config.config if len(config.config) <= 24 else f"{config.config[:23]}\u2026"
    is_left = x + 9 + _LETTER * len(name) > WIDTH
    is_best = config.config in best
    return CostPoint(
        name=name,
        told=(
            f"{config.config}: {numbers.rate(config.success)} {_achieved(config)}, interval "
            f"{numbers.percent_range(interval)}, {numbers.usd(config.cost.mean)} per sample"
            f"{', on the Pareto front' if is_best else ''}"
        ),
        x=x,
        y=y,
        low=up.at(interval.low) if interval else None,
        high=up.at(interval.high) if interval else None,
        is_best=is_best,
        label_x=x - 9 if is_left else x + 9,
        label_y=None,
        is_left=is_left,
        fragment=list_fragment(suite=suite, config=config.config),
    )


def _achieved(config: ConfigSummary) -> str:
    return "ended as accepted" if config.accepted else "solved"


def _named(points: Sequence[CostPoint]) -> list[CostPoint]:
    """The points with room found for their names: each beside its mark, or the next free line."""
    if len(points) > _MOST_NAMED:
        return list(points)
    taken = [_Room(point.x - _SPOT, point.x + _SPOT, point.y + 4) for point in points]
    done = []
    for point in sorted(points, key=lambda each: (each.y, each.x)):
        named, room = next(
            (named, room)
            for named, room in _places(point)
            if not any(room.meets(other) for other in taken)
        )
        taken.append(room)
        done.append(named)
    return done


@dataclass(frozen=True)
class _Room:
    """What a name or a mark takes of a line."""

    start: float
    end: float
    line: float

    def meets(self, other: _Room) -> bool:
        is_near = abs(self.line - other.line) < _LINE
        return is_near and self.start < other.end and other.start < self.end


def _places(point: CostPoint) -> Iterator[tuple[CostPoint, _Room]]:
    """Where its name could stand: on the side it is meant for, on the other, then further down."""
    width = _LETTER * len(point.name)
    for down in count():
        y = point.y + 4 + down
        for is_left in (point.is_left, not point.is_left):
            x = point.x - 9 if is_left else point.x + 9
            start = x - width if is_left else x
            if start < _LEFT or start + width > WIDTH:
                continue
            named = replace(point, label_x=x, label_y=round(y, 2), is_left=is_left)
            yield named, _Room(start, start + width, y)


def _stair(points: Sequence[CostPoint]) -> str:
    """What can be had for at most a given cost, as a stair through the best points."""
    best = sorted({(point.x, point.y) for point in points if point.is_best})
    corners = []
    for number, (x, y) in enumerate(best):
        if number:
            corners.append(f"{x},{best[number - 1][1]}")
        corners.append(f"{x},{y}")
    return " ".join(corners)
