"""``harness cassette``: a group whose commands are imported when they are used."""

from __future__ import annotations

import difflib
from importlib import import_module

import click

# Command name -> one line of help; the module is harness.cli.cassette_<name>.
_COMMANDS = {
    "show": "Read a cassette: who asked what, and what was answered.",
    "diff": "Compare two cassettes, interaction by interaction.",
    "stats": "Count what cassettes hold: calls, tokens, dollars, bytes.",
    "verify": "Find stale, missing, orphaned, damaged and diverged cassettes.",
    "import": "Make cassettes from recordings of other tools.",
    "export": "Write a cassette as a recording of stock vcrpy.",
    "scrub": "Find secrets in cassettes, and remove them.",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"harness.cli.cassette_{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(
                f"There is no command {args[0]!r}.{hint} See them with: harness cassette --help"
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group("cassette", cls=_LazyGroup)
def command() -> None:
    """Read, compare and keep up the cassettes.

    A cassette holds the recorded HTTP interactions of one sample, as text. Name
    it by its path, or by its sample's key: suite/scenario/config/epoch.

    \b
    Examples:
      harness cassette show sales_report/widgets/careful-t0.2/1
      harness cassette diff OLD NEW
      harness cassette stats
      harness cassette verify --max-age 90
    """
