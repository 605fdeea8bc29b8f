"""What the gate says, in sentences, for GitHub and wherever there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.reports import numbers
from harness.reports.markdown import LIMIT
from harness.reports.markdown_text import escaped
from harness.reports.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.gate import GateFinding, SuiteGate

_CUT = "\n\n*Cut here: GitHub takes no more than 65,536 characters in a comment.*\n"
_MOST_NAMED = 8
HEADINGS = {"passed": "PASSED", "regressed": "REGRESSED", "inconclusive": "INCONCLUSIVE"}


def _headline(gate: SuiteGate) -> str:
    against = f" against baseline {gate.baseline_id}" if gate.baseline_id else ""
    said = HEADINGS[gate.outcome]
    if gate.outcome == "inconclusive":
        rule = "fail" if gate.is_failed else "pass"
        effect = "fails" if gate.is_failed else "lets it pass, though nothing shows that it is good"
        said += f", which {effect} (on_inconclusive: {rule})"
    return f"Gate of {gate.suite}, run {gate.run_id}{against}: {said}"


def by_weight(findings: Sequence[GateFinding]) -> list[GateFinding]:
    """What regressed first, then what is open, then what passed."""
    weights = ("regressed", "inconclusive", "passed")
    return sorted(findings, key=lambda each: weights.index(each.outcome))


def finding_sentence(finding: GateFinding) -> str:
    """What was measured, its interval, the threshold, and what would decide."""
    parts = [f"{finding.config}: {_measured(finding)}"]
    if finding.outcome == "inconclusive":
        parts.append(_what_decides(finding))
    if finding.without_failed != finding.outcome:
        or_unjudged = " or that nobody judged" if finding.absent and finding.rate else ""
        parts.append(
            f"WARNING: without the samples that did not complete{or_unjudged} it would be "
            f"{finding.without_failed}"
        )
    return "; ".join(parts)


def _measured(finding: GateFinding) -> str:
    if finding.value is None:
        return f"{finding.measure} was not measured"
    if finding.measure == "success":
        counts = f" ({finding.rate.successes} of {finding.rate.n})" if finding.rate else ""
        return (
            f"success {numbers.percent(finding.value)}{counts}, interval "
            f"{numbers.percent_range(finding.interval)}, at least {_share(finding.limit)} wanted"
        )
    if finding.measure == "success against the baseline":
        return _against(finding)
    shown = numbers.usd if finding.measure == "cost_usd" else numbers.number
    name = "cost per sample" if finding.measure == "cost_usd" else "turns"
    limits = finding.interval
    interval = f", interval {shown(limits.low)} to {shown(limits.high)}" if limits else ""
    return f"{name} {shown(finding.value)}{interval}, at most {shown(finding.limit)} wanted"


def _against(finding: GateFinding) -> str:
    if finding.identical:
        return f"{unchanged(finding)}, margin {100 * finding.limit:g}"
    value, limits = finding.value or 0.0, finding.interval
    counts = [
        f"{each.successes} of {each.n}" for each in (finding.rate, finding.baseline_rate) if each
    ]
    interval = (
        f", interval {numbers.points(limits.low)} to {numbers.points(limits.high)}"
        if limits
        else ""
    )
    return (
        f"success {numbers.points(value)} points against the baseline "
        f"({' now, '.join(counts)} then){interval}, margin {100 * finding.limit:g}; "
        f"{counted(finding.changed, 'sample')} changed outcome"
    )


def unchanged(finding: GateFinding) -> str:
    """Why a replay of the baseline's own conversations passes, however few they are."""
    if finding.identical == 1:
        return "the same conversation with the same outcome as in the baseline: nothing regressed"
    return (
        f"the same conversation and outcome in all {finding.identical} samples as in the baseline: "
        "nothing regressed"
    )


def _share(share: float) -> str:
    return f"{100 * share:g} %"


def _what_decides(finding: GateFinding) -> str:
    if finding.value is None:
        lacking = "the baseline has no sample of it" if _is_against(finding) else "no sample has it"
        return f"cannot be decided: {lacking}"
    if finding.absent and finding.rate:
        return f"cannot be decided: nobody judged {counted(finding.absent, 'sample')}"
    if finding.absent:
        return f"cannot pass: it is unknown for {counted(finding.absent, 'sample')}"
    if finding.epochs is None:
        return "1,000 epochs would not decide it if it stays so"
    both = " in both runs" if _is_against(finding) else ""
    return f"about {finding.epochs} epochs per scenario{both} would decide it if it stays so"


def _is_against(finding: GateFinding) -> bool:
    return finding.measure == "success against the baseline"


def notes_of(gate: SuiteGate) -> list[str]:
    """What must be known to trust the outcome, one sentence each."""
    notes = [*_without_result(gate), *_not_judged(gate)]
    if gate.unmatched:
        notes.append(
            f"Not compared, as only one of run and baseline has them: {', '.join(gate.unmatched)}."
        )
    if gate.changed_configs:
        notes.append(f"Settings changed since the baseline: {', '.join(gate.changed_configs)}.")
    if gate.lacking:
        notes.append(
            f"Not compared, as baseline {gate.baseline_id} has no sample of it: "
            f"{_listed(gate.lacking)}. Keep a run that has all of them: harness baseline set RUN "
            f"{gate.suite} --overwrite"
        )
    if gate.dropped:
        notes.append(
            f"Baseline {gate.baseline_id} has more, of which this run has no sample and the gate "
            f"says nothing: {_listed(gate.dropped)}."
        )
    if not gate.findings:
        notes.append("No config of this run has a threshold.")
    return notes


def _without_result(gate: SuiteGate) -> list[str]:
    sides = {"": gate.incomplete, " in the baseline": gate.baseline_incomplete}
    return [
        f"Counted as failures{where}: {counted(number, 'sample')} with an error, a miss or no "
        "result."
        for where, number in sides.items()
        if number
    ]


def _not_judged(gate: SuiteGate) -> list[str]:
    notes = []
    if gate.unjudged:
        notes.append(
            f"Nobody judged {counted(gate.unjudged, 'sample')}: of these, a success is no more "
            "than a conversation that ended as accepted."
        )
    sides = {"run": gate.unknown, "baseline": gate.baseline_unknown}
    notes += [
        f"Nobody judged {counted(number, 'sample')} of the {side}, though others of it: what "
        "depends on how they fared is inconclusive."
        for side, number in sides.items()
        if number
    ]
    return notes


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"


def gate_markdown(gates: Sequence[SuiteGate], summary: str = "") -> str:
    """The same for a step summary or a pull-request comment.

    Args:
        gates: What the gates say.
        summary: Markdown of the run, added below.

    Returns:
        At most `LIMIT` characters; what is too long is cut with a sentence that says so.
    """
    lines = []
    for gate in gates:
        lines += [f"## {escaped(_headline(gate))}", ""]
        lines += ["| Outcome | Config, measured, wanted |", "| --- | --- |"]
        lines += [
            f"| {HEADINGS[each.outcome].lower()} | {escaped(finding_sentence(each))} |"
            for each in by_weight(gate.findings)
        ]
        lines += ["", *(f"{escaped(note)}\n" for note in notes_of(gate))]
    return shortened("\n".join([*lines, summary]).rstrip("\n") + "\n")


def shortened(text: str) -> str:
    """Markdown of at most `LIMIT` characters, cut between lines, with no element left open."""
    if len(text) <= LIMIT:
        return text
    closing = "\n</details>"
    kept = text[: LIMIT - len(_CUT) - len(closing)].rpartition("\n")[0]
    is_open = kept.count("<details>") > kept.count("</details>")
    return f"{kept}{closing if is_open else ''}{_CUT}"
