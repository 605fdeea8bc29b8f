"""Compare two runs of the same scenarios."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from harness.comparison.changes import in_words
from harness.comparison.contrast import Pairing, family, pairing
from harness.comparison.parting import parting
from harness.comparison.summary import by_scenario
from harness.errors import HarnessError
from harness.model.comparison import ConfigRuns, RunComparison, SampleChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.model.run import RunLog
    from harness.model.sample import SampleKey, SampleResult


def compare_runs(log_a: RunLog, log_b: RunLog) -> RunComparison:
    """Compare run B with run A over the samples both have.

    Args:
        log_a: The run measured against.
        log_b: The run that is judged.

    Returns:
        Differences per config, corrected together, and the samples that changed.

    Raises:
        HarnessError: If the runs share no sample, or a scenario they share is
            not the same in both.
    """
    samples_a = {sample.key: sample for sample in log_a.samples}
    samples_b = {sample.key: sample for sample in log_b.samples}
    shared = sorted(samples_a.keys() & samples_b.keys())
    _refuse_strangers(shared, log_a, log_b)
    _refuse_drift(shared, log_a, log_b)
    pairs = [(samples_a[key], samples_b[key]) for key in shared]
    result = RunComparison(
        run_a=log_a.header.run_id,
        run_b=log_b.header.run_id,
        samples=len(shared),
        configs=_configs(pairs, log_a, log_b),
        changes=tuple(change for a, b in pairs if (change := _change(a, b))),
        only_in_a=tuple(sorted(samples_a.keys() - samples_b.keys())),
        only_in_b=tuple(sorted(samples_b.keys() - samples_a.keys())),
        is_replay=all(s.mode in ("replay", "mock") for pair in pairs for s in pair),
        alert="",
        verdict="",
        statistics="",
    )
    return msgspec.structs.replace(result, **in_words(result, pairs))


def _refuse_strangers(shared: list[SampleKey], log_a: RunLog, log_b: RunLog) -> None:
    if not shared:
        raise HarnessError(
            f"Runs {log_a.header.run_id!r} and {log_b.header.run_id!r} have no sample in common: "
            f"the first has suites {_suite_names(log_a)}, the second {_suite_names(log_b)}. "
            "Compare runs of the same suites, scenarios and configs."
        )


def _suite_names(log: RunLog) -> str:
    return ", ".join(sorted({sample.key.suite for sample in log.samples})) or "(no samples)"


def _refuse_drift(shared: Iterable[SampleKey], log_a: RunLog, log_b: RunLog) -> None:
    digests_a, digests_b = _digests(log_a), _digests(log_b)
    names = dict.fromkeys((key.suite, key.scenario) for key in shared)
    drifted = ["/".join(name) for name in names if digests_a.get(name) != digests_b.get(name)]
    refuse_drifted(drifted, log_a.header.run_id, log_b.header.run_id)


def refuse_drifted(drifted: Sequence[str], run_a: str, run_b: str) -> None:
    """Refuse to compare two runs whose scenarios are not the same.

    Args:
        drifted: Suite and scenario of those that changed in between, for people.
        run_a: Id of the run measured against.
        run_b: Id of the run that is judged.

    Raises:
        HarnessError: If any changed.
    """
    if drifted:
        raise HarnessError(
            f"Runs {run_a!r} and {run_b!r} cannot be compared: "
            f"between them the task, files, checks or settings of {', '.join(drifted)} changed. "
            "Run the older configs again on the present scenarios with: harness run"
        )


def _digests(log: RunLog) -> dict[tuple[str, str], str]:
    return {
        (suite.name, scenario.name): scenario.digest
        for suite in log.header.suites
        for scenario in suite.scenarios
    }


def _configs(
    pairs: list[tuple[SampleResult, SampleResult]], log_a: RunLog, log_b: RunLog
) -> tuple[ConfigRuns, ...]:
    groups: defaultdict[tuple[str, str], list[tuple[SampleResult, SampleResult]]]
    groups = defaultdict(list)
    for pair in pairs:
        groups[pair[0].key.suite, pair[0].key.config].append(pair)
    found = {name: _between_runs(group) for name, group in groups.items()}
    paired = {name: each for name, each in found.items() if each}
    settings_a, settings_b = _settings(log_a), _settings(log_b)
    return tuple(
        ConfigRuns(
            suite=name[0],
            config=name[1],
            is_changed=settings_a.get(name) != settings_b.get(name),
            contrast=each,
        )
        for name, each in zip(paired, family(list(paired.values())), strict=True)
    )


def _between_runs(pairs: list[tuple[SampleResult, SampleResult]]) -> Pairing | None:
    before = by_scenario(a for a, _ in pairs)
    after = by_scenario(b for _, b in pairs)
    strata = [(after[scenario], before[scenario]) for scenario in before]
    return pairing("run", "second run", "first run", strata)


def _settings(log: RunLog) -> dict[tuple[str, str], str]:
    return {
        (suite.name, config.name): config.digest
        for suite in log.header.suites
        for config in suite.configs
    }


def _change(before: SampleResult, after: SampleResult) -> SampleChange | None:
    change = SampleChange(
        key=before.key,
        outcome_a=before.outcome,
        outcome_b=after.outcome,
        termination_a=before.transcript.termination,
        termination_b=after.transcript.termination,
        parting=parting(before.transcript, after.transcript),
    )
    is_same = (change.outcome_a, change.termination_a) == (change.outcome_b, change.termination_b)
    return None if is_same else change
