"""``harness schema``."""

from __future__ import annotations

import click

_NAMES = (
    "transcript",
    "sample",
    "run",
    "results",
    "comparison",
    "gate",
    "baseline",
    "history",
)


@click.command("schema")
@click.argument("name", type=click.Choice(_NAMES), default="transcript")
def command(name: str) -> int:
    """Print the JSON Schema of stored data.

    \b
    transcript   the events of a conversation
    sample       what harness show --json prints
    run          a run log as a whole
    results      results.json of harness run --results, and harness report -f json
    comparison   what harness compare --json prints, of runs or of configs
    gate         what harness gate --results writes
    baseline     a suite's baseline.json
    history      what harness history --json prints

    \b
    Examples:
      harness schema
      harness schema results > results.schema.json
    """
    import msgspec

    from harness.model.schemas import schema_of

    click.echo(msgspec.json.format(msgspec.json.encode(schema_of(name))).decode())
    return 0
