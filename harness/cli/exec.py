"""``harness exec``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options
from harness.model.transcript import TERMINATION_REASONS

if TYPE_CHECKING:
    from harness.cli.options import F


def _ways(function: F) -> F:
    """Add how models are asked."""
    function = click.option(
        "--allow-unsafe",
        is_flag=True,
        help="Run code written by a live model although the sandbox does not isolate it.",
    )(function)
    function = click.option(
        "--max-cost",
        type=click.FloatRange(min=0, min_open=True),
        metavar="USD",
        help="Stop before the recorded calls together cost more.",
    )(function)
    function = click.option(
        "--overwrite", is_flag=True, help="With --record: replace a cassette that exists."
    )(function)
    function = click.option("--live", is_flag=True, help="Ask the provider; nothing is recorded.")(
        function
    )
    function = click.option(
        "--update",
        is_flag=True,
        help="Keep what still fits of the cassette; record from the first call that does not.",
    )(function)
    function = click.option(
        "--record", is_flag=True, help="Ask the provider, and keep its traffic."
    )(function)
    return function


def _conversation(function: F) -> F:
    """Add what is asked of the conversation."""
    function = click.option(
        "--sandbox",
        default=None,
        metavar="auto|bubblewrap|process|docker|none",
        help="What runs the agents' code; default: auto, the strongest that works here. "
        "See: harness doctor",
    )(function)
    function = click.option("--show", is_flag=True, help="Print the whole conversation, too.")(
        function
    )
    function = click.option(
        "--accept",
        multiple=True,
        type=click.Choice(TERMINATION_REASONS),
        default=("termination_message",),
        show_default=True,
        metavar="REASON",
        help="Termination reason that counts as a success.",
    )(function)
    function = click.option(
        "--human",
        multiple=True,
        metavar="TEXT",
        help="What a human types when an agent asks, in order; '' skips.",
    )(function)
    return function


@click.command(
    "exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.argument("script", type=click.Path(path_type=Path))
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
@_ways
@_conversation
@options.cassettes
@options.run_folder
@click.option("--report", type=click.Path(path_type=Path), help="Path of the HTML report.")
@click.option("--no-report", is_flag=True, help="Write no HTML report.")
def command(**arguments: Any) -> int:
    """Run an unmodified AutoGen script from its cassette; print its scores.

    Without --record, --update or --live nothing reaches a provider, and no API
    key is needed: a placeholder stands in for the keys that are missing. The
    agents' code runs in the sandbox, AutoGen's disk cache is off, and what
    AutoGen prints is left out (--show prints the conversation at the end). The
    code sees the files of its work_dir, and what it leaves is copied back there.
    Options of harness come before SCRIPT; whatever stands after it goes to the script.

    Exit code 0 if the conversation completed and the script ended well; 1 if it
    did not (an error, a miss, an exception of the script, or its own exit code
    other than 0, which is printed); 2 for a mistake in what was given.

    \b
    Examples:
      OPENAI_API_KEY=... harness exec --record two_agents.py
      harness exec two_agents.py
      harness exec --update --max-cost 0.50 team.py --topic tea
    """
    from harness.cli import executing

    return executing.execute(executing.ExecArguments(**arguments))
