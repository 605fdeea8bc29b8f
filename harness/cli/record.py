"""``harness record``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli import options


@click.command("record")
@options.selection
@options.roots
@options.run_folder
@options.execution
@click.option("--base-url", metavar="URL", help="Provider to record from, up to /v1.")
@click.option("--api-key-env", metavar="NAME", help="Environment variable that holds the key.")
@click.option(
    "--scripted",
    is_flag=True,
    help="Record from the suites' own scripted provider, served on loopback for this.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Seed of the scripted provider."
)
@click.option("--overwrite", is_flag=True, help="Replace cassettes that exist; default: keep them.")
@click.option(
    "--update",
    is_flag=True,
    help="Keep what still fits of each cassette; record from the first call that does not.",
)
@click.option(
    "--dry-run", is_flag=True, help="Only tell what would be recorded, and about what it costs."
)
@click.option(
    "--max-cost",
    type=click.FloatRange(min=0, min_open=True),
    metavar="USD",
    help="Stop before the calls of all samples together cost more.",
)
@click.option(
    "--allow-unsafe",
    is_flag=True,
    help="Run code written by a live model although the sandbox does not isolate it.",
)
@click.option("--report", type=click.Path(path_type=Path), help="Path of the HTML report.")
@click.option("--no-report", is_flag=True, help="Write no HTML report.")
def command(**arguments: Any) -> int:
    """Record cassettes: run samples against a provider and keep its HTTP traffic.

    Samples that have a cassette are skipped, unless --update or --overwrite is
    given. --update replays each conversation as far as it is recorded, then goes
    on live: also where a recording was cut short. Secrets are removed before
    anything is written.

    \b
    Examples:
      OPENAI_API_KEY=... harness record my_suite
      harness record my_suite --base-url http://localhost:11434/v1 --api-key-env OLLAMA_KEY
      harness record my_suite --update --dry-run
      harness record my_suite --update --max-cost 2.50
      harness record sales_report --scripted
    """
    from harness.cli import recording

    return recording.record(recording.RecordArguments(**arguments))
