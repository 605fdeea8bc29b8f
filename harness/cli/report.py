"""``harness report``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli import options


@click.command("report")
@click.argument("run", default="latest")
@click.option(
    "-f",
    "--format",
    "name",
    default="html",
    show_default=True,
    metavar="NAME",
    help="html, markdown, json, junit, or a reporter of your own: harness plugins reporters",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File to write; default: reports/RUN.html for html, standard output for the others. "
    "Its folder is made.",
)
@options.run_folder
def command(run: str, name: str, output: Path | None, runs_folder: Path) -> int:
    """Render a finished run again, without running anything.

    RUN is a run id, its beginning, the path of a run log, or "latest".

    \b
    Examples:
      harness report
      harness report latest -o out/report.html
      harness report 20261120T1015 --format markdown
    """
    from harness.comparison import compare_configs
    from harness.logs import find_log, read_log
    from harness.reports.files import render, write_report

    log = read_log(find_log(runs_folder, run))
    comparison = compare_configs(log)
    if output is None and name == "html":
        output = options.REPORTS_FOLDER / f"{log.header.run_id}.html"
    if output is None:
        click.echo(render(name, log, comparison).rstrip("\n"))
        return 0
    write_report(name, output, log, comparison)
    click.echo(f"Report: {output}")
    return 0
