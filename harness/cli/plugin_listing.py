"""``harness plugins``."""

from __future__ import annotations

import click

_GROUPS = ("engines", "scorers", "sandboxes", "reporters", "importers")


@click.command("plugins")
@click.argument("group", required=False, type=click.Choice(_GROUPS))
def command(group: str | None) -> int:
    """List what is installed behind each seam: built-in and third-party alike.

    \b
    Examples:
      harness plugins
      harness plugins scorers
    """
    from harness import plugins

    for name in [group] if group else _GROUPS:
        click.echo(f"{name}:")
        for row in plugins.describe(name):
            click.echo(f"  {row}")
    return 0
