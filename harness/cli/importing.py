"""``harness import``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import options

if TYPE_CHECKING:
    from harness.model.sample import SampleResult


@click.command("import")
@click.argument("source", metavar="PATH", type=click.Path(path_type=Path))
@click.option(
    "-f",
    "--format",
    "name",
    default="autogen",
    show_default=True,
    metavar="NAME",
    help="Format of the files, or an importer of your own: harness plugins importers",
)
@click.option(
    "--mapping",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="YAML that says which fields hold scenario, task, seed and correctness.",
)
@options.run_folder
def command(source: Path, name: str, mapping: Path | None, runs_folder: Path) -> int:
    """Make a run log of conversations from other tools; nothing is run.

    PATH is a JSON file, or a folder whose .json files become one run. Its samples are
    scored, and `report`, `show` and `compare` read it like any run. Every field is
    kept. What a file does not tell, such as tokens and cost, is unscored.

    \b
    Examples:
      harness import chats/
      harness import chats/ --mapping chats.yaml
      harness report latest

    Exit code 2 when a file cannot be imported; then no run log is made.
    """
    from harness.runner.importing import import_run

    log = import_run(source, name, mapping, runs_folder)
    turns = sum(sample.transcript.turns for sample in log.samples)
    executions = sum(len(sample.transcript.code_executions) for sample in log.samples)
    unjudged = sum(not sample.verdicts for sample in log.samples)
    click.echo(
        f"Run {log.header.run_id}: {len(log.samples)} imported (not run here, no cassette), "
        f"{turns} turns, {executions} code executions"
    )
    if unjudged:
        click.echo(f"{unjudged} have no verdict, and count as failures.")
    unknown = [sample for sample in log.samples if sample.score_of("correct") is None]
    if unknown:
        click.echo(
            f"Whether the result was right is not known of {len(unknown)}: what passes has merely "
            f"ended as a conversation should. {_how_to_map(unknown[0])}"
        )
    first = log.samples[0].key
    click.echo(f"Look at it with: harness report; harness show {first}")
    return 0


def _how_to_map(sample: SampleResult) -> str:
    """How the field that tells correctness is named, and which it might be."""
    import json

    document = json.loads(sample.origin.document) if sample.origin else None
    fields = document if isinstance(document, dict) else {}
    likely = [name for name, value in fields.items() if value in (True, False)]
    near = f" ({likely[0]!r:.60} might be it)" if len(likely) == 1 else ""
    return (
        f"Name the field that tells it{near} with: --mapping FILE, there fields: {{correct: NAME}}"
    )
