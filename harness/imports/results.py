"""Results of code as AutoGen words them in messages: ``exitcode: 1 (execution failed)``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from harness.model.imported import NOT_RUN_HERE, TIMEOUT_CODE
from harness.model.transcript import CodeExecution, Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.transcript import AnyEvent

_BLOCK = re.compile(r"^[ \t]*```[ \t]*(\w*)[^\n]*\n(.*?)^[ \t]*```", re.DOTALL | re.MULTILINE)
_RESULT = re.compile(
    r"exitcode: (?P<code>-?\d{1,9}) \(execution (?:succeeded|failed)\)\n"
    r"Code output: ?(?P<output>.*)",
    re.DOTALL,
)


def fenced_blocks(text: str) -> list[tuple[str, str]]:
    """Language and code of the fenced blocks of a message."""
    return _BLOCK.findall(text)


def with_executions(events: Sequence[AnyEvent], executors: Sequence[str]) -> tuple[AnyEvent, ...]:
    """The events with a code execution before each message that tells the result of one.

    Where there is one since the message before, it is that; it is not added again.

    Args:
        events: Without a termination.
        executors: Only what these agents say is read so; empty for everybody.
    """
    found: list[AnyEvent] = []
    blocks: list[tuple[str, str]] = []
    is_told = False
    for event in events:
        if isinstance(event, Message):
            result = _RESULT.match(event.content)
            if result is None:
                blocks = fenced_blocks(event.content) or blocks
            elif not is_told and (not executors or event.speaker in executors):
                found.append(_execution(len(found), event, blocks, result))
            is_told = False
        is_told = is_told or isinstance(event, CodeExecution)
        found.append(msgspec.structs.replace(event, index=len(found)))
    return tuple(found)


def _execution(
    index: int, told: Message, blocks: Sequence[tuple[str, str]], result: re.Match[str]
) -> CodeExecution:
    languages = {language for language, _ in blocks}
    return CodeExecution(
        index=index,
        offset_seconds=told.offset_seconds,
        agent=told.speaker,
        language=languages.pop() if len(languages) == 1 else "",
        code="\n".join(code for _, code in blocks),
        exit_code=int(result["code"]),
        output=result["output"],
        duration_seconds=0.0,
        timed_out=int(result["code"]) == TIMEOUT_CODE,
        sandbox=NOT_RUN_HERE,
    )
