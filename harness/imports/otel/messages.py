"""What the spans of model calls and agents say was asked and answered, in any generation.

In order of preference, the first that is there is read: the attributes of 1.37 and later
(``gen_ai.input.messages``, as JSON text or structured, on the span or on its event
``gen_ai.client.inference.operation.details``); the events of 1.28 to 1.36
(``gen_ai.user.message``, ``gen_ai.choice``), on the span or as log records; the older event
``gen_ai.content.prompt``; and the numbered attributes of OpenLLMetry (``gen_ai.prompt.0.role``).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from harness.errors import ImportFault, quoted
from harness.imports.otel.values import folded, unfolded
from harness.model.requests import ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.imports.otel.spans import Span

Role = Literal["user", "assistant", "tool", "function", "system"]
_ROLES: Mapping[str, Role] = {
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "function",
    "system": "system",
    "developer": "system",
}
_ASKED_EVENTS: Mapping[str, Role] = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_DETAILS = "gen_ai.client.inference.operation.details"
_NUMBERED = re.compile(r"gen_ai\.(prompt|completion)\.(\d{1,6})\.(.+)")
_NUMBERED_CALL = re.compile(r"tool_calls\.(\d{1,6})\.(id|name|arguments)")
EVENTS = frozenset({*_ASKED_EVENTS, _DETAILS, "gen_ai.choice", "exception"}) | {
    "gen_ai.content.prompt",
    "gen_ai.content.completion",
}


@dataclass(frozen=True, kw_only=True)
class Said:
    """One message of a request or a response.

    Attributes:
        role: As the conventions name it.
        name: Who said it, if the message tells.
        text: Its text; parts that are none stand as their kind in brackets.
        calls: The tools it calls.
        answers: Id of the tool call it answers.
        finish: Why the model stopped; empty where not told.
        choice: Which of several responses to one request it is, from 0.
    """

    role: Role
    name: str = ""
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    answers: str | None = None
    finish: str = ""
    choice: int = 0

    @property
    def gist(self) -> tuple[str, ...]:
        """What is the same wherever the message is repeated, whatever role it has there."""
        called = (text for call in self.calls for text in (call.name, folded_json(call.arguments)))
        return (self.text.strip(), *called)


def folded_json(text: str) -> str:
    """JSON in one spelling, as one exporter writes arguments as text, another as an object."""
    return folded(unfolded(text))


def asked(span: Span, notes: Counter[str]) -> tuple[Said, ...]:
    """The messages of a request, system prompts among them."""
    details = [span.attributes, *_attributes(span, _DETAILS)]
    for holder in details:
        if (value := holder.get("gen_ai.input.messages")) is not None:
            return _messages(value, "user", f"{span.place}: gen_ai.input.messages", notes)
    told = [
        _message(_body(event.attributes), _ASKED_EVENTS[event.name], span.place, notes)
        for event in span.events
        if event.name in _ASKED_EVENTS
    ]
    if told:
        return tuple(told)
    for holder in (*_attributes(span, "gen_ai.content.prompt"), span.attributes):
        if (value := holder.get("gen_ai.prompt")) is not None:
            return _messages(value, "user", f"{span.place}: gen_ai.prompt", notes)
    return _numbered(span, "prompt", "user", notes)


def instructions(span: Span, notes: Counter[str]) -> tuple[Said, ...]:
    """The system prompt, where it is told apart from the messages."""
    for holder in (span.attributes, *_attributes(span, _DETAILS)):
        if (value := holder.get("gen_ai.system_instructions")) is not None:
            place = f"{span.place}: gen_ai.system_instructions"
            return (_message({"role": "system", "parts": value}, "system", place, notes),)
    return ()


def answered(span: Span, notes: Counter[str]) -> tuple[Said, ...]:
    """The messages of a response: one, or more where several choices were asked for."""
    details = [span.attributes, *_attributes(span, _DETAILS)]
    for holder in details:
        if (value := holder.get("gen_ai.output.messages")) is not None:
            place = f"{span.place}: gen_ai.output.messages"
            return _messages(value, "assistant", place, notes)
    told = tuple(
        _message(_body(attributes), "assistant", span.place, notes)
        for attributes in _attributes(span, "gen_ai.choice")
    )
    if told:
        return told
    for holder in (*_attributes(span, "gen_ai.content.completion"), span.attributes):
        if (value := holder.get("gen_ai.completion")) is not None:
            return _messages(value, "assistant", f"{span.place}: gen_ai.completion", notes)
    return _numbered(span, "completion", "assistant", notes)


def _attributes(span: Span, name: str) -> Iterator[dict[str, Any]]:
    return (event.attributes for event in span.events if event.name == name)


def _body(attributes: dict[str, Any]) -> dict[str, Any]:
    """What an event says: in its attributes, or as JSON in one of them."""
    content = unfolded(attributes.get("gen_ai.event.content"))
    body = {key: value for key, value in attributes.items() if key != "gen_ai.event.content"}
    if isinstance(content, dict):
        return {**body, **content}
    return body if content is None else {**body, "content": content}


def _messages(value: Any, role: Role, place: str, notes: Counter[str]) -> tuple[Said, ...]:
    unfolded_value = unfolded(value)
    if isinstance(unfolded_value, str) and unfolded_value[:1] in ("[", "{"):
        notes["text that was cut, so that it is no JSON any more"] += 1
    entries = unfolded_value if isinstance(unfolded_value, list) else [unfolded_value]
    return tuple(
        _message(entry, role, f"{place}: message {n}", notes) for n, entry in enumerate(entries)
    )


def _message(entry: Any, otherwise: Role, place: str, notes: Counter[str]) -> Said:
    if isinstance(entry, str):
        return Said(role=otherwise, text=entry)
    if not isinstance(entry, dict):
        raise ImportFault(f"{place} is {quoted(entry)}; an object with 'role' was expected.")
    inner = unfolded(entry.get("message"))
    message = {**entry, **inner} if isinstance(inner, dict) else dict(entry)
    if isinstance(inner, str):
        message["content"] = inner
    parts = _Parts(place, notes)
    parts.read(message.get("parts", message.get("content")))
    parts.read_calls(unfolded(message.get("tool_calls")))
    role = _role(message, otherwise, place, notes)
    own_id = message.get("tool_call_id", message.get("id") if role == "tool" else None)
    return Said(
        role="tool" if parts.answers is not None else role,
        name=_text(message, "name", place),
        text="\n".join(parts.texts),
        calls=tuple(parts.calls),
        answers=parts.answers or (own_id if isinstance(own_id, str) else None),
        finish=folded(message.get("finish_reason")),
        choice=index if isinstance(index := message.get("index"), int) else 0,
    )


def _role(message: dict[str, Any], otherwise: Role, place: str, notes: Counter[str]) -> Role:
    said = _text(message, "role", place)
    if said and said not in _ROLES:
        notes[f"role {said:.40}"] += 1
    return _ROLES.get(said, otherwise)


def _text(message: dict[str, Any], key: str, place: str) -> str:
    value = message.get(key)
    if not isinstance(value, str | None):
        raise ImportFault(f"{place}: {key!r} is {quoted(value)}; a text was expected.")
    return value or ""


class _Parts:
    """Reads the parts of one message."""

    def __init__(self, place: str, notes: Counter[str]) -> None:
        self.place = place
        self.notes = notes
        self.texts: list[str] = []
        self.calls: list[ToolCall] = []
        self.answers: str | None = None

    def read(self, content: Any) -> None:
        """Parts, or what stands for them: a text, an object, nothing."""
        listed = unfolded(content)
        if isinstance(listed, list) and all(
            isinstance(part, dict) and isinstance(part.get("type"), str) for part in listed
        ):
            for part in listed:
                self._read_part(part)
        elif content is not None:
            self.texts.append(folded(content))

    def _read_part(self, part: dict[str, Any]) -> None:
        kind = part["type"]
        if kind == "tool_call":
            self._call(part, part.get("arguments"))
        elif kind == "tool_call_response":
            self.answers = folded(part.get("id"))
            self.texts.append(folded(part.get("response", part.get("result"))))
        elif kind in ("reasoning", "thinking"):
            self.notes["reasoning of the model"] += 1
        elif isinstance(text := part.get("content", part.get("text")), str) and kind in (
            "text",
            "input_text",
            "output_text",
        ):
            self.texts.append(text)
        else:
            self.notes[f"part of a message: {kind:.40}"] += 1
            self.texts.append(f"[{kind:.40}]")

    def read_calls(self, calls: Any) -> None:
        """Tool calls as chat APIs write them."""
        if not isinstance(calls, list | None):
            raise ImportFault(
                f"{self.place}: 'tool_calls' is {quoted(calls)}; a list was expected."
            )
        for call in calls or []:
            if not isinstance(call, dict):
                raise ImportFault(f"{self.place}: a tool call is {quoted(call)}, not an object.")
            function = call.get("function")
            inner = function if isinstance(function, dict) else call
            self._call({"id": call.get("id"), **inner}, inner.get("arguments"))

    def _call(self, part: dict[str, Any], arguments: Any) -> None:
        self.calls.append(
            ToolCall(
                id=folded(part.get("id")),
                name=folded(part.get("name")),
                arguments=folded(arguments),
            )
        )


def _numbered(span: Span, kind: str, role: Role, notes: Counter[str]) -> tuple[Said, ...]:
    entries: dict[int, dict[str, Any]] = defaultdict(dict)
    for key, value in span.attributes.items():
        found = _NUMBERED.fullmatch(key)
        if found and found[1] == kind:
            entries[int(found[2])][found[3]] = value
    return tuple(
        _message(_with_calls(entries[n]), role, f"{span.place}: gen_ai.{kind}.{n}", notes)
        for n in sorted(entries)
    )


def _with_calls(entry: dict[str, Any]) -> dict[str, Any]:
    calls: dict[int, dict[str, Any]] = defaultdict(dict)
    for key, value in entry.items():
        if found := _NUMBERED_CALL.fullmatch(key):
            calls[int(found[1])][found[2]] = value
    return {**entry, "tool_calls": [calls[n] for n in sorted(calls)]} if calls else entry
