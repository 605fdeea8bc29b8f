"""Statistics between the configs of a run, or two sides of anything, as data.

`harness.comparison` computes them; reports only render them. All rates are
shares from 0 to 1, all intervals are two-sided.
"""

from __future__ import annotations

from typing import Literal

from harness.model.score import Unit
from harness.model.structs import Strict as _Strict

COMPARISON_SCHEMA_VERSION = 2

Verdict = Literal["better", "worse", "no difference shown", "inconclusive", "not comparable"]

# What decides nothing: a run that would have shown a difference, and one that would not.
UNDECIDED: tuple[Verdict, ...] = ("no difference shown", "inconclusive")
# Differences of success rates below it are taken not to matter.
MATTERS = 0.1


class Interval(_Strict, frozen=True, kw_only=True):
    """A two-sided confidence interval; level is its nominal coverage."""

    low: float
    high: float
    level: float = 0.95


class Rate(_Strict, frozen=True, kw_only=True):
    """Successes out of n; interval is None only when n is 0."""

    successes: int
    n: int
    interval: Interval | None

    @property
    def value(self) -> float | None:
        """Successes / n; None when there is no sample."""
        return self.successes / self.n if self.n else None


class Distribution(_Strict, frozen=True, kw_only=True):
    """A skewed quantity over samples.

    Attributes:
        n: Samples that have the value.
        absent: Samples that do not (unscored, or not completed).
        mean: Arithmetic mean; None when n is 0.
        median: Median; None when n is 0.
        interval: Interval of the median; None when n is below 2.
        total: Sum.
    """

    n: int
    absent: int
    mean: float | None
    median: float | None
    interval: Interval | None
    total: float


class CodeSummary(_Strict, frozen=True, kw_only=True):
    """How the code that agents ran fared, over the samples in which any ran.

    Attributes:
        samples: Samples in which code ran.
        absent: Samples in which none ran.
        mean_share: Mean share of blocks that exited 0; None when samples is 0.
        first_try: Samples whose first block succeeded.
        troubled: Samples in which some block did not pass.
        recovered: Of these, those whose last block passed.
    """

    samples: int
    absent: int
    mean_share: float | None
    first_try: int
    troubled: int
    recovered: int


class ScorerSummary(_Strict, frozen=True, kw_only=True):
    """One scorer over the samples of one config.

    Attributes:
        scorer: Its name.
        unit: Unit of the mean.
        scored: Samples with a score.
        unscored: Samples the scorer had nothing to judge in.
        mean: Mean of the scored values.
        passed: Passed samples; None for a scorer that only measures.
    """

    scorer: str
    unit: Unit | None
    scored: int
    unscored: int
    mean: float | None
    passed: int | None


class ConfigSummary(_Strict, frozen=True, kw_only=True):
    """One config over all its samples in one suite.

    Attributes:
        config: Its name.
        success: Successes among all samples with a result; errors and misses are failures.
        errors: Samples that ended in an error of the harness or the scenario's files.
        misses: Samples that asked for something the cassette does not hold.
        unjudged: Completed samples that no score judged; they cannot be successes.
        missing: Planned samples without a result; they are in no number here.
        terminations: Samples by termination reason, most frequent first.
        turns: Turns of the completed samples.
        code: Code executions.
        cost: US dollars.
        scorers: Every scorer, in the order of the scores.
    """

    config: str
    success: Rate
    errors: int
    misses: int
    unjudged: int
    missing: int
    terminations: dict[str, int]
    turns: Distribution
    code: CodeSummary
    cost: Distribution
    scorers: tuple[ScorerSummary, ...]


class Estimate(_Strict, frozen=True, kw_only=True):
    """A number with its interval; None where the data cannot give one."""

    value: float
    interval: Interval | None


class Contrast(_Strict, frozen=True, kw_only=True):
    """Candidate against reference, stratified by scenario.

    Attributes:
        factor: Name of the factor whose levels are contrasted; "config" for two
            configs, "run" for one config in two runs.
        candidate: Level, config or run.
        reference: What it is measured against.
        candidate_success: Successes of the candidate in the strata both have.
        reference_success: Successes of the reference in the strata both have.
        strata: Strata both have: scenarios, or scenarios x levels of the other factors.
        difference: Success rate of the candidate minus the reference's, mean over strata;
            its interval is widened by Bonferroni for the family, as its level tells.
        p_value: Two-sided stratified permutation test.
        p_adjusted: After Holm's correction over the suite's (or run pair's) family.
        smallest_p: The smallest p_value that this many samples can give, whatever their outcomes.
        seen: Smallest true difference of success rates over these strata that a run like this
            shows in 80 of 100 cases at its level; above 1 if none; None if not known.
        verdict: "better" or "worse" only if p_adjusted < 0.05 and the interval excludes 0;
            else "no difference shown" if one of `MATTERS` would have been seen, and
            "inconclusive" if not, or if that is not known;
            "not comparable" if errors and misses make up different shares of the two
            sides, or all of a side in a stratum: then the numbers measure those.
        turns: Difference of mean turns.
        cost_ratio: Ratio of mean costs.
    """

    factor: str
    candidate: str
    reference: str
    candidate_success: Rate
    reference_success: Rate
    strata: int
    difference: Estimate
    p_value: float
    p_adjusted: float
    smallest_p: float
    seen: float | None
    verdict: Verdict
    turns: Estimate | None
    cost_ratio: Estimate | None


class SuiteComparison(_Strict, frozen=True, kw_only=True):
    """What a suite says about its configs.

    Attributes:
        suite: Its name.
        baseline: Config the others are compared with.
        alert: What must be read before the verdict: samples that did not complete; else "".
        verdict: What makes a difference, for people.
        standing: Which configs are not shown to be worse than any other, for people; "" when
            fewer than two can be compared.
        notes: What the reader must know to trust the verdict, one sentence each.
        not_worse: Configs that no other is shown to be better than, all pairs tested and
            corrected on their own; all of them when nothing is shown.
        configs: One summary per config, in suite order.
        contrasts: Every other config against the baseline.
        effects: Main effects of the factors of matrix configs.
    """

    suite: str
    baseline: str
    alert: str
    verdict: str
    standing: str
    notes: tuple[str, ...]
    not_worse: tuple[str, ...]
    configs: tuple[ConfigSummary, ...]
    contrasts: tuple[Contrast, ...]
    effects: tuple[Contrast, ...]


class Comparison(_Strict, frozen=True, kw_only=True):
    """Everything a report says about how configs compare."""

    schema_version: int = COMPARISON_SCHEMA_VERSION
    suites: tuple[SuiteComparison, ...] = ()
