"""The noise of a run, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from harness.reports import numbers
from harness.reports.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.noise import ConfigNoise, Noise, Sight

_HEAD = ("Config", "Success", "Scenarios", "Epochs", "Mixed", "Between", "Within", "A/A")
_LEGEND = (
    "Mixed: scenarios whose epochs do not agree. Between, within: standard deviation between "
    "scenarios, and of one epoch around its scenario, in points. A/A: how many points two runs "
    "of the same config, as large as this one, differ by chance in 1 of 20 cases at the most. "
    "pass^k: the chance that k epochs of a scenario all pass; pass@k: that one of them does."
)
_SPLITS_NOT = "no split: it takes two scenarios, and one of them with two epochs"


def print_noise(noise: Noise, stream: TextIO) -> None:
    """Print tables per suite, then what the run could see and what would see more."""
    writer = Writer(stream)
    for suite in dict.fromkeys(each.suite for each in noise.configs):
        configs = [each for each in noise.configs if each.suite == suite]
        writer.line(suite, "bold")
        writer.table(_HEAD, [_row(each) for each in configs])
        for each in configs:
            if len(each.all_pass) > 1:
                writer.prose(f"{each.config}: {_reliability(each)}")
        if any(each.within is None for each in configs):
            writer.prose(f"{numbers.DASH} {_SPLITS_NOT}", "dim")
        for sight in noise.sights:
            if sight.suite == suite:
                _sight(writer, sight)
        writer.line()
    writer.prose(_LEGEND, "dim")


def _row(each: ConfigNoise) -> tuple[str, ...]:
    return (
        each.config,
        numbers.percent(each.rate),
        str(each.scenarios),
        str(each.epochs),
        str(each.mixed),
        _deviation(each.between),
        _deviation(each.within),
        _points(each.repeatable),
    )


def _reliability(each: ConfigNoise) -> str:
    names = f"1..{len(each.all_pass)}"
    return f"pass^{names} {_shares(each.all_pass)}; pass@{names} {_shares(each.any_passes)}"


def _shares(shares: Sequence[float]) -> str:
    return " ".join(f"{share:.3f}".removeprefix("0") for share in shares)


def _sight(writer: Writer, sight: Sight) -> None:
    writer.prose(
        f"{sight.candidate} vs {sight.reference}: {sight.now} in 80 of 100 runs. "
        f"To see {_points(sight.wanted)} points: {_ways(sight)}."
    )


def _ways(sight: Sight) -> str:
    """How to see it with the fewest samples, and with the fewest scenarios."""
    cheapest = min(sight.plans, key=lambda each: (each.scenarios * each.epochs, each.epochs))
    smallest = min(sight.plans, key=lambda each: (each.scenarios, each.epochs))
    return "; or ".join(dict.fromkeys([str(cheapest), str(smallest)]))


def _deviation(variance: float | None) -> str:
    return numbers.DASH if variance is None else _points(variance**0.5)


def _points(share: float | None) -> str:
    return numbers.DASH if share is None else f"{100 * share:.0f}"
