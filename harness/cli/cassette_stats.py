"""``harness cassette stats``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@click.command("stats")
@click.argument("names", nargs=-1, metavar="[PATH_OR_SAMPLE]...")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@options.cassettes
def command(names: tuple[str, ...], as_json: bool, cassettes_root: Path) -> int:  # noqa: FBT001 - click passes flags by name
    """Count what cassettes hold, by suite and config: files, calls, tokens, dollars.

    Name cassettes or folders of them, suites, samples' keys or parts of keys;
    without any, the cassettes' folder is counted. Dollars are as priced
    when recorded: what a replay saves. Those of the scripted provider are told
    apart, as no money was spent on them.

    \b
    Examples:
      harness cassette stats
      harness cassette stats sales_report --json | jq .total
    """
    import sys

    from harness.cassettes.census import take_census
    from harness.cli.cassette_finding import find_cassettes
    from harness.reports.cassette_stats import print_stats, stats_json

    paths = find_cassettes(names, cassettes_root) if names else [cassettes_root]
    census = take_census(_cassettes(paths))
    if as_json:
        click.echo(stats_json(census))
    else:
        print_stats(census, sys.stdout)
    return 0


def _cassettes(paths: Sequence[Path]) -> Iterator[Path]:
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
