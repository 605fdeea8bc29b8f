"""What the command line prints: a run's summary, two runs compared, one conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from harness.reports import numbers
from harness.reports.executions import not_isolated
from harness.reports.facts import facts_of
from harness.reports.failures import failing
from harness.reports.markdown import contrast_name
from harness.reports.paired import SEES, print_comparison, print_config_pair
from harness.reports.transcript import print_transcript, print_verdict
from harness.reports.upkeep import upkeep_lines
from harness.reports.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.model.comparison import Comparison, SuiteComparison
    from harness.model.run import RunLog
    from harness.model.sample import SampleResult

__all__ = [
    "print_comparison",
    "print_config_pair",
    "print_summary",
    "print_transcript",
    "print_verdict",
]


def print_summary(log: RunLog, comparison: Comparison, stream: TextIO) -> None:
    """Print verdicts and tables of a run: rich on a terminal, plain text otherwise."""
    writer = Writer(stream)
    facts = facts_of(log)
    writer.line(f"Model replies: {'; '.join(facts.sources) or 'none yet'}.")
    writer.line(f"Samples: {facts.ran} of {facts.planned}, {facts.judged}.")
    if facts.errors or facts.misses:
        writer.line(f"Errors: {facts.errors}. Cassette misses: {facts.misses}.", "bold red")
    warning = not_isolated(facts.sandboxes)
    if warning:
        writer.prose(warning, "bold red")
    for line in upkeep_lines(log.samples):
        writer.line(line)
    for suite in comparison.suites:
        _suite(writer, suite)
        failed = [sample for sample in log.samples if sample.key.suite == suite.suite]
        _failing(writer, failed, log.header.titles.get(suite.suite, {}))


def _failing(writer: Writer, samples: Sequence[SampleResult], titles: Mapping[str, str]) -> None:
    lines = failing(samples, titles)
    if lines:
        writer.line()
        writer.line("Failed most often:", "bold")
    for line in lines:
        writer.prose(line, indent=2)


def _suite(writer: Writer, suite: SuiteComparison) -> None:
    writer.line()
    writer.line(suite.suite, "bold")
    if suite.alert:
        writer.prose(suite.alert, "bold red")
    if suite.warning:
        writer.prose(suite.warning, "bold red")
    writer.prose(suite.verdict, "bold cyan")
    if suite.standing:
        writer.prose(suite.standing)
    for note in suite.notes:
        writer.prose(note, "dim")
    writer.line()
    _configs(writer, suite)
    contrasts = [*suite.effects, *suite.contrasts]
    if contrasts:
        writer.line()
        head = "Compared", "Points", "Interval", "p", "Sees", "Verdict"
        writer.table(head, [(contrast_name(each), *numbers.difference(each)) for each in contrasts])
        if any(each.seen is not None for each in contrasts):
            writer.prose(SEES, "dim")


def _configs(writer: Writer, suite: SuiteComparison) -> None:
    head = (
        "Config",
        numbers.rate_name(suite),
        "95 % interval",
        "n",
        "Turns",
        "Code OK",
        "Cost, mean",
        "Err",
        "Miss",
    )
    rows = [
        (
            each.config,
            numbers.percent(each.success.value),
            numbers.percent_range(each.success.interval),
            str(each.success.n),
            numbers.number(each.turns.median),
            numbers.percent(each.code.mean_share),
            numbers.usd(each.cost.mean),
            str(each.errors),
            str(each.misses),
        )
        for each in suite.configs
    ]
    writer.table(head, rows)
