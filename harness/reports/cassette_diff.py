"""Two cassettes compared, as lines on a terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TextIO

from harness.cassettes.comparing import reply_diff, reply_of, request_difference
from harness.reports.text import one_line
from harness.reports.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.cassettes import Interaction
    from harness.cassettes.comparing import Step

_KINDS = ("same", "changed", "added", "removed")
_STYLES = {"same": "dim", "changed": "bold yellow", "added": "bold green", "removed": "bold red"}
_LINE_STYLES = {"-": "red", "+": "green", "@": "cyan"}


def print_diff(names: tuple[str, str], steps: Sequence[Step], stream: TextIO) -> None:
    """Print what became of each interaction.

    Args:
        names: What to call the two cassettes.
        steps: What `harness.cassettes.comparing.compare` found.
        stream: Coloured if it is a terminal, else plain text.
    """
    writer = Writer(stream)
    writer.line(f"- {names[0]}", "red")
    writer.line(f"+ {names[1]}", "green")
    for step in steps:
        _step(writer, step)
    counts = Counter[str](step.kind for step in steps)
    told = ", ".join(f"{counts[kind]} {kind}" for kind in _KINDS if counts[kind])
    writer.line(f"Interactions: {told or 'none in either'}.", "bold")


def _step(writer: Writer, step: Step) -> None:
    one, other = step.before, step.after
    places = (f"-{one.number}" if one else "", f"+{other.number}" if other else "")
    shown = one or other
    assert shown is not None
    who = ", ".join(filter(None, (shown.agent, shown.purpose)))
    writer.line(f"[{' '.join(filter(None, places))}] {who}: {step.kind}", _STYLES[step.kind])
    if step.kind == "same":
        return
    if one and other:
        _changed(writer, one, other)
    else:
        writer.line(one_line(reply_of(shown).text) or "(no text)", indent=4)


def _changed(writer: Writer, one: Interaction, other: Interaction) -> None:
    if found := request_difference(one.request, other.request):
        writer.line(f"request, first difference at {found.path}:", indent=4)
        writer.line(f"- {found.before}", "red", indent=6)
        writer.line(f"+ {found.after}", "green", indent=6)
    else:
        writer.line("request: the same", "dim", indent=4)
    if one.status != other.status:
        writer.line(f"status: {one.status} -> {other.status}", indent=4)
    lines = reply_diff(one, other)
    if lines:
        writer.line("reply:", indent=4)
        for line in lines:
            writer.line(line, _LINE_STYLES.get(line[:1], ""), indent=6)
    elif one.content != other.content:
        writer.line("reply: says the same; the bytes around it differ", "dim", indent=4)
    else:
        writer.line("reply: the same", "dim", indent=4)
