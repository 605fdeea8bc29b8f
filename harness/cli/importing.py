"""``harness import``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli import options


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
        click.echo(f"{unjudged} have no verdict, and count as failures: map fields.correct.")
    return 0
