"""What a model said in a recorded response, whatever the provider, streamed or not.

For people to read, not for scores: what is not understood is left out, never guessed.
"""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from harness.cassettes.usage.counts import MALFORMED
from harness.cassettes.usage.eventstream import payloads
from harness.cassettes.usage.framing import documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Any throughout: the shape is the provider's, and checked where it is read.
Json = Any

# Where a whole document keeps its text at the top: Cohere, Titan, Llama, Writer, Ollama.
_TEXTS = ("text", "outputText", "generation", "value", "response")


@dataclass(frozen=True)
class Answer:
    """What a response says.

    Attributes:
        text: The reply; several choices one below the other.
        calls: Name and arguments, as text, of each tool it calls.
        error: What the provider says went wrong; "" for nothing.
    """

    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    error: str = ""


def answer_of(content_type: str, content: bytes) -> Answer | None:
    """Read a response body.

    Args:
        content_type: Value of the response's header.
        content: Body, content-encoding undone.

    Returns:
        None if no format known here is recognised; nothing is ever raised.
    """
    collected = _Collected()
    with suppress(*MALFORMED):
        for document in _framed(content_type, content):
            _take(collected, _decoded(document))
    return collected.answer()


def _framed(content_type: str, content: bytes) -> Iterable[bytes]:
    if "amazon.eventstream" in content_type:
        return payloads(content)
    return documents(content_type, content)


def _decoded(document: bytes) -> Json:
    try:
        return msgspec.json.decode(document)
    except MALFORMED:
        return None  # such as the [DONE] that ends a stream


@dataclass
class _Collected:
    """Pieces of a reply by choice, of tool calls by their place."""

    texts: dict[Json, list[str]] = field(default_factory=dict)
    calls: dict[Json, tuple[str, list[str]]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def say(self, choice: Json, text: Json) -> None:
        if isinstance(text, str):
            self.texts.setdefault(choice, []).append(text)

    def call(self, place: Json, name: Json, arguments: Json) -> None:
        known = self.calls.setdefault(place, ("", []))
        if isinstance(name, str) and name:
            known = self.calls[place] = (name, known[1])
        if isinstance(arguments, str):
            known[1].append(arguments)
        elif arguments:
            known[1].append(msgspec.json.encode(arguments).decode())

    def answer(self) -> Answer | None:
        if not (self.texts or self.calls or self.errors):
            return None
        replies = ["".join(pieces) for pieces in self.texts.values()]
        return Answer(
            text="\n\n".join(reply for reply in replies if reply),
            calls=tuple((name, "".join(pieces)) for name, pieces in self.calls.values()),
            error="; ".join(self.errors),
        )


def _take(into: _Collected, document: Json) -> None:
    """Take what one document, or one event of a stream, says."""
    if not isinstance(document, dict):
        return
    if isinstance(document.get("bytes"), str):
        # Bedrock wraps each event of an invoked model.
        _take(into, _decoded(base64.b64decode(document["bytes"])))
        return
    _take_error(into, document.get("error"))
    for position, choice in enumerate(_dicts(document.get("choices"))):
        _take_choice(into, choice, choice.get("index", position))
    for candidate in _dicts(document.get("candidates")):
        _take_blocks(into, _at(candidate, "content", "parts"))
    _take_blocks(into, document.get("content"))
    _take_blocks(into, _at(document, "output", "message", "content"))
    _take_output(into, document.get("output"))
    _take_message(into, document.get("message"), 0)
    for result in (document, *_dicts(document.get("results"))):
        for name in _TEXTS:
            into.say(0, result.get(name))
    _take_event(into, document)


def _take_error(into: _Collected, error: Json) -> None:
    if isinstance(error, dict):
        error = error.get("message") or msgspec.json.encode(error).decode()
    if isinstance(error, str):
        into.errors.append(error)


def _take_choice(into: _Collected, choice: dict[str, Json], index: Json) -> None:
    """A choice of chat completions (whole or a delta of it) or of plain completions."""
    index = index if isinstance(index, int) else 0
    into.say(index, choice.get("text"))
    for name in ("message", "delta"):
        _take_message(into, choice.get(name), index)


def _take_message(into: _Collected, message: Json, index: int) -> None:
    """A message of chat completions, Ollama or Cohere."""
    if not isinstance(message, dict):
        return
    into.say(index, message.get("content"))
    into.say(index, message.get("refusal"))
    into.say(index, _at(message, "content", "text"))
    _take_blocks(into, message.get("content"), index)
    calls = list(_dicts(message.get("tool_calls")))
    if isinstance(message.get("function_call"), dict):
        calls.append({"function": message["function_call"]})
    for position, call in enumerate(calls):
        place = index, "call", call.get("index", position)
        function = call.get("function")
        if isinstance(function, dict):
            into.call(str(place), function.get("name"), function.get("arguments"))


def _take_blocks(into: _Collected, blocks: Json, index: int = 0) -> None:
    """Blocks of content: Anthropic's, Bedrock's, Gemini's, Cohere's."""
    for block in _dicts(blocks):
        into.say(index, block.get("text"))
        for call in (block, block.get("toolUse"), block.get("functionCall")):
            if isinstance(call, dict) and isinstance(call.get("name"), str):
                place = f"block {len(into.calls)}"
                into.call(place, call["name"], call.get("input") or call.get("args"))


def _take_output(into: _Collected, output: Json) -> None:
    """Items of a response of OpenAI's responses API."""
    for item in _dicts(output):
        _take_blocks(into, item.get("content"))
        if item.get("type") == "function_call":
            into.call(f"item {len(into.calls)}", item.get("name"), item.get("arguments"))


def _take_event(into: _Collected, event: dict[str, Json]) -> None:
    """An event that is no delta of a whole document: Anthropic's, Bedrock's, OpenAI's."""
    kind, delta = event.get("type"), event.get("delta")
    if kind == "response.output_text.delta":
        into.say(0, delta)
    elif kind == "response.output_item.done":
        item = event.get("item")
        if isinstance(item, dict) and item.get("type") == "function_call":
            into.call(f"item {len(into.calls)}", item.get("name"), item.get("arguments"))
    place = f"at {event.get('index', event.get('contentBlockIndex', 0))}"
    block = event.get("content_block") or _at(event, "start", "toolUse")
    if isinstance(block, dict) and isinstance(block.get("name"), str):
        into.call(place, block["name"], None)
    if isinstance(delta, dict):
        into.say(0, delta.get("text"))
        _take_message(into, delta.get("message"), 0)
        pieces = delta.get("partial_json") or _at(delta, "toolUse", "input")
        if isinstance(pieces, str):
            into.call(place, None, pieces)


def _dicts(value: Json) -> Iterator[dict[str, Json]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def _at(value: Json, *path: str) -> Json:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
