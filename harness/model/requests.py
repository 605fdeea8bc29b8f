"""What models were sent: the messages of requests, each kept once in a transcript.

A conversation's requests repeat each other: every prompt holds what was said before it. So a
call keeps the messages that no call before it had sent, and its whole request as numbers, counted
from 0 over the new messages of all calls up to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from harness.model.structs import Strict

if TYPE_CHECKING:
    from collections.abc import Sequence


class ToolCall(Strict, frozen=True, kw_only=True):
    """A tool call inside a message: arguments are the JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str


class RequestMessage(Strict, frozen=True, kw_only=True, gc=False):
    """One message of a request, as the model was sent it.

    Attributes:
        role: "system", "user", "assistant", "tool" or what else the provider knows.
        name: Who said it, if the message tells; a tool's name for its result.
        content: Its text; a part that is none, as an image, stands in brackets as its kind and
            a digest of it.
        tool_calls: The tool calls it repeats.
        tool_call_id: For a tool's result, the call it answers.
    """

    role: str
    name: str = ""
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


class KeptRequest(TypedDict):
    """The fields of a model call that hold its request."""

    new_messages: tuple[RequestMessage, ...]
    request: tuple[int, ...]


class RequestTable:
    """Numbers the messages of one transcript's requests, call by call."""

    def __init__(self) -> None:
        self._numbers: dict[RequestMessage, int] = {}
        # The same by identity, as most messages come again as the same object; they live on here.
        self._places: dict[int, int] = {}
        self._seen: list[RequestMessage] = []

    def enter(self, messages: Sequence[RequestMessage]) -> KeptRequest:
        """The fields for the next call, which sends these messages."""
        places: list[Any] = list(map(self._places.get, map(id, messages)))
        known = len(self._numbers)
        while None in places:
            at = places.index(None)
            places[at] = self._number(messages[at])
        new = tuple(self._numbers)[known:] if len(self._numbers) > known else ()
        return {"new_messages": new, "request": tuple(places)}

    def _number(self, message: RequestMessage) -> int:
        number = self._numbers.setdefault(message, len(self._numbers))
        self._places[id(message)] = number
        self._seen.append(message)
        return number


def common_start(one: Sequence[RequestMessage], other: Sequence[RequestMessage]) -> int:
    """How many messages two requests have in common before the first that differs."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
