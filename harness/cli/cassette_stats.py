"""``harness cassette stats``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator


@click.command("stats")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@options.cassettes
def command(paths: tuple[Path, ...], as_json: bool, cassettes_root: Path) -> int:  # noqa: FBT001 - click passes flags by name
    """Count what cassettes hold, by suite and config: files, calls, tokens, dollars.

    PATHs are cassettes or folders of them; without any, the cassettes' folder is
    counted. Dollars are as priced when recorded: what a replay saves. Those of
    the scripted provider are told apart, as no money was spent on them.

    \b
    Examples:
      harness cassette stats
      harness cassette stats cassettes/sales_report --json | jq .total
    """
    import sys

    from harness.cassettes.census import take_census
    from harness.reports.cassette_stats import print_stats, stats_json

    census = take_census(_cassettes(paths or (cassettes_root,)))
    if as_json:
        click.echo(stats_json(census))
    else:
        print_stats(census, sys.stdout)
    return 0


def _cassettes(paths: tuple[Path, ...]) -> Iterator[Path]:
    from harness.errors import SelectionError

    seen: set[Path] = set()
    for path in paths:
        if path.is_dir():
            found = sorted(each for each in path.rglob("*.jsonl") if each.is_file())
        elif path.exists():
            found = [path]
        else:
            raise SelectionError(
                f"There is no cassette or folder {str(path)!r}. Give existing ones, or record "
                "some with: harness record"
            )
        yield from (each for each in found if each not in seen)
        seen.update(found)
