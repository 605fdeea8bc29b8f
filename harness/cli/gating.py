"""What ``harness gate`` does once its arguments are parsed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from harness.cli.app import EXIT_GATE_FAILED
from harness.comparison import judge, outcomes_of
from harness.errors import EnvironmentFault, HarnessError
from harness.logs import find_log, read_log
from harness.reports.gate import gate_markdown, gate_text
from harness.suites.baseline import baseline_path, read_baseline

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.model.gate import SuiteGate, SuiteOutcomes
    from harness.model.run import RunLog
    from harness.model.scenario import Suite

_VARIABLE = "GITHUB_STEP_SUMMARY"


@dataclass(frozen=True, kw_only=True)
class GateArguments:
    """The command line of ``harness gate``, one field per option."""

    run: str
    baseline: str | None
    step_summary: bool
    comment: Path | None
    results: Path | None
    scenarios_root: Path
    runs_folder: Path


def run(arguments: GateArguments) -> int:
    """Judge the run; returns the exit code."""
    log = read_log(find_log(arguments.runs_folder, arguments.run))
    outcomes = outcomes_of(log)
    suites = suites_of(outcomes, arguments.scenarios_root)
    gated = [(suites[each.suite], each) for each in outcomes if each.suite in suites]
    gated = [(suite, each) for suite, each in gated if suite.gate]
    _refuse_no_gate(gated, log, arguments)
    gates = _judged(gated, arguments)
    click.echo(gate_text(gates), nl=False)
    ungated = [each.suite for each in outcomes if each.suite not in {gate.suite for gate in gates}]
    if arguments.results is not None:
        _put(arguments.results, _as_json(gates, ungated, log.header.run_id), "w")
    if ungated:
        click.echo(f"Without a gate, so not judged: {', '.join(ungated)}.")
    _write(gates, log, arguments)
    return EXIT_GATE_FAILED if any(gate.is_failed for gate in gates) else 0


def suites_of(outcomes: Sequence[SuiteOutcomes], root: Path) -> dict[str, Suite]:
    """The suites of a run as they are on disk now, by name; those that are gone left out.

    Raises:
        SuiteError: If there is no suite at all, or one of them has mistakes.
    """
    from harness.runner.header import load_all
    from harness.suites import find_suites

    present = {folder.name for folder in find_suites(root)}
    names = [each.suite for each in outcomes if each.suite in present]
    return {suite.name: suite for suite in load_all(root, names)} if names else {}


def _refuse_no_gate(
    gated: Sequence[tuple[Suite, SuiteOutcomes]], log: RunLog, arguments: GateArguments
) -> None:
    if not gated:
        names = ", ".join(suite.name for suite in log.header.suites)
        raise HarnessError(
            f"No suite of run {log.header.run_id!r} ({names}) has a gate in "
            f"{arguments.scenarios_root}. Add one to its suite.yaml, for example: "
            "gate: {success: {at_least: 0.8}}"
        )
    if arguments.baseline and all(
        suite.gate and suite.gate.success_margin is None for suite, _ in gated
    ):
        raise HarnessError(
            "--baseline names a run to compare with, but no gate of this run's suites compares. "
            "Add to suite.yaml, under gate: against_baseline: {success: {margin: 0.1}}"
        )


def _judged(
    gated: Sequence[tuple[Suite, SuiteOutcomes]], arguments: GateArguments
) -> list[SuiteGate]:
    named: dict[str, SuiteOutcomes] = {}
    if arguments.baseline:
        log = read_log(find_log(arguments.runs_folder, arguments.baseline))
        named = {each.suite: each for each in outcomes_of(log)}
    gates = []
    for suite, outcomes in gated:
        if suite.gate is None:
            continue
        if suite.gate.success_margin is None:
            baseline = None
        elif arguments.baseline:
            baseline = named.get(suite.name)
            _refuse_absent(baseline, suite.name, arguments.baseline)
        else:
            baseline = read_baseline(baseline_path(suite.folder))
        gates.append(judge(suite.gate, outcomes, baseline))
    return gates


def _refuse_absent(baseline: SuiteOutcomes | None, suite: str, name: str) -> None:
    if baseline is None:
        raise HarnessError(
            f"Run {name!r} has no sample of {suite}, whose gate compares with a baseline. "
            "Name a run of the same suites with --baseline."
        )


def _write(gates: Sequence[SuiteGate], log: RunLog, arguments: GateArguments) -> None:
    if not arguments.step_summary and arguments.comment is None:
        return
    from harness.comparison import compare_configs
    from harness.reports.files import render

    text = gate_markdown(gates, render("markdown", log, compare_configs(log)))
    if arguments.comment is not None:
        _put(arguments.comment, text, "w")
        click.echo(f"Comment: {arguments.comment}")
    if arguments.step_summary:
        _step_summary(text)


def _step_summary(text: str) -> None:
    from pathlib import Path

    name = os.environ.get(_VARIABLE)
    if not name:
        click.echo(
            f"No step summary: {_VARIABLE} is not set, as it is outside of GitHub.", err=True
        )
        return
    # Other commands of the step may have written there, too.
    _put(Path(name), text, "a")


def _as_json(gates: Sequence[SuiteGate], ungated: Sequence[str], run_id: str) -> str:
    import msgspec

    from harness.model.gate import GateResult

    result = GateResult(
        run_id=run_id,
        is_failed=any(gate.is_failed for gate in gates),
        suites=tuple(gates),
        without_gate=tuple(ungated),
    )
    return msgspec.json.format(msgspec.json.encode(result)).decode() + "\n"


def _put(path: Path, text: str, mode: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode, encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise EnvironmentFault(f"{path}: this cannot be written: {error.strerror}.") from None
