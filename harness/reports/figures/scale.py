"""From values to positions in a drawing, and the round values that label an axis."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_DECIMALS = 2
_ROUND_STEPS = (1, 2, 5, 10)
_LEAST = 1e-12


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A linear map of the values low..high to the positions start..end.

    Attributes:
        low: Value at start.
        high: Value at end, above low.
        start: Position of low, in units of the drawing.
        end: Position of high; below start for an axis that points up.
    """

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Position of a value, held between start and end, in hundredths."""
        share = (value - self.low) / (self.high - self.low)
        place = self.start + min(1.0, max(0.0, share)) * (self.end - self.start)
        return round(place, _DECIMALS)

    def ticks(self, most: int = 5) -> tuple[float, ...]:
        """Multiples of a round step from low to high, at most `most` of them."""
        step = round_step((self.high - self.low) / most)
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return tuple(round(number * step, 12) for number in range(first, last + 1))


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `least`, which is above 0."""
    power = 10.0 ** floor(log10(least))
    return next(step * power for step in _ROUND_STEPS if step * power >= least * (1 - 1e-9))


def from_zero(values: Iterable[float], start: float, end: float) -> Scale:
    """A scale from 0 to a round value above all values (to 1 if none of them is above 1e-12)."""
    highest = max(values, default=0.0)
    # So little is nothing in any drawing, and its steps would vanish in rounding.
    highest = highest if highest > _LEAST else 1.0
    step = round_step(highest / 4)
    return Scale(low=0.0, high=step * ceil(highest * 1.04 / step), start=start, end=end)
