"""``harness cassette diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli import options

if TYPE_CHECKING:
    from pathlib import Path


@click.command("diff")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@options.cassettes
def command(first: str, second: str, cassettes_root: Path) -> int:
    """Compare two cassettes, interaction by interaction.

    A and B are paths, samples' keys or parts of them, or what git keeps of one:
    NAME@REVISION. Interactions are the same when request and response body are;
    times and headers do not count.

    \b
    Examples:
      harness cassette diff widgets/careful-t0.2/1@HEAD widgets/careful-t0.2/1
      harness cassette diff widgets/careful-t0.2/1 widgets/brief-t0.2/1
      harness cassette diff old.jsonl new.jsonl

    Exit code 0 when they are the same, 1 when they differ (as diff does), 2
    when one cannot be read.
    """
    import sys

    from harness.cassettes.comparing import compare
    from harness.cli.app import EXIT_GATE_FAILED
    from harness.cli.cassette_finding import load_named
    from harness.reports.cassette_diff import print_diff

    before = load_named(first, cassettes_root)
    after = load_named(second, cassettes_root)
    steps = compare(before, after)
    print_diff((first, second), steps, sys.stdout)
    return 0 if all(step.kind == "same" for step in steps) else EXIT_GATE_FAILED
