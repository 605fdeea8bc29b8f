"""AutoGen's chat histories: a list of ``name``, ``role`` and ``content``, or an object with one.

A message that begins as AutoGen words the result of code (``exitcode: 1 (execution failed)``,
``Code output: ...``) is preceded by a code execution event. Its exit code and output are those
of the text. Its code is that of the fenced blocks in the nearest earlier message that has any,
and empty if none has: AutoGen gives one result for all blocks of a message. How long it ran is
not known, and stands as 0. The recipient of a message is not recorded either: it is taken to
be the first other speaker. The file does not tell why a conversation ended; where its last
message ends with a terminator, that is the reason, and else none is given.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from harness.errors import ImportFault
from harness.imports.chat import read_chat
from harness.imports.mapping import mapped_values
from harness.model.imported import NOT_RUN_HERE, ImportedConversation, ImportMapping
from harness.model.transcript import CodeExecution, Message, Termination, Transcript

if TYPE_CHECKING:
    from collections.abc import Sequence

_USUAL = ("messages", "chat_history", "history")
_RESULT = re.compile(
    r"exitcode: (?P<code>-?\d{1,9}) \(execution (?:succeeded|failed)\)\n"
    r"Code output: ?(?P<output>.*)",
    re.DOTALL,
)
_BLOCK = re.compile(r"^[ \t]*```[ \t]*(\w*)[^\n]*\n(.*?)^[ \t]*```", re.DOTALL | re.MULTILINE)


class AutogenImporter:
    """Reads chat histories that AutoGen kept, with the results of code in them."""

    name: ClassVar[str] = "autogen"

    def read(
        self, where: str, text: str, document: Any, mapping: ImportMapping
    ) -> tuple[ImportedConversation, ...]:
        """The one conversation of a file."""
        values = dict(mapped_values(document, mapping.fields, where))
        entries = values.pop("messages") if "messages" in values else _found(document, where)
        transcript = read_chat(entries, where, "autogen (imported)")
        events = _with_executions(transcript.messages, mapping.executors)
        return (
            ImportedConversation(
                transcript=_ended(msgspec.structs.replace(transcript, events=events), mapping),
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


def _with_executions(
    messages: Sequence[Message], executors: Sequence[str]
) -> tuple[Message | CodeExecution, ...]:
    events: list[Message | CodeExecution] = []
    blocks: list[tuple[str, str]] = []
    for message in messages:
        result = _RESULT.match(message.content)
        if result and (not executors or message.speaker in executors):
            events.append(_execution(len(events), message.speaker, blocks, result))
        else:
            blocks = _BLOCK.findall(message.content) or blocks
        events.append(msgspec.structs.replace(message, index=len(events)))
    return tuple(events)


def _execution(
    index: int, agent: str, blocks: Sequence[tuple[str, str]], result: re.Match[str]
) -> CodeExecution:
    languages = {language for language, _ in blocks}
    return CodeExecution(
        index=index,
        offset_seconds=0.0,
        agent=agent,
        language=languages.pop() if len(languages) == 1 else "",
        code="\n".join(code for _, code in blocks),
        exit_code=int(result["code"]),
        output=result["output"],
        duration_seconds=0.0,
        sandbox=NOT_RUN_HERE,
    )


def _ended(transcript: Transcript, mapping: ImportMapping) -> Transcript:
    last = transcript.messages[-1]
    said = last.content.rstrip()
    word = next((each for each in mapping.terminators if said.endswith(each)), None)
    if word is None:
        return transcript
    end = Termination(
        index=len(transcript.events),
        offset_seconds=0.0,
        reason="termination_message",
        detail=f"The last message of the file ends with {word!r}; nothing else tells the reason.",
        agent=last.speaker,
        message_index=last.index,
    )
    return msgspec.structs.replace(transcript, events=(*transcript.events, end))
