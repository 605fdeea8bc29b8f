"""AutoGen's chat histories: a list of ``name``, ``role`` and ``content``, or an object with one.

A message that begins as AutoGen words the result of code (``exitcode: 1 (execution failed)``,
``Code output: ...``) is preceded by a code execution event. Its exit code and output are those
of the text. Its code is that of the fenced blocks in the nearest earlier message that has any,
and empty if none has: AutoGen gives one result for all blocks of a message. Exit code 124 is that
of its timeouts. How long it ran is not known, and stands as 0. The recipient of a message is not
recorded either: it is taken to be the first other speaker. The file does not tell why a
conversation ended; where its last message ends with a terminator, that is the reason, and else
none is given.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from harness.errors import ImportFault
from harness.imports.chat import read_chat, with_termination
from harness.imports.mapping import mapped_values
from harness.imports.results import with_executions
from harness.model.imported import ImportedConversation, ImportMapping

_OF_MESSAGES = {"content", "tool_calls", "function_call", "tool_responses"}
_USUAL = ("messages", "chat_history", "history")


class AutogenImporter:
    """Reads chat histories that AutoGen kept, with the results of code in them."""

    name: ClassVar[str] = "autogen"

    @staticmethod
    def recognises(document: Any) -> bool:
        """Whether it is a list of messages, or has one under a usual name."""
        listed = document
        if isinstance(document, dict):
            listed = next((document[name] for name in _USUAL if name in document), None)
        first = listed[0] if isinstance(listed, list) and listed else None
        return isinstance(first, dict) and bool(first.keys() & _OF_MESSAGES)

    def read(
        self, where: str, text: str, document: Any, mapping: ImportMapping
    ) -> tuple[ImportedConversation, ...]:
        """The one conversation of a file."""
        values = dict(mapped_values(document, mapping.fields, where))
        entries = values.pop("messages") if "messages" in values else _found(document, where)
        transcript = read_chat(entries, where, "autogen (imported)")
        events = with_executions(transcript.events, mapping.executors)
        return (
            ImportedConversation(
                transcript=with_termination(
                    msgspec.structs.replace(transcript, events=events), mapping.terminators
                ),
                document=text,
                values=values,
            ),
        )


def _found(document: Any, where: str) -> Any:
    if isinstance(document, list):
        return document
    for name in _USUAL if isinstance(document, dict) else ():
        if name in document:
            return document[name]
    raise ImportFault(
        f"{where}: this is no chat history of AutoGen: a list of messages was expected, or an "
        f"object with one as {', '.join(map(repr, _USUAL))}. If it has another name, say so "
        "with: --mapping FILE, and there fields: {messages: NAME}"
    )
