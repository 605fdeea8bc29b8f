"""``harness provider``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from harness.provider.server import Exchange


@click.group("provider")
def command() -> None:
    """The scripted provider: an OpenAI-compatible server whose replies are written down."""


@command.command("serve")
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@options.scenarios
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Changes what it says.")
def serve(suites: tuple[str, ...], scenarios_root: Path, host: str, port: int, seed: int) -> int:
    """Serve chat completions for the suites that have a provider script.

    It is no model: it says what the suites' provider.py files say. Use it to
    try a recording, or to build an agent without paying for every run.

    \b
    Examples:
      harness provider serve
      harness provider serve sales_report --port 9000
      OPENAI_API_KEY=any harness record sales_report --base-url http://127.0.0.1:9000/v1
    """
    from harness.provider.server import serve_forever
    from harness.runner.header import load_all
    from harness.runner.scripted import behaviours

    found = behaviours(load_all(scenarios_root, suites))
    names = ", ".join(behaviour.scenario for behaviour in found)
    click.echo(f"Scripted provider for {names}")
    serve_forever(
        found,
        host=host,
        port=port,
        seed=seed,
        on_start=lambda provider: click.echo(
            f"Listening on {provider.base_url} (stop with Ctrl-C)"
        ),
        on_request=_tell,
    )
    return 0


def _tell(exchange: Exchange) -> None:
    what = exchange.error or f"epoch {exchange.epoch}"
    click.echo(f"{exchange.number} {exchange.method} {exchange.path} {exchange.status} {what}")
