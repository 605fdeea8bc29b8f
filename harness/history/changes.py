"""Each config over the runs of a history, and each run against the one before.

Nothing is called a change by a single flip: the words are those of comparisons of two runs, by the
same code, and all changes that are shown of a suite are corrected together.
"""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean, median
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from harness.comparison import compare_configs
from harness.comparison.contrast import Pairing, family, pairing
from harness.history.logs import Side, log_of, results_of
from harness.model.history import History, HistoryChange, HistoryEntry, HistoryRun
from harness.model.sample import SampleResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.model.comparison import Contrast

_REPLAYS = frozenset({"replay", "mock"})

# Of a scenario: the samples with a result in the later and in the earlier run.
Stratum = tuple[list[SampleResult], list[SampleResult]]


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
    groups: defaultdict[str, defaultdict[str, list[Side]]]
    groups = defaultdict(lambda: defaultdict(list))
    for run in sorted(runs, key=lambda run: (run.started_at, run.run_id)):
        for suite in run.suites:
            for config in suite.config_names:
                if (not suites or suite.suite in suites) and (not configs or config in configs):
                    groups[suite.suite][config].append(Side(run, suite, config))
    return History(
        entries=tuple(
            entry
            for _, by_config in sorted(groups.items())
            for entry in _of_suite([sides for _, sides in sorted(by_config.items())], last)
        )
    )


class _Draft(NamedTuple):
    """A change before its statistics; None instead of a pairing if there can be none."""

    change: HistoryChange
    pairing: Pairing | None


def _of_suite(configs: Sequence[Sequence[Side]], last: int | None) -> list[HistoryEntry]:
    steps: list[tuple[Side, Side | None]] = []
    for sides in configs:
        befores = [None, *sides[:-1]]
        steps += list(zip(sides, befores, strict=True))[-last if last else 0 :]
    drafts = [_draft(side, before) if before else None for side, before in steps]
    return [
        msgspec.structs.replace(_entry(side), change=change)
        for (side, _), change in zip(steps, _corrected(drafts), strict=True)
    ]


def _entry(side: Side) -> HistoryEntry:
    (suite,) = compare_configs(log_of(side)).suites
    (summary,) = suite.configs
    samples = [each for each in side.samples if each.outcome != "missing"]
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
        success=summary.success,
        errors=summary.errors,
        misses=summary.misses,
        missing=summary.missing,
        turns_median=median(turns) if turns else None,
        cost_usd_mean=fmean(costs) if costs else None,
        costs_unknown=len(samples) - len(costs),
        suite_samples=side.suite.samples_per_config,
        unjudged=summary.unknown,
    )


def _draft(later: Side, before: Side) -> _Draft:
    strata = _strata(later, before)
    both = [pair for stratum in strata for pair in _both(*stratum)]
    names = {each.scenario for side in (later, before) for each in side.samples}
    change = HistoryChange(
        before=before.run.run_id,
        step="other scenarios",
        is_config_changed=later.suite.configs[later.config] != before.suite.configs[before.config],
        scenarios=len(strata),
        left_out=len(names) - len(strata),
        changed=sum(now.outcome != then.outcome for now, then in both),
    )
    if not strata:
        if not (results_of(later) and results_of(before)):
            change = msgspec.structs.replace(change, step="no results")
        return _Draft(change, None)
    is_whole = 2 * len(both) == sum(len(side) for stratum in strata for side in stratum)
    is_replay = {later.run.mode, before.run.mode} <= _REPLAYS
    if is_replay and is_whole and not change.changed:
        return _Draft(msgspec.structs.replace(change, step="same outcomes"), None)
    return _Draft(change, pairing("run", later.run.run_id, before.run.run_id, strata))


def _strata(later: Side, before: Side) -> list[Stratum]:
    """Of every scenario that is the same in both runs and has results in both."""
    now, then = _by_scenario(later), _by_scenario(before)
    digests, earlier = later.suite.scenarios, before.suite.scenarios
    return [
        (now[name], then[name])
        for name in sorted(now.keys() & then.keys())
        if digests.get(name) == earlier.get(name)
    ]


def _by_scenario(side: Side) -> dict[str, list[SampleResult]]:
    groups: defaultdict[str, list[SampleResult]] = defaultdict(list)
    for result in results_of(side):
        groups[result.key.scenario].append(result)
    return dict(groups)


def _both(
    now: Sequence[SampleResult], then: Sequence[SampleResult]
) -> list[tuple[SampleResult, SampleResult]]:
    by_epoch = {each.key.epoch: each for each in then}
    return [(each, by_epoch[each.key.epoch]) for each in now if each.key.epoch in by_epoch]


def _corrected(drafts: Sequence[_Draft | None]) -> list[HistoryChange | None]:
    """The changes of a suite with their statistics, corrected together."""
    contrasts = iter(family([draft.pairing for draft in drafts if draft and draft.pairing]))
    return [
        None
        if draft is None
        else _with(draft.change, next(contrasts))
        if draft.pairing
        else draft.change
        for draft in drafts
    ]


def _with(change: HistoryChange, contrast: Contrast) -> HistoryChange:
    if contrast.verdict == "not comparable":
        return msgspec.structs.replace(change, step=contrast.verdict)
    return msgspec.structs.replace(
        change,
        step=contrast.verdict,
        difference=contrast.difference,
        p_value=contrast.p_value,
        p_adjusted=contrast.p_adjusted,
        seen=contrast.seen,
    )
