"""Two sides of the same samples as data: two runs, or two configs, pair by pair.

`harness.comparison` computes them; reports only render them. A pair is one scenario and
epoch on both sides; the first side is what the second is measured against.
"""

from __future__ import annotations

from typing import Literal

from harness.model.comparison import Contrast, Estimate
from harness.model.sample import Outcome, SampleKey
from harness.model.structs import Strict as _Strict

PAIRED_SCHEMA_VERSION = 3

Direction = Literal["worse", "better", "same outcome"]
CodeEnd = Literal["passed", "recovered", "failed", "none"]

_RANKS: dict[Outcome, int] = {"pass": 2, "fail": 1, "unjudged": 1, "error": 0, "miss": 0}


class Said(_Strict, frozen=True, kw_only=True):
    """A message around the first character that differs from the other side's.

    Attributes:
        speaker: Who said it.
        recipient: To whom.
        text: Its lines from the one that differs on, the part before it cut, the end too
            if it is long; both cuts show as an ellipsis.
        differs_at: Position in text of the first character that differs.
    """

    speaker: str
    recipient: str
    text: str
    differs_at: int


class Parting(_Strict, frozen=True, kw_only=True):
    """Where two conversations of a sample part.

    Attributes:
        turn: The first turn that differs, from 1.
        first: Speaker and words of the first on one line, around the first character that
            differs.
        second: The same of the second.
        why: What differed before that turn, or in the settings of who speaks, for people;
            "" if neither tells.
        said_a: The first's message; None if its conversation is over.
        said_b: The second's.
    """

    turn: int
    first: str
    second: str
    why: str
    said_a: Said | None = None
    said_b: Said | None = None


def direction_of(before: Outcome, after: Outcome) -> Direction:
    """Pass is better than fail, and fail than not having completed.

    Nothing is better or worse than what nobody judged.
    """
    if "unjudged" in (before, after):
        return "same outcome"
    change = _RANKS[after] - _RANKS[before]
    return "better" if change > 0 else "worse" if change < 0 else "same outcome"


class SampleChange(_Strict, frozen=True, kw_only=True):
    """A sample whose outcome or termination differs between two runs.

    Attributes:
        parting: Where its two conversations part; None if the same was said in both.
    """

    key: SampleKey
    outcome_a: Outcome
    outcome_b: Outcome
    termination_a: str | None
    termination_b: str | None
    parting: Parting | None = None

    @property
    def direction(self) -> Direction:
        """Whether it got worse or better; see `direction_of`."""
        return direction_of(self.outcome_a, self.outcome_b)


class PairedSample(_Strict, frozen=True, kw_only=True):
    """One scenario and epoch on both sides.

    Attributes:
        key_a: The sample of the first side.
        key_b: The sample of the second.
        outcome_a: Outcome on the first side.
        outcome_b: Outcome on the second.
        termination_a: Termination reason; None if the conversation did not end.
        termination_b: The same of the second.
        code_a: How the code that agents ran fared; "recovered" if some block did not
            pass and the last one did, "none" if no block ran.
        code_b: The same of the second.
        turns_a: Turns; None if the sample did not complete.
        turns_b: The same of the second.
        cost_usd_a: US dollars; None if unknown.
        cost_usd_b: The same of the second.
        parting: Where the two conversations part; None if the same was said in both.
    """

    key_a: SampleKey
    key_b: SampleKey
    outcome_a: Outcome
    outcome_b: Outcome
    termination_a: str | None
    termination_b: str | None
    code_a: CodeEnd
    code_b: CodeEnd
    turns_a: int | None
    turns_b: int | None
    cost_usd_a: float | None
    cost_usd_b: float | None
    parting: Parting | None

    @property
    def is_completed(self) -> bool:
        """Whether both sides ended by themselves, well or not."""
        return {self.outcome_a, self.outcome_b} <= {"pass", "fail", "unjudged"}

    @property
    def is_identical(self) -> bool:
        """Whether the same was said, it ended alike, and nothing came out otherwise."""
        a = self.outcome_a, self.termination_a, self.code_a, self.turns_a
        b = self.outcome_b, self.termination_b, self.code_b, self.turns_b
        # Where nobody said anything, nothing is known to be the same.
        return self.parting is None and a == b and self.is_completed and bool(self.turns_a)

    @property
    def direction(self) -> Direction:
        """Whether the second is worse or better; see `direction_of`."""
        return direction_of(self.outcome_a, self.outcome_b)


class Crossing(_Strict, frozen=True, kw_only=True):
    """What pairs have on the first side by what they have on the second.

    Attributes:
        labels: What there is, most frequent first.
        counts: counts[i][j] pairs have labels[i] on the first side and labels[j] on the second.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def moved(self) -> int:
        """Pairs whose sides differ."""
        return sum(map(sum, self.counts)) - sum(row[i] for i, row in enumerate(self.counts))


class Shift(_Strict, frozen=True, kw_only=True):
    """A skewed quantity over the pairs that completed and have it on both sides.

    Attributes:
        n: These pairs.
        absent: The others.
        median_a: Median of the first side over these pairs; None when n is 0.
        median_b: Median of the second side.
        difference: Median of second minus first over these pairs, its interval by redrawing
            pairs inside their scenario (bootstrap); None when n is 0.
        changed: Pairs in which it differs.
    """

    n: int
    absent: int
    median_a: float | None
    median_b: float | None
    difference: Estimate | None
    changed: int


class Pairs(_Strict, frozen=True, kw_only=True):
    """Everything two sides differ in besides success, pair by pair and together.

    Attributes:
        samples: Every pair, in key order.
        terminations: Termination reasons; of a sample that did not end by itself, its status.
        code: How the code fared.
        turns: Turns.
        cost_usd: US dollars.
    """

    samples: tuple[PairedSample, ...]
    terminations: Crossing
    code: Crossing
    turns: Shift
    cost_usd: Shift


class ConfigRuns(_Strict, frozen=True, kw_only=True):
    """One config of one suite in two runs; is_changed if its settings or prompts differ."""

    suite: str
    config: str
    is_changed: bool
    contrast: Contrast


class RunComparison(_Strict, frozen=True, kw_only=True, tag_field="between", tag="runs"):
    """Run B against run A, over the samples both have.

    Attributes:
        run_a: Id of the run measured against.
        run_b: Id of the run that is judged.
        samples: Samples with a result in both.
        configs: One entry per suite and config both have.
        changes: Samples that differ in outcome or termination, in key order.
        only_in_a: Samples with a result in run A alone.
        only_in_b: Samples with a result in run B alone.
        is_replay: Whether no model was asked in either run, so that every change is a
            fact about what changed in between and not chance.
        drift: What of the scenarios changed in between, in words; empty unless the
            comparison was asked for all the same.
        alert: Samples that did not complete, if they forbid a comparison; else "".
        verdict: The headline: of replays what changed, else what is shown to differ.
        statistics: Of replays, what the outcomes show about the configs; else "".
        correction: For how many comparisons interval, p and what could be seen are corrected.
        held_back: Why an interval that excludes 0 leaves the verdict open; "" if none does.
        pairs: Terminations, turns, cost and code, and every sample.
    """

    schema_version: int = PAIRED_SCHEMA_VERSION
    run_a: str
    run_b: str
    samples: int
    configs: tuple[ConfigRuns, ...]
    changes: tuple[SampleChange, ...]
    only_in_a: tuple[SampleKey, ...]
    only_in_b: tuple[SampleKey, ...]
    is_replay: bool
    drift: tuple[str, ...] = ()
    alert: str
    verdict: str
    statistics: str
    correction: str = ""
    held_back: str = ""
    pairs: Pairs


class SuiteContrast(_Strict, frozen=True, kw_only=True):
    """Two configs in one suite."""

    suite: str
    contrast: Contrast


class ConfigPairComparison(_Strict, frozen=True, kw_only=True, tag_field="between", tag="configs"):
    """Config B against config A, over the scenarios and epochs both have.

    Both may be levels of a factor, "prompts=careful": then all configs of that level are one
    side, and the sides of a pair have the levels of all other factors in common, too.

    Attributes:
        run_a: Id of the run of config A.
        run_b: Id of the run of config B, usually the same.
        config_a: The config, or level, measured against.
        config_b: The config, or level, that is judged.
        settings: In what their settings differ, in words; with the suites where that is not so in
            all of them.
        samples: Pairs with a result on both sides.
        suites: One entry per suite that has both.
        only_in_a: Samples of config A without a counterpart.
        only_in_b: Samples of config B without a counterpart.
        drift: As of `RunComparison`.
        alert: As of `RunComparison`.
        verdict: What is shown to differ, suite by suite.
        correction: For how many comparisons interval, p and what could be seen are corrected, and
            that a report corrects for more, if it shows more.
        held_back: As of `RunComparison`.
        pairs: Terminations, turns, cost and code, and every pair.
    """

    schema_version: int = PAIRED_SCHEMA_VERSION
    run_a: str
    run_b: str
    config_a: str
    config_b: str
    settings: tuple[str, ...]
    samples: int
    suites: tuple[SuiteContrast, ...]
    only_in_a: tuple[SampleKey, ...]
    only_in_b: tuple[SampleKey, ...]
    drift: tuple[str, ...] = ()
    alert: str
    verdict: str
    correction: str = ""
    held_back: str = ""
    pairs: Pairs
