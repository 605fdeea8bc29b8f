"""``harness import``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.model.sample import SampleResult

# Kinds of what was not read that are worth a line each.
_MOST_NOTES = 8


@click.command("import")
@click.argument("source", metavar="PATH", type=click.Path(path_type=Path))
@click.option(
    "-f",
    "--format",
    "name",
    metavar="NAME",
    help="Format of the files, if it is not told from them: harness plugins importers",
)
@click.option(
    "--mapping",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="YAML that says which fields hold scenario, task, seed and correctness.",
)
@options.run_folder
def command(source: Path, name: str | None, mapping: Path | None, runs_folder: Path) -> int:
    """Make a run log of conversations from other tools; nothing is run.

    PATH is a file of JSON or of JSON lines, or a folder whose .json and .jsonl files
    become one run: AutoGen's chat histories, OpenTelemetry's GenAI spans, results of
    tau-bench. Its samples are scored, and `report`, `show` and `compare` read it like any
    run. Every field is kept. What a file does not tell, such as tokens, is unscored.

    \b
    Examples:
      harness import chats/
      harness import chats/ --mapping chats.yaml
      harness import traces.jsonl
      harness report latest

    Exit code 2 when a file cannot be imported; then no run log is made.
    """
    from harness.reports.text import one_line
    from harness.runner.importing import import_run

    log = import_run(source, name, mapping, runs_folder)
    turns = sum(sample.transcript.turns for sample in log.samples)
    executions = sum(len(sample.transcript.code_executions) for sample in log.samples)
    click.echo(
        f"Run {log.header.run_id}: {len(log.samples)} imported (not run here, no cassette), "
        f"{turns} turns, {executions} code executions"
    )
    if failed := sum(sample.status == "error" for sample in log.samples):
        click.echo(f"{failed} ended with an error, as their files say.")
    for line in _notes(log.samples):
        click.echo(line)
    for line in _correctness(log.samples):
        click.echo(line)
    first = log.samples[0].key
    title = log.header.title_of(first)
    called = f" ({one_line(title, 80)})" if title else ""
    click.echo(f"Look at it with: harness report; harness show {first}{called}")
    return 0


def _correctness(samples: Sequence[SampleResult]) -> Iterator[str]:
    """How many results were right, as far as the files tell, and how they would tell it."""
    from harness.runner.importing import UNMAPPED

    scores = [score for each in samples if (score := each.score_of("correct"))]
    if scores:
        right = sum(bool(score.passed) for score in scores)
        yield (
            f"As their files say: {right} right, {len(scores) - right} wrong, "
            f"{len(samples) - len(scores)} not judged."
        )
    unknown = [sample for sample in samples if sample.outcome == "unjudged"]
    if not unknown:
        return
    unmapped = [each for each in unknown if UNMAPPED in {score.reason for score in each.scores}]
    hint = f" {_how_to_map(unmapped[0])}" if unmapped else ""
    ended = sum(sample.is_success for sample in unknown)
    counted = f"{ended} of them merely ended as accepted"
    if not any(sample.is_accepted_alone for sample in unknown):
        counted = "beside those that are they count as not solved"
    yield (
        f"Whether the result was right is not known of {len(unknown)}: they are not judged, "
        f"and {counted}.{hint}"
    )


def _notes(samples: Sequence[SampleResult]) -> Iterator[str]:
    """What was kept but is no part of the transcripts, the most frequent kinds of it first."""
    kinds = Counter(
        note.rpartition(" (")[0]
        for sample in samples
        for note in (sample.origin.notes if sample.origin else ())
    )
    if not kinds:
        return
    yield "Kept as it stands, but no part of the transcripts:"
    yield from (f"  {kind:.100} (in {count})" for kind, count in kinds.most_common(_MOST_NOTES))
    if len(kinds) > _MOST_NOTES:
        yield f"  and {len(kinds) - _MOST_NOTES} other kinds"
    yield f"All of it: harness show {samples[0].key} --json, under origin.notes"


def _how_to_map(sample: SampleResult) -> str:
    """How the field that tells correctness is named, and which it might be."""
    import json

    from harness.errors import quoted

    document = json.loads(sample.origin.document) if sample.origin else None
    fields = document if isinstance(document, dict) else {}
    likely = [name for name, value in fields.items() if value in (True, False)]
    near = f" ({quoted(likely[0], 60)} might be it)" if len(likely) == 1 else ""
    return (
        f"Name the field that tells it{near} with: --mapping FILE, there fields: {{correct: NAME}}"
    )
