"""``harness gate``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli import options

_THRESHOLDS = (
    click.option(
        "--success-at-least",
        type=click.FloatRange(0, 1, min_open=True),
        metavar="SHARE",
        help="Hold every config against this success rate, e.g. 0.8.",
    ),
    click.option(
        "--turns-at-most",
        type=click.FloatRange(min=0),
        metavar="TURNS",
        help="Hold every config against this mean of turns per sample.",
    ),
    click.option(
        "--cost-at-most",
        type=click.FloatRange(min=0),
        metavar="USD",
        help="Hold every config against this mean of US dollars per sample.",
    ),
    click.option(
        "--margin",
        type=click.FloatRange(0, 1),
        metavar="SHARE",
        help="Success may be this much below the baseline's, e.g. 0.1.",
    ),
    click.option(
        "--on-inconclusive",
        type=click.Choice(["pass", "fail"]),
        default=None,
        help="What becomes of what cannot be decided.",
    ),
)


def _thresholds(function: options.F) -> options.F:
    """Add the options that stand for a gate in suite.yaml."""
    for option in reversed(_THRESHOLDS):
        function = option(function)
    return function


@click.command("gate")
@click.argument("run", default="latest")
@click.option(
    "--baseline",
    metavar="RUN",
    help="Compare with this run instead of the baseline.json of each suite.",
)
@_thresholds
@click.option("--all", "is_whole", is_flag=True, help="Show every threshold, however many.")
@click.option(
    "--step-summary",
    is_flag=True,
    help="Also append Markdown to the file that GITHUB_STEP_SUMMARY names.",
)
@click.option(
    "--comment",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write Markdown for a pull-request comment here, within GitHub's limit.",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the outcome as JSON here: harness schema gate",
)
@options.scenarios
@options.run_folder
def command(**arguments: Any) -> int:
    """Hold a finished run against what its suites demand under "gate:" in suite.yaml.

    RUN is a run id, its beginning, the path of a run log, or "latest". A suite
    passes, regresses or stays inconclusive; it only regresses if the interval of
    what was measured lies beyond the threshold.

    Runs of scripts, of tests and of imported conversations have no suite.yaml:
    their thresholds are given here. Where any is given here, those in suite.yaml
    do not count.

    \b
    Examples:
      harness gate
      harness gate latest --baseline 20261119T1802
      harness gate --step-summary --comment comment.md
      harness gate --success-at-least 0.8 --turns-at-most 12
      harness gate latest --baseline 20261119T1802 --margin 0.1

    Exit code 1 when a suite regressed, and for what is inconclusive if suite.yaml
    says "on_inconclusive: fail"; the last line says which and why.
    """
    from harness.cli import gating

    return gating.run(gating.GateArguments(**arguments))
