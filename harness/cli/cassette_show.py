"""``harness cassette show``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.cassettes import Cassette, Interaction


@click.command("show")
@click.argument("cassette", metavar="SAMPLE_OR_PATH")
@click.option("-i", "--interaction", "number", type=int, help="Only the one with this number.")
@click.option("--raw", is_flag=True, help="Print requests and responses whole, not what they say.")
@options.cassettes
def command(cassette: str, number: int | None, raw: bool, cassettes_root: Path) -> int:  # noqa: FBT001 - click passes flags by name
    """Read a cassette: who asked what, what was new in it, and what was answered.

    Name it by its path, by its sample's key, by any part of the key that fits one,
    or as git keeps it: NAME@REVISION. A killed recording is a file that ends in
    .jsonl.partial; what it holds can be read, too.

    \b
    Examples:
      harness cassette show sales_report/widgets/careful-t0.2/1
      harness cassette show cassettes/sales_report/widgets/careful-t0.2/1.jsonl -i 2
      harness cassette show widgets/careful-t0.2/1 -i 2 --raw
    """
    import sys

    from harness.cli.cassette_finding import load_named
    from harness.reports.cassette import print_cassette

    loaded = load_named(cassette, cassettes_root)
    print_cassette(loaded, _chosen(loaded, number), sys.stdout, is_raw=raw)
    return 0


def _chosen(cassette: Cassette, number: int | None) -> Sequence[Interaction]:
    from harness.errors import SelectionError

    if number is None:
        return cassette.interactions
    total = len(cassette.interactions)
    if not 1 <= number <= total:
        there = f"1 to {total}" if total else "none"
        raise SelectionError(
            f"{cassette.path} has no interaction {number}; there are: {there}. "
            "Read all of them without --interaction."
        )
    return cassette.interactions[number - 1 : number]
