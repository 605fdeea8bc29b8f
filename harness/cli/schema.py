"""``harness schema``."""

from __future__ import annotations

from typing import Any

import click


@click.command("schema")
@click.argument(
    "name",
    type=click.Choice(["transcript", "sample", "run", "comparison"]),
    default="transcript",
)
def command(name: str) -> int:
    """Print the JSON Schema of stored data: transcript, sample result, run log, or comparison.

    A comparison is what harness compare --json prints, of runs or of configs.

    \b
    Examples:
      harness schema
      harness schema sample
    """
    import msgspec

    from harness.model.paired import ConfigPairComparison, RunComparison
    from harness.model.run import RunLog
    from harness.model.sample import SampleResult
    from harness.model.transcript import Transcript

    types: dict[str, Any] = {
        "transcript": Transcript,
        "sample": SampleResult,
        "run": RunLog,
        "comparison": RunComparison | ConfigPairComparison,
    }
    encoded = msgspec.json.encode(msgspec.json.schema(types[name]))
    click.echo(msgspec.json.format(encoded).decode())
    return 0
