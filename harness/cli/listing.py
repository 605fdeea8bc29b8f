"""``harness list``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli import options


@click.command("list")
@options.selection
@click.option("--samples", is_flag=True, help="List every sample.")
@click.option("--runs", "list_runs", is_flag=True, help="List the runs kept here.")
@options.roots
@click.option(
    "--runs-folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=options.RUNS_FOLDER,
    show_default=True,
    help="Folder of the run logs.",
)
def command(
    suites: tuple[str, ...],
    keyword: str,
    configs: tuple[str, ...],
    epochs: tuple[int, ...],
    *,
    samples: bool,
    list_runs: bool,
    scenarios_root: Path,
    cassettes_root: Path,
    runs_folder: Path,
) -> int:
    r"""List what there is: suites with their scenarios and configs, samples, or runs.

    \b
    Examples:
      harness list
      harness list --samples -k "widgets and t0.2"
      harness list --runs
    """
    if list_runs:
        return _list_runs(runs_folder)
    from harness.cassettes import cassette_path
    from harness.cli.session import load_all
    from harness.runner.plan import make_plan
    from harness.runner.selection import Selection

    loaded = load_all(scenarios_root, suites)
    selection = Selection(keyword=keyword, configs=configs, epochs=epochs)
    plan = make_plan(loaded, selection)
    if samples:
        for key in plan:
            has_cassette = cassette_path(cassettes_root, key).exists()
            click.echo(f"{key}{'' if has_cassette else '   (no cassette)'}")
        return 0
    for suite in loaded:
        click.echo(f"{suite.name}: {suite.title} ({suite.epochs} epochs)")
        for scenario in suite.scenarios:
            click.echo(f"  scenario {scenario.name}: {scenario.title}")
        for config in suite.configs:
            heat = "" if config.temperature is None else f", temperature {config.temperature:g}"
            mark = "  (baseline)" if config.name == suite.baseline else ""
            click.echo(f"  config {config.name}: {config.model}{heat}{mark}")
    click.echo(f"{len(plan)} samples selected")
    return 0


def _list_runs(folder: Path) -> int:
    from harness.logs import read_log

    logs = sorted(folder.glob("*.sqlite")) if folder.is_dir() else []
    if not logs:
        click.echo(f"No runs in {folder}. Make one with: harness run")
    for path in logs:
        log = read_log(path)
        passed = sum(sample.is_success for sample in log.samples)
        bad = sum(sample.status != "completed" for sample in log.samples)
        click.echo(
            f"{log.header.run_id}  {log.header.mode}  {len(log.samples)}/{len(log.header.plan)} "
            f"samples, {passed} passed, {bad} errors or misses  "
            f"{', '.join(suite.name for suite in log.header.suites)}"
        )
    return 0
