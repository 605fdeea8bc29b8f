"""A Markdown summary that fits in a pull-request comment."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from harness.reports import numbers
from harness.reports.executions import not_isolated
from harness.reports.facts import facts_of
from harness.reports.markdown_blocks import (
    MOST_BLOCKS,
    block_lines,
    fault_lines,
    outcome_lines,
)
from harness.reports.markdown_text import escaped, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.comparison import (
        Comparison,
        Contrast,
        Interaction,
        SuiteComparison,
    )
    from harness.model.run import RunLog
    from harness.model.sample import SampleResult

# What GitHub accepts in one comment.
LIMIT = 65_536
_MOST_FAILURES = 200
# What the words for a difference mean of an effect.
_LARGER = {"better": "larger", "worse": "smaller"}


class MarkdownReporter:
    """Verdict, configs, differences, faults, blocks of code and failures, within `LIMIT`."""

    name: ClassVar[str] = "markdown"
    suffix: ClassVar[str] = ".md"

    def render(self, log: RunLog, comparison: Comparison) -> str:
        """The summary; if it would be too long, the lists at its end are cut and say so."""
        head = [_source(log)]
        for suite in comparison.suites:
            head += _suite(suite)
            head += fault_lines([each for each in log.samples if each.key.suite == suite.suite])
        head += outcome_lines(log.samples)
        failures = [each for each in log.samples if each.outcome not in ("pass", "unjudged")]
        kept = _MOST_FAILURES
        while True:
            blocks = block_lines(log.samples, min(kept, MOST_BLOCKS))
            listed = _failures(failures, kept) if failures else [_no_failure(log.samples)]
            text = "\n".join([*head, *blocks, *listed]) + "\n"
            if len(text) <= LIMIT:
                return text
            if kept == 0:
                return text[: LIMIT - 40].rsplit("\n", 1)[0] + "\n\n*(cut: too long)*\n"
            kept //= 2


def _source(log: RunLog) -> str:
    facts = facts_of(log)
    parts = [f"Model replies: {escaped('; '.join(facts.sources) or 'none yet')}."]
    parts.append(f"{facts.ran} of {facts.planned} samples, {facts.judged}.")
    if facts.errors or facts.misses:
        parts.append(f"**Errors: {facts.errors}, cassette misses: {facts.misses}.**")
    parts.append(f"Sandbox: {escaped(', '.join(facts.sandboxes))}.")
    if warning := not_isolated(facts.sandboxes):
        parts.append(f"**{escaped(warning)}.**")
    return " ".join(parts) + "\n"


def _suite(suite: SuiteComparison) -> list[str]:
    lines = [f"## {escaped(suite.suite)}", ""]
    if suite.alert:
        lines += ["> [!CAUTION]", f"> **{escaped(suite.alert)}**", ""]
    if suite.warning:
        lines += ["> [!WARNING]", f"> {escaped(suite.warning)}", ""]
    lines += [f"**{escaped(suite.verdict)}**", ""]
    if suite.standing:
        lines += [escaped(suite.standing), ""]
    lines += [escaped(note) for note in suite.notes]
    lines += ["", *_configs(suite), ""]
    contrasts = [*suite.effects, *suite.contrasts]
    lines += [*_contrasts(contrasts), ""] if contrasts else []
    return lines + ([*_interactions(suite.interactions), ""] if suite.interactions else [])


def _configs(suite: SuiteComparison) -> list[str]:
    head = (
        "Config",
        numbers.rate_name(suite),
        "95 % interval",
        "n",
        "Turns",
        "Code OK",
        "Cost, mean",
        "Errors",
        "Misses",
    )
    rows = [
        (
            escaped(each.config),
            numbers.percent(each.success.value),
            numbers.percent_range(each.success.interval),
            str(each.success.n),
            numbers.number(each.turns.median),
            numbers.percent(each.code.mean_share),
            numbers.usd(each.cost.mean).replace("$", "\\$"),
            str(each.errors),
            str(each.misses),
        )
        for each in suite.configs
    ]
    return table(head, rows)


def _contrasts(contrasts: Sequence[Contrast]) -> list[str]:
    head = (
        "Compared",
        "Points",
        "Interval",
        "n",
        "p (Holm)",
        "Sees, points",
        "Verdict",
        "Mean cost, ratio",
    )
    rows = [
        (
            escaped(contrast_name(each)),
            numbers.points(each.difference.value),
            numbers.points_range(each.difference),
            f"{each.candidate_success.n} vs {each.reference_success.n}",
            numbers.p_value(each).replace("<", "&lt;"),
            numbers.seen(each),
            each.verdict,
            numbers.ratio(each.cost_ratio),
        )
        for each in contrasts
    ]
    return table(head, rows)


def _interactions(interactions: Sequence[Interaction]) -> list[str]:
    head = "Effect of", "Larger at", "Points", "Interval", "n", "p (Holm)", "Verdict"
    rows = [
        (
            escaped(f"{each.factor}={each.candidate} vs {each.reference}"),
            escaped(f"{each.by}={each.by_candidate} than at {each.by_reference}"),
            numbers.points(each.difference.value),
            numbers.points_range(each.difference),
            str(each.n),
            numbers.p_value(each).replace("<", "&lt;"),
            _LARGER.get(each.verdict, each.verdict),
        )
        for each in interactions
    ]
    return table(head, rows)


def contrast_name(contrast: Contrast) -> str:
    """Which is compared with which, e.g. "prompts=careful vs brief"."""
    is_named = contrast.factor in ("config", "run")
    factor = "" if is_named else f"{contrast.factor}="
    return f"{factor}{contrast.candidate} vs {contrast.reference}"


def _no_failure(samples: Sequence[SampleResult]) -> str:
    judged = sum(sample.outcome != "unjudged" for sample in samples)
    if judged == len(samples):
        return "No sample failed."
    return "No judged sample failed." if judged else "No sample was judged."


def _failures(failures: Sequence[SampleResult], kept: int) -> list[str]:
    lines = [f"<details><summary>Failures: {len(failures)}</summary>", ""]
    lines += [
        f"- {escaped(str(each.key))}: {escaped(why_failed(each), 200)}" for each in failures[:kept]
    ]
    if kept < len(failures):
        lines.append(f"- and {len(failures) - kept} more")
    return [*lines, "", "</details>"]


def why_failed(sample: SampleResult) -> str:
    """One line on why a sample is no success."""
    if sample.failure is not None:
        return f"{sample.status}: {sample.failure.type}: {sample.failure.message}"
    if sample.status != "completed":
        return sample.status
    failed = [f"{score.scorer}: {score.reason}" for score in sample.verdicts if not score.passed]
    return "; ".join(failed) or "no score judged it"
