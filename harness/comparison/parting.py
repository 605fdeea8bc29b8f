"""The first turn where two conversations of the same sample part, and why if their events tell."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from harness.model.comparison import Parting
from harness.model.transcript import CodeExecution, Message, ModelCall, SpeakerSelection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.transcript import Event, Transcript

_WIDTH = 100
_BEFORE = 30
_NOBODY = "nobody"
_OVER = "(the conversation is over)"


def parting(first: Transcript, second: Transcript) -> Parting | None:
    """Where two conversations part; None if the same is said in both, by the same speakers.

    Args:
        first: The conversation that is compared with.
        second: The other one.
    """
    for turn, (one, other) in enumerate(zip_longest(first.messages, second.messages), start=1):
        if _said(one) != _said(other):
            position = _differs_at(_text(one), _text(other))
            return Parting(
                turn=turn,
                first=_shown(one, position),
                second=_shown(other, position),
                why=_why(_before(first, one), _before(second, other)),
            )
    return None


def _said(message: Message | None) -> object:
    return message and (message.speaker, message.content, message.tool_calls)


def _text(message: Message | None) -> str:
    if message is None:
        return ""
    calls = "".join(f" calls {call.name}({call.arguments})" for call in message.tool_calls)
    return message.content + calls


def _differs_at(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _shown(message: Message | None, position: int) -> str:
    """The speaker, and the words around the first character that differs."""
    if message is None:
        return _OVER
    text = _text(message)
    start = max(0, position - _BEFORE) if position > _WIDTH - _BEFORE else 0
    piece = text[start : start + _WIDTH]
    before, after = "…" if start else "", "…" if start + _WIDTH < len(text) else ""
    return f"{message.speaker}: {before}{' '.join(piece.split())}{after}"


def _before(transcript: Transcript, message: Message | None) -> list[Event]:
    """What happened between the message before and this one, which may be the end."""
    events = transcript.events
    end = message.index if message else len(events)
    # A call is made before its message is sent, so all since the last message led to it.
    start = max((each.index for each in transcript.messages if each.index < end), default=-1)
    return [event for event in events if start < event.index < end]


def _why(first: Sequence[Event], second: Sequence[Event]) -> str:
    """What differed before it: whoever was chosen, code that came out otherwise, or a prompt."""
    for one, other in zip(first, second, strict=False):
        if type(one) is not type(other):
            return ""
        if isinstance(one, SpeakerSelection) and isinstance(other, SpeakerSelection):
            if one.selected != other.selected:
                now, before = other.selected or _NOBODY, one.selected or _NOBODY
                return f"{now} was chosen to speak, not {before}"
        elif isinstance(one, CodeExecution) and isinstance(other, CodeExecution):
            if told := _code(one, other):
                return told
        elif (
            isinstance(one, ModelCall)
            and isinstance(other, ModelCall)
            and (told := _asked(one, other))
        ):
            return told
    return ""


def _code(one: CodeExecution, other: CodeExecution) -> str:
    if one.code != other.code:
        return "other code was run"
    if one.exit_code != other.exit_code:
        return f"the same code ended with exit {other.exit_code} instead of {one.exit_code}"
    return "the same code printed something else" if one.output != other.output else ""


def _asked(one: ModelCall, other: ModelCall) -> str:
    if one.model_requested != other.model_requested:
        return f"{other.model_requested} was asked instead of {one.model_requested}"
    if (one.prompt, one.prompt_messages) != (other.prompt, other.prompt_messages):
        return f"the prompt of {other.agent} differs"
    if one.reply != other.reply or one.tool_calls != other.tool_calls:
        return f"the model answered {other.agent} otherwise to the same last message"
    return ""
