"""What ``harness gate`` does once its arguments are parsed."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import click
from msgspec.structs import replace

from harness.cli.app import EXIT_GATE_FAILED
from harness.comparison import judge, outcomes_of
from harness.errors import HarnessError, SuiteError
from harness.logs import find_log, read_log
from harness.model.gate import Gate, Thresholds
from harness.reports.files import write_file
from harness.reports.gate import gate_markdown
from harness.reports.gate_page import print_gates, print_last_word
from harness.reports.text import one_line
from harness.suites.baseline import baseline_path, read_baseline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.gate import SuiteGate, SuiteOutcomes
    from harness.model.run import RunLog
    from harness.model.scenario import Suite

_VARIABLE = "GITHUB_STEP_SUMMARY"


@dataclass(frozen=True, kw_only=True)
class GateArguments:
    """The command line of ``harness gate``, one field per option."""

    run: str
    baseline: str | None
    success_at_least: float | None
    turns_at_most: float | None
    cost_at_most: float | None
    margin: float | None
    on_inconclusive: str | None
    is_whole: bool
    step_summary: bool
    comment: Path | None
    results: Path | None
    scenarios_root: Path
    runs_folder: Path

    @property
    def gate(self) -> Gate | None:
        """The gate that the options describe; None if they give no threshold."""
        thresholds = Thresholds(
            success_at_least=self.success_at_least,
            cost_usd_at_most=self.cost_at_most,
            turns_at_most=self.turns_at_most,
        )
        if thresholds == Thresholds() and self.margin is None:
            return None
        return Gate(
            thresholds=thresholds,
            success_margin=self.margin,
            fails_inconclusive=self.on_inconclusive == "fail",
        )


class _Gated(NamedTuple):
    """A suite of the run with its gate, and where it is on disk, if it is."""

    gate: Gate
    folder: Path | None
    outcomes: SuiteOutcomes


def run(arguments: GateArguments) -> int:
    """Judge the run; returns the exit code."""
    log = read_log(find_log(arguments.runs_folder, arguments.run))
    if not log.samples:
        raise HarnessError(
            f"Run {log.header.run_id} holds no result yet, of {len(log.header.plan)} planned "
            "samples: there is nothing to judge. Finish it first: harness run --resume "
            f"{log.header.run_id}"
        )
    outcomes = outcomes_of(log)
    suites = suites_of(outcomes, arguments.scenarios_root)
    gated = _gated(outcomes, suites, arguments)
    if not gated:
        _refuse_no_gate(log, suites, arguments)
    _refuse_idle_baseline(gated, arguments)
    gates = _judged(gated, arguments)
    ungated = [each.suite for each in outcomes if each.suite not in {gate.suite for gate in gates}]
    # Before anything is printed: whoever asked for a file may not read on.
    if arguments.results is not None:
        text = _as_json(gates, ungated, log.header.run_id)
        write_file(arguments.results, text, "outcome of the gate")
    _write(gates, log, arguments)
    print_gates(gates, sys.stdout, is_whole=arguments.is_whole)
    if ungated:
        click.echo(f"Without a gate, so not judged: {', '.join(map(one_line, ungated))}.")
    if arguments.comment is not None:
        click.echo(f"Comment: {arguments.comment}")
    print_last_word(gates, sys.stdout)
    return EXIT_GATE_FAILED if any(gate.is_failed for gate in gates) else 0


def suites_of(outcomes: Sequence[SuiteOutcomes], root: Path) -> dict[str, Suite]:
    """The suites of a run as they are on disk now, by name; those that are gone left out.

    Runs of scripts, tests and imported conversations have none there, so that there need
    not be any at all.

    Raises:
        SuiteError: If one of them has mistakes.
    """
    from harness.runner.header import load_all
    from harness.suites import find_suites

    try:
        present = {folder.name for folder in find_suites(root)}
    except SuiteError:
        return {}
    names = [each.suite for each in outcomes if each.suite in present]
    return {suite.name: suite for suite in load_all(root, names)} if names else {}


def _gated(
    outcomes: Sequence[SuiteOutcomes], suites: dict[str, Suite], arguments: GateArguments
) -> list[_Gated]:
    """Every suite with a gate: that of the options if they give one, else its own."""
    gated = []
    for each in outcomes:
        suite = suites.get(each.suite)
        gate = arguments.gate or (suite.gate if suite else None)
        if gate and arguments.on_inconclusive:
            gate = replace(gate, fails_inconclusive=arguments.on_inconclusive == "fail")
        if gate:
            gated.append(_Gated(gate, Path(suite.folder) if suite else None, each))
    return gated


def _refuse_no_gate(log: RunLog, suites: dict[str, Suite], arguments: GateArguments) -> NoReturn:
    root = arguments.scenarios_root
    baselines = [name for name, suite in suites.items() if baseline_path(suite.folder).exists()]
    names = [suite.name for suite in log.header.suites]
    own = [one_line(name) for name in names if name in suites]
    others = [one_line(name) for name in names if name not in suites]
    said = []
    if own:
        said.append(
            f"{', '.join(own)} in {root}: add one to suite.yaml, for example: "
            "gate: {success: {at_least: 0.8}}; or give thresholds here, for example: "
            f"harness gate {arguments.run} --success-at-least 0.8"
        )
    if baselines:
        said.append(
            f"{', '.join(map(one_line, baselines))}: there is a baseline; hold the run against it "
            f"with: harness gate {arguments.run} --margin 0.1; or by suite.yaml: gate: "
            "{against_baseline: {success: {margin: 0.1}}}"
        )
    if others:
        said.append(
            f"{', '.join(others)}: no suite in {root} has that name, as it is with runs of "
            "scripts, tests and imported conversations; give thresholds here, for example: "
            f"harness gate {arguments.run} --success-at-least 0.8"
        )
    raise HarnessError(f"No suite of run {log.header.run_id!r} has a gate. {'. '.join(said)}")


def _refuse_idle_baseline(gated: Sequence[_Gated], arguments: GateArguments) -> None:
    if arguments.baseline and all(each.gate.success_margin is None for each in gated):
        raise HarnessError(
            "--baseline names a run to compare with, but no gate of this run's suites compares. "
            "Add --margin 0.1; or add to suite.yaml, under gate: "
            "against_baseline: {success: {margin: 0.1}}"
        )


def _judged(gated: Sequence[_Gated], arguments: GateArguments) -> list[SuiteGate]:
    named: dict[str, SuiteOutcomes] = {}
    if arguments.baseline:
        log = read_log(find_log(arguments.runs_folder, arguments.baseline))
        named = {each.suite: each for each in outcomes_of(log)}
    return [
        judge(each.gate, each.outcomes, _baseline(each, named, arguments.baseline))
        for each in gated
    ]


def _baseline(
    gated: _Gated, named: dict[str, SuiteOutcomes], run: str | None
) -> SuiteOutcomes | None:
    """What the suite is compared with, if its gate compares."""
    suite = gated.outcomes.suite
    if gated.gate.success_margin is None:
        return None
    if run:
        if suite not in named:
            raise HarnessError(
                f"Run {run!r} has no sample of {suite}, whose gate compares with a baseline. "
                "Name a run of the same suites with --baseline."
            )
        return named[suite]
    if gated.folder is None:
        raise HarnessError(
            f"The suite {suite!r} is not on disk, so it has no baseline.json. Name the run to "
            "compare with: --baseline RUN; list them with: harness list --runs"
        )
    return read_baseline(baseline_path(gated.folder))


def _write(gates: Sequence[SuiteGate], log: RunLog, arguments: GateArguments) -> None:
    if not arguments.step_summary and arguments.comment is None:
        return
    from harness.comparison import compare_configs
    from harness.reports.files import render

    text = gate_markdown(gates, render("markdown", log, compare_configs(log)))
    if arguments.comment is not None:
        write_file(arguments.comment, text, "comment")
    if arguments.step_summary:
        _step_summary(text)


def _step_summary(text: str) -> None:
    name = os.environ.get(_VARIABLE)
    if not name:
        click.echo(
            f"No step summary: {_VARIABLE} is not set, as it is outside of GitHub.", err=True
        )
        return
    # Other commands of the step may have written there, too.
    write_file(Path(name), text, "step summary", is_added=True)


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
