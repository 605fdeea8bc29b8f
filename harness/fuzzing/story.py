"""Tell a conversation that breaks a team, as short as it is, in plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.model.transcript import (
    CodeExecution,
    Fault,
    HumanInput,
    Message,
    ModelCall,
    SpeakerSelection,
    Termination,
    ToolResult,
)
from harness.reports.text import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.fuzzing.played import Finding
    from harness.model.transcript import AnyEvent

_LINES, _WIDTH = 12, 110
_INDENT = "    "


def tell(finding: Finding) -> str:
    """The conversation up to what shows the failure, and the failure."""
    violation = finding.violation
    events = finding.played.transcript.events[: violation.index + 1]
    lines = [line for event in events for line in _lines(event, finding)]
    return "\n".join([*lines, f"BROKEN {violation.invariant}: {visible(violation.reason)}"])


def _lines(event: AnyEvent, finding: Finding) -> Iterator[str]:
    if isinstance(event, Message):
        yield f"{event.speaker} -> {event.recipient}"
        yield from _content(event, finding)
        for call in event.tool_calls:
            yield f"{_INDENT}calls {call.name}({one_line(call.arguments, _WIDTH)})"
    elif isinstance(event, CodeExecution):
        outcome = "timed out" if event.timed_out else f"exit code {event.exit_code}"
        code = one_line(event.code, _WIDTH)
        yield f"{_INDENT}* {event.agent} runs {event.language}, {outcome} (made up): {code}"
    elif isinstance(event, ToolResult):
        shown = one_line(event.content, _WIDTH)
        yield f"{_INDENT}* {event.name} returns {'an error: ' if event.is_error else ''}{shown}"
    elif isinstance(event, HumanInput):
        yield f"{_INDENT}* the human of {event.agent} types {event.reply!r}"
    elif isinstance(event, SpeakerSelection):
        chooser, chosen = event.manager or event.method, event.selected or "nobody"
        yield f"{_INDENT}* {chooser} gives {chosen} the floor"
    elif isinstance(event, Fault):
        yield f"{_INDENT}* the provider fails: {event.kind} ({one_line(event.detail, _WIDTH)})"
    elif isinstance(event, ModelCall) and event.error is not None:
        said = one_line(event.error.message, _WIDTH)
        yield f"{_INDENT}* the call of {event.agent} failed: {said}"
    elif isinstance(event, Termination) and event.reason != "error":
        yield f"the conversation ends: {event.reason}"


def _content(message: Message, finding: Finding) -> Iterator[str]:
    if not message.content:
        yield f"{_INDENT}({_emptiness(message, finding)})"
        return
    lines = visible(message.content).splitlines() or [""]
    for line in lines[:_LINES]:
        yield _INDENT + (line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…")
    if len(lines) > _LINES:
        yield f"{_INDENT}({len(lines) - _LINES} more lines)"


def _emptiness(message: Message, finding: Finding) -> str:
    """Whether an empty message came of null content, which crashes what expects a text."""
    for said, before in reversed(finding.played.said):
        if before < message.index and said.agent == message.speaker:
            return "content: null" if said.text is None else "empty"
    return "empty"


def messages_told(finding: Finding) -> int:
    """Number of messages in the story."""
    messages = finding.played.transcript.messages
    return sum(message.index <= finding.violation.index for message in messages)
