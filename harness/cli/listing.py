"""``harness list``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.model.run import RunLog, SuiteInfo
    from harness.model.sample import SampleKey
    from harness.model.scenario import Suite
    from harness.runner.selection import Selection


@click.command("list")
@options.selection
@click.option("--samples", is_flag=True, help="List every sample.")
@click.option("--run", "run", metavar="RUN", help="List what this run holds, not what is on disk.")
@click.option("--runs", "list_runs", is_flag=True, help="List the runs kept here.")
@options.roots
@options.run_folder
def command(**arguments: Any) -> int:
    """List what there is: suites with their scenarios and configs, samples, or runs.

    With --run it is read from that run's log, samples with their outcomes. So it is with
    the newest run where no suite is on disk, as with runs of scripts, of tests and of
    imported conversations.

    \b
    Examples:
      harness list
      harness list --samples -k "widgets and t0.2"
      harness list --samples --run latest
      harness list --runs
    """
    if arguments["list_runs"]:
        return _list_runs(arguments["runs_folder"])
    from harness.errors import SelectionError, SuiteError

    try:
        return _list(arguments)
    except (SelectionError, SuiteError):
        _refuse_guesses(arguments["suites"], arguments["scenarios_root"])
        raise


def _list(arguments: dict[str, Any]) -> int:
    from harness.runner.header import load_all
    from harness.runner.plan import make_plan
    from harness.runner.selection import Selection

    narrowed = {name: arguments[name] for name in ("keyword", "configs", "epochs")}
    selection = Selection(**narrowed)
    if (log := _log(arguments)) is not None:
        return _list_log(
            log, Selection(suites=arguments["suites"], **narrowed), samples=arguments["samples"]
        )
    suites = load_all(arguments["scenarios_root"], arguments["suites"])
    plan = make_plan(suites, selection)
    if arguments["samples"]:
        _list_samples(plan, suites, arguments["cassettes_root"])
        return 0
    for suite in suites:
        _list_suite(suite)
    click.echo(f"{len(plan)} samples selected")
    return 0


def _refuse_guesses(names: Sequence[str], root: Path) -> None:
    """Refuse what is no suite, but the name of what another option lists."""
    from harness.cli.guesses import meant_by
    from harness.errors import SelectionError, SuiteError
    from harness.suites import find_suites

    try:
        known = {path.name for path in find_suites(root)}
    except SuiteError:
        known = set()
    for name in names:
        if name not in known and (meant := meant_by(name)):
            raise SelectionError(
                f"There is no suite {name!r}; harness list takes names of suites. "
                f"Did you mean: {meant}?"
            ) from None


def _log(arguments: dict[str, Any]) -> RunLog | None:
    """The run to list; None for the suites on disk, if there are any or no run either."""
    from harness.errors import LogError, SuiteError
    from harness.logs import find_log, read_log
    from harness.suites import find_suites

    folder = arguments["runs_folder"]
    if arguments["run"]:
        return read_log(find_log(folder, arguments["run"]))
    try:
        find_suites(arguments["scenarios_root"])
    except SuiteError:
        try:
            log = read_log(find_log(folder))
        except LogError:
            return None
        click.echo(f"There is no suite in {arguments['scenarios_root']}; this is the newest run:")
        return log
    return None


def _list_log(log: RunLog, selection: Selection, *, samples: bool) -> int:
    from harness.reports.text import one_line, outcome_words
    from harness.runner.selection import select

    results = {sample.key: outcome_words(sample.outcome) for sample in log.samples}
    plan = select(log.header.plan, selection)
    if samples:
        for key in plan:
            click.echo(f"{one_line(str(key))}  {results.get(key, '(no result)')}")
        return 0
    click.echo(f"Run {one_line(log.header.run_id)}, mode {log.header.mode}")
    wanted = {key.suite for key in plan}
    for suite in log.header.suites:
        if suite.name in wanted:
            _list_suite(suite)
    click.echo(f"{len(plan)} samples selected")
    return 0


def _list_samples(plan: Sequence[SampleKey], suites: Sequence[Suite], root: Path) -> None:
    from harness.cassettes import cassette_path
    from harness.runner.plan import Catalogue

    catalogue = Catalogue(suites)
    for key in plan:
        if catalogue.scenario(key).is_scripted:
            note = "   (scripted)"
        else:
            note = "" if cassette_path(root, key).exists() else "   (no cassette)"
        click.echo(f"{key}{note}")


def _list_suite(suite: Suite | SuiteInfo) -> None:
    # Texts of a suite may hold what steers a terminal, and so may names in a log.
    from harness.reports.text import counted, one_line

    epochs = counted(suite.epochs, "epoch")
    click.echo(f"{one_line(suite.name)}: {one_line(suite.title)} ({epochs})")
    for scenario in suite.scenarios:
        click.echo(f"  scenario {one_line(scenario.name)}: {one_line(scenario.title)}")
    for config in suite.configs:
        heat = "" if config.temperature is None else f", temperature {config.temperature:g}"
        mark = "  (baseline)" if config.name == suite.baseline else ""
        model = one_line(config.model) or "(model not known)"
        click.echo(f"  config {one_line(config.name)}: {model}{heat}{mark}")


def _list_runs(folder: Path) -> int:
    from contextlib import closing

    from harness.errors import HarnessError
    from harness.logs import open_log
    from harness.reports.facts import facts_of
    from harness.reports.text import one_line

    logs = sorted(folder.glob("*.sqlite")) if folder.is_dir() else []
    if not logs:
        click.echo(f"No runs in {folder}. Make one with: harness run")
    for path in logs:
        try:
            with closing(open_log(path)) as store:
                log = store.read()
        except HarnessError as error:
            click.echo(f"{one_line(path.stem)}  cannot be read: {one_line(str(error), 400)}")
            continue
        bad = sum(sample.status != "completed" for sample in log.samples)
        click.echo(
            f"{one_line(log.header.run_id)}  {log.header.mode}  "
            f"{len(log.samples)}/{len(log.header.plan)} samples, "
            f"{facts_of(log).judged}, {bad} errors or misses  "
            f"{one_line(', '.join(suite.name for suite in log.header.suites))}"
        )
    return 0
