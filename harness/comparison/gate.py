"""Hold one suite of a run against its gate, and against a baseline if there is one.

Nothing regresses by a single flip: the interval of what was measured must lie beyond the
threshold, and an exact test must agree where there is one. All of a suite's thresholds are
corrected together, so that a run in which nothing changed regresses in at most 5 % of cases.
A replay of the very conversations of the baseline is no matter of chance: it passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from harness.comparison.drift import refuse_drifted, with_parts
from harness.comparison.measures import (
    Reading,
    against_baseline,
    mean_at_most,
    success_at_least,
    unchanged,
)
from harness.comparison.sameness import samples_the_same
from harness.comparison.wording import ALPHA
from harness.errors import HarnessError
from harness.model.gate import GateFinding, GateOutcome, SampleOutcome, SuiteGate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.model.gate import Counted, Gate, Measure, SuiteOutcomes

Outcomes = list[SampleOutcome]


class _Claim(NamedTuple):
    """A threshold of one config; read takes samples, those of the baseline and a level."""

    config: str
    measure: Measure
    limit: float
    read: Callable[[Outcomes, Outcomes, float], Reading]


def judge(gate: Gate, run: SuiteOutcomes, baseline: SuiteOutcomes | None = None) -> SuiteGate:
    """Judge one suite of a run.

    Samples that did not complete, and planned ones without a result, count as failures on
    both sides.

    Args:
        gate: The thresholds.
        run: What is judged.
        baseline: What it is compared with; only looked at if the gate has a margin.

    Raises:
        HarnessError: If the gate has a margin and there is no baseline, the two have no
            scenario and config in common, or a scenario they share is not the same in both.
    """
    reference = _reference(gate, run, baseline)
    claims = _claims(gate, run, compared=reference is not None)
    level = 1 - ALPHA / max(1, len(claims))
    findings = tuple(_finding(claim, run, reference, level) for claim in claims)
    outcome = _overall([each.outcome for each in findings])
    changed = _changed_configs(run, reference) if reference else ()
    return SuiteGate(
        suite=run.suite,
        run_id=run.run_id,
        baseline_id=reference.run_id if reference else None,
        outcome=outcome,
        is_failed=outcome == "regressed" or (outcome == "inconclusive" and gate.fails_inconclusive),
        findings=findings,
        incomplete=_incomplete(run),
        baseline_incomplete=_incomplete(reference) if reference else 0,
        unmatched=tuple(sorted(_names(run) ^ _names(reference))) if reference else (),
        changed_configs=changed,
        lacking=_lacking(run, reference) if reference else (),
        dropped=_lacking(reference, run) if reference else (),
        unjudged=sum(not each.is_judged for each in run.samples),
        unknown=_unknown(run.samples),
        baseline_unknown=_unknown(reference.samples) if reference else 0,
    )


def _reference(
    gate: Gate, run: SuiteOutcomes, baseline: SuiteOutcomes | None
) -> SuiteOutcomes | None:
    if gate.success_margin is None:
        return None
    if baseline is None:
        raise HarnessError(
            f"The gate of {run.suite} compares with a baseline, but there is none. Keep a run that "
            f"is good with: harness baseline set RUN {run.suite}; or name a run with --baseline."
        )
    if not _pairs(run) & _pairs(baseline):
        raise HarnessError(
            f"Run {run.run_id!r} and the baseline {baseline.run_id!r} of {run.suite} have no "
            "scenario and config in common. Keep a new baseline with: harness baseline set "
            f"latest {run.suite} --overwrite"
        )
    kinds = _successes(run), _successes(baseline)
    if all(kinds) and kinds[0] != kinds[1]:
        unjudged, judged = sorted((run, baseline), key=lambda each: False not in _successes(each))
        raise HarnessError(
            f"Nobody judged the samples of run {unjudged.run_id!r}, where a success is that a "
            f"conversation ended as accepted; those of {judged.run_id!r} were judged. The two "
            f"cannot be compared. Keep a baseline of {run.suite} of the same kind with: harness "
            f"baseline set RUN {run.suite} --overwrite; or name one with --baseline."
        )
    shared = sorted(_names(run) & _names(baseline))
    drifted = [
        with_parts(f"{run.suite}/{name}", baseline.parts.get(name, {}), run.parts.get(name, {}))
        for name in shared
        if run.scenarios.get(name) != baseline.scenarios.get(name)
    ]
    mend = (
        "If the present scenarios are right, keep a run of them as the new baseline: harness run "
        f"{run.suite}; then: harness baseline set latest {run.suite} --overwrite"
    )
    refuse_drifted(drifted, baseline.run_id, run.run_id, mend)
    return baseline


def _pairs(outcomes: SuiteOutcomes) -> set[tuple[str, str]]:
    return {(each.scenario, each.config) for each in outcomes.samples}


def _names(outcomes: SuiteOutcomes) -> set[str]:
    return {each.scenario for each in outcomes.samples}


def _lacking(whole: SuiteOutcomes, other: SuiteOutcomes) -> tuple[str, ...]:
    """Configs the other knows nothing of, then scenarios of others; `unmatched` has the rest."""
    known = _pairs(other)
    configs, scenarios = {config for _, config in known}, {scenario for scenario, _ in known}
    pairs = sorted(_pairs(whole) - known)
    return (
        *(name for name in whole.config_names if name not in configs),
        *(f"{each}/{config}" for each, config in pairs if config in configs and each in scenarios),
    )


def _changed_configs(run: SuiteOutcomes, reference: SuiteOutcomes) -> tuple[str, ...]:
    return tuple(
        name
        for name in run.config_names
        if name in reference.configs and reference.configs[name] != run.configs[name]
    )


def _successes(outcomes: SuiteOutcomes) -> set[bool]:
    """What its successes are, as far as it has results: True, solved; False, ended as accepted."""
    return {each.is_judged for each in outcomes.samples if each.is_completed}


def _incomplete(outcomes: SuiteOutcomes) -> int:
    return sum(not each.is_completed for each in outcomes.samples) - _unknown(outcomes.samples)


def _unknown(samples: Sequence[SampleOutcome]) -> int:
    """Samples that nobody judged, though others of the same import were."""
    return sum(each.outcome == "unjudged" for each in samples)


def _claims(gate: Gate, run: SuiteOutcomes, *, compared: bool) -> list[_Claim]:
    """Every threshold of every config that was planned, configs in suite order."""
    claims = []
    for config in run.config_names:
        wanted = gate.thresholds_of(config)
        if wanted.success_at_least is not None:
            read = _success(wanted.success_at_least)
            claims.append(_Claim(config, "success", wanted.success_at_least, read))
        if wanted.cost_usd_at_most is not None:
            read = _mean("cost_usd", wanted.cost_usd_at_most)
            claims.append(_Claim(config, "cost_usd", wanted.cost_usd_at_most, read))
        if wanted.turns_at_most is not None:
            read = _mean("turns", wanted.turns_at_most)
            claims.append(_Claim(config, "turns", wanted.turns_at_most, read))
        if compared and gate.success_margin is not None:
            read = _margin(gate.success_margin)
            claims.append(_Claim(config, "success against the baseline", gate.success_margin, read))
    return claims


def _success(limit: float) -> Callable[[Outcomes, Outcomes, float], Reading]:
    return lambda samples, _, level: success_at_least(samples, limit, level)


def _mean(name: str, limit: float) -> Callable[[Outcomes, Outcomes, float], Reading]:
    return lambda samples, _, level: mean_at_most(samples, name, limit, level)


def _margin(margin: float) -> Callable[[Outcomes, Outcomes, float], Reading]:
    return lambda samples, reference, level: against_baseline(samples, reference, margin, level)


def _finding(
    claim: _Claim, run: SuiteOutcomes, reference: SuiteOutcomes | None, level: float
) -> GateFinding:
    samples = _of_config(run, claim.config)
    others = _of_config(reference, claim.config) if reference else []
    reading = _read(claim, samples, others, level)
    completed = [each for each in samples if each.is_completed]
    others_completed = [each for each in others if each.is_completed]
    without_failed = claim.read(completed, others_completed, level).outcome
    if same := _identical(claim, run, reference):
        reading, without_failed = unchanged(reading, same), "passed"
    return GateFinding(
        config=claim.config,
        measure=claim.measure,
        limit=claim.limit,
        without_failed=without_failed,
        changed=_changed(samples, others),
        **msgspec.structs.asdict(reading),
    )


def _read(claim: _Claim, samples: Outcomes, others: Outcomes, level: float) -> Reading:
    """What is measured; open where it depends on how samples fared that nobody judged.

    They count as failures, as in every comparison. Whether that decides is told by the least and
    the most that the run can be against the baseline.
    """
    reading = claim.read(samples, others, level)
    unknown = _unknown(_concerned(claim.measure, samples, others))
    if not unknown:
        return reading
    least = claim.read(_told(samples, "fail"), _told(others, "pass"), level)
    most = claim.read(_told(samples, "pass"), _told(others, "fail"), level)
    if least.outcome == most.outcome == reading.outcome != "inconclusive":
        return reading
    return msgspec.structs.replace(reading, outcome="inconclusive", absent=unknown, epochs=None)


def _concerned(measure: Measure, samples: Outcomes, others: Outcomes) -> Outcomes:
    """The samples whose success a measure is of: with a baseline, those of scenarios of both."""
    if measure != "success against the baseline":
        return samples if measure == "success" else []
    shared = {each.scenario for each in samples} & {each.scenario for each in others}
    return [each for each in (*samples, *others) if each.scenario in shared]


def _told(samples: Outcomes, outcome: Counted) -> Outcomes:
    """The same, as if what nobody judged had been judged so."""
    return [
        msgspec.structs.replace(each, outcome=outcome) if each.outcome == "unjudged" else each
        for each in samples
    ]


def _identical(claim: _Claim, run: SuiteOutcomes, reference: SuiteOutcomes | None) -> int:
    if reference is None or claim.measure != "success against the baseline":
        return 0
    return len(samples_the_same(run, reference, claim.config))


def _of_config(outcomes: SuiteOutcomes, config: str) -> Outcomes:
    return [each for each in outcomes.samples if each.config == config]


def _changed(samples: Outcomes, others: Outcomes) -> int:
    before = {(each.scenario, each.epoch): each.outcome for each in others}
    now = {(each.scenario, each.epoch): each.outcome for each in samples}
    return sum(before[key] != now[key] for key in before.keys() & now.keys())


def _overall(outcomes: Sequence[GateOutcome]) -> GateOutcome:
    if "regressed" in outcomes:
        return "regressed"
    # A gate whose thresholds are all for configs that did not run has shown nothing.
    return "inconclusive" if "inconclusive" in outcomes or not outcomes else "passed"
