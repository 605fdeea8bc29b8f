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
    conftest.py of the agents' is obeyed is warned of.

    \b
    Examples:
      harness validate
      harness validate sales_report
    """
    from harness.runner.header import load_all
    from harness.suites.trusting import trusting_checks

    loaded = load_all(scenarios_root, suites)
    for suite in loaded:
        click.echo(
            f"{suite.name}: ok ({counted(len(suite.scenarios), 'scenario')}, "
            f"{counted(len(suite.configs), 'config')}, {counted(suite.epochs, 'epoch')})"
        )
    for warning in trusting_checks(loaded):
        click.echo(f"warning: {warning}")
    return 0
