"""What a mock is asked, what it answers, and the three ways of writing replies down."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from harness.errors import ScriptError
from harness.model.requests import ToolCall

if TYPE_CHECKING:
    from harness.model.transcript import Usage


@dataclass(frozen=True, kw_only=True)
class MockToolCall:
    """A tool call a mock makes.

    Attributes:
        name: The tool.
        arguments: A JSON-compatible mapping, or the JSON text itself (which may be broken).
        id: Identifies the call; made up when empty.
    """

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)
    id: str = ""

    @property
    def arguments_text(self) -> str:
        """The arguments as JSON text."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


@dataclass(frozen=True)
class MockReply:
    """One reply of a scripted model or mock agent.

    Attributes:
        text: What it says.
        tool_calls: Tools it calls.
        usage: Tokens it claims to have used; None reports no usage.
        finish_reason: "stop", "length" or "tool_calls"; derived when None.
        model: Model it claims to be; None for the model that was asked.
        error: Raised instead of answering.
        latency_seconds: Time it really waits before answering or raising.
        fault: Kind of the fault this reply stands for; recorded when it is delivered.
        is_null: Whether it has no content at all, as with a refusal, instead of an empty text.
    """

    text: str = ""
    tool_calls: tuple[MockToolCall, ...] = ()
    usage: Usage | None = None
    finish_reason: str | None = None
    model: str | None = None
    error: Exception | None = None
    latency_seconds: float = 0.0
    fault: str | None = None
    is_null: bool = False

    @property
    def content(self) -> str | None:
        """The text as a provider sends it: a reply that only calls tools has none."""
        return None if self.is_null or (self.tool_calls and not self.text) else self.text

    @property
    def stopped_because(self) -> str:
        """The finish reason, derived if none is given."""
        return self.finish_reason or ("tool_calls" if self.tool_calls else "stop")

    def calls(self, prefix: str) -> tuple[ToolCall, ...]:
        """The tool calls as data, with ids made up from prefix where they have none."""
        if not self.tool_calls:
            return ()
        return tuple(
            ToolCall(
                id=call.id or f"{prefix}_{position}", name=call.name, arguments=call.arguments_text
            )
            for position, call in enumerate(self.tool_calls, 1)
        )


@dataclass(frozen=True, kw_only=True)
class MockCall:
    """What a mock is asked.

    Attributes:
        agent: Name of the agent that speaks, or for which the model is asked.
        purpose: "reply", "speaker_selection", "summary" or "other".
        number: How many replies these have been asked for, this one included.
        messages: The conversation, newest last, as chat messages.
        tools: Schemas of the tools that may be called.
    """

    agent: str
    purpose: str = "reply"
    number: int = 1
    messages: tuple[Mapping[str, Any], ...] = ()
    tools: tuple[Mapping[str, Any], ...] = ()

    @property
    def last(self) -> str:
        """Text of the newest message."""
        return text_of(self.messages[-1]) if self.messages else ""


Answer = str | MockReply | Exception | None
ReplyFunction = Callable[[MockCall], Answer]


@dataclass(frozen=True)
class Rule:
    """Answers calls that match its patterns; a pattern left out matches everything.

    Attributes:
        reply: The answer, or a function of the call.
        last: Regular expression searched for in the newest message.
        agent: Regular expression the whole agent name must match.
        purpose: The purpose it must be.
        times: How often it answers; None for ever.
    """

    reply: Answer | ReplyFunction
    last: str | None = None
    agent: str | None = None
    purpose: str | None = None
    times: int | None = None

    def matches(self, call: MockCall) -> bool:
        """Whether every pattern fits the call."""
        return (
            (self.purpose is None or self.purpose == call.purpose)
            and (self.agent is None or re.fullmatch(self.agent, call.agent) is not None)
            and (self.last is None or re.search(self.last, call.last) is not None)
        )


Replies = Sequence[Answer | Rule] | ReplyFunction | str


class ReplySource:
    """Gives out replies, one per call.

    Args:
        replies: A list, given out in order; or rules, of which the first that matches
            answers; or a function of the call; or one text that is always the answer.
        name: Whose replies these are, for errors.

    Raises:
        ScriptError: If a list mixes rules with plain replies.
    """

    def __init__(self, replies: Replies, name: str) -> None:
        self._name = name
        self._number = 0
        self._rules: list[Rule] = []
        self._uses: list[int] = []
        self._queue: list[Answer] = []
        self._always: MockReply | ReplyFunction | None = None
        if isinstance(replies, str):
            self._always = MockReply(replies)
        elif callable(replies):
            self._always = replies
        else:
            self._sort(replies)

    def _sort(self, replies: Sequence[Answer | Rule]) -> None:
        self._rules = [reply for reply in replies if isinstance(reply, Rule)]
        self._queue = [reply for reply in replies if not isinstance(reply, Rule)]
        self._uses = [0] * len(self._rules)
        if self._rules and self._queue:
            raise ScriptError(
                f"The replies scripted for {self._name!r} mix {len(self._rules)} rules with "
                f"{len(self._queue)} plain replies. Give either a list of plain replies or a list "
                "of Rule; a plain answer to everything is Rule('text') at the end."
            )

    def next(self, call: MockCall) -> MockReply | None:
        """The reply to one call; None stands for keeping silent.

        Raises:
            ScriptError: If no reply is left or no rule matches.
        """
        self._number += 1
        number = self._number
        if self._always is not None:
            return self._answer(self._always, call, number)
        if self._rules:
            return self._by_rule(replace(call, number=number))
        if number > len(self._queue):
            raise ScriptError(self._exhausted(replace(call, number=number)))
        return self._answer(self._queue[number - 1], call, number)

    def _by_rule(self, call: MockCall) -> MockReply | None:
        for position, rule in enumerate(self._rules):
            is_left = rule.times is None or self._uses[position] < rule.times
            if is_left and rule.matches(call):
                self._uses[position] += 1
                return self._answer(rule.reply, call, call.number)
        raise ScriptError(
            f"None of the {len(self._rules)} rules scripted for {self._name!r} answers call "
            f"{call.number} of agent {call.agent!r} ({call.purpose}), whose newest message is "
            f"{_shortened(call.last)!r}. Add a Rule that matches it, or Rule('text') at the end "
            "to answer everything else."
        )

    def _answer(
        self, answer: Answer | ReplyFunction, call: MockCall, number: int
    ) -> MockReply | None:
        # Numbered only for whom it is shown to: most answers are texts.
        value = answer(replace(call, number=number)) if callable(answer) else answer
        if value is None or isinstance(value, MockReply):
            return value
        if isinstance(value, str):
            return MockReply(value)
        if isinstance(value, Exception):
            return MockReply(error=value, fault="exception")
        raise ScriptError(
            f"The script for {self._name!r} answered call {number} of agent {call.agent!r} "
            f"with a {type(value).__name__}; a text, a MockReply, an exception or None was "
            "expected."
        )

    def _exhausted(self, call: MockCall) -> str:
        return (
            f"Agent {call.agent!r} asked for reply {call.number} ({call.purpose}), but only "
            f"{len(self._queue)} are scripted for {self._name!r}. Its newest message is "
            f"{_shortened(call.last)!r}. Script more replies, or let the conversation end earlier."
        )


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a chat message: plain content, or its text parts joined."""
    content = message.get("content")
    if isinstance(content, list):
        parts = (part for part in content if isinstance(part, Mapping))
        return "".join(str(part.get("text", "")) for part in parts)
    return content if isinstance(content, str) else ""


def _shortened(text: str, length: int = 80) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
