"""One threshold held against the samples of one config: measured value, interval, outcome."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import exp, fsum, lgamma, log, log1p
from statistics import fmean
from typing import TYPE_CHECKING

import msgspec

from harness.model.comparison import Interval, Rate
from harness.model.gate import GateOutcome, SampleOutcome
from harness.model.structs import Strict
from harness.stats import (
    Count,
    bootstrap_interval,
    stratified_difference,
    stratified_permutation_test,
    wilson_interval,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.model.comparison import Estimate


Samples = Sequence[SampleOutcome]
Strata = list[tuple[list[bool], list[bool]]]

MOST_EPOCHS = 1_000


class Reading(Strict, frozen=True, kw_only=True):
    """What was measured; the attributes are those of `GateFinding`."""

    outcome: GateOutcome
    value: float | None = None
    interval: Interval | None = None
    rate: Rate | None = None
    baseline_rate: Rate | None = None
    absent: int = 0
    epochs: int | None = None
    identical: int = 0


def success_at_least(samples: Samples, limit: float, level: float) -> Reading:
    """The success rate against a lowest one; only what passed is a success.

    It is decided when Wilson's interval lies on one side of the limit and the exact binomial
    tail beyond what was seen is below half of 1 - level. For scenarios of unequal difficulty
    the tail errs on the careful side (Hoeffding 1956, Ann. Math. Statist. 27:713-721).
    A limit of 1 is reached if every sample passed.

    Args:
        samples: Samples of one config.
        limit: In (0, 1].
        level: Coverage of the interval.
    """
    successes, n = sum(each.outcome == "pass" for each in samples), len(samples)
    if not n:
        return Reading(outcome="inconclusive")
    outcome, interval = _rate_outcome(successes, n, limit, level)
    scenarios = len({each.scenario for each in samples})

    def decides(epochs: int) -> bool:
        size = epochs * scenarios
        return _rate_outcome(round(successes / n * size), size, limit, level)[0] != "inconclusive"

    return Reading(
        outcome=outcome,
        value=successes / n,
        interval=interval,
        rate=Rate(successes=successes, n=n, interval=interval),
        epochs=_epochs(decides, samples) if outcome == "inconclusive" else None,
    )


def _rate_outcome(
    successes: int, n: int, limit: float, level: float
) -> tuple[GateOutcome, Interval]:
    interval = wilson_interval(successes, n, level=level)
    error = (1 - level) / 2
    if interval.high < limit and binomial_tail(successes, n, limit) <= error:
        return "regressed", interval
    # No number of samples shows that nothing ever fails; who demands it is content with these.
    if limit == 1 and successes == n:
        return "passed", interval
    # As many failures or fewer.
    if interval.low >= limit and binomial_tail(n - successes, n, 1 - limit) <= error:
        return "passed", interval
    return "inconclusive", interval


def binomial_tail(successes: int, n: int, rate: float) -> float:
    """Probability of at most so many successes in n trials.

    Args:
        successes: 0 <= successes <= n.
        n: Trials, >= 1.
        rate: Of success in one trial, in [0, 1].
    """
    if rate <= 0 or successes >= n:
        return 1.0
    if rate >= 1:
        return 0.0
    terms = (
        lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(rate) + (n - k) * log1p(-rate)
        for k in range(successes + 1)
    )
    return min(1.0, fsum(map(exp, terms)))


def mean_at_most(samples: Samples, name: str, limit: float, level: float) -> Reading:
    """The mean of a cost against a highest one, with a bootstrap interval within scenarios.

    Samples that did not complete are left out unless they have the value; a config of which a
    completed sample lacks it cannot pass.

    Args:
        samples: Samples of one config.
        name: Which value: "cost_usd" or "turns".
        limit: The highest mean.
        level: Coverage of the interval.
    """
    groups: defaultdict[str, list[float]] = defaultdict(list)
    for each in samples:
        value = getattr(each, name)
        if value is not None:
            groups[each.scenario].append(float(value))
    absent = sum(each.is_completed and getattr(each, name) is None for each in samples)
    values = [value for group in groups.values() for value in group]
    if not values:
        return Reading(outcome="inconclusive", absent=absent)
    interval = bootstrap_interval([list(groups.values())], fmean, level=level)
    mean = fmean(values)
    outcome: GateOutcome = "inconclusive"
    if interval and interval.low > limit:
        outcome = "regressed"
    elif interval and interval.high <= limit and not absent:
        outcome = "passed"
    needed = None
    if outcome == "inconclusive" and interval and not absent:
        needed = _epochs_by_width(interval, mean, limit, samples)
    return Reading(outcome=outcome, value=mean, interval=interval, absent=absent, epochs=needed)


def _epochs_by_width(interval: Interval, mean: float, limit: float, samples: Samples) -> int | None:
    """Epochs at which an interval that shrinks with their root no longer holds the limit."""
    half = mean - interval.low if mean > limit else interval.high - mean
    if mean == limit or not half:
        return None
    needed = int(_fewest_epochs(samples) * (half / abs(mean - limit)) ** 2) + 1
    return needed if needed <= MOST_EPOCHS else None


def against_baseline(samples: Samples, others: Samples, margin: float, level: float) -> Reading:
    """The success rate minus the baseline's, over the scenarios both have.

    It regresses when the interval lies below -margin and the exact permutation test within
    scenarios tells the two apart; it passes when the interval lies at or above -margin.

    Args:
        samples: Samples of one config.
        others: Those of the same config in the baseline.
        margin: In [0, 1].
        level: Coverage of the interval.
    """
    now, before = _by_scenario(samples), _by_scenario(others)
    strata = [(now[name], before[name]) for name in now if name in before]
    if not strata:
        return Reading(outcome="inconclusive")
    outcome, difference = _difference_outcome(strata, margin, level)

    def decides(epochs: int) -> bool:
        grown = [(_repeated(left, epochs), _repeated(right, epochs)) for left, right in strata]
        return _side(stratified_difference(grown, level=level), margin) != "inconclusive"

    return Reading(
        outcome=outcome,
        value=difference.value,
        interval=difference.interval,
        rate=_rate([one for left, _ in strata for one in left]),
        baseline_rate=_rate([one for _, right in strata for one in right]),
        epochs=_epochs(decides, samples) if outcome == "inconclusive" else None,
    )


def unchanged(reading: Reading, samples: int) -> Reading:
    """The reading of so many samples that are all the same as the baseline's, so left to no chance.

    Args:
        reading: That of `against_baseline`.
        samples: How many there are, >= 1.
    """
    return msgspec.structs.replace(
        reading, outcome="passed", interval=None, epochs=None, identical=samples
    )


def _difference_outcome(
    strata: Strata, margin: float, level: float
) -> tuple[GateOutcome, Estimate]:
    counts = [(Count(sum(a), len(a)), Count(sum(b), len(b))) for a, b in strata]
    difference = stratified_difference(counts, level=level)
    outcome = _side(difference, margin)
    if outcome == "regressed":
        test = stratified_permutation_test(
            [(list(map(int, a)), list(map(int, b))) for a, b in strata]
        )
        if test.p_value > 1 - level:
            return "inconclusive", difference
    return outcome, difference


def _side(difference: Estimate, margin: float) -> GateOutcome:
    """On which side of -margin the interval of a difference lies."""
    interval = difference.interval
    if interval is None:
        return "inconclusive"
    if interval.high < -margin:
        return "regressed"
    return "passed" if interval.low >= -margin else "inconclusive"


def _by_scenario(samples: Samples) -> dict[str, list[bool]]:
    groups: defaultdict[str, list[bool]] = defaultdict(list)
    for each in samples:
        groups[each.scenario].append(each.outcome == "pass")
    return dict(groups)


def _repeated(values: list[bool], epochs: int) -> Count:
    """The same rate at another number of epochs."""
    return Count(round(sum(values) / len(values) * epochs), epochs)


def _rate(values: Sequence[bool]) -> Rate:
    return Rate(
        successes=sum(values), n=len(values), interval=wilson_interval(sum(values), len(values))
    )


def _epochs(decides: Callable[[int], bool], samples: Samples) -> int | None:
    """About how many epochs decide; None if `MOST_EPOCHS` do not."""
    return next((epochs for epochs in _ladder(_fewest_epochs(samples)) if decides(epochs)), None)


def _fewest_epochs(samples: Samples) -> int:
    counts: defaultdict[str, int] = defaultdict(int)
    for each in samples:
        counts[each.scenario] += 1
    return min(counts.values())


def _ladder(start: int) -> Iterator[int]:
    """Numbers above start, each about a tenth larger than the one before."""
    epochs = start
    while (epochs := epochs + max(1, epochs // 10)) <= MOST_EPOCHS:
        yield epochs
