"""Corrections for looking at more than one comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p-values so that rejecting at alpha errs in the whole family at most alpha often.

    Args:
        p_values: In any order; each in [0, 1].

    Returns:
        Adjusted values in the same order, each >= its p-value and <= 1.

    Source: Holm (1979), Scandinavian Journal of Statistics 6:65-70.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [1.0] * len(p_values)
    running = 0.0
    for rank, position in enumerate(order):
        running = max(running, min(1.0, (len(order) - rank) * p_values[position]))
        adjusted[position] = running
    return tuple(adjusted)
