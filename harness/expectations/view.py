"""A few turns of a conversation as lines: what a failed expectation shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from harness.model.transcript import (
    AnyEvent,
    CodeExecution,
    Fault,
    HumanInput,
    Message,
    ModelCall,
    SpeakerSelection,
    Termination,
    ToolInvocation,
    ToolResult,
    Transcript,
)
from harness.reports.text import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_MOST_LINES = 6
# Those at the end of what failed code printed: the exception is the last of them.
_LAST_LINES = 3
_FAILED = re.compile(r"exitcode: (?!0 )")
_WIDTH = 110
_MOST_WINDOWS = 3
_HIDDEN = (ModelCall, SpeakerSelection)


class Line(NamedTuple):
    """A line of text, and how it is shown: words of pytest's markup such as "bold red"."""

    text: str
    style: str = ""


View = list[Line]


def as_text(view: View) -> str:
    """The lines without their styles."""
    return "\n".join(line.text for line in view)


def view_of(
    transcript: Transcript,
    *,
    around: Collection[int],
    context: int = 1,
    clean: Callable[[str], str] = str,
) -> View:
    """The turns around some events, those events marked with ``>``.

    Args:
        transcript: The conversation.
        around: Indices of events; without any, the last turns are shown.
        context: How many turns before and after are shown, >= 0.
        clean: Applied to every text an agent wrote.

    Returns:
        Lines in which nothing steers a terminal; long texts are cut, and say so.
    """
    turns = _turns_of_events(transcript)
    last = transcript.turns
    evidence = sorted(set(around))[: _MOST_WINDOWS * 2] if around else []
    if evidence:
        centres = {turns[index] for index in evidence if index < len(turns)}
        shown = {
            turn for centre in centres for turn in range(centre - context, centre + context + 1)
        }
    else:
        shown = set(range(last - context, last + 1))
    lines: View = []
    skipped = 0
    for event in transcript.events:
        if turns[event.index] not in shown:
            skipped += isinstance(event, Message)
            continue
        if skipped:
            lines.append(_left_out(skipped))
            skipped = 0
        lines += _lines(event, turns[event.index], is_evidence=event.index in evidence, clean=clean)
    if skipped:
        lines.append(_left_out(skipped))
    return lines or [Line("  (the transcript is empty)", "light")]


def _turns_of_events(transcript: Transcript) -> list[int]:
    """The turn each event belongs to: the message before it, counted from 1."""
    turns, turn = [], 0
    for event in transcript.events:
        turn += isinstance(event, Message)
        turns.append(turn)
    return turns


def _left_out(count: int) -> Line:
    return Line(f"  ... {count} turn{'s' * (count > 1)} left out", "light")


def _lines(
    event: AnyEvent, turn: int, *, is_evidence: bool, clean: Callable[[str], str]
) -> Iterator[Line]:
    if isinstance(event, _HIDDEN) and not is_evidence:
        return
    mark = "> " if is_evidence else "  "
    head, style, body = _described(event, turn)
    yield Line(f"{mark}{one_line(clean(head), _WIDTH)}", f"{style} bold".strip())
    for text in _cut(clean(body), has_error=_has_error(event)):
        yield Line(f"{mark}    {text}", "yellow" if is_evidence else "")


def _described(event: AnyEvent, turn: int) -> tuple[str, str, str]:
    """Heading, style and text of an event."""
    match event:
        case Message():
            calls = [f"calls tool {call.name}({call.arguments})" for call in event.tool_calls]
            body = "\n".join([event.content, *calls] if event.content else calls)
            return f"[{turn}] {event.speaker} to {event.recipient}", "cyan", body
        case CodeExecution():
            style = "red" if event.exit_code else "green"
            end = f"exit {event.exit_code}" + (", timed out" if event.timed_out else "")
            return f"{event.agent} ran {event.language}: {end}", style, event.output
        case ToolInvocation():
            return f"{event.agent} calls tool {event.name}", "", event.arguments
        case ToolResult():
            verb = "failed" if event.is_error else "answered"
            return f"tool {event.name} {verb}", "red" if event.is_error else "", event.content
        case HumanInput():
            return f"{event.agent} asked the human", "", f"{event.prompt}\n{event.reply!r}"
        case Fault():
            return f"injected fault: {event.kind} for {event.agent}", "yellow", event.detail
        case SpeakerSelection():
            return f"{event.manager} chose {event.selected or 'nobody'}", "", ""
        case ModelCall():
            error = event.error.message if event.error else event.reply
            return (
                f"{event.purpose} call of {event.agent} to {event.model_requested}",
                "",
                error,
            )
        case Termination():
            whose = f" ({event.agent})" if event.agent else ""
            return f"Ended by {event.reason}{whose}: {event.detail}", "", ""


def _has_error(event: AnyEvent) -> bool:
    """Whether its text is that of code that failed, of which the end says why."""
    if isinstance(event, Message):
        return _FAILED.match(event.content) is not None
    return isinstance(event, CodeExecution) and event.exit_code != 0


def _cut(text: str, *, has_error: bool) -> Iterator[str]:
    lines = visible(text).strip("\n").splitlines()
    end = _LAST_LINES if has_error else 0
    left_out = len(lines) - _MOST_LINES
    if left_out <= 0:
        yield from map(_narrow, lines)
        return
    yield from map(_narrow, lines[: _MOST_LINES - end])
    yield f"... {left_out} more line{'s' * (left_out > 1)}"
    yield from map(_narrow, lines[len(lines) - end :])


def _narrow(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 4]} ..."
