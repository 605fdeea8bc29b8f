"""Where the variance of a quantity comes from: scenarios, or epochs of the same scenario."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class VarianceSplit(NamedTuple):
    """Variance between scenarios, and between epochs within them: the noise of A against A.

    Attributes:
        between: Variance of the scenarios' true means, >= 0: raw_between cut at 0.
        within: Variance of one epoch around its scenario's true mean, >= 0.
        raw_between: The unbiased estimate, which chance can make negative.
    """

    between: float
    within: float
    raw_between: float

    @property
    def is_truncated(self) -> bool:
        """Whether between is 0 only because a negative estimate was cut."""
        return self.raw_between < 0


def split_variance(scenarios: Sequence[Sequence[float]]) -> VarianceSplit | None:
    """Split the variance by a one-way analysis of variance; scenarios may differ in epochs.

    Args:
        scenarios: Values of the epochs of each scenario; empty scenarios are left out.

    Returns:
        The split; None for fewer than two scenarios, or if none has two epochs.

    Source: Searle, Casella & McCulloch (1992), Variance Components.
    """
    groups = [values for values in scenarios if values]
    total = sum(map(len, groups))
    if len(groups) < 2 or total == len(groups):
        return None
    means = [fmean(values) for values in groups]
    grand = sum(sum(values) for values in groups) / total
    inside = sum((x - m) ** 2 for values, m in zip(groups, means, strict=True) for x in values)
    across = sum(len(v) * (m - grand) ** 2 for v, m in zip(groups, means, strict=True))
    within = inside / (total - len(groups))
    epochs = (total - sum(len(v) ** 2 for v in groups) / total) / (len(groups) - 1)
    raw = (across / (len(groups) - 1) - within) / epochs
    return VarianceSplit(between=max(0.0, raw), within=within, raw_between=raw)
