"""``harness new``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli import options

if TYPE_CHECKING:
    from pathlib import Path


@click.group("new")
def command() -> None:
    """Make something new from a template."""


@command.command("scenario")
@click.argument("name")
@options.scenarios
def scenario(name: str, scenarios_root: Path) -> int:
    """Make a scenario that runs at once, with a scripted model and no key.

    NAME is suite/scenario, or one name for both. Nothing is overwritten.

    \b
    Examples:
      harness new scenario my_suite/hello
      harness run my_suite
    """
    from harness.suites.scaffold import new_scenario

    for path in new_scenario(scenarios_root, name):
        click.echo(f"made {path}")
    click.echo(f"Run it with: harness run {name.split('/')[0]}")
    return 0
