"""Compare two configs pair by pair: each scenario and epoch on both sides."""

from __future__ import annotations

import difflib
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from harness.comparison.changes import barred
from harness.comparison.contrast import Pairing, family, pairing
from harness.comparison.pairs import pairs_of, settings_of
from harness.comparison.runs import found_drift
from harness.comparison.settings import settings_differ
from harness.comparison.summary import by_scenario
from harness.comparison.wording import decided_sentence, undecided_sentence
from harness.errors import SelectionError
from harness.model.comparison import UNDECIDED
from harness.model.paired import ConfigPairComparison, SuiteContrast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.comparison.pairs import Couple
    from harness.model.run import RunLog
    from harness.model.sample import SampleKey, SampleResult

_Place = tuple[str, str, int]


class _Side(NamedTuple):
    """A config in a run."""

    log: RunLog
    config: str

    @property
    def samples(self) -> dict[_Place, SampleResult]:
        """Its samples by suite, scenario and epoch."""
        return {_place(s.key): s for s in self.log.samples if s.key.config == self.config}


def compare_config_pair(
    log_a: RunLog, log_b: RunLog, config_a: str, config_b: str, *, despite_drift: bool = False
) -> ConfigPairComparison:
    """Compare config B with config A over the scenarios and epochs both have.

    Args:
        log_a: The run of config A.
        log_b: The run of config B; the same one to compare within a run.
        config_a: The config measured against.
        config_b: The config that is judged.
        despite_drift: As of `compare_runs`.

    Raises:
        SelectionError: If a run has no such config, both sides are the same, or they share
            no scenario and epoch.
        HarnessError: If a scenario they share is not the same in both runs.
    """
    first, second = _Side(log_a, config_a), _Side(log_b, config_b)
    _refuse_unknown(first)
    _refuse_unknown(second)
    _refuse_same(first, second)
    samples_a, samples_b = first.samples, second.samples
    shared = sorted(samples_a.keys() & samples_b.keys())
    _refuse_strangers(shared, first, second)
    couples = [(samples_a[place], samples_b[place]) for place in shared]
    drift = found_drift([a.key for a, _ in couples], log_a, log_b, is_allowed=despite_drift)
    suites = _suites(couples)
    sides = f"of {config_a}", f"of {config_b}"
    return ConfigPairComparison(
        run_a=log_a.header.run_id,
        run_b=log_b.header.run_id,
        config_a=config_a,
        config_b=config_b,
        settings=_settings(couples, first, second),
        samples=len(couples),
        suites=suites,
        only_in_a=tuple(samples_a[at].key for at in sorted(samples_a.keys() - samples_b.keys())),
        only_in_b=tuple(samples_b[at].key for at in sorted(samples_b.keys() - samples_a.keys())),
        drift=drift,
        alert=barred([each.contrast for each in suites], couples, sides),
        verdict=_verdict(suites),
        pairs=pairs_of(couples, log_a, log_b),
    )


def _place(key: SampleKey) -> _Place:
    return key.suite, key.scenario, key.epoch


def _refuse_unknown(side: _Side) -> None:
    names = list(dict.fromkeys(sample.key.config for sample in side.log.samples))
    if side.config in names:
        return
    near = difflib.get_close_matches(side.config, names, n=1, cutoff=0.3)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise SelectionError(
        f"Run {side.log.header.run_id} has no sample of a config {side.config!r}.{hint} It has: "
        f"{', '.join(names) or '(no sample)'}."
    )


def _refuse_same(first: _Side, second: _Side) -> None:
    if first.config == second.config and first.log.header.run_id == second.log.header.run_id:
        names = dict.fromkeys(sample.key.config for sample in first.log.samples)
        others = ", ".join(name for name in names if name != first.config) or "(no other)"
        raise SelectionError(
            f"Both sides are config {first.config!r} of run {first.log.header.run_id}. Name "
            f"another config ({others}), or two runs."
        )


def _refuse_strangers(shared: Sequence[_Place], first: _Side, second: _Side) -> None:
    if not shared:
        raise SelectionError(
            f"Config {first.config!r} of run {first.log.header.run_id} and config "
            f"{second.config!r} of run {second.log.header.run_id} have no scenario and epoch in "
            f"common. Compare configs of one suite; list them with: harness list --run "
            f"{first.log.header.run_id}"
        )


def _suites(couples: Sequence[Couple]) -> tuple[SuiteContrast, ...]:
    groups: defaultdict[str, list[Couple]] = defaultdict(list)
    for couple in couples:
        groups[couple[0].key.suite].append(couple)
    found = {suite: _pairing(group) for suite, group in groups.items()}
    paired = {suite: each for suite, each in found.items() if each}
    contrasts = family(list(paired.values()))
    return tuple(
        SuiteContrast(suite=suite, contrast=contrast)
        for suite, contrast in zip(paired, contrasts, strict=True)
    )


def _pairing(couples: Sequence[Couple]) -> Pairing | None:
    before = by_scenario(a for a, _ in couples)
    after = by_scenario(b for _, b in couples)
    strata = [(after[scenario], before[scenario]) for scenario in before]
    return pairing("config", couples[0][1].key.config, couples[0][0].key.config, strata)


def _settings(couples: Sequence[Couple], first: _Side, second: _Side) -> tuple[str, ...]:
    """In what the configs differ, in every suite that both are in."""
    before, now = settings_of(first.log), settings_of(second.log)
    told: dict[str, None] = {}
    for suite in dict.fromkeys(a.key.suite for a, _ in couples):
        a, b = before.get((suite, first.config)), now.get((suite, second.config))
        if a and b:
            told.update(dict.fromkeys(settings_differ(a, b)))
    return tuple(told)


def _verdict(suites: Sequence[SuiteContrast]) -> str:
    """What each suite shows; its name before it if there are several."""
    said = []
    for each in suites:
        contrast = each.contrast
        if contrast.verdict == "not comparable":
            continue
        decided = contrast.verdict not in UNDECIDED
        sentence = decided_sentence(contrast) if decided else undecided_sentence(contrast)
        said.append(f"{each.suite}: {sentence}." if len(suites) > 1 else f"{sentence}.")
    return " ".join(said)
