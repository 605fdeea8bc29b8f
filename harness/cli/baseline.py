"""``harness baseline``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli import options

if TYPE_CHECKING:
    from pathlib import Path


@click.group("baseline")
def command() -> None:
    """Keep a run as the baseline of its suites, or show what is kept.

    Each suite's baseline is the file baseline.json in its folder, to be
    committed: per sample its outcome, cost, turns and a digest of its conversation,
    nothing that agents wrote.

    \b
    Examples:
      harness baseline set latest
      harness baseline show
    """


@command.command("set")
@click.argument("run")
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@click.option("--overwrite", is_flag=True, help="Replace baselines that are there.")
@click.option(
    "--partial",
    is_flag=True,
    help="Also where RUN lacks results: planned ones, or those that the baseline has.",
)
@options.scenarios
@options.run_folder
def set_command(
    run: str,
    suites: tuple[str, ...],
    overwrite: bool,  # noqa: FBT001 - click
    partial: bool,  # noqa: FBT001 - click
    scenarios_root: Path,
    runs_folder: Path,
) -> int:
    """Keep RUN as the baseline of its suites, or of those named.

    RUN is a run id, its beginning, the path of a run log, or "latest". Unless you
    add --partial, a run that was interrupted is not kept, as samples without a
    result count as failures; nor does one that lacks results of a baseline, of what
    the suite still holds, replace it: what is lost is no longer compared.

    \b
    Examples:
      harness baseline set latest
      harness baseline set 20261119T1802 sales_report --overwrite
    """
    from harness.cli import baselines

    how = baselines.Replacing(overwrite=overwrite, partial=partial)
    return baselines.keep(run, suites, scenarios_root, runs_folder, how)


@command.command("show")
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@options.scenarios
def show_command(suites: tuple[str, ...], scenarios_root: Path) -> int:
    """Show the baselines that are kept: run, success, cost and turns per config.

    \b
    Examples:
      harness baseline show
    """
    from harness.cli import baselines

    return baselines.show(suites, scenarios_root)
