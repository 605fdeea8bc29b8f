"""Compare two runs of the same scenarios."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from harness.comparison.changes import in_words
from harness.comparison.contrast import Pairing, family, pairing
from harness.comparison.drift import drift_between, refuse_drifted
from harness.comparison.pairs import pairs_of, settings_of
from harness.comparison.summary import by_scenario
from harness.comparison.wording import corrected_for, held_back
from harness.errors import HarnessError
from harness.model.paired import ConfigRuns, RunComparison, SampleChange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.comparison.pairs import Couple
    from harness.model.paired import PairedSample
    from harness.model.run import RunLog
    from harness.model.sample import SampleKey

AGAIN = "Run the older configs again on the present scenarios with: harness run"
ALL_THE_SAME = "; or compare all the same with: --despite-drift"


def compare_runs(log_a: RunLog, log_b: RunLog, *, despite_drift: bool = False) -> RunComparison:
    """Compare run B with run A over the samples both have.

    Args:
        log_a: The run measured against.
        log_b: The run that is judged.
        despite_drift: Whether scenarios that are not the same in both are compared all the
            same; the result names them.

    Returns:
        Differences per config, corrected together, and every sample on both sides.

    Raises:
        HarnessError: If the runs share no sample, or a scenario they share is
            not the same in both.
    """
    samples_a = {sample.key: sample for sample in log_a.samples}
    samples_b = {sample.key: sample for sample in log_b.samples}
    shared = sorted(samples_a.keys() & samples_b.keys())
    _refuse_strangers(shared, log_a, log_b)
    drift = found_drift(shared, log_a, log_b, is_allowed=despite_drift)
    couples = [(samples_a[key], samples_b[key]) for key in shared]
    pairs = pairs_of(couples, log_a, log_b)
    configs = _configs(couples, log_a, log_b)
    result = RunComparison(
        run_a=log_a.header.run_id,
        run_b=log_b.header.run_id,
        samples=len(shared),
        configs=configs,
        changes=tuple(change for each in pairs.samples if (change := _change(each))),
        only_in_a=tuple(sorted(samples_a.keys() - samples_b.keys())),
        only_in_b=tuple(sorted(samples_b.keys() - samples_a.keys())),
        is_replay=all(s.mode in ("replay", "mock") for couple in couples for s in couple),
        drift=drift,
        alert="",
        verdict="",
        statistics="",
        correction=corrected_for(len(configs)),
        held_back=held_back([each.contrast for each in configs], len(configs)),
        pairs=pairs,
    )
    return msgspec.structs.replace(result, **in_words(result, couples))


def found_drift(
    keys: Sequence[SampleKey], log_a: RunLog, log_b: RunLog, *, is_allowed: bool
) -> tuple[str, ...]:
    """What of the scenarios of these samples changed between two runs.

    Raises:
        HarnessError: If any did and that is not allowed.
    """
    drift = drift_between(((key.suite, key.scenario) for key in keys), log_a, log_b)
    if not is_allowed:
        mend = f"{AGAIN}{ALL_THE_SAME}"
        refuse_drifted(drift, log_a.header.run_id, log_b.header.run_id, mend)
    return drift


def _refuse_strangers(shared: list[SampleKey], log_a: RunLog, log_b: RunLog) -> None:
    if not shared:
        raise HarnessError(
            f"Runs {log_a.header.run_id!r} and {log_b.header.run_id!r} have no sample in common: "
            f"the first has suites {_suite_names(log_a)}, the second {_suite_names(log_b)}. "
            "Compare runs of the same suites, scenarios and configs; of two configs with other "
            "names: harness compare RUN_A RUN_B --configs A B"
        )


def _suite_names(log: RunLog) -> str:
    return ", ".join(sorted({sample.key.suite for sample in log.samples})) or "(no samples)"


def _configs(couples: Sequence[Couple], log_a: RunLog, log_b: RunLog) -> tuple[ConfigRuns, ...]:
    groups: defaultdict[tuple[str, str], list[Couple]] = defaultdict(list)
    for pair in couples:
        groups[pair[0].key.suite, pair[0].key.config].append(pair)
    found = {name: _between_runs(group) for name, group in groups.items()}
    paired = {name: each for name, each in found.items() if each}
    settings_a, settings_b = _digests(log_a), _digests(log_b)
    return tuple(
        ConfigRuns(
            suite=name[0],
            config=name[1],
            is_changed=settings_a.get(name) != settings_b.get(name),
            contrast=each,
        )
        for name, each in zip(paired, family(list(paired.values())), strict=True)
    )


def _between_runs(pairs: Sequence[Couple]) -> Pairing | None:
    before = by_scenario(a for a, _ in pairs)
    after = by_scenario(b for _, b in pairs)
    strata = [(after[scenario], before[scenario]) for scenario in before]
    return pairing("run", "second run", "first run", strata)


def _digests(log: RunLog) -> dict[tuple[str, str], str]:
    return {name: config.digest for name, config in settings_of(log).items()}


def _change(pair: PairedSample) -> SampleChange | None:
    before, after = (pair.outcome_a, pair.termination_a), (pair.outcome_b, pair.termination_b)
    if before == after:
        return None
    return SampleChange(
        key=pair.key_a,
        outcome_a=pair.outcome_a,
        outcome_b=pair.outcome_b,
        termination_a=pair.termination_a,
        termination_b=pair.termination_b,
        parting=pair.parting,
    )
