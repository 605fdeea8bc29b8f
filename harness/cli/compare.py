"""``harness compare``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli import options

if TYPE_CHECKING:
    from pathlib import Path


@click.command("compare")
@click.argument("run_a")
@click.argument("run_b", default="latest")
@options.run_folder
def command(run_a: str, run_b: str, runs_folder: Path) -> int:
    """Compare two runs: what changed per config, sample by sample.

    RUN_A and RUN_B are run ids, their beginnings, paths of run logs, or "latest".
    Runs of scenarios that changed in between are not comparable and are refused.

    \b
    Examples:
      harness compare 20261119T1802 latest
    """
    import sys

    from harness.comparison import compare_runs
    from harness.logs import find_log, read_log
    from harness.reports.console import print_comparison

    log_a = read_log(find_log(runs_folder, run_a))
    log_b = read_log(find_log(runs_folder, run_b))
    print_comparison(compare_runs(log_a, log_b), sys.stdout)
    return 0
