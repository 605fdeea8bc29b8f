"""``harness run``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli import options


@click.command("run")
@options.selection
@options.roots
@options.run_folder
@options.execution
@click.option(
    "--resume",
    metavar="[RUN]",
    is_flag=False,
    flag_value="latest",
    default=None,
    help="Go on with an interrupted run: its id, or nothing for the newest.",
)
@click.option(
    "--live",
    is_flag=True,
    help="Ask the provider instead of the cassettes; costs money, nothing is recorded.",
)
@click.option(
    "--allow-unsafe",
    is_flag=True,
    help="Run code written by a live model although the sandbox does not isolate it.",
)
@click.option("--report", type=click.Path(path_type=Path), help="Path of the HTML report.")
@click.option("--no-report", is_flag=True, help="Write no HTML report.")
@click.option("--junit", type=click.Path(path_type=Path), help="Also write JUnit XML here.")
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    help="Also write results.json here, the same bytes for the same results.",
)
def command(**arguments: Any) -> int:
    """Run suites: replay, score, report.

    Without arguments every suite in scenarios/ runs, every config and epoch,
    from the cassettes in cassettes/: no API key, no network, no cost.

    \b
    Examples:
      harness run
      harness run sales_report rate_limiter -n 4
      harness run -k "widgets and careful" -e 1
      harness run --junit junit.xml --report report.html
      harness run --resume

    Exit code 1 when a sample ended in an error or a cassette miss. A sample
    that merely scores low is a result, not a failure.
    """
    from harness.cli import running

    return running.run(running.RunArguments(**arguments))
