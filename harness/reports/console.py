"""What the command line prints: a run's summary, two runs compared, one conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from harness.reports import numbers
from harness.reports.executions import not_isolated
from harness.reports.facts import facts_of
from harness.reports.failures import failing
from harness.reports.markdown import contrast_name
from harness.reports.text import one_line
from harness.reports.transcript import print_transcript, print_verdict
from harness.reports.upkeep import upkeep_lines
from harness.reports.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.comparison import (
        Comparison,
        ConfigSummary,
        Contrast,
        RunComparison,
        SampleChange,
        SuiteComparison,
    )
    from harness.model.run import RunLog
    from harness.model.sample import SampleResult

__all__ = ["print_comparison", "print_summary", "print_transcript", "print_verdict"]

_MOST_CHANGES = 50
_MOST_PARTINGS = 10


def print_summary(log: RunLog, comparison: Comparison, stream: TextIO) -> None:
    """Print verdicts and tables of a run: rich on a terminal, plain text otherwise."""
    writer = Writer(stream)
    facts = facts_of(log)
    writer.line(f"Model replies: {'; '.join(facts.sources) or 'none yet'}.")
    writer.line(f"Samples: {facts.ran} of {facts.planned}, {facts.passed} passed.")
    if facts.errors or facts.misses:
        writer.line(f"Errors: {facts.errors}. Cassette misses: {facts.misses}.", "bold red")
    warning = not_isolated(facts.sandboxes)
    if warning:
        writer.prose(warning, "bold red")
    for line in upkeep_lines(log.samples):
        writer.line(line)
    for suite in comparison.suites:
        _suite(writer, suite)
        _failing(writer, [sample for sample in log.samples if sample.key.suite == suite.suite])


def print_comparison(comparison: RunComparison, stream: TextIO) -> None:
    """Print run B against run A: verdict, rates per config, and the samples that changed.

    Of two replays the changed samples come first, because they are facts; of
    live runs the statistics do.
    """
    writer = Writer(stream)
    writer.line(f"First run {comparison.run_a}, second run {comparison.run_b}.", "dim")
    if comparison.alert:
        writer.prose(comparison.alert, "bold red")
    writer.prose(comparison.verdict, "bold")
    if comparison.is_replay:
        _changes(writer, comparison)
        writer.line()
        writer.prose(comparison.statistics)
    _rates(writer, comparison)
    if not comparison.is_replay:
        _changes(writer, comparison)
    for run, keys in (("first", comparison.only_in_a), ("second", comparison.only_in_b)):
        if keys:
            writer.line(f"Samples with a result in the {run} run alone, not compared: {len(keys)}.")


def _rates(writer: Writer, comparison: RunComparison) -> None:
    writer.line()
    head = "Config", "First", "Second", "Points", "Interval", "p", "Sees", "Verdict"
    writer.table(
        head,
        [
            (
                f"{each.suite}/{each.config}{' (settings changed)' if each.is_changed else ''}",
                numbers.percent(each.contrast.reference_success.value),
                numbers.percent(each.contrast.candidate_success.value),
                *_difference(each.contrast),
            )
            for each in comparison.configs
        ],
    )


_GROUPS = {"worse": "Got worse", "better": "Got better", "same outcome": "Ended otherwise"}


def _changes(writer: Writer, comparison: RunComparison) -> None:
    left = _MOST_CHANGES
    for direction, title in _GROUPS.items():
        group = [each for each in comparison.changes if each.direction == direction]
        if group[:left]:
            writer.line()
            head = title, "First", "Second", "Ended by", "Then by"
            writer.table(head, [_change(each) for each in group[:left]])
        left -= len(group[:left])
    if len(comparison.changes) > _MOST_CHANGES:
        writer.line(f"and {len(comparison.changes) - _MOST_CHANGES} more changed samples")
    _partings(writer, comparison.changes)


def _partings(writer: Writer, changes: Sequence[SampleChange]) -> None:
    """Where the conversations of changed samples part, of many only the first."""
    parted = [each for each in changes if each.parting]
    if parted:
        writer.line()
        writer.line("Where they part:", "bold")
    for each in parted[:_MOST_PARTINGS]:
        if each.parting is None:
            continue
        why = f" ({one_line(each.parting.why)})" if each.parting.why else ""
        writer.prose(f"{each.key}, turn {each.parting.turn}{why}")
        writer.prose(f"  - {one_line(each.parting.first)}", "dim")
        writer.prose(f"  + {one_line(each.parting.second)}")
    if len(parted) > _MOST_PARTINGS:
        writer.line(f"and {len(parted) - _MOST_PARTINGS} more that part")


def _change(change: SampleChange) -> tuple[str, ...]:
    return (
        str(change.key),
        change.outcome_a,
        change.outcome_b,
        change.termination_a or numbers.DASH,
        change.termination_b or numbers.DASH,
    )


def _failing(writer: Writer, samples: Sequence[SampleResult]) -> None:
    lines = failing(samples)
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
    writer.prose(suite.verdict, "bold cyan")
    if suite.standing:
        writer.prose(suite.standing)
    for note in suite.notes:
        writer.prose(note, "dim")
    writer.line()
    _configs(writer, suite.configs)
    contrasts = [*suite.effects, *suite.contrasts]
    if contrasts:
        writer.line()
        head = "Compared", "Points", "Interval", "p", "Sees", "Verdict"
        writer.table(head, [(contrast_name(each), *_difference(each)) for each in contrasts])


def _configs(writer: Writer, configs: Sequence[ConfigSummary]) -> None:
    head = (
        "Config",
        "Success",
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
        for each in configs
    ]
    writer.table(head, rows)


def _difference(contrast: Contrast) -> tuple[str, str, str, str, str]:
    return (
        numbers.points(contrast.difference.value),
        numbers.points_range(contrast.difference),
        numbers.p_value(contrast),
        numbers.seen(contrast),
        contrast.verdict,
    )
