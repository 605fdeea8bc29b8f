"""What the gate says on one screen: a table per suite, then the last word."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from harness.reports import numbers
from harness.reports.gate import HEADINGS, notes_of, unchanged
from harness.reports.text import counted
from harness.reports.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.gate import GateFinding, GateOutcome, SuiteGate

_STYLES: dict[GateOutcome, str] = {
    "passed": "bold green",
    "regressed": "bold red",
    "inconclusive": "bold yellow",
}
_WHAT = {
    "success": "success",
    "cost_usd": "cost",
    "turns": "turns",
    "success against the baseline": "vs baseline",
}
# How many rows of each outcome have room on a screen; --all shows the rest.
_MOST: dict[GateOutcome, int] = {"regressed": 8, "inconclusive": 6, "passed": 4}
_NAMED = 4
_LEGEND = "Epochs: how many per scenario would decide it if what was measured stays so."


def print_gates(gates: Sequence[SuiteGate], stream: TextIO, *, is_whole: bool = False) -> None:
    """Print what each suite's gate says; what regressed first, what passed last.

    Args:
        gates: What the gates say.
        stream: Coloured if it is a terminal, else plain text.
        is_whole: Print every threshold, however many there are.
    """
    writer = Writer(stream)
    for gate in gates:
        _suite(writer, gate, is_whole=is_whole)


def print_last_word(gates: Sequence[SuiteGate], stream: TextIO) -> None:
    """Print the outcome of all of them, why, and the exit code that follows from it."""
    overall = _overall(gates)
    Writer(stream).parts([(HEADINGS[overall], _STYLES[overall]), (_reason(overall, gates), "")])


def _suite(writer: Writer, gate: SuiteGate, *, is_whole: bool) -> None:
    against = f" against baseline {gate.baseline_id}" if gate.baseline_id else ""
    heading = f"Gate of {gate.suite}, run {gate.run_id}{against}: "
    writer.parts([(heading, "bold"), (HEADINGS[gate.outcome], _STYLES[gate.outcome])])
    left: list[str] = []
    for outcome in _MOST:
        findings = [each for each in gate.findings if each.outcome == outcome]
        shown = findings if is_whole else findings[: _MOST[outcome]]
        if shown:
            _findings(writer, outcome, shown)
        if len(findings) > len(shown):
            left.append(f"{len(findings) - len(shown)} more {outcome}")
    if left:
        writer.line(f"and {', '.join(left)}; all of them with: --all", "dim")
    if gate.outcome == "inconclusive":
        writer.line(_LEGEND, "dim")
    for note in (*_flips(gate), *_warnings(gate), *notes_of(gate)):
        writer.line(note)
    writer.line()


def _findings(writer: Writer, outcome: GateOutcome, findings: Sequence[GateFinding]) -> None:
    """One table; of what is open it also tells how many epochs would decide."""
    is_open = outcome == "inconclusive"
    head = outcome.capitalize(), "What", "Measured", "Interval", "Wanted"
    rows: list[tuple[str, ...]] = [
        (each.config, _WHAT[each.measure], *_numbers(each)) for each in findings
    ]
    if is_open:
        rows = [(*row, _epochs(each)) for row, each in zip(rows, findings, strict=True)]
    writer.table((*head, "Epochs") if is_open else head, rows)


def _epochs(finding: GateFinding) -> str:
    """How many would decide; of what was not measured that is not known."""
    if finding.value is None:
        return numbers.DASH
    return f"{finding.epochs:,}" if finding.epochs else "none"


def _numbers(finding: GateFinding) -> tuple[str, str, str]:
    """What was measured, its interval, and what is wanted."""
    value, limits = finding.value, finding.interval
    if finding.measure == "success against the baseline":
        wanted = f"at least {numbers.points(-finding.limit)}"
        interval = (
            f"{numbers.points(limits.low)} to {numbers.points(limits.high)}"
            if limits
            else numbers.DASH
        )
        counts = [
            f"{each.successes}/{each.n}" for each in (finding.baseline_rate, finding.rate) if each
        ]
        shown = (
            numbers.DASH if value is None else f"{numbers.points(value)} ({' to '.join(counts)})"
        )
        return shown, interval, wanted
    if finding.measure == "success":
        counted_ = f" ({finding.rate.successes}/{finding.rate.n})" if finding.rate else ""
        return (
            f"{numbers.percent(value)}{counted_}",
            numbers.percent_range(limits),
            f"at least {100 * finding.limit:g} %",
        )
    told = numbers.usd if finding.measure == "cost_usd" else numbers.number
    interval = f"{told(limits.low)} to {told(limits.high)}" if limits else numbers.DASH
    return told(value), interval, f"at most {told(finding.limit)}"


def _flips(gate: SuiteGate) -> list[str]:
    """How many samples turned out otherwise than in the baseline, which alone decides nothing."""
    compared = [f for f in gate.findings if f.measure == "success against the baseline"]
    if not compared:
        return []
    changed = sum(finding.changed for finding in compared)
    flips = f"Since the baseline {counted(changed, 'sample')} changed outcome."
    told: dict[str, list[str]] = {}
    for finding in compared:
        if finding.identical:
            told.setdefault(unchanged(finding), []).append(finding.config)
    return [flips, *(f"{_named(configs)}: {text}." for text, configs in told.items())]


def _warnings(gate: SuiteGate) -> list[str]:
    """What would turn out otherwise without the samples that did not complete."""
    return [
        f"WARNING: without the samples that did not complete it would be "
        f"{finding.without_failed}: {finding.config}, {_WHAT[finding.measure]}."
        for finding in gate.findings
        if finding.without_failed != finding.outcome
    ]


def _overall(gates: Sequence[SuiteGate]) -> GateOutcome:
    outcomes = {gate.outcome for gate in gates}
    if "regressed" in outcomes:
        return "regressed"
    return "inconclusive" if "inconclusive" in outcomes or not gates else "passed"


def _reason(overall: GateOutcome, gates: Sequence[SuiteGate]) -> str:
    total = sum(len(gate.findings) for gate in gates)
    code = 1 if any(gate.is_failed for gate in gates) else 0
    if overall == "passed":
        return f": {_of(total, total, gates)} met. Exit code 0."
    concerned = [gate for gate in gates if gate.outcome == overall]
    bad = sum(f.outcome == overall for gate in concerned for f in gate.findings)
    if overall == "regressed":
        return (
            f": {_of(bad, total, concerned)} missed by more than chance explains. Exit code {code}."
        )
    return f"{_rule(concerned)}: {_undecided(bad, total, concerned)}. Exit code {code}."


def _of(count: int, total: int, gates: Sequence[SuiteGate]) -> str:
    which = f"all {total}" if count == total else f"{count} of {total}"
    names = ", ".join(gate.suite for gate in gates[:_NAMED])
    more = f" and {len(gates) - _NAMED} more suites" if len(gates) > _NAMED else ""
    if total == 1:
        return f"the threshold of {names} is"
    return f"{which} thresholds ({names}{more}) {'is' if count == 1 else 'are'}"


def _rule(gates: Sequence[SuiteGate]) -> str:
    """What follows from what cannot be decided; it can differ between suites."""
    failed = [gate.suite for gate in gates if gate.is_failed]
    if not failed:
        return ", which lets it pass (on_inconclusive: pass)"
    whose = "" if len(failed) == len(gates) else f" for {', '.join(failed[:_NAMED])}"
    return f", which fails{whose} (on_inconclusive: fail)"


def _undecided(count: int, total: int, gates: Sequence[SuiteGate]) -> str:
    if not count:
        return "no threshold was held against anything"
    said = f"nothing regressed, but {_of(count, total, gates)} undecided"
    open_ = [f for gate in gates for f in gate.findings if f.outcome == "inconclusive"]
    if lacking := _lacking(open_, gates):
        said = f"{said}; {lacking}"
    epochs = [finding.epochs for finding in open_ if finding.epochs]
    if len(epochs) < len(open_):
        return said
    return f"{said}; about {max(epochs)} epochs per scenario would decide it if all stays so"


def _lacking(open_: Sequence[GateFinding], gates: Sequence[SuiteGate]) -> str:
    """That what is held against a baseline has none to be held against."""
    configs = [
        each.config
        for each in open_
        if each.measure == "success against the baseline" and each.value is None
    ]
    if not configs:
        return ""
    whose = "the baseline has" if len(gates) == 1 else "their baselines have"
    return f"{whose} no sample of {_named(configs)}"


def _named(configs: Sequence[str]) -> str:
    more = f" and {len(configs) - _NAMED} more" if len(configs) > _NAMED else ""
    return f"{', '.join(configs[:_NAMED])}{more}"
