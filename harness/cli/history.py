"""``harness history``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness.cli import options

if TYPE_CHECKING:
    from pathlib import Path

_DEFAULT = ".harness/history.sqlite"


def _database(function: Any) -> Any:  # click's decorators have no simple type
    return click.option(
        "--database",
        envvar="HARNESS_HISTORY",
        metavar="FILE|URL",
        default=None,
        help="SQLite file, or postgresql+psycopg://USER@HOST/DATABASE; default: what the "
        f"environment variable HARNESS_HISTORY says, else {_DEFAULT}.",
    )(function)


@click.group("history", invoke_without_command=True)
@click.option("-s", "--suite", "suites", multiple=True, metavar="NAME", help="Only this suite.")
@click.option("-c", "--config", "configs", multiple=True, metavar="NAME", help="Only this config.")
@click.option(
    "--last",
    type=click.IntRange(min=1),
    help="Only this many runs of each config, the newest; default: 20, of JSON and CSV all.",
)
@click.option("--json", "form", flag_value="json", default=None, help="Print JSON.")
@click.option("--csv", "form", flag_value="csv", default=None, help="Print CSV.")
@_database
@click.pass_context
def command(context: click.Context, /, **arguments: Any) -> int:
    """Show success, turns and cost of each config, run after run.

    Shows what was added with "harness history add", and what each run changed
    against the one before. A run's commit is that of its scenarios.

    \b
    Examples:
      harness history add
      harness history --suite sales_report --last 5
      harness history --csv > history.csv
      HARNESS_HISTORY=postgresql+psycopg://ci@db/results harness history add
    """
    context.obj = arguments["database"]
    if context.invoked_subcommand is not None:
        return 0
    from harness.cli import histories

    address = arguments.pop("database") or _DEFAULT
    return histories.show(address, histories.HistoryArguments(**arguments))


@command.command("add")
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--all", "is_all", is_flag=True, help="Add every run whose log is kept here.")
@_database
@options.run_folder
@click.pass_context
def add_command(
    context: click.Context,
    runs: tuple[str, ...],
    is_all: bool,  # noqa: FBT001 - click
    database: str | None,
    runs_folder: Path,
) -> int:
    """Add runs to the history; the newest one if none is named.

    RUN is a run id, its beginning, the path of a run log, or "latest". A run that
    is there already is left as it is, so adding again does no harm; a run that was
    resumed in between is completed. Nothing that agents wrote is kept, only
    outcomes, turns, costs, names and digests.

    \b
    Examples:
      harness history add
      harness history add --all
      harness history add 20261119T1802 --database results.sqlite
    """
    from harness.cli import histories

    if runs and is_all:
        raise click.UsageError("Name runs or give --all, not both.")
    address = database or context.obj or _DEFAULT
    return histories.add(address, runs or (() if is_all else ("latest",)), runs_folder)
