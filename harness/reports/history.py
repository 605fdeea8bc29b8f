"""The history of configs: for a terminal of 80 columns, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, TextIO

from harness.reports import numbers
from harness.reports.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.model.comparison import Interval
    from harness.model.history import History, HistoryChange, HistoryEntry

_HEAD = ("Run", "Commit", "Success", "95 %", "Turns", "Cost", "Change")
# As much of a run's id as tells the minute, or the second; commands take it for the whole.
_LENGTHS = len("20261128T1056"), len("20261128T105609")
_SHORT = 7
_WITH_POINTS = ("better", "worse", "inconclusive")
_LEGEND = (
    "Success: with the number of samples; errors and misses are failures. 95 %: its interval. "
    "Turns: median. Cost: mean per sample, US dollars. Change: success against the row above, in "
    "points, over the scenarios that are the same in both; what is called better or worse is so "
    "with all changes of the suite taken together at 95 %."
)
_MEANINGS = {
    "same outcomes": "Same outcomes: replays of which no sample ended otherwise.",
    "not comparable": "Not comparable: samples without a result weigh differently on the two.",
    "no results": "No results: the run, or the one above it, has a result of no sample yet.",
    "other scenarios": "Other scenarios: none is the same in both runs.",
    "inconclusive": "Inconclusive: a difference of 10 points could have gone unseen.",
}
_PARTIAL = (
    "(n of m): the run has a result of only n of the m samples that the whole suite has of the "
    "config; what was planned and has none counts as a failure."
)
_CHANGED = "* Settings or prompts of the config changed."
_DIFFERED = "+ Files of the scenarios' repository differed from the commit."
_DIRTY = "-dirty"


def print_history(history: History, stream: TextIO) -> None:
    """Print a table per config, oldest run first, and what its words mean."""
    writer = Writer(stream)
    suites: dict[str, dict[str, list[HistoryEntry]]] = {}
    for entry in history.entries:
        suites.setdefault(entry.suite, {}).setdefault(entry.config, []).append(entry)
    for suite, configs in suites.items():
        for config, entries in configs.items():
            writer.line(f"{suite} {config}", "bold")
            writer.table(_HEAD, _rows(entries))
            for note in _notes(entries):
                writer.prose(note, "dim")
            writer.line()
    for line in _legend(history):
        writer.prose(line, "dim")


def _legend(history: History) -> Iterator[str]:
    """What the columns mean, and those marks and words that are there."""
    changes = [entry.change for entry in history.entries if entry.change]
    yield _LEGEND
    if any(entry.results < entry.whole for entry in history.entries):
        yield _PARTIAL
    if any(change.is_config_changed for change in changes):
        yield _CHANGED
    if any(entry.commit.endswith(_DIRTY) for entry in history.entries):
        yield _DIFFERED
    steps = {change.step for change in changes}
    yield from (meaning for step, meaning in _MEANINGS.items() if step in steps)


def _rows(entries: Sequence[HistoryEntry]) -> list[tuple[str, ...]]:
    names = {entry.run_id for entry in entries}
    lengths = [n for n in _LENGTHS if len({name[:n] for name in names}) == len(names)]
    length = lengths[0] if lengths else None
    return [(entry.run_id[:length], *_row(entry)) for entry in entries]


def _row(entry: HistoryEntry) -> tuple[str, ...]:
    interval = entry.success.interval
    return (
        _commit(entry.commit),
        f"{numbers.percent(entry.success.value)} ({_size(entry)})",
        _limits(interval),
        numbers.number(entry.turns_median),
        numbers.usd(entry.cost_usd_mean),
        _change(entry.change),
    )


def _size(entry: HistoryEntry) -> str:
    """Its samples; of a part of the suite, of how many."""
    is_whole = entry.results == entry.whole
    return str(entry.success.n) if is_whole else f"{entry.results} of {entry.whole}"


def _commit(commit: str) -> str:
    if not commit:
        return numbers.DASH
    return commit[:_SHORT] + ("+" if commit.endswith(_DIRTY) else "")


def _limits(interval: Interval | None) -> str:
    if interval is None:
        return numbers.DASH
    return f"{100 * interval.low:.0f}{numbers.DASH}{100 * interval.high:.0f}"


def _change(change: HistoryChange | None) -> str:
    if change is None:
        return numbers.DASH
    mark = "*" if change.is_config_changed else ""
    if change.difference is not None and change.step in _WITH_POINTS:
        return f"{numbers.points(change.difference.value)} {change.step}{mark}"
    return f"{change.step}{mark}"


def _notes(entries: Sequence[HistoryEntry]) -> list[str]:
    """What must be known to trust the rows of a config."""
    notes = []
    for entry in entries:
        left_out = entry.change.left_out if entry.change else 0
        parts = [
            f"{number} {one if number == 1 else several}"
            for number, one, several in (
                (entry.errors, "error", "errors"),
                (entry.misses, "cassette miss", "cassette misses"),
                (entry.unjudged, "sample not judged", "samples not judged"),
                (entry.missing, "sample without a result", "samples without a result"),
                (entry.costs_unknown, "sample of unknown cost", "samples of unknown cost"),
                (left_out, "scenario not compared", "scenarios not compared"),
            )
            if number
        ]
        if parts:
            notes.append(f"{entry.run_id}: {'; '.join(parts)}.")
    modes = dict.fromkeys(entry.mode for entry in entries)
    if len(modes) > 1:
        notes.append(f"How models were asked differs between these runs: {', '.join(modes)}.")
    return notes


def history_json(history: History) -> str:
    """The history as ASCII JSON; ``harness schema history`` prints its schema."""
    import msgspec

    document = msgspec.to_builtins(history)
    return json.dumps(document, ensure_ascii=True, allow_nan=False, indent=1) + "\n"


def history_csv(history: History) -> str:
    """One row per entry; what is not known is an empty cell."""
    rows = [_cells(entry) for entry in history.entries]
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _cells(entry: HistoryEntry) -> dict[str, str | int | float | None]:
    change, interval = entry.change, entry.success.interval
    difference = change.difference if change else None
    limits = difference.interval if difference else None
    return {
        "suite": entry.suite,
        "config": entry.config,
        "run": entry.run_id,
        "started_at": entry.started_at,
        "commit": entry.commit,
        "mode": entry.mode,
        "harness_version": entry.harness_version,
        "samples": entry.success.n,
        "successes": entry.success.successes,
        "success": entry.success.value,
        "success_low": interval.low if interval else None,
        "success_high": interval.high if interval else None,
        "errors": entry.errors,
        "misses": entry.misses,
        "missing": entry.missing,
        "turns_median": entry.turns_median,
        "cost_usd_mean": entry.cost_usd_mean,
        "run_before": change.before if change else None,
        "change": change.step if change else None,
        "difference": difference.value if difference else None,
        "difference_low": limits.low if limits else None,
        "difference_high": limits.high if limits else None,
        "p_adjusted": change.p_adjusted if change else None,
        "config_changed": int(change.is_config_changed) if change else None,
        "suite_samples": entry.suite_samples,
        "unjudged": entry.unjudged,
    }
