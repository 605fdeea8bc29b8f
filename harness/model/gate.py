"""Thresholds of a suite's gate, what they are held against, and what came of it."""

from __future__ import annotations

from typing import Literal

from harness.model.comparison import Interval, Rate
from harness.model.structs import Strict as _Strict

OUTCOMES_SCHEMA_VERSION = 1
GATE_SCHEMA_VERSION = 1

GateOutcome = Literal["passed", "regressed", "inconclusive"]
# Of a sample whose result nobody judged it is whether it ended as accepted.
Counted = Literal["pass", "fail", "unjudged", "error", "miss", "missing"]
Measure = Literal["success", "cost_usd", "turns", "success against the baseline"]


class Thresholds(_Strict, frozen=True, kw_only=True):
    """What a config must reach; None demands nothing.

    Attributes:
        success_at_least: Success rate, in (0, 1].
        cost_usd_at_most: Mean US dollars per sample, >= 0.
        turns_at_most: Mean turns per sample, >= 0.
    """

    success_at_least: float | None = None
    cost_usd_at_most: float | None = None
    turns_at_most: float | None = None

    def under(self, upper: Thresholds) -> Thresholds:
        """Those of `upper`, and these where it demands nothing."""
        return Thresholds(
            **{
                name: getattr(self, name) if own is None else own
                for name in self.__struct_fields__
                for own in [getattr(upper, name)]
            }
        )


class Gate(_Strict, frozen=True, kw_only=True):
    """The gate of a suite.

    Attributes:
        thresholds: For every config.
        configs: For single configs, instead of those for all.
        success_margin: By how much success may be below the baseline's, in [0, 1]; None for
            no comparison with a baseline.
        fails_inconclusive: Whether what cannot be decided fails.
    """

    thresholds: Thresholds = Thresholds()
    configs: dict[str, Thresholds] = {}
    success_margin: float | None = None
    fails_inconclusive: bool = False

    def thresholds_of(self, config: str) -> Thresholds:
        """What holds for one config."""
        return self.thresholds.under(self.configs.get(config, Thresholds()))


# Without a conversation it is written, and digested in histories, as before there was one.
class SampleOutcome(_Strict, frozen=True, kw_only=True, omit_defaults=True):
    """What a gate needs of one planned sample.

    Attributes:
        scenario: Its scenario.
        config: Its config.
        epoch: Its epoch, from 1.
        outcome: "missing" if the run has no result of it.
        cost_usd: US dollars; None if unknown.
        turns: Turns; None if it did not complete.
        conversation: Digest of what was said and how it ended, the same where a comparison calls
            two samples identical; "" where that is not known.
        is_judged: False where nobody judged anything of its import: "pass" then is no more than
            that it ended as accepted.
    """

    scenario: str
    config: str
    epoch: int
    outcome: Counted
    cost_usd: float | None
    turns: int | None
    conversation: str = ""
    is_judged: bool = True

    @property
    def is_completed(self) -> bool:
        """Whether it ended by itself, and it is known how well."""
        return self.outcome in ("pass", "fail")


class SuiteOutcomes(_Strict, frozen=True, kw_only=True):
    """What a gate needs of one suite in one run; a suite's baseline.json holds one.

    Attributes:
        suite: The suite.
        run_id: The run.
        started_at: ISO 8601 UTC time of the run.
        mode: How its models were asked.
        scenarios: Digest of every scenario's files and settings, by name.
        configs: Digest of every config, by name.
        samples: Every planned sample, in key order.
        parts: Of every scenario the digest of each thing its digest covers, by its key in
            scenario.yaml; empty where it is not known.
    """

    schema_version: int = OUTCOMES_SCHEMA_VERSION
    suite: str
    run_id: str
    started_at: str
    mode: str
    scenarios: dict[str, str]
    configs: dict[str, str]
    samples: tuple[SampleOutcome, ...]
    parts: dict[str, dict[str, str]] = {}

    @property
    def config_names(self) -> tuple[str, ...]:
        """Configs with samples, in suite order."""
        found = {sample.config for sample in self.samples}
        return tuple(name for name in self.configs if name in found)


class GateFinding(_Strict, frozen=True, kw_only=True):
    """One threshold held against one config.

    Attributes:
        config: The config.
        measure: What is measured.
        limit: The threshold; of a comparison with a baseline, the margin.
        outcome: What came of it.
        value: What was measured; None if there was nothing to measure.
        interval: Its interval, widened so that all of the suite's hold together; None without one.
        rate: Successes, for measures of success.
        baseline_rate: The baseline's successes.
        changed: Samples, of those in both runs, whose outcome differs from the baseline's.
        absent: Completed samples that lack the value; with any, nothing passes. Of a measure of
            success, samples that nobody judged, if it depends on them.
        epochs: Epochs per scenario that would decide if what was measured stays as it is; None
            if that is decided, or 1,000 would not do.
        without_failed: The outcome if samples that did not complete were left out.
        identical: Of a comparison with the baseline, the samples of the config, if each is a replay
            of the same conversation with the same outcome: then nothing regressed, and there is no
            interval. Else 0.
    """

    config: str
    measure: Measure
    limit: float
    outcome: GateOutcome
    value: float | None
    interval: Interval | None
    rate: Rate | None = None
    baseline_rate: Rate | None = None
    changed: int = 0
    absent: int = 0
    epochs: int | None = None
    without_failed: GateOutcome
    identical: int = 0


class SuiteGate(_Strict, frozen=True, kw_only=True):
    """What the gate of one suite says of one run.

    Attributes:
        suite: The suite.
        run_id: The run that is judged.
        baseline_id: The run it is compared with; None without a comparison.
        outcome: "regressed" if anything regressed, else "inconclusive" if anything is.
        is_failed: Whether that fails, by the suite's own rule for what is inconclusive.
        findings: One per config and threshold, in suite order.
        incomplete: Samples that count as failures because they did not complete: errors,
            misses, and planned samples without a result.
        baseline_incomplete: The same, of the baseline.
        unmatched: Scenarios that only one of run and baseline has; they are not compared.
        changed_configs: Configs whose settings differ from the baseline's.
        lacking: What of the run the baseline has no sample of, so that nothing was compared: a
            config, or scenario/config where it has others of both.
        dropped: What of the baseline the run has no sample of, likewise: nothing is said of it.
        unjudged: Samples of which nobody judged what came of them: of these, a success is no more
            than that they ended as accepted.
        unknown: Samples that nobody judged though others of their import were. They count as
            failures, but where that decides, the outcome is inconclusive.
        baseline_unknown: The same, of the baseline.
    """

    suite: str
    run_id: str
    baseline_id: str | None
    outcome: GateOutcome
    is_failed: bool
    findings: tuple[GateFinding, ...]
    incomplete: int
    baseline_incomplete: int = 0
    unmatched: tuple[str, ...] = ()
    changed_configs: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    unjudged: int = 0
    unknown: int = 0
    baseline_unknown: int = 0


class GateResult(_Strict, frozen=True, kw_only=True):
    """What ``harness gate --results`` writes.

    Attributes:
        run_id: The run that is judged.
        is_failed: Whether any suite failed: then the exit code is 1.
        suites: What the gate of each suite says, in the order of the run.
        without_gate: Suites of the run that have no gate, so are not judged.
    """

    schema_version: int = GATE_SCHEMA_VERSION
    run_id: str
    is_failed: bool
    suites: tuple[SuiteGate, ...]
    without_gate: tuple[str, ...]
