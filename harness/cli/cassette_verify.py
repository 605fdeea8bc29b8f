"""``harness cassette verify``."""

from __future__ import annotations

from typing import Any

import click

from harness.cli import options


@click.command("verify")
@options.selection
@click.option(
    "--max-age",
    "max_age_days",
    type=click.FloatRange(min=0, max=100_000),
    metavar="DAYS",
    help="Older cassettes are stale; default: no limit.",
)
@click.option("--no-replay", is_flag=True, help="Only read the files; finds nothing diverged.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@options.execution
@options.roots
def command(**arguments: Any) -> int:
    """Find the cassettes that no longer tell the truth. Records and removes nothing.

    Reads every selected sample's cassette and replays it offline, unscored:

    \b
      damaged     cannot be read, or belongs to another sample
      missing     a sample without a cassette
      stale       recorded with another model, temperature, prompt or parameter,
                  or longer ago than --max-age
      diverged    a replay asks for what was not recorded
      failed      a replay ends in an error
      unplayed    a replay leaves recorded interactions unasked
      orphaned    a cassette whose sample no suite has any more
      unfinished  what a recording that was cut short left behind

    Cassettes of tests and scripts (in pytest/ and exec/) are only counted: your
    own code plays them, under pytest --harness-strict and harness exec.

    A changed team, task or fixture alone is no fault while the cassette still
    plays. With -k, -c or -e, orphaned and unfinished files are not looked for.

    \b
    Examples:
      harness cassette verify
      harness cassette verify sales_report --max-age 90
      harness cassette verify --no-replay --json

    Exit code 1 when anything is wrong; each group comes with the command that
    mends it.
    """
    from harness.cli import verifying

    return verifying.verify(verifying.VerifyArguments(**arguments))
