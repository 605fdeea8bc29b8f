"""Numbers as people read them; absence is a dash, never a zero."""

from __future__ import annotations

from collections.abc import Callable
from math import floor, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.model.comparison import (
        Contrast,
        Estimate,
        Interaction,
        Interval,
        Rate,
        ScorerSummary,
        SuiteComparison,
    )
    from harness.model.score import Unit

DASH = "\u2013"

# A number in words, or a dash for none.
Shown = Callable[[float | None], str]


def percent(share: float | None) -> str:
    """A share as a whole percentage."""
    return DASH if share is None else f"{100 * share:.0f} %"


def percent_range(interval: Interval | None) -> str:
    """An interval of shares, e.g. "52 to 94 %"."""
    return DASH if interval is None else f"{100 * interval.low:.0f} to {100 * interval.high:.0f} %"


def rate(success: Rate) -> str:
    """A success rate with its counts, e.g. "80 % (12 of 15)"."""
    return f"{percent(success.value)} ({success.successes} of {success.n})"


def rate_name(suite: SuiteComparison) -> str:
    """What the rates of a suite are of: success, or no more than that conversations ended well."""
    return "Success" if suite.is_judged else "Ended as accepted"


def points(share: float) -> str:
    """A signed difference of shares in points, e.g. "+28"."""
    rounded = round(100 * share)
    return f"{rounded:+d}" if rounded else "0"


def points_range(estimate: Estimate) -> str:
    """The interval of a difference in points, e.g. "12 to 44"."""
    if estimate.interval is None:
        return DASH
    return interval_points(estimate.interval)


def interval_points(interval: Interval) -> str:
    """An interval of shares as points, e.g. "12 to 44"."""
    return f"{points(interval.low)} to {points(interval.high)}"


def p_value(contrast: Contrast | Interaction) -> str:
    """The corrected p-value, three decimals."""
    return "< 0.001" if contrast.p_adjusted < 0.001 else f"{contrast.p_adjusted:.3f}"


def seen(contrast: Contrast) -> str:
    """The smallest difference that could have been seen, in points; "none" if it is above 100."""
    if contrast.seen is None:
        return DASH
    return "none" if contrast.seen > 1 else f"{100 * contrast.seen:.0f}"


def difference(contrast: Contrast) -> tuple[str, str, str, str, str]:
    """Points, interval, corrected p, what could be seen, and the verdict."""
    return (
        points(contrast.difference.value),
        points_range(contrast.difference),
        p_value(contrast),
        seen(contrast),
        contrast.verdict,
    )


def usd(amount: float | None) -> str:
    """US dollars with enough digits to tell small amounts apart."""
    if amount is None:
        return DASH
    if amount == 0 or amount >= 1:
        return f"${amount:,.2f}"
    if amount >= 0.01:
        return f"${amount:.3f}"
    # Two significant digits, never in scientific notation.
    return f"${amount:.{1 - floor(log10(amount))}f}"


def number(value: float | None, digits: int = 1) -> str:
    """A plain number without trailing zeros."""
    if value is None:
        return DASH
    # Added to nothing, what rounds to nothing loses its sign.
    text = f"{round(value, digits) + 0.0:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def signed(value: float, shown: Shown) -> str:
    """A difference with its sign before its unit, e.g. "+$0.0012"."""
    sign = "+" if value > 0 else "-" if value < 0 else ""
    text = shown(abs(value))
    # What is rounded to nothing has no sign.
    return f"{sign}{text}" if any(digit in text for digit in "123456789") else text


def ratio(estimate: Estimate | None) -> str:
    """A ratio with its interval, e.g. "1.3 (1.1 to 1.5)"."""
    return _with_interval(estimate, 2, is_signed=False)


def change(estimate: Estimate | None) -> str:
    """A signed difference with its interval, e.g. "+0.8 (0.2 to 1.4)"."""
    return _with_interval(estimate, 1, is_signed=True)


def _with_interval(estimate: Estimate | None, digits: int, *, is_signed: bool) -> str:
    if estimate is None:
        return DASH
    sign = "+" if is_signed and round(estimate.value, digits) > 0 else ""
    text = f"{sign}{number(estimate.value, digits)}"
    if estimate.interval is None:
        return text
    low, high = estimate.interval.low, estimate.interval.high
    return f"{text} ({number(low, digits)} to {number(high, digits)})"


def score_mean(scorer: ScorerSummary) -> str:
    """What to show of a scorer: the mean of a share, the median of anything skewed."""
    return in_unit(scorer.median if scorer.is_skewed else scorer.mean, scorer.unit)


def score_range(scorer: ScorerSummary) -> str:
    """The interval of what `score_mean` shows."""
    interval = scorer.median_interval if scorer.is_skewed else scorer.interval
    if interval is None:
        return DASH
    low, high = in_unit(interval.low, scorer.unit), in_unit(interval.high, scorer.unit)
    return f"{low.removesuffix(' %')} to {high}"


def in_unit(value: float | None, unit: Unit | None) -> str:
    """A value of a score in its unit."""
    if unit == "share":
        return percent(value)
    return usd(value) if unit == "usd" else number(value)
