"""``harness fuzz``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from harness.cli import options
from harness.model.transcript import TERMINATION_REASONS

F = TypeVar("F", bound=Callable[..., Any])


def _demands(function: F) -> F:
    """Add what must be known of the team."""
    function = click.option("--approval", help="Word it approves with; APPROVED by default.")(
        function
    )
    function = click.option(
        "--approver", help='Agent that must approve code before it runs, or "human".'
    )(function)
    function = click.option(
        "--closer",
        "closers",
        multiple=True,
        help="Agent whose closing word must end it; may be repeated. All by default.",
    )(function)
    return click.option("--closing", help="Word that ends a conversation; TERMINATE by default.")(
        function
    )


def _limits(function: F) -> F:
    """Add what one conversation may use."""
    function = click.option(
        "--conversation-seconds",
        type=click.FloatRange(min=0, min_open=True),
        help="Longest conversation, in wall-clock time, also of --replay; by default the "
        "scenario's wall_seconds, but 30 at most.",
    )(function)
    return click.option(
        "--turns", type=click.IntRange(min=2), help="Most messages; the scenario's limit."
    )(function)


@click.command("fuzz")
@click.argument("targets", nargs=-1, metavar="[SUITE[/SCENARIO]]...")
@options.scenarios
@click.option("--config", default="", help="Config to fuzz; the suite's baseline by default.")
@click.option("--examples", default=200, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", type=int, help="Start the search here; the same seed tries the same.")
@_demands
@_limits
@click.option(
    "--accept",
    multiple=True,
    type=click.Choice(TERMINATION_REASONS),
    help="Also accept this end, besides the scenario's and the team's own limits.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    help="Also let the provider fail so (a fault or a class, e.g. rate_limit); slower.",
)
@click.option("--task-as-is", is_flag=True, help="Never add code or the closing word to the task.")
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".harness/fuzz"),
    show_default=True,
    help="Folder for conversations that break a team.",
)
@click.option(
    "--replay",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="Play a saved conversation again instead, or all in a folder.",
)
def command(**arguments: Any) -> int:
    """Hunt for the conversation that breaks your team.

    Hypothesis makes up what the models say, what code prints and what humans
    type, and checks what must hold of any team. What breaks it is shrunk to the
    shortest conversation, told, and saved. No model is asked and no code is
    run; the team's own tools are called. Who may end the conversation and who
    approves code stands under fuzz: in the suite, or is given by the options.

    \b
    Examples:
      harness fuzz                                 every suite
      harness fuzz my_suite/hello --examples 2000
      harness fuzz my_suite --closer reviewer --seed 7
      harness fuzz my_suite --approver reviewer --approval LGTM
      harness fuzz my_suite --fault network --fault rate_limit
      harness fuzz --replay .harness/fuzz/my_suite

    The conversations are held in a process of their own: a team that ends it,
    or never comes back, is BROKEN, too.

    Exit code 1 when a conversation broke a team.
    """
    from harness.cli import fuzzing

    return fuzzing.run(fuzzing.FuzzArguments(**arguments))
