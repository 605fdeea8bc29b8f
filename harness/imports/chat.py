"""Messages as chat APIs write them: ``name``, ``role``, ``content`` and tool calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from harness.errors import ImportFault, SchemaError, quoted
from harness.model.migrations import load_transcript
from harness.model.requests import ToolCall
from harness.model.transcript import Termination, Transcript

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ROLES = ("assistant", "user", "tool", "function", "system")


def read_chat(entries: Any, where: str, version: str) -> Transcript:
    """A transcript with one message per entry, and no other event.

    Args:
        entries: What stands where the list of messages should.
        where: The place of it, for errors.
        version: What the transcript says of its engine.

    Raises:
        ImportFault: If it is no list of messages.
    """
    if not isinstance(entries, list) or not entries:
        kind = "empty" if entries == [] else f"a JSON {type(entries).__name__}, not a list"
        raise ImportFault(f"{where}: the chat history is {kind}; there is nothing to import.")
    plain = [_plain(entry, f"{where}: message {n}") for n, entry in enumerate(entries)]
    try:
        transcript = load_transcript(msgspec.json.encode(plain))
    except SchemaError as error:
        raise ImportFault(f"{where}: {error}") from None
    events = tuple(
        msgspec.structs.replace(message, **_of_tools(entry))
        for message, entry in zip(transcript.messages, entries, strict=True)
    )
    return msgspec.structs.replace(transcript, engine_version=version, events=events)


def _plain(entry: Any, where: str) -> dict[str, Any]:
    """Name, role and content as the bare chat history has them."""
    if not isinstance(entry, dict):
        raise ImportFault(f"{where} is a JSON {type(entry).__name__}; an object was expected.")
    if not entry.keys() & {"content", "tool_calls", "function_call", "tool_responses"}:
        there = ", ".join(quoted(key, 60) for key in list(entry)[:20]) or "nothing"
        raise ImportFault(f"{where} has no 'content'; it has: {there}.")
    for key in ("name", "role"):
        if not isinstance(entry.get(key), str | None):
            raise ImportFault(f"{where}: {key!r} is {quoted(entry[key])}; a text was expected.")
    if (entry.get("role") or _ROLES[0]) not in _ROLES:
        raise ImportFault(
            f"{where}: 'role' is {quoted(entry['role'])}; valid choices: {', '.join(_ROLES)}."
        )
    return {
        "name": entry.get("name"),
        "role": entry.get("role"),
        "content": _text(entry.get("content"), where),
    }


def _text(content: Any, where: str) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list):
        return "\n".join(_text_of_part(part, where) for part in content)
    raise ImportFault(
        f"{where}: 'content' is a JSON {type(content).__name__}; a text or a list of parts was "
        "expected."
    )


def _text_of_part(part: Any, where: str) -> str:
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return str(part["text"])
    if isinstance(part, dict) and isinstance(part.get("type"), str):
        return f"[{part['type']}]"
    raise ImportFault(
        f"{where}: a part of 'content' has neither 'text' nor 'type': {quoted(part)}."
    )


def _of_tools(entry: dict[str, Any]) -> dict[str, Any]:
    calls = entry.get("tool_calls")
    answered = entry.get("tool_call_id")
    return {
        "tool_calls": tuple(_tool_calls(calls if isinstance(calls, list) else [])),
        "tool_call_id": answered if isinstance(answered, str) else None,
    }


def _tool_calls(calls: Sequence[Any]) -> Iterator[ToolCall]:
    """Those that are as OpenAI writes them; others are in the document only."""
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        fields = function if isinstance(function, dict) else {}
        texts = [fields.get("name"), fields.get("arguments"), call.get("id")] if fields else []
        if texts and all(isinstance(text, str) for text in texts):
            yield ToolCall(name=texts[0], arguments=texts[1], id=texts[2])


def with_termination(transcript: Transcript, terminators: Sequence[str]) -> Transcript:
    """The transcript, ended if its last message ends with one of the words that end it."""
    if not transcript.messages or transcript.termination is not None:
        return transcript
    last = transcript.messages[-1]
    said = last.content.rstrip()
    word = next((each for each in terminators if said.endswith(each)), None)
    if word is None:
        return transcript
    end = Termination(
        index=len(transcript.events),
        offset_seconds=transcript.events[-1].offset_seconds,
        reason="termination_message",
        detail=f"The last message of the file ends with {word!r}; nothing else tells the reason.",
        agent=last.speaker,
        message_index=last.index,
    )
    return msgspec.structs.replace(transcript, events=(*transcript.events, end))
