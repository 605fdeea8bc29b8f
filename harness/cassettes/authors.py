"""Whose message a message of a recorded conversation is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.cassettes.cassette import Interaction


def author_of(position: tuple[str, int], entry: Interaction, before: Sequence[Interaction]) -> str:
    """Whose message an item of a recorded conversation is.

    Args:
        position: List and index of the message in the interaction's request.
        entry: The interaction.
        before: The interactions recorded before it.

    Returns:
        For example "coder's reply in interaction 3" or "the result of tool search".
    """
    name, index = position
    parts = entry.request.shape.lists.get(name, ())
    message = parts[index].value
    tool = _tool_of(message, [part.value for part in parts[:index]])
    if tool:
        return f"the result of tool {tool}"
    reply = said_in(message, before)
    return reply_of(reply) if reply else ""


def reply_of(entry: Interaction) -> str:
    """A recorded reply, by agent and number."""
    whose = f"{entry.agent}'s reply" if entry.agent else "the reply"
    return f"{whose} in interaction {entry.number}"


def said_in(message: Any, interactions: Sequence[Interaction]) -> Interaction | None:
    """The last interaction whose response says what a message says."""
    said = max(_strings(message), key=len, default="").strip()
    if not said:
        return None
    return next((entry for entry in reversed(interactions) if said in _replies(entry)), None)


def _strings(value: Any) -> list[str]:
    """Every text in a value but names of roles."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, item in value.items() if key != "role" for text in _strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return []


def _replies(entry: Interaction) -> set[str]:
    """Every text in a response; the pieces of a streamed one joined."""
    try:
        return {text.strip() for text in _strings(msgspec.json.decode(entry.content))}
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return set(_streamed(entry.content).values())


def _streamed(content: bytes) -> dict[str, str]:
    """The texts of an event stream, joined by the name of the field they came in."""
    joined: dict[str, str] = {}
    for line in content.splitlines():
        if not line.startswith(b"data:"):
            continue
        try:
            event = msgspec.json.decode(line[5:])
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            continue
        for name, text in _named(event):
            joined[name] = joined.get(name, "") + text
    return {name: text.strip() for name, text in joined.items()}


def _named(value: Any, name: str = "") -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [(name, value)]
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in _named(item, key)]
    if isinstance(value, list):
        return [pair for item in value for pair in _named(item, name)]
    return []


def _tool_of(message: Any, earlier: Sequence[Any]) -> str:
    """The tool whose result a message is; "" if it is none."""
    wanted = _result_id(message)
    if not wanted:
        return ""
    calls = [call for value in earlier for call in _calls(value)]
    names = [name for identity, name in calls if identity == wanted]
    return names[-1] if names else wanted


def _result_id(message: Any) -> str:
    """The tool call that a message answers, as OpenAI or Anthropic write it."""
    if not isinstance(message, dict):
        return ""
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    found = [message.get("tool_call_id"), message.get("call_id")]
    found += [block.get("tool_use_id") for block in blocks if isinstance(block, dict)]
    return next((each for each in found if isinstance(each, str)), "")


def _calls(message: Any) -> list[tuple[str, str]]:
    """Identity and tool of every tool call in a message."""
    if not isinstance(message, dict):
        return []
    listed = [message.get(name) for name in ("tool_calls", "content")]
    calls = [call for each in listed if isinstance(each, list) for call in each]
    found = []
    for call in (*calls, message):
        if isinstance(call, dict):
            inner = call.get("function", call)
            name = inner.get("name") if isinstance(inner, dict) else None
            identity = call.get("call_id") or call.get("id")
            if isinstance(name, str) and isinstance(identity, str):
                found.append((identity, name))
    return found
