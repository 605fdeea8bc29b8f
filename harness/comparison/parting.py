"""The first turn where two conversations of the same sample part, and why if their events tell."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from harness.comparison.settings import differs_at, excerpts, why_settings
from harness.model.paired import Parting, Said
from harness.model.requests import common_start
from harness.model.transcript import CodeExecution, Message, ModelCall, SpeakerSelection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.requests import RequestMessage
    from harness.model.scenario import AgentConfig
    from harness.model.transcript import Event, Transcript

    Configs = tuple[AgentConfig | None, AgentConfig | None]

_WIDTH = 100
_BEFORE = 30
_LONGEST = 1_000  # characters of a message that are kept to be shown beside the other's
_LINE = 200  # of the line in which they differ, what is kept before that place
_NOBODY = "nobody"
_OVER = "(the conversation is over)"


def parting(
    first: Transcript, second: Transcript, configs: Configs = (None, None)
) -> Parting | None:
    """Where two conversations part; None if the same is said in both, by the same speakers.

    Args:
        first: The conversation that is compared with.
        second: The other one.
        configs: The configs of both, if known, to tell whether they explain it.
    """
    for turn, (one, other) in enumerate(zip_longest(first.messages, second.messages), start=1):
        if said(one) != said(other):
            position = differs_at(_text(one), _text(other))
            return Parting(
                turn=turn,
                first=_shown(one, position),
                second=_shown(other, position),
                why=_Before(first, second, configs).why(one, other)
                or _why_said(one, other, configs),
                said_a=_around(one, position),
                said_b=_around(other, position),
            )
    return None


def said(message: Message | None) -> object:
    """What of a message must be the same for two to be the same; None without one."""
    # Line ends look alike wherever a conversation is shown.
    return message and (message.speaker, message.content.replace("\r\n", "\n"), message.tool_calls)


def _text(message: Message | None) -> str:
    if message is None:
        return ""
    calls = [f"calls {call.name}({call.arguments})" for call in message.tool_calls]
    return " ".join(text for text in (message.content.replace("\r\n", "\n"), *calls) if text)


def _shown(message: Message | None, position: int) -> str:
    """The speaker, and the words around the first character that differs."""
    if message is None:
        return _OVER
    text = _text(message)
    start = max(0, position - _BEFORE) if position > _WIDTH - _BEFORE else 0
    piece = text[start : start + _WIDTH]
    before, after = "…" if start else "", "…" if start + _WIDTH < len(text) else ""
    return f"{message.speaker}: {before}{' '.join(piece.split())}{after}"


def _around(message: Message | None, position: int) -> Said | None:
    """The message from the line before the one that differs on."""
    if message is None:
        return None
    text = _text(message)
    line = text.rfind("\n", 0, position) + 1
    start = max(text.rfind("\n", 0, max(0, line - 1)) + 1, position - _LINE, 0)
    before, after = "…" if start else "", "…" if start + _LONGEST < len(text) else ""
    return Said(
        speaker=message.speaker,
        recipient=message.recipient,
        text=f"{before}{text[start : start + _LONGEST]}{after}",
        differs_at=position - start + len(before),
    )


@dataclass(frozen=True)
class _Before:
    """Looks for what differed before two turns: a choice, how code came out, or a prompt."""

    first: Transcript
    second: Transcript
    configs: Configs

    def why(self, one: Message | None, other: Message | None) -> str:
        """The first difference among the events that led to two turns; "" if none tells."""
        events = zip(_led_to(self.first, one), _led_to(self.second, other), strict=False)
        for before, now in events:
            if type(before) is not type(now):
                return ""
            if told := self._differ(before, now):
                return told
        return ""

    def _differ(self, one: Event, other: Event) -> str:
        if isinstance(one, SpeakerSelection) and isinstance(other, SpeakerSelection):
            if one.selected == other.selected:
                return ""
            return f"{other.selected or _NOBODY} was chosen to speak, not {one.selected or _NOBODY}"
        if isinstance(one, CodeExecution) and isinstance(other, CodeExecution):
            return _code(one, other)
        if isinstance(one, ModelCall) and isinstance(other, ModelCall):
            return self._asked(one, other)
        return ""

    def _asked(self, one: ModelCall, other: ModelCall) -> str:
        settings = why_settings(other.agent, *self.configs) if one.agent == other.agent else ""
        if one.model_requested != other.model_requested:
            return settings or f"{other.model_requested} was asked instead of {one.model_requested}"
        requests = self.first.request_of(one), self.second.request_of(other)
        is_known = all(requests)
        if told := _sent(other.agent, *requests, settings) if is_known else _told(one, other):
            return told
        if one.reply == other.reply and one.tool_calls == other.tool_calls:
            return ""
        same = "request" if is_known else "last message"
        return settings or f"the model answered {other.agent} otherwise to the same {same}"


def _led_to(transcript: Transcript, message: Message | None) -> list[Event]:
    """What happened between the message before and this one, which may be the end."""
    events = transcript.events
    end = message.index if message else len(events)
    # A call is made before its message is sent, so all since the last message led to it.
    start = max((each.index for each in transcript.messages if each.index < end), default=-1)
    return [event for event in events if start < event.index < end]


def _sent(
    agent: str, one: Sequence[RequestMessage], other: Sequence[RequestMessage], settings: str
) -> str:
    """The first message in which two whole requests differ; "" if they are the same."""
    at = common_start(one, other)
    if at == len(one) == len(other):
        return ""
    if at == min(len(one), len(other)):
        return f"{agent} was sent {len(other)} messages, not {len(one)}"
    before, now = one[at], other[at]
    was, is_now = excerpts(before.content, now.content)
    if before.role == now.role == "system":
        return settings or f"the system message of {agent} says {is_now} instead of {was}"
    if before.content == now.content:
        return f"message {at + 1} of the prompt of {agent} has the same text, but differs otherwise"
    if at + 1 == len(one) == len(other):
        return f"{agent} was asked {is_now} instead of {was}"
    return f"message {at + 1} of the prompt of {agent} says {is_now} instead of {was}"


def _told(one: ModelCall, other: ModelCall) -> str:
    """The same of calls whose requests were not recorded but for the last message."""
    if one.prompt != other.prompt:
        was, is_now = excerpts(one.prompt, other.prompt)
        return f"{other.agent} was asked {is_now} instead of {was}"
    if one.prompt_messages != other.prompt_messages:
        return f"{other.agent} was sent {other.prompt_messages} messages, not {one.prompt_messages}"
    return ""


def _why_said(one: Message | None, other: Message | None, configs: Configs) -> str:
    """What the speaker was given otherwise, where no event tells why it spoke otherwise."""
    if one is None or other is None or one.speaker != other.speaker:
        return ""
    return why_settings(one.speaker, *configs)


def _code(one: CodeExecution, other: CodeExecution) -> str:
    if one.code != other.code:
        return "other code was run"
    if one.exit_code != other.exit_code:
        return f"the same code ended with exit {other.exit_code} instead of {one.exit_code}"
    return "the same code printed something else" if one.output != other.output else ""
