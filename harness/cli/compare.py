"""``harness compare``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness.cli import options

if TYPE_CHECKING:
    from pathlib import Path


@click.command("compare")
@click.argument("run_a", required=False)
@click.argument("run_b", required=False)
@click.option(
    "--configs",
    nargs=2,
    metavar="A B",
    help="Compare config B with config A: both of RUN_A, or B of RUN_B if given. Or two levels "
    "of a matrix's factor, e.g. prompts=brief prompts=careful.",
)
@click.option(
    "-k",
    "keyword",
    default="",
    metavar="EXPRESSION",
    help="Only samples whose suite/scenario/config/epoch fits, e.g. 'widgets and not brief'.",
)
@click.option("--all", "is_whole", is_flag=True, help="Show every pair that parts, not only five.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON: harness schema comparison")
@click.option(
    "--despite-drift", is_flag=True, help="Compare even if scenarios changed in between; says so."
)
@options.run_folder
def command(
    run_a: str | None,
    run_b: str | None,
    configs: tuple[str, str] | None,
    runs_folder: Path,
    **arguments: Any,
) -> int:
    """Compare two runs, or two configs, sample by sample.

    RUN_A and RUN_B are run ids, their beginnings, paths of run logs, or "latest".
    Without RUN_B it is the latest; with --configs both sides are of RUN_A, or of
    the latest run.

    The second side is held against the first: success with its interval, why
    conversations ended, how code fared, turns and cost; and for every scenario
    and epoch the first turn where the two conversations part, and why if the
    prompts or the settings tell. 100 columns and more show them side by side.

    Levels of a factor (1 is 1.0) are all configs of each, paired by the other factors', too.
    Runs whose scenarios or checks changed in between are refused (exit code 2), by name.

    \b
    Examples:
      harness compare 20261119T1802 latest
      harness compare --configs brief careful
      harness compare --configs prompts=brief prompts=careful
      harness compare 20261119T1802 latest --configs brief careful
      harness compare latest --configs brief careful -k widgets --all
      harness compare 20261119T1802 latest --json | jq .pairs.terminations
    """
    from harness.cli import comparing

    return comparing.run(
        comparing.CompareArguments(
            run_a=run_a, run_b=run_b, configs=configs, runs_folder=runs_folder, **arguments
        )
    )
