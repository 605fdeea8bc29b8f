"""The noise of a run, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from harness.reports import numbers
from harness.reports.text import counted
from harness.reports.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.noise import ConfigNoise, FactorSight, Noise, Plan, Sight

_HEAD = ("Scenarios", "Epochs", "Mixed", "Between", "Within", "A/A")
_LEGEND = (
    "Mixed: scenarios whose epochs do not agree. Between, within: standard deviation between "
    "scenarios, and of one epoch around its scenario, in points. A/A: how many points two runs "
    "of the same config, as large as this one, differ by chance in 1 of 20 cases at the most. "
    "pass^k: the chance that k epochs of a scenario all pass; pass@k: that one of them does."
)
# A rate of success that nobody would call steady, and how rarely a run may look steady with it.
_UNSTEADY, _RARE = 0.9, 0.05
_NO_FINER = (
    "of scenarios like these no finer, as the spread between scenarios could not be told from 0"
)
_ALONE = (
    "Sees: the smallest difference that so many samples show in 80 of 100 runs, if it is the only "
    "comparison made. Reports and harness compare correct for all comparisons they show together, "
    "and then each sees less."
)
_SPLITS_NOT = "no split: it takes two scenarios, and one of them with two epochs"


def print_noise(noise: Noise, stream: TextIO) -> None:
    """Print tables per suite, then what the run could see and what would see more."""
    writer = Writer(stream)
    for suite in dict.fromkeys(each.suite for each in noise.configs):
        configs = [each for each in noise.configs if each.suite == suite]
        writer.line(suite, "bold")
        rate = "Ended as accepted" if any(each.accepted for each in configs) else "Success"
        writer.table(("Config", rate, *_HEAD), [_row(each) for each in configs])
        if unknown := sum(each.unknown for each in configs):
            writer.prose(_unjudged(unknown, sum(each.accepted for each in configs)))
        for each in configs:
            if len(each.all_pass) > 1:
                writer.prose(f"{each.config}: {_reliability(each)}")
        for each in configs:
            if _is_silent(each):
                writer.prose(f"{each.config}: {_why_silent(each)}", "dim")
        if any(each.within is None for each in configs):
            writer.prose(f"{numbers.DASH} {_SPLITS_NOT}", "dim")
        _sights(writer, noise, suite)
        writer.line()
    if noise.sights or noise.factors:
        writer.prose(_ALONE, "dim")
    writer.prose(_LEGEND, "dim")


def _unjudged(unknown: int, accepted: int) -> str:
    told = f"Nobody judged {counted(unknown, 'sample')}: "
    if accepted:
        return f"{told}what is told is how many ended as accepted, not how many solved their task."
    return f"{told}as others were judged, these count as failures."


def _row(each: ConfigNoise) -> tuple[str, ...]:
    return (
        each.config,
        numbers.percent(each.rate),
        str(each.scenarios),
        str(each.epochs),
        str(each.mixed),
        _deviation(each.between),
        _deviation(each.within),
        numbers.DASH if _is_silent(each) else _points(each.repeatable),
    )


def _is_silent(each: ConfigNoise) -> bool:
    """Whether no epochs disagree, which so small a run might show of a noisy config, too."""
    return each.within == 0 and _looks_steady(each) > _RARE


def _looks_steady(each: ConfigNoise) -> float:
    """The chance that no epochs disagree in a run like this, were each scenario `_UNSTEADY`."""
    agree = _UNSTEADY**each.epochs + (1 - _UNSTEADY) ** each.epochs
    return float(agree**each.scenarios)


def _why_silent(each: ConfigNoise) -> str:
    return (
        f"no A/A: no epochs of a scenario disagree, but of scenarios that each succeed in 9 of 10 "
        f"epochs, {100 * _looks_steady(each):.0f} of 100 runs of this size would show none that "
        "disagree either. Run more scenarios or epochs to learn what is chance."
    )


def _reliability(each: ConfigNoise) -> str:
    names = f"1..{len(each.all_pass)}"
    return f"pass^{names} {_shares(each.all_pass)}; pass@{names} {_shares(each.any_passes)}"


def _shares(shares: Sequence[float]) -> str:
    return " ".join(f"{share:.3f}".removeprefix("0") for share in shares)


def _sights(writer: Writer, noise: Noise, suite: str) -> None:
    for sight in noise.sights:
        if sight.suite == suite:
            _sight(writer, sight)
    for factor in noise.factors:
        if factor.suite == suite:
            _factor(writer, factor)


def _sight(writer: Writer, sight: Sight) -> None:
    """What the run sees, of few scenarios in both scopes, as comparisons tell it."""
    name, wanted = f"{sight.candidate} vs {sight.reference}", _points(sight.wanted)
    if sight.scope == "scenarios like these":
        writer.prose(
            f"{name}: {sight.now} in 80 of 100 runs. To see {wanted} points: {_ways(sight)}."
        )
        return
    these = _these(sight.now.scenarios)
    now = sight.now
    if sight.here is None or sight.is_spread_told:
        seen = _seen(sight.here.difference if sight.here else None)
        like = f"of scenarios like these; of {these} alone, {seen}"
    else:
        now, like = sight.here, f"of {these} alone; {_NO_FINER}"
    writer.prose(f"{name}: {now} in 80 of 100 runs, {like}.")
    again = f"; of {these} alone: {_epochs(sight.again)}" if sight.again else ""
    writer.prose(f"To see {wanted} points: {_ways(sight)}{again}.", indent=2)


def _these(scenarios: int) -> str:
    return "this scenario" if scenarios == 1 else f"these {counted(scenarios, 'scenario')}"


def _sees(difference: float | None, scenarios: str) -> str:
    if difference is None:
        return f"what it sees of {scenarios} is not known, as no epochs disagree"
    return f"sees {_seen(difference)} of {scenarios}"


def _seen(difference: float | None) -> str:
    if difference is None:
        return "not known, as no epochs disagree"
    return f"{100 * difference:.1f} points" if difference <= 1 else "no difference"


def _epochs(plan: Plan) -> str:
    cost = "" if plan.cost_usd is None else f", about ${plan.cost_usd:.2f} for both"
    return f"{counted(plan.epochs, 'epoch')} of each scenario and config{cost}"


def _factor(writer: Writer, sight: FactorSight) -> None:
    """What it sees of a factor, which has more samples than a pair of configs."""
    like = "scenarios like these"
    said = _sees(sight.like, like)
    if sight.scope != like:
        these = _sees(sight.here, _these(sight.scenarios))
        said = f"{these}; {said if sight.is_spread_told else _NO_FINER}"
        if sight.here is None and sight.like is None:
            said = _sees(None, f"{_these(sight.scenarios)} and of {like}")
    name = f"{sight.factor}={sight.candidate} vs {sight.reference}"
    writer.prose(f"{name}, all configs of each: {said}.")


def _ways(sight: Sight) -> str:
    """How to see it with the fewest samples, and with the fewest scenarios."""
    cheapest = min(sight.plans, key=lambda each: (each.scenarios * each.epochs, each.epochs))
    smallest = min(sight.plans, key=lambda each: (each.scenarios, each.epochs))
    return "; or ".join(dict.fromkeys([str(cheapest), str(smallest)]))


def _deviation(variance: float | None) -> str:
    return numbers.DASH if variance is None else _points(variance**0.5)


def _points(share: float | None) -> str:
    return numbers.DASH if share is None else f"{100 * share:.0f}"
