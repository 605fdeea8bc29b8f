"""What the history keeps of a run, and what it says of a config over many runs."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from harness.model.comparison import Estimate, Rate, Verdict
from harness.model.gate import SampleOutcome
from harness.model.structs import Strict as _Strict

HISTORY_SCHEMA_VERSION = 1

Step = Verdict | Literal["same outcomes", "other scenarios", "no results"]


class HistorySuite(_Strict, frozen=True, kw_only=True):
    """What the history keeps of one suite in one run.

    Attributes:
        suite: The suite.
        scenarios: Digest of every scenario's files and settings, by name.
        configs: Digest of every config's settings and prompts, by name, in suite order.
        samples: Every planned sample, in key order.
        samples_per_config: As of `SuiteInfo`; None if not known.
    """

    suite: str
    scenarios: dict[str, str]
    configs: dict[str, str]
    samples: tuple[SampleOutcome, ...]
    samples_per_config: int | None = None

    @property
    def config_names(self) -> tuple[str, ...]:
        """Configs with samples, in suite order."""
        found = {sample.config for sample in self.samples}
        return tuple(name for name in self.configs if name in found)


class HistoryRun(_Strict, frozen=True, kw_only=True):
    """What the history keeps of a run: numbers and names, nothing that agents wrote.

    Attributes:
        run_id: Unique; sorts by start time.
        started_at: ISO 8601 UTC time.
        commit: Commit of the scenarios at the start, with "-dirty" at its end if files differed
            from it; "" if unknown.
        mode: How model calls were answered.
        harness_version: Version of this product that ran it.
        suites: Outcome, turns and cost of every planned sample.
    """

    run_id: str
    started_at: str
    commit: str
    mode: str
    harness_version: str
    suites: tuple[HistorySuite, ...]

    @property
    def digest(self) -> str:
        """24 hexadecimal digits that are the same exactly if all results are.

        The sizes of suites are left out: histories of older releases do not have them.
        """
        bare = tuple(msgspec.structs.replace(s, samples_per_config=None) for s in self.suites)
        text = msgspec.json.encode(msgspec.structs.replace(self, suites=bare), order="sorted")
        return hashlib.blake2b(text, digest_size=12).hexdigest()


class HistoryChange(_Strict, frozen=True, kw_only=True):
    """A config in one run against the same config in the run before.

    Only scenarios that are the same in both are compared, and of them all samples that have a
    result.

    Attributes:
        before: Id of the run before.
        step: What it amounts to. As in comparisons of two runs; "same outcomes" if both are
            replays and no sample ended otherwise; "other scenarios" if no scenario is the same;
            "no results" if one of the runs has none.
        is_config_changed: Whether settings or prompts of the config differ.
        scenarios: Scenarios that are compared.
        left_out: Scenarios of either run that are not: they changed, or only one run has them.
        changed: Samples with a result in both whose outcome differs.
        difference: Success rate minus that of the run before; its interval is widened for all
            changes shown of the suite. None unless step is a verdict of a comparison.
        p_value: Two-sided, of the test that comparisons of runs use; None like difference.
        p_adjusted: After Holm's correction over the suite's changes; None like difference.
        seen: Smallest true difference that would show in 80 of 100 cases; None if not known.
    """

    before: str
    step: Step
    is_config_changed: bool
    scenarios: int
    left_out: int
    changed: int
    difference: Estimate | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    seen: float | None = None


class HistoryEntry(_Strict, frozen=True, kw_only=True):
    """One config of one suite in one run.

    Attributes:
        suite: The suite.
        config: The config.
        run_id: The run.
        started_at: ISO 8601 UTC time of the run.
        commit: Commit of the scenarios; "" if unknown.
        mode: How model calls were answered.
        harness_version: Version of this product that ran it.
        success: As a report of the run tells it: errors and misses are failures.
        errors: Samples that ended in an error.
        misses: Samples that asked for something the cassette does not hold.
        missing: Planned samples without a result.
        unjudged: Samples that nobody judged, which count as failures as others were judged.
        turns_median: Median turns of the completed samples; None without any.
        cost_usd_mean: Mean US dollars of the samples whose cost is known; None without any.
        costs_unknown: Samples with a result whose cost is not known.
        suite_samples: How many samples the whole suite has of the config, at the time of the
            run; None if that is not known.
        change: Against the run before; None if there is none.
    """

    suite: str
    config: str
    run_id: str
    started_at: str
    commit: str
    mode: str
    harness_version: str
    success: Rate
    errors: int
    misses: int
    missing: int
    turns_median: float | None
    cost_usd_mean: float | None
    costs_unknown: int
    suite_samples: int | None = None
    unjudged: int = 0
    change: HistoryChange | None = None

    @property
    def results(self) -> int:
        """Samples with a result."""
        return self.success.n - self.missing

    @property
    def whole(self) -> int:
        """Samples that it would have, had all of them been run: at least those planned."""
        return max(self.success.n, self.suite_samples or 0)


class History(_Strict, frozen=True, kw_only=True):
    """Entries by suite, then config, then time, oldest first."""

    schema_version: int = HISTORY_SCHEMA_VERSION
    entries: tuple[HistoryEntry, ...] = ()
