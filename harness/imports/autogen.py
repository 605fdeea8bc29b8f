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

from harness.errors import ImportFault, SchemaError
from harness.imports.mapping import mapped_values
from harness.model.imported import NOT_RUN_HERE, ImportedConversation, ImportMapping
from harness.model.migrations import load_transcript
from harness.model.transcript import CodeExecution, Message, Termination, ToolCall, Transcript

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_USUAL = ("messages", "chat_history", "history")
_ROLES = ("assistant", "user", "tool", "function", "system")
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
        transcript = _history(entries, where)
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


def _history(entries: Any, where: str) -> Transcript:
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
    return msgspec.structs.replace(transcript, engine_version="autogen (imported)", events=events)


def _plain(entry: Any, where: str) -> dict[str, Any]:
    """Name, role and content as the bare chat history has them."""
    if not isinstance(entry, dict):
        raise ImportFault(f"{where} is a JSON {type(entry).__name__}; an object was expected.")
    if not entry.keys() & {"content", "tool_calls", "function_call", "tool_responses"}:
        there = ", ".join(f"{key!r:.60}" for key in list(entry)[:20]) or "nothing"
        raise ImportFault(f"{where} has no 'content'; it has: {there}.")
    for key in ("name", "role"):
        if not isinstance(entry.get(key), str | None):
            raise ImportFault(f"{where}: {key!r} is {entry[key]!r:.80}; a text was expected.")
    if (entry.get("role") or _ROLES[0]) not in _ROLES:
        raise ImportFault(
            f"{where}: 'role' is {entry['role']!r:.80}; valid choices: {', '.join(_ROLES)}."
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
    raise ImportFault(f"{where}: a part of 'content' has neither 'text' nor 'type': {part!r:.80}.")


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
