"""Numbers with their uncertainty: intervals, rates, distributions."""

from __future__ import annotations

from harness.model.structs import Strict as _Strict


class Interval(_Strict, frozen=True, kw_only=True):
    """A two-sided confidence interval; level is its nominal coverage."""

    low: float
    high: float
    level: float = 0.95


class Rate(_Strict, frozen=True, kw_only=True):
    """Successes out of n; interval is None only when n is 0."""

    successes: int
    n: int
    interval: Interval | None

    @property
    def value(self) -> float | None:
        """Successes / n; None when there is no sample."""
        return self.successes / self.n if self.n else None


class Distribution(_Strict, frozen=True, kw_only=True):
    """A skewed quantity over samples.

    Attributes:
        n: Samples that have the value.
        absent: Samples that do not (unscored, or not completed).
        mean: Arithmetic mean; None when n is 0.
        mean_interval: Its interval; None where the values show no spread to judge by.
        median: Median; None when n is 0.
        interval: Interval of the median; None when n is below 2.
        total: Sum.
    """

    n: int
    absent: int
    mean: float | None
    mean_interval: Interval | None
    median: float | None
    interval: Interval | None
    total: float


class Estimate(_Strict, frozen=True, kw_only=True):
    """A number with its interval; None where the data cannot give one."""

    value: float
    interval: Interval | None
