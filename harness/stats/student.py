"""Student's t: quantiles without a numerical library, and the interval of a mean."""

from __future__ import annotations

from math import atan, cos, pi, sin, sqrt, tan
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from harness.model.comparison import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

_HALVINGS = 60


def t_quantile(level: float, degrees: int) -> float:
    """The t that |T| stays below with probability level.

    Args:
        level: Two-sided probability, in (0, 1).
        degrees: Degrees of freedom, >= 1.

    Raises:
        ValueError: If level or degrees is out of range.

    Source: Abramowitz & Stegun (1964), 26.7.3 and 26.7.4, inverted by bisection.
    """
    if degrees < 1 or not 0 < level < 1:
        raise ValueError(f"level={level}, degrees={degrees}: need 0 < level < 1 and degrees >= 1")
    low, high = 0.0, pi / 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, degrees) < level else (low, middle)
    return sqrt(degrees) * tan((low + high) / 2)


def t_probability(t: float, degrees: int) -> float:
    """Probability that |T| stays below t; the inverse of `t_quantile`.

    Args:
        t: >= 0.
        degrees: Degrees of freedom, >= 1.
    """
    return _within(atan(t / sqrt(degrees)), degrees)


def t_interval(values: Sequence[float], *, level: float = 0.95) -> Interval | None:
    """Interval of the mean of independent, roughly normal values.

    Returns:
        The interval; None for fewer than two values, or when all are equal:
        values that show no spread cannot tell how far the mean may be off.

    Source: Student (1908), Biometrika 6:1-25.
    """
    if len(values) < 2 or min(values) == max(values):
        return None
    mean = fmean(values)
    half = t_quantile(level, len(values) - 1) * stdev(values) / sqrt(len(values))
    return Interval(low=mean - half, high=mean + half, level=level)


def _within(angle: float, degrees: int) -> float:
    """Probability of |T| <= sqrt(degrees) * tan(angle)."""
    square = cos(angle) ** 2
    is_odd = degrees % 2
    term = total = cos(angle) if is_odd else 1.0
    for power in range(2 + is_odd, degrees, 2):
        term *= square * (power - 1) / power
        total += term
    if not is_odd:
        return sin(angle) * total
    return 2 / pi * (angle + (sin(angle) * total if degrees > 1 else 0.0))
