"""``harness list``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.model.sample import SampleKey
    from harness.model.scenario import Suite


@click.command("list")
@options.selection
@click.option("--samples", is_flag=True, help="List every sample.")
@click.option("--runs", "list_runs", is_flag=True, help="List the runs kept here.")
@options.roots
@options.run_folder
def command(**arguments: Any) -> int:
    """List what there is: suites with their scenarios and configs, samples, or runs.

    \b
    Examples:
      harness list
      harness list --samples -k "widgets and t0.2"
      harness list --runs
    """
    if arguments["list_runs"]:
        return _list_runs(arguments["runs_folder"])
    from harness.runner.header import load_all
    from harness.runner.plan import make_plan
    from harness.runner.selection import Selection

    suites = load_all(arguments["scenarios_root"], arguments["suites"])
    selection = Selection(
        keyword=arguments["keyword"], configs=arguments["configs"], epochs=arguments["epochs"]
    )
    plan = make_plan(suites, selection)
    if arguments["samples"]:
        _list_samples(plan, suites, arguments["cassettes_root"])
        return 0
    for suite in suites:
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


def _list_suite(suite: Suite) -> None:
    # Texts of a suite may hold what steers a terminal; names are checked when it is loaded.
    from harness.reports.text import one_line

    click.echo(f"{one_line(suite.name)}: {one_line(suite.title)} ({suite.epochs} epochs)")
    for scenario in suite.scenarios:
        click.echo(f"  scenario {scenario.name}: {one_line(scenario.title)}")
    for config in suite.configs:
        heat = "" if config.temperature is None else f", temperature {config.temperature:g}"
        mark = "  (baseline)" if config.name == suite.baseline else ""
        click.echo(f"  config {config.name}: {one_line(config.model)}{heat}{mark}")


def _list_runs(folder: Path) -> int:
    from harness.logs import read_log
    from harness.reports.text import one_line

    logs = sorted(folder.glob("*.sqlite")) if folder.is_dir() else []
    if not logs:
        click.echo(f"No runs in {folder}. Make one with: harness run")
    for path in logs:
        log = read_log(path)
        passed = sum(sample.is_success for sample in log.samples)
        bad = sum(sample.status != "completed" for sample in log.samples)
        click.echo(
            f"{one_line(log.header.run_id)}  {log.header.mode}  "
            f"{len(log.samples)}/{len(log.header.plan)} samples, "
            f"{passed} passed, {bad} errors or misses  "
            f"{one_line(', '.join(suite.name for suite in log.header.suites))}"
        )
    return 0
