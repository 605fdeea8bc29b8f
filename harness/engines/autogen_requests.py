"""What AutoGen sends a model, as messages of a request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.capture import storable
from harness.mocks.replies import text_of
from harness.model.requests import RequestMessage, ToolCall

if TYPE_CHECKING:
    from collections.abc import Sequence


class SentMessages:
    """Reads the messages of one sample's calls, most of which an earlier call has sent.

    What a call has in common with the one before it of the same caller, but for a last message
    that is put anew each time, is found by one comparison of lists and not read again.
    """

    def __init__(self) -> None:
        self._last: dict[str, tuple[list[Any], tuple[RequestMessage, ...]]] = {}

    def read(self, caller: str, messages: Sequence[Any]) -> tuple[RequestMessage, ...]:
        """The messages of a request, in order.

        Args:
            caller: Whoever sends it, and what for.
            messages: As AutoGen passes them.
        """
        last_copies, last_read = self._last.get(caller, ([], ()))
        known = len(last_copies)
        if list(messages[:known]) != last_copies:
            known -= 1
            known = known if list(messages[:known]) == last_copies[:known] else 0
        copies, read = last_copies[:known], list(last_read[:known])
        for message in messages[known:]:
            # A list in a message, of tool calls or images, could be changed within the message:
            # such a one is read every time, as `object()` equals nothing.
            is_plain = type(message) is dict and set(map(type, message.values())) == {str}
            copies.append(message.copy() if is_plain else object())
            read.append(_plain_message(message) if is_plain else request_message(message))
        request = tuple(read)
        self._last[caller] = copies, request
        return request


def _plain_message(message: dict[str, str]) -> RequestMessage:
    """The same as `request_message`, of texts alone."""
    content, name = message.get("content", ""), message.get("name", "")
    answered = message.get("tool_call_id")
    return RequestMessage(
        role=_text(message.get("role") or "user"),
        name=name if name.isascii() else storable(name),
        content=content if content.isascii() else storable(content),
        tool_call_id=None if answered is None else _text(answered),
    )


def request_message(message: Any) -> RequestMessage:
    """A message as a model is sent it."""
    if not isinstance(message, Mapping):  # the client will refuse it
        return RequestMessage(role="unknown", content=_text(message))
    answered = message.get("tool_call_id")
    return RequestMessage(
        role=_text(message.get("role") or "user"),
        name=_text(message.get("name") or ""),
        content=_text(_told(message)),
        tool_calls=tool_calls_of(message),
        tool_call_id=None if answered is None else _text(answered),
    )


def _told(message: Any) -> str:
    """Its text; a part that is none, an image say, as its kind and what tells it from others."""
    content = message.get("content")
    if not isinstance(content, list):
        return content_text(message)
    return "".join(map(_part, content))


def _part(part: Any) -> str:
    if isinstance(part, Mapping) and isinstance(part.get("text"), str):
        return str(part["text"])
    kind = part.get("type") if isinstance(part, Mapping) else type(part).__name__
    told = json.dumps(part, sort_keys=True, default=str)
    digest = hashlib.blake2b(told.encode("utf-8", "replace"), digest_size=6).hexdigest()
    return f"[{kind} {digest}]"


def content_text(message: Any) -> str:
    """The text of an AutoGen message, whatever form its content has."""
    content = message.get("content")
    if type(content) is str:
        return content
    if content is None or isinstance(content, str | list):
        return text_of(message)
    return str(content)


def tool_calls_of(message: Any) -> tuple[ToolCall, ...]:
    """The tool calls of a message or response, the old single function call included."""
    calls = list(_field(message, "tool_calls") or ())
    legacy = _field(message, "function_call")
    if not calls and not legacy:
        return ()
    if legacy:
        calls.append({"id": "", "function": legacy})
    return tuple(_tool_call(call) for call in calls)


def _tool_call(call: Any) -> ToolCall:
    function = _field(call, "function") or {}
    return ToolCall(
        id=storable(str(_field(call, "id") or "")),
        name=storable(str(_field(function, "name") or "")),
        arguments=storable(str(_field(function, "arguments") or "")),
    )


def _field(value: Any, name: str) -> Any:
    """A field of what is a dictionary in one release and an object in another."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if text.isascii() else storable(text)
