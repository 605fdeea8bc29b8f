"""``harness validate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli import options
from harness.reports.text import counted

if TYPE_CHECKING:
    from pathlib import Path


@click.command("validate")
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@options.scenarios
def command(suites: tuple[str, ...], scenarios_root: Path) -> int:
    """Check suite files without running anything; every mistake is reported at once.

    Exit code 2 when there is a mistake. A check that runs pytest where a
    conftest.py of the agents' is obeyed is warned of; of scenarios without checks
    it is noted that nothing but how they end is judged.

    \b
    Examples:
      harness validate
      harness validate sales_report
    """
    from harness.runner.header import load_all
    from harness.suites.trusting import trusting_checks
    from harness.suites.unchecked import unchecked_scenarios

    loaded = load_all(scenarios_root, suites)
    for suite in loaded:
        click.echo(
            f"{suite.name}: ok ({counted(len(suite.scenarios), 'scenario')}, "
            f"{counted(len(suite.configs), 'config')}, {counted(suite.epochs, 'epoch')})"
        )
    for warning in trusting_checks(loaded):
        click.echo(f"warning: {warning}")
    for note in unchecked_scenarios(loaded):
        click.echo(f"note: {note}")
    return 0
