"""``harness validate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli import options

if TYPE_CHECKING:
    from pathlib import Path


@click.command("validate")
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@options.scenarios
def command(suites: tuple[str, ...], scenarios_root: Path) -> int:
    """Check suite files without running anything; every mistake is reported at once.

    Exit code 2 when there is a mistake.

    \b
    Examples:
      harness validate
      harness validate sales_report
    """
    from harness.runner.header import load_all

    loaded = load_all(scenarios_root, suites)
    for suite in loaded:
        click.echo(
            f"{suite.name}: ok ({len(suite.scenarios)} scenarios, {len(suite.configs)} configs, "
            f"{suite.epochs} epochs)"
        )
    return 0
