"""What `run` and `record` share: header, log, progress, report, gate."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.app import EXIT_GATE_FAILED, EXIT_INTERRUPTED, EXIT_USER_MISTAKE
from harness.cli.progress import showing
from harness.errors import BudgetReached, HarnessError
from harness.logs import create_log
from harness.reports.facts import has_reply
from harness.reports.text import counted
from harness.runner.batch import run_plan
from harness.runner.provider_faults import is_users_mistake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.run import RunHeader, RunLog
    from harness.model.sample import SampleKey, SampleResult
    from harness.model.scenario import Suite
    from harness.runner.batch import RunConfig


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Where results go.

    Attributes:
        runs_folder: Folder of the run logs.
        report: Path of the HTML report; None for one named after the run.
        junit: Path of a JUnit XML file; None for none.
        results: Path of a JSON file of the results; None for none.
        no_report: Write no HTML report.
    """

    runs_folder: Path
    report: Path | None = None
    junit: Path | None = None
    results: Path | None = None
    no_report: bool = False


def start(header: RunHeader, suites: Sequence[Suite], config: RunConfig, outputs: Outputs) -> int:
    """Run a new plan from its header to its exit code."""
    from harness.runner.build import load_engine

    # Before a log exists, so that a missing framework leaves nothing behind.
    for engine in sorted({c.engine for suite in header.suites for c in suite.configs}):
        load_engine(engine).version()
    store = create_log(outputs.runs_folder, header)
    click.echo(
        f"Run {header.run_id}: {counted(len(header.plan), 'sample')}, mode {header.mode}, "
        f"{counted(config.workers, 'worker')}, sandbox {header.sandbox}"
    )
    return go_on(store.path, header.plan, suites, config, outputs)


def go_on(
    log_path: Path,
    plan: Sequence[SampleKey],
    suites: Sequence[Suite],
    config: RunConfig,
    outputs: Outputs,
) -> int:
    """Run what is left of a plan into its log, then report and judge the whole run."""
    from harness.logs import locked, open_log

    store = open_log(log_path)
    signal.signal(signal.SIGTERM, _interrupt)
    again = (
        "the same command and --update (in place of --overwrite): what is recorded is replayed, "
        "not paid again"
        if config.mode == "record"
        else f"harness run --resume {log_path.stem}"
    )
    try:
        with locked(log_path) as lock, showing(len(plan)) as display:

            def on_result(result: SampleResult) -> None:
                lock.ended(result.key)
                display.result(result)

            run_plan(
                plan,
                suites,
                config,
                store,
                on_start=lock.began,
                on_result=on_result,
                on_tick=display.tick,
            )
    except KeyboardInterrupt:
        click.echo(f"Interrupted; every finished sample is kept. Go on with: {again}", err=True)
        return EXIT_INTERRUPTED
    except HarnessError as error:
        raise type(error)(f"{error} Every finished sample is kept. Go on with: {again}") from error
    finally:
        log = store.read()
        store.close()
    return finish(log, outputs)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def finish(log: RunLog, outputs: Outputs) -> int:
    """Write the reports, print the summary, apply the default gate."""
    from harness.comparison import compare_configs
    from harness.reports.console import print_summary
    from harness.reports.files import write_report

    comparison = compare_configs(log)
    report = outputs.report or Path("reports") / f"{log.header.run_id}.html"
    # Before anything is printed: whoever asked for a file may not read on.
    files = {"junit": outputs.junit, "json": outputs.results}
    files["html"] = None if outputs.no_report else report
    try:
        for name, path in files.items():
            if path:
                write_report(name, path, log, comparison)
    finally:
        print_summary(log, comparison, sys.stdout)
    code = gate(log)
    if not outputs.no_report:
        click.echo(f"Report: {report}")
    return code


def gate(log: RunLog) -> int:
    """The default gate: no errors, no misses, nothing missing."""
    bad = [sample for sample in log.samples if sample.status != "completed"]
    if not (bad or log.missing):
        return 0
    sys.stdout.flush()
    if log.header.mode == "record" and all(_could_not_start(each) for each in log.samples):
        click.echo("Error: nothing was recorded; the first line above says why.", err=True)
        return EXIT_USER_MISTAKE
    click.echo(_gate_text(log, bad), err=True)
    return EXIT_GATE_FAILED


def _gate_text(log: RunLog, bad: Sequence[SampleResult]) -> str:
    unrun = f", {len(log.missing)} not run" if log.missing else ""
    total = counted(len(log.header.plan), "sample")
    read = f" Read one with: harness show {bad[0].key}" if bad else ""
    text = f"Gate failed: {len(bad)} of {total} with errors or misses{unrun}.{read}"
    if any(_is_over_budget(each) for each in bad):
        text += (
            "\nThe recording stopped at --max-cost, and what was recorded so far is kept. Go on "
            "with the same command, --update in place of --overwrite, and a higher --max-cost "
            "(what is spent already does not count again)."
        )
    return text


def _could_not_start(sample: SampleResult) -> bool:
    return is_users_mistake(sample.failure) and not has_reply(sample)


def _is_over_budget(sample: SampleResult) -> bool:
    return sample.failure is not None and sample.failure.type.endswith(BudgetReached.__name__)
