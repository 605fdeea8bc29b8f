"""``harness export``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli import options


@click.command("export")
@click.argument("run", default="latest")
@click.option(
    "--to",
    "path",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write; its name ends with .csv, .jsonl or .parquet. Its folder is made.",
)
@click.option("--overwrite", is_flag=True, help="Replace the file if it is there.")
@options.run_folder
def command(run: str, path: Path, overwrite: bool, runs_folder: Path) -> int:  # noqa: FBT001 - click
    """Write a run as a table for a spreadsheet or a data frame: one row per sample.

    RUN is a run id, its beginning, the path of a run log, or "latest". In Python,
    RunLog.to_pandas() gives the same table.

    \b
    Examples:
      harness export --to results.csv
      harness export 20261119T1802 --to results.parquet
    """
    from harness.logs import find_log, read_log
    from harness.reports.table import write_table

    log = read_log(find_log(runs_folder, run))
    count = write_table(log, path, overwrite=overwrite)
    click.echo(
        f"{count} {'sample' if count == 1 else 'samples'} of run {log.header.run_id}: {path}"
    )
    return 0
