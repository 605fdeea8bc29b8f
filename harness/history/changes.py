"""Each config over the runs of a history, and each run against the one before.

Nothing is called a change by a single flip: the words are those of comparisons of two runs, by the
same tests, and all changes that are shown of a suite are corrected together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from statistics import fmean, median
from typing import NamedTuple

import msgspec

from harness.comparison.wording import ALPHA
from harness.model.comparison import MATTERS, Estimate, Rate
from harness.model.gate import SampleOutcome, SuiteOutcomes
from harness.model.history import History, HistoryChange, HistoryEntry, HistoryRun, Step
from harness.stats import (
    Count,
    finding,
    holm,
    smallest_seen,
    stratified_difference,
    stratified_permutation_test,
    wilson_interval,
)

_REPLAYS = frozenset({"replay", "mock"})

Outcomes = Sequence[SampleOutcome]
# Of a scenario that both runs have: the samples with a result in the later and in the earlier.
Stratum = tuple[list[SampleOutcome], list[SampleOutcome]]


class _Side(NamedTuple):
    """A config in one run."""

    run: HistoryRun
    suite: SuiteOutcomes
    config: str

    @property
    def samples(self) -> list[SampleOutcome]:
        return [each for each in self.suite.samples if each.config == self.config]


def history_of(
    runs: Iterable[HistoryRun],
    *,
    suites: Sequence[str] = (),
    configs: Sequence[str] = (),
    last: int | None = None,
) -> History:
    """What became of each config, run after run.

    Args:
        runs: What the history keeps, in any order.
        suites: Only these; all if empty.
        configs: Only these; all if empty.
        last: Only the newest runs of each config, >= 1; the oldest of them is still compared
            with the run before it.

    Returns:
        Entries by suite, config and time. Changes are corrected over those of their suite.
    """
    ordered = sorted(runs, key=lambda run: (run.started_at, run.run_id))
    groups: defaultdict[str, defaultdict[str, list[_Side]]]
    groups = defaultdict(lambda: defaultdict(list))
    for run in ordered:
        for suite in run.suites:
            for config in suite.config_names:
                if (not suites or suite.suite in suites) and (not configs or config in configs):
                    groups[suite.suite][config].append(_Side(run, suite, config))
    return History(
        entries=tuple(
            entry
            for _, by_config in sorted(groups.items())
            for entry in _of_suite([sides for _, sides in sorted(by_config.items())], last)
        )
    )


class _Draft(NamedTuple):
    """A change before its words; strata are what is still to be tested, empty if nothing is."""

    change: HistoryChange
    strata: list[Stratum]


def _of_suite(configs: Sequence[Sequence[_Side]], last: int | None) -> list[HistoryEntry]:
    steps: list[tuple[_Side, _Side | None]] = []
    for sides in configs:
        befores = [None, *sides[:-1]]
        steps += list(zip(sides, befores, strict=True))[-last if last else 0 :]
    drafts = [_draft(side, before) if before else None for side, before in steps]
    return [
        msgspec.structs.replace(_entry(side), change=change)
        for (side, _), change in zip(steps, _corrected(drafts), strict=True)
    ]


def _entry(side: _Side) -> HistoryEntry:
    samples = [each for each in side.samples if each.outcome != "missing"]
    passed = sum(each.outcome == "pass" for each in samples)
    interval = wilson_interval(passed, len(samples)) if samples else None
    turns = [each.turns for each in samples if each.turns is not None]
    costs = [each.cost_usd for each in samples if each.cost_usd is not None]
    return HistoryEntry(
        suite=side.suite.suite,
        config=side.config,
        run_id=side.run.run_id,
        started_at=side.run.started_at,
        commit=side.run.commit,
        mode=side.run.mode,
        harness_version=side.run.harness_version,
        success=Rate(successes=passed, n=len(samples), interval=interval),
        errors=sum(each.outcome == "error" for each in samples),
        misses=sum(each.outcome == "miss" for each in samples),
        missing=len(side.samples) - len(samples),
        turns_median=median(turns) if turns else None,
        cost_usd_mean=fmean(costs) if costs else None,
        costs_unknown=len(samples) - len(costs),
    )


def _draft(later: _Side, before: _Side) -> _Draft:
    strata = _strata(later, before)
    changed = sum(
        now.outcome != then.outcome for stratum in strata.values() for now, then in _both(*stratum)
    )
    names = {each.scenario for side in (later, before) for each in side.samples}
    change = HistoryChange(
        before=before.run.run_id,
        step="inconclusive",
        is_config_changed=later.suite.configs[later.config] != before.suite.configs[before.config],
        scenarios=len(strata),
        left_out=len(names) - len(strata),
        changed=changed,
    )
    step = _fact(list(strata.values()), changed, {later.run.mode, before.run.mode})
    if step is not None:
        return _Draft(msgspec.structs.replace(change, step=step), [])
    return _Draft(change, list(strata.values()))


def _fact(strata: Sequence[Stratum], changed: int, modes: set[str]) -> Step | None:
    """What the change amounts to where no test is needed or possible; else None."""
    if not strata:
        return "other scenarios"
    if not _is_comparable(strata):
        return "not comparable"
    is_whole = all(len(_both(now, then)) == len(now) == len(then) for now, then in strata)
    return "same outcomes" if modes <= _REPLAYS and is_whole and not changed else None


def _strata(later: _Side, before: _Side) -> dict[str, Stratum]:
    """By scenario that is the same in both and has results in both."""
    found = {}
    now, then = _by_scenario(later.samples), _by_scenario(before.samples)
    for name in now.keys() & then.keys():
        if later.suite.scenarios.get(name) == before.suite.scenarios.get(name):
            found[name] = (now[name], then[name])
    return dict(sorted(found.items()))


def _by_scenario(samples: Outcomes) -> dict[str, list[SampleOutcome]]:
    groups: defaultdict[str, list[SampleOutcome]] = defaultdict(list)
    for sample in samples:
        if sample.outcome != "missing":
            groups[sample.scenario].append(sample)
    return dict(groups)


def _both(now: Outcomes, then: Outcomes) -> list[tuple[SampleOutcome, SampleOutcome]]:
    by_epoch = {each.epoch: each for each in then}
    return [(each, by_epoch[each.epoch]) for each in now if each.epoch in by_epoch]


def _is_comparable(strata: Sequence[Stratum]) -> bool:
    """As in comparisons: errors and misses weigh on both sides alike and leave some of each."""
    if any(not any(each.is_completed for each in side) for pair in strata for side in pair):
        return False
    shares = []
    for side in zip(*strata, strict=True):
        samples = [each for stratum in side for each in stratum]
        shares.append(Fraction(sum(not each.is_completed for each in samples), len(samples)))
    return shares[0] == shares[1]


def _corrected(drafts: Sequence[_Draft | None]) -> list[HistoryChange | None]:
    """The changes of a suite with their statistics, corrected together."""
    tested = [draft for draft in drafts if draft and draft.strata]
    level = 1 - ALPHA / max(1, len(tested))
    found = [_statistics(draft.strata, level) for draft in tested]
    adjusted = holm([each.p_value for each in found])
    said = iter([_with(*each) for each in zip(tested, found, adjusted, strict=True)])
    return [(next(said) if draft.strata else draft.change) if draft else None for draft in drafts]


class _Statistics(NamedTuple):
    difference: Estimate
    p_value: float
    seen: float | None


def _statistics(strata: Sequence[Stratum], level: float) -> _Statistics:
    counts = [(_count(now), _count(then)) for now, then in strata]
    passes = [(_passes(now), _passes(then)) for now, then in strata]
    return _Statistics(
        difference=stratified_difference(counts, level=level),
        p_value=stratified_permutation_test(passes).p_value,
        seen=smallest_seen(passes, alpha=1 - level),
    )


def _with(draft: _Draft, found: _Statistics, p_adjusted: float) -> HistoryChange:
    interval = found.difference.interval
    step = finding(interval, p_adjusted, smallest_detectable=found.seen, margin=MATTERS)
    return msgspec.structs.replace(
        draft.change,
        step=step,
        difference=found.difference,
        p_value=found.p_value,
        p_adjusted=p_adjusted,
        seen=found.seen,
    )


def _passes(samples: Outcomes) -> list[int]:
    return [int(each.outcome == "pass") for each in samples]


def _count(samples: Outcomes) -> Count:
    return Count(sum(_passes(samples)), len(samples))
