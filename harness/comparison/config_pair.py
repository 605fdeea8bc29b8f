"""Compare two configs, or two levels of a factor, pair by pair: each scenario and epoch."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from harness.comparison.changes import barred
from harness.comparison.contrast import family, pairing
from harness.comparison.named import NamedSide, Place, config_names, levels_of, named_side
from harness.comparison.pairs import pairs_of, settings_of
from harness.comparison.runs import found_drift
from harness.comparison.settings import settings_differ
from harness.comparison.wording import (
    IDENTICAL,
    corrected_for,
    decided_sentence,
    held_back,
    undecided_sentence,
)
from harness.errors import SelectionError
from harness.model.comparison import UNDECIDED
from harness.model.paired import ConfigPairComparison, SuiteContrast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.comparison.pairs import Couple
    from harness.model.paired import Pairs
    from harness.model.run import RunLog


def compare_config_pair(
    log_a: RunLog, log_b: RunLog, config_a: str, config_b: str, *, despite_drift: bool = False
) -> ConfigPairComparison:
    """Compare config B with config A over the scenarios and epochs both have.

    Either may be a level of a factor of a matrix, written "prompts=careful": then all configs
    of that level are one side, and pairs have the levels of all other factors in common, too,
    as where a report tells a factor's effect.

    Args:
        log_a: The run of config A.
        log_b: The run of config B; the same one to compare within a run.
        config_a: The config, or level, measured against.
        config_b: The config, or level of the same factor, that is judged.
        despite_drift: As of `compare_runs`.

    Raises:
        SelectionError: If a run has no such config, factor or level, both sides are the same
            or no two of a kind, or they share no scenario and epoch.
        HarnessError: If a scenario they share is not the same in both runs.
    """
    first, second = named_side(log_a, config_a), named_side(log_b, config_b)
    _refuse_unlike(first, second)
    _refuse_same(first, second)
    samples_a, samples_b = first.samples, second.samples
    shared = sorted(samples_a.keys() & samples_b.keys())
    _refuse_strangers(shared, first, second)
    matched = {place: (samples_a[place], samples_b[place]) for place in shared}
    couples = list(matched.values())
    drift = found_drift([a.key for a, _ in couples], log_a, log_b, is_allowed=despite_drift)
    suites = _suites(matched, first, second)
    sides = f"of {first.name}", f"of {second.name}"
    pairs = pairs_of(couples, log_a, log_b)
    return ConfigPairComparison(
        run_a=log_a.header.run_id,
        run_b=log_b.header.run_id,
        config_a=first.name,
        config_b=second.name,
        settings=_settings(couples, log_a, log_b),
        samples=len(couples),
        suites=suites,
        only_in_a=tuple(samples_a[at].key for at in sorted(samples_a.keys() - samples_b.keys())),
        only_in_b=tuple(samples_b[at].key for at in sorted(samples_b.keys() - samples_a.keys())),
        drift=drift,
        alert=barred([each.contrast for each in suites], couples, sides),
        verdict=_verdict(suites, pairs),
        correction=_correction(suites, (log_a, log_b)),
        held_back=held_back([each.contrast for each in suites], len(suites)),
        pairs=pairs,
    )


def _refuse_unlike(first: NamedSide, second: NamedSide) -> None:
    if first.factor != second.factor:
        raise SelectionError(
            f"{first.name!r} and {second.name!r} are no two of a kind. Compare two configs, or "
            f"two levels of one factor{_example(first if second.is_config else second)}."
        )


def _example(side: NamedSide) -> str:
    levels = list(levels_of(side.log)[side.factor])
    if len(levels) < 2:
        return ""
    return f", e.g. {side.factor}={levels[0]} {side.factor}={levels[1]}"


def _refuse_same(first: NamedSide, second: NamedSide) -> None:
    if first.level != second.level or first.log.header.run_id != second.log.header.run_id:
        return
    known = config_names(first.log) if first.is_config else levels_of(first.log)[first.factor]
    others = ", ".join(name for name in known if name != first.level) or "(there is no other)"
    what = ("config", "config") if first.is_config else ("level", f"level of {first.factor}")
    raise SelectionError(
        f"Both sides are {what[0]} {first.name!r} of run {first.log.header.run_id}. Name "
        f"another {what[1]} ({others}), or two runs."
    )


def _refuse_strangers(shared: Sequence[Place], first: NamedSide, second: NamedSide) -> None:
    if not shared:
        kind, also = ("Config", "") if first.is_config else ("Level", ", and other factors")
        raise SelectionError(
            f"{kind} {first.name!r} of run {first.log.header.run_id} and {kind.lower()} "
            f"{second.name!r} of run {second.log.header.run_id} have no scenario and epoch{also} "
            f"in common. Compare {kind.lower()}s of one suite; list them with: harness list --run "
            f"{first.log.header.run_id}"
        )


def _suites(
    matched: Mapping[Place, Couple], first: NamedSide, second: NamedSide
) -> tuple[SuiteContrast, ...]:
    """Every suite's contrast; a stratum is a scenario, of levels at each of the others' levels."""
    groups: defaultdict[str, defaultdict[object, list[Couple]]]
    groups = defaultdict(lambda: defaultdict(list))
    for (suite, scenario, _, others), couple in matched.items():
        groups[suite][scenario, others].append(couple)
    found = {
        suite: pairing(
            first.factor,
            second.level,
            first.level,
            [([b for _, b in each], [a for a, _ in each]) for each in strata.values()],
        )
        for suite, strata in groups.items()
    }
    paired = {suite: each for suite, each in found.items() if each}
    contrasts = family(list(paired.values()))
    return tuple(
        SuiteContrast(suite=suite, contrast=contrast)
        for suite, contrast in zip(paired, contrasts, strict=True)
    )


def _settings(couples: Sequence[Couple], log_a: RunLog, log_b: RunLog) -> tuple[str, ...]:
    """In what the configs differ; where that is not so in every suite, with the suites' names."""
    before, now = settings_of(log_a), settings_of(log_b)
    told: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for suite, first, second in dict.fromkeys(
        (a.key.suite, a.key.config, b.key.config) for a, b in couples
    ):
        a, b = before.get((suite, first)), now.get((suite, second))
        for each in settings_differ(a, b) if a and b else ():
            told[each][suite] = None
    suites = {a.key.suite for a, _ in couples}
    return tuple(
        each if suites == told[each].keys() else f"{', '.join(told[each])}: {each}" for each in told
    )


def _verdict(suites: Sequence[SuiteContrast], pairs: Pairs) -> str:
    """What each suite shows; its name before it if there are several."""
    differing = {each.key_a.suite for each in pairs.samples if not each.is_identical}
    barred = any(each.contrast.verdict == "not comparable" for each in suites)
    if not differing and not barred:
        return f"{IDENTICAL[0].upper()}{IDENTICAL[1:]}."
    said = []
    for each in suites:
        contrast = each.contrast
        if contrast.verdict == "not comparable":
            continue
        decided = contrast.verdict not in UNDECIDED
        sentence = decided_sentence(contrast) if decided else undecided_sentence(contrast)
        sentence = sentence if each.suite in differing else IDENTICAL
        said.append(f"{each.suite}: {sentence}." if len(suites) > 1 else f"{sentence}.")
    return " ".join(said)


def _correction(suites: Sequence[SuiteContrast], logs: Sequence[RunLog]) -> str:
    """What interval, p and what could be seen are corrected for; if reports do for more, that."""
    compared = {each.suite for each in suites}
    if not compared:
        return ""
    said = corrected_for(len(suites))
    if max(len(_configs_in(log, compared)) for log in logs) <= 2:
        return said
    return f"{said} A report corrects for all it shows of a suite (Holm) and may be more cautious."


def _configs_in(log: RunLog, suites: set[str]) -> set[str]:
    return {sample.key.config for sample in log.samples if sample.key.suite in suites}
