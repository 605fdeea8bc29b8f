"""``harness schema``."""

from __future__ import annotations

import click


@click.command("schema")
@click.argument("name", type=click.Choice(["transcript", "sample", "run"]), default="transcript")
def command(name: str) -> int:
    """Print the JSON Schema of stored data: transcript, sample result, or run log.

    \b
    Examples:
      harness schema
      harness schema sample
    """
    import msgspec

    from harness.model.run import RunLog
    from harness.model.sample import SampleResult
    from harness.model.transcript import Transcript

    types: dict[str, type] = {"transcript": Transcript, "sample": SampleResult, "run": RunLog}
    encoded = msgspec.json.encode(msgspec.json.schema(types[name]))
    click.echo(msgspec.json.format(encoded).decode())
    return 0
