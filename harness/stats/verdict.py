"""From an interval, a corrected p-value and the power of a run to one of four words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from harness.model.comparison import Interval

Finding = Literal["better", "worse", "no difference shown", "inconclusive"]


def finding(
    interval: Interval | None,
    p_adjusted: float,
    *,
    smallest_detectable: float | None,
    margin: float,
    alpha: float = 0.05,
    is_higher_better: bool = True,
) -> Finding:
    """Say what candidate minus reference shows.

    - "better" or "worse": p_adjusted is below alpha and the interval excludes 0.
      Both must agree, so that with Holm's p-values a family without any
      difference gives a false one in at most alpha of its repetitions.
    - "no difference shown": neither, and the run would have detected a difference
      of the margin (smallest_detectable <= margin). It is no proof of equality.
    - "inconclusive": neither, and a difference of the margin could have gone unseen,
      or it is not known what the run could have seen.

    Args:
        interval: Of candidate minus reference; None if the data give none.
        p_adjusted: Two-sided, corrected for the family, in [0, 1].
        smallest_detectable: From `smallest_detectable_difference`, in the unit of the
            difference; None if not known.
        margin: Smallest difference that matters, in the same unit, > 0.
        alpha: Chance of a false claim that is accepted, in (0, 1).
        is_higher_better: False for costs and turns.

    Raises:
        ValueError: If margin is not positive.
    """
    if margin <= 0:
        raise ValueError(f"margin={margin}: need a margin above 0")
    if p_adjusted < alpha and interval is not None and not interval.low <= 0 <= interval.high:
        return "better" if (interval.low > 0) == is_higher_better else "worse"
    if smallest_detectable is not None and smallest_detectable <= margin:
        return "no difference shown"
    return "inconclusive"
