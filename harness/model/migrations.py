"""Bring stored transcripts of older schema versions up to the current one.

Version 0 is what people had before this product: AutoGen's own
``chat_history``, a bare JSON list of ``{"content", "role", "name"}``. Version 1
had of a code block only what the agents were told, version 2 of a request only its last message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from harness.errors import SchemaError
from harness.model.transcript import SCHEMA_VERSION, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable

# What a decoded JSON document may be; the shape is checked before use.
_Document = Any


def _from_chat_history(document: _Document) -> dict[str, Any]:
    """Version 0 to 1: a bare AutoGen chat history becomes message events."""
    messages = document["events"]
    names = [str(entry.get("name") or entry.get("role") or "unknown") for entry in messages]
    events = []
    for index, entry in enumerate(messages):
        others = [name for name in names if name != names[index]]
        events.append(
            {
                "type": "message",
                "index": index,
                "offset_seconds": 0.0,
                "speaker": names[index],
                "recipient": others[0] if others else "unknown",
                "role": entry.get("role") or "assistant",
                "content": entry.get("content") or "",
            }
        )
    return {
        "schema_version": 1,
        "engine": "autogen",
        "engine_version": "unknown",
        "events": events,
    }


def _from_version_1(document: _Document) -> dict[str, Any]:
    """Version 1 to 2: a code block that was not run names no sandbox any more.

    All else that version 2 knows of a block, version 1 did not record.
    """
    return {
        **document,
        "schema_version": 2,
        "events": [_without_sandbox(event) for event in document.get("events") or ()],
    }


def _without_sandbox(event: _Document) -> _Document:
    if not isinstance(event, dict) or event.get("type") != "code_execution":
        return event
    # What was turned down took no time at all.
    was_run = event.get("duration_seconds") != 0 or event.get("exit_code") == 0
    return event if was_run else {**event, "sandbox": ""}


def _from_version_2(document: _Document) -> dict[str, Any]:
    """Version 2 to 3: what else a request held was not recorded."""
    return {**document, "schema_version": 3}


_MIGRATIONS: dict[int, Callable[[_Document], dict[str, Any]]] = {
    0: _from_chat_history,
    1: _from_version_1,
    2: _from_version_2,
}


def load_transcript(data: bytes | str) -> Transcript:
    """Decode JSON of any known version; see `decode_transcript` for what it raises."""
    try:
        document = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise SchemaError(f"The transcript is not JSON: {error}.") from None
    if isinstance(document, list):
        document = {"schema_version": 0, "events": _checked_history(document)}
    if not isinstance(document, dict):
        raise SchemaError(
            f"The transcript is a JSON {type(document).__name__}; an object with "
            "'schema_version' and 'events' was expected."
        )
    return _convert(_migrated(document))


def _checked_history(entries: list[Any]) -> list[dict[str, Any]]:
    for position, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise SchemaError(f"The chat history's entry {position} is not an object: {entry!r}.")
    return entries


def _migrated(document: dict[str, Any]) -> dict[str, Any]:
    version = document.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        raise SchemaError(
            f"The transcript's schema_version is {version!r}; a whole number from 0 to "
            f"{SCHEMA_VERSION} was expected."
        )
    if version > SCHEMA_VERSION:
        raise SchemaError(
            f"The transcript has schema_version {version}; this release reads up to "
            f"{SCHEMA_VERSION}. Upgrade it with: pip install -U conversation-harness"
        )
    while version < SCHEMA_VERSION:
        document = _MIGRATIONS[version](document)
        version = document["schema_version"]
    return document


def _convert(document: dict[str, Any]) -> Transcript:
    try:
        transcript = msgspec.convert(document, Transcript)
    except msgspec.ValidationError as error:
        raise SchemaError(
            f"The transcript does not fit schema version {SCHEMA_VERSION}: {error}. "
            "Print the schema with: harness schema"
        ) from None
    for position, event in enumerate(transcript.events):
        if event.index != position:
            raise SchemaError(
                f"The transcript's event {position} has index {event.index}; indices must run "
                "from 0 without gaps."
            )
    check_requests(transcript)
    return transcript


def check_requests(transcript: Transcript) -> None:
    """Hold the numbers of a transcript's requests against the messages it tells.

    Raises:
        SchemaError: If a call's request names a message that no call up to it had sent.
    """
    known = 0
    for call in transcript.model_calls:
        known += len(call.new_messages)
        if call.request and not 0 <= min(call.request) <= max(call.request) < known:
            wrong = next(number for number in call.request if not 0 <= number < known)
            raise SchemaError(
                f"The transcript's event {call.index} says it sent message {wrong}, but up to "
                f"there {known} messages are told, counted from 0 over new_messages."
            )
