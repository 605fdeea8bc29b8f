"""``harness gate``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli import options


@click.command("gate")
@click.argument("run", default="latest")
@click.option(
    "--baseline",
    metavar="RUN",
    help="Compare with this run instead of the baseline.json of each suite.",
)
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

    \b
    Examples:
      harness gate
      harness gate latest --baseline 20261119T1802
      harness gate --step-summary --comment comment.md

    Exit code 1 when a suite regressed, and for what is inconclusive if suite.yaml
    says "on_inconclusive: fail".
    """
    from harness.cli import gating

    return gating.run(gating.GateArguments(**arguments))
