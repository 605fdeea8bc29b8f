"""Statistics between the configs of a run, or two sides of anything, as data.

`harness.comparison` computes them; reports only render them. All rates are
shares from 0 to 1, all intervals are two-sided.
"""

from __future__ import annotations

from typing import Literal

from harness.model.estimates import Distribution as Distribution
from harness.model.estimates import Estimate as Estimate
from harness.model.estimates import Interval as Interval
from harness.model.estimates import Rate as Rate
from harness.model.score import Unit
from harness.model.structs import Strict as _Strict

COMPARISON_SCHEMA_VERSION = 3

Verdict = Literal["better", "worse", "no difference shown", "inconclusive", "not comparable"]

# What an interval, a p and a verdict speak about. "these scenarios": only chance from epoch to
# epoch moves the number. "scenarios like these": other scenarios could have been asked.
Scope = Literal["these scenarios", "scenarios like these"]

# What decides nothing: a run that would have shown a difference, and one that would not.
UNDECIDED: tuple[Verdict, ...] = ("no difference shown", "inconclusive")
# Differences of success rates below it are taken not to matter.
MATTERS = 0.1


class CodeSummary(_Strict, frozen=True, kw_only=True):
    """How the code that agents ran fared, over the samples in which any ran.

    Attributes:
        samples: Samples in which code ran.
        absent: Samples in which none ran.
        mean_share: Mean share of blocks that exited 0; None when samples is 0.
        interval: Of mean_share; None when that is.
        first_try: Samples whose first block succeeded.
        troubled: Samples in which some block did not pass.
        recovered: Of these, those whose last block passed.
    """

    samples: int
    absent: int
    mean_share: float | None
    interval: Interval | None
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
        interval: Of the mean; None without a score, or if values that have no bounds show
            no spread to judge by.
        median: Median of the scored values, what to show of skewed ones (all but shares).
        median_interval: Of the median; None for shares, and for fewer than two scores.
        passed: Passed samples; None for a scorer that only measures.
        pass_rate: The same among the scores that judge, with its interval; None likewise.
    """

    scorer: str
    unit: Unit | None
    scored: int
    unscored: int
    mean: float | None
    interval: Interval | None
    median: float | None
    median_interval: Interval | None
    passed: int | None
    pass_rate: Rate | None

    @property
    def is_skewed(self) -> bool:
        """Whether the median tells more than the mean: turns, dollars, counts and seconds."""
        return self.unit is not None and self.unit != "share"


class ConfigSummary(_Strict, frozen=True, kw_only=True):
    """One config over all its samples in one suite.

    Attributes:
        config: Its name.
        scope: What its intervals speak about.
        scenarios: Scenarios it has samples of.
        epochs: Samples of each of them; None if they have different numbers.
        success: Successes among all planned samples; errors, misses and, once any has a
            result, the missing are failures.
        completed: Successes among the samples that completed: the other way to count.
        errors: Samples that ended in an error of the harness or the scenario's files.
        misses: Samples that asked for something the cassette does not hold.
        unjudged: Completed samples that no score judged; they cannot be successes.
        missing: Planned samples without a result; failures in success, in no other number.
        unknown: Completed samples of which nobody says whether they solved their task: imported
            without it.
        accepted: Those of them whose end stands for their result, as nobody judged anything of
            their import: a success of these merely ended as accepted. The others count as failures.
        terminations: Samples by termination reason, most frequent first.
        turns: Turns of the completed samples.
        code: Code executions.
        cost: US dollars.
        scorers: Every scorer, in the order of the scores.
    """

    config: str
    scope: Scope
    scenarios: int
    epochs: int | None
    success: Rate
    completed: Rate
    errors: int
    misses: int
    unjudged: int
    missing: int
    unknown: int = 0
    accepted: int = 0
    terminations: dict[str, int]
    turns: Distribution
    code: CodeSummary
    cost: Distribution
    scorers: tuple[ScorerSummary, ...]


class Contrast(_Strict, frozen=True, kw_only=True):
    """Candidate against reference, paired by scenario.

    Attributes:
        factor: Name of the factor whose levels are contrasted; "config" for two
            configs, "run" for one config in two runs.
        candidate: Level, config or run.
        reference: What it is measured against.
        scope: What difference, p_value and verdict speak about.
        candidate_success: Successes of the candidate in the strata both have.
        reference_success: Successes of the reference in the strata both have.
        scenarios: Scenarios both have.
        strata: Strata both have: scenarios, or scenarios x levels of the other factors.
        epochs: Samples that each side has of every scenario; None if their numbers differ.
        wins: Scenarios of which the candidate solves more than the reference.
        losses: Scenarios of which it solves fewer.
        ties: Scenarios of which it solves as many.
        difference: Success rate of the candidate minus the reference's, mean over strata;
            its interval is widened by Bonferroni for the family, as its level tells.
        across: Interval of the difference for scenarios like these, at the same level;
            equal to the difference's in that scope; None with one scenario of many epochs.
        effect_size: Cohen's h, 2 asin(sqrt(candidate's rate)) - 2 asin(sqrt(reference's)):
            about 0.2 is small, 0.5 medium, 0.8 large.
        test: Name of the test that gave p_value, for people.
        p_value: Two-sided, of that test.
        p_adjusted: After Holm's correction over the suite's (or run pair's) family.
        smallest_p: The smallest p_value that this many samples can give, whatever their outcomes.
        seen: Smallest true difference of success rates, in the scope, that a run like this
            shows in 80 of 100 cases at its level; above 1 if none; None if not known.
        verdict: "better" or "worse" only if p_adjusted < 0.05 and the interval excludes 0;
            else "no difference shown" if one of `MATTERS` would have been seen, and
            "inconclusive" if not, or if that is not known;
            "not comparable" if samples that did not complete make up different shares of the
            two sides, or all of a side in a stratum: then the numbers measure those.
        verdict_by_count: What the verdict would be with these counted as failures, whatever
            their shares.
        verdict_if_dropped: What the verdict would be without them; "not comparable" if
            they are all of a side in a stratum.
        turns: Difference of mean turns.
        cost_ratio: Ratio of mean costs.
        is_judged: As of `SuiteComparison`.
    """

    factor: str
    candidate: str
    reference: str
    scope: Scope
    candidate_success: Rate
    reference_success: Rate
    scenarios: int
    strata: int
    epochs: int | None
    wins: int
    losses: int
    ties: int
    difference: Estimate
    across: Interval | None
    effect_size: float
    test: str
    p_value: float
    p_adjusted: float
    smallest_p: float
    seen: float | None
    verdict: Verdict
    verdict_by_count: Verdict
    verdict_if_dropped: Verdict
    turns: Estimate | None
    cost_ratio: Estimate | None
    is_judged: bool = True

    @property
    def is_held_back(self) -> bool:
        """Whether its interval, in whole points, would have decided, but for the corrected p."""
        interval = self.difference.interval
        if interval is None or self.verdict not in UNDECIDED:
            return False
        return round(100 * interval.low) > 0 or round(100 * interval.high) < 0


class Interaction(_Strict, frozen=True, kw_only=True):
    """Whether the effect of one factor depends on the level of another.

    Attributes:
        factor: The factor whose effect is looked at.
        candidate: Its level.
        reference: The level of it that it is measured against: the lowest of numbers, else the
            baseline's.
        by: The other factor.
        by_candidate: Level of the other factor.
        by_reference: The level of that which stands as reference, told alike.
        scope: As in `Contrast`.
        n: Samples in all four cells.
        scenarios: Scenarios that all four cells have.
        strata: Scenarios x levels of further factors that all four cells have.
        difference: Effect of candidate against reference at by_candidate, minus the effect at
            by_reference, in shares; its interval is widened as in `Contrast`.
        test: Name of the test that gave p_value, for people.
        p_value: Two-sided.
        p_adjusted: After Holm's correction over the same family as the contrasts.
        seen: As in `Contrast`, of the difference of differences.
        verdict: "better" if the effect is shown to be larger at by_candidate, "worse" if
            smaller; the other words as in `Contrast`.
    """

    factor: str
    candidate: str
    reference: str
    by: str
    by_candidate: str
    by_reference: str
    scope: Scope
    n: int
    scenarios: int
    strata: int
    difference: Estimate
    test: str
    p_value: float
    p_adjusted: float
    seen: float | None
    verdict: Verdict


class SuiteComparison(_Strict, frozen=True, kw_only=True):
    """What a suite says about its configs.

    Attributes:
        suite: Its name.
        baseline: Config the others are compared with.
        alert: What must be read before the verdict: samples that did not complete; else "".
        warning: Which verdicts would be others if the samples that did not complete were left
            out instead of counted as failures; "" if none would.
        verdict: What makes a difference, for people.
        headline: The verdict in one short sentence, without the numbers behind it.
        findings: These numbers, one line for each comparison that the headline names.
        carries: How far they hold for other scenarios like these; "" where they are of such.
        standing: The best set for people: the configs that are not shown to be worse than any
            other; "" when fewer than two can be compared.
        notes: What the reader must know to trust the verdict, one sentence each.
        not_worse: Configs that no other is shown to be better than, all pairs tested and
            corrected on their own; all of them when nothing is shown.
        configs: One summary per config, in suite order.
        contrasts: Every other config against the baseline.
        effects: Main effects of the factors of matrix configs.
        interactions: Of every two factors, where the matrix has all four cells.
    """

    suite: str
    baseline: str
    alert: str
    warning: str
    verdict: str
    headline: str
    findings: tuple[str, ...]
    carries: str = ""
    standing: str
    notes: tuple[str, ...]
    not_worse: tuple[str, ...]
    configs: tuple[ConfigSummary, ...]
    contrasts: tuple[Contrast, ...]
    effects: tuple[Contrast, ...]
    interactions: tuple[Interaction, ...] = ()

    @property
    def is_judged(self) -> bool:
        """Whether of any completed sample somebody says if it solved its task; true without any.

        Else every rate tells how many ended as accepted.
        """
        return not any(config.accepted for config in self.configs)


class Comparison(_Strict, frozen=True, kw_only=True):
    """Everything a report says about how configs compare."""

    schema_version: int = COMPARISON_SCHEMA_VERSION
    suites: tuple[SuiteComparison, ...] = ()
