"""``harness noise``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli import options

if TYPE_CHECKING:
    from pathlib import Path


@click.command("noise")
@click.argument("run", default="latest")
@click.option(
    "--difference",
    type=click.FloatRange(0, 100, min_open=True),
    default=5.0,
    show_default=True,
    help="The difference to plan for, in points of success.",
)
@options.run_folder
def command(run: str, difference: float, runs_folder: Path) -> int:
    """Tell how much of a run's results is chance, and what it could see.

    Splits the variance of success into that between scenarios and that between
    epochs of the same scenario, says by how much the same config would differ from
    itself, and plans the run that sees a difference you care about. RUN is a run
    id, its beginning, the path of a run log, or "latest".

    \b
    Examples:
      harness noise
      harness noise 20261119T1802 --difference 10
    """
    import sys

    from harness.comparison import noise_of
    from harness.logs import find_log, read_log
    from harness.reports.noise import print_noise

    log = read_log(find_log(runs_folder, run))
    print_noise(noise_of(log, difference=difference / 100), sys.stdout)
    return 0
