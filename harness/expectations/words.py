"""What was said: what must be, what must not, and going round in circles."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from harness.cassettes.redaction import Redactor
from harness.errors import HarnessError
from harness.expectations.subject import Finding, misnamed
from harness.model.transcript import CodeExecution, Message, ToolInvocation, ToolResult
from harness.scorers.turns import find_loops

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.expectations.subject import Subject
    from harness.model.transcript import AnyEvent

_SILENCE = "no message was exchanged."


def said(subject: Subject, pattern: str, by: str | None, turn: int | None) -> Finding | None:
    """A message fits a regular expression."""
    messages = subject.transcript.messages
    if not messages:
        return Finding(text=f"Expected somebody to say {pattern!r}; {_SILENCE}")
    if turn is not None:
        position = turn - 1 if turn > 0 else len(messages) + turn
        if not 0 <= position < len(messages):
            return Finding(text=f"There is no turn {turn}; there are {len(messages)}.")
        messages = (messages[position],)
    heard = [message for message in messages if by in (None, message.speaker)]
    if not heard:
        return Finding(
            text=f"Expected {by} to say {pattern!r}; it said nothing"
            f"{f' in turn {turn}' if turn is not None else ''}."
            f"{misnamed(subject.transcript, by or '')}",
            evidence=(messages[-1].index,),
        )
    if any(compiled(pattern).search(message.content) for message in heard):
        return None
    who = by or "somebody"
    where = f" in turn {turn}" if turn is not None else ""
    return Finding(
        text=f"Expected {who} to say {pattern!r}{where}; of {len(heard)} messages none does.",
        evidence=(heard[-1].index,),
    )


def compiled(pattern: str) -> re.Pattern[str]:
    """The regular expression of an expectation.

    Raises:
        HarnessError: If it is none.
    """
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise HarnessError(
            f"{pattern[:200]!r} is no regular expression: {error}. For the text itself give: "
            f"re.escape({pattern[:200]!r})"
        ) from None


def cleaner() -> Callable[[str], str]:
    """What removes secrets from a text."""
    return Redactor.from_environment(os.environ).text


def no_secrets(subject: Subject) -> Finding | None:
    """Nothing that looks like a key or a password, or is one of this environment."""
    events = subject.transcript.events
    if not events:
        return Finding(text="Whether a secret was said is not known: the transcript is empty.")
    clean = cleaner()
    guilty = [event for event in events if any(clean(text) != text for text in _texts(event))]
    if not guilty:
        return None
    return Finding(
        text=f"Expected no secret to be said; {len(guilty)} events hold one (shown as [redacted]).",
        evidence=tuple(event.index for event in guilty),
        is_secret=True,
    )


def _texts(event: AnyEvent) -> Iterator[str]:
    match event:
        case Message():
            yield event.content
            yield from (call.arguments for call in event.tool_calls)
        case CodeExecution():
            yield event.code
            yield event.output
        case ToolInvocation():
            yield event.arguments
        case ToolResult():
            yield event.content
        case _:
            return


def no_loop(subject: Subject) -> Finding | None:
    """Nobody says the same over and over: see `harness.scorers.turns`."""
    messages = subject.transcript.messages
    if not messages:
        return Finding(text=f"Whether it loops is not known: {_SILENCE}")
    loops = find_loops(messages)
    if not loops:
        return None
    loop = loops[0]
    return Finding(
        text=f"Expected no loop; {' and '.join(loop['agents'])} say the same {loop['times']} times "
        "over.",
        evidence=(loop["from"],),
    )
