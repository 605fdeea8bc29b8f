"""Result files of tau-bench: a list of ``{task_id, trial, reward, info, traj}``.

Each entry is a conversation: its task a scenario, its trial an epoch, and correct if its reward
is 1. ``traj`` holds messages as chat APIs write them, whose roles are the speakers; the system
prompt is nothing that was said, and stands in the document alone. The last message of a
conversation that ended by itself holds ``###STOP###``; where none does, the reason is not known.

Source: the files that tau-bench's ``run.py`` writes (github.com/sierra-research/tau-bench).
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

import msgspec

from harness.errors import ImportFault, quoted
from harness.imports.chat import read_chat
from harness.model.imported import ImportedConversation, ImportMapping
from harness.model.transcript import Termination, Transcript

_KEYS = ("task_id", "trial", "reward", "traj")
_STOP = "###STOP###"
# As tau-bench itself tells success.
_NEAR = 1e-6


class TauBenchImporter:
    """Reads the results of tau-bench, every trial of every task."""

    name: ClassVar[str] = "tau-bench"

    @staticmethod
    def recognises(document: Any) -> bool:
        """Whether its first entry has the keys of a result."""
        first = document[0] if isinstance(document, list) and document else None
        return isinstance(first, dict) and first.keys() >= set(_KEYS)

    def read(
        self, where: str, text: str, document: Any, mapping: ImportMapping
    ) -> tuple[ImportedConversation, ...]:
        """The conversations of one file, in its order."""
        del text, mapping
        if not isinstance(document, list) or not document:
            raise ImportFault(
                f"{where}: these are no results of tau-bench: a list of objects with "
                f"{', '.join(_KEYS)} was expected."
            )
        return tuple(_read(entry, f"{where}: entry {n}") for n, entry in enumerate(document))


def _read(entry: Any, where: str) -> ImportedConversation:
    if not isinstance(entry, dict) or (absent := [key for key in _KEYS if key not in entry]):
        said = f"has no {absent[0]!r}" if isinstance(entry, dict) else "is no object"
        raise ImportFault(f"{where} {said}; {', '.join(_KEYS)} were expected.")
    values: dict[str, Any] = {
        "scenario": _number(entry, "task_id", where),
        "seed": _number(entry, "trial", where),
        "correct": _is_right(entry["reward"], where),
    }
    if (task := _instruction(entry.get("info"))) is not None:
        values["task"] = task
    spoken = entry["traj"]
    if isinstance(spoken, list):
        spoken = [each for each in spoken if not _is_system(each)]
    return ImportedConversation(
        transcript=_ended(read_chat(spoken, where, "tau-bench (imported)")),
        document=json.dumps(entry, ensure_ascii=False),
        values=values,
    )


def _number(entry: dict[str, Any], key: str, where: str) -> int | str:
    value = entry[key]
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ImportFault(f"{where}: {key!r} is {quoted(value)}; a whole number was expected.")
    return value


def _is_right(reward: Any, where: str) -> bool:
    if isinstance(reward, bool) or not isinstance(reward, int | float):
        raise ImportFault(f"{where}: 'reward' is {quoted(reward)}; a number was expected.")
    return abs(reward - 1) <= _NEAR


def _instruction(info: Any) -> str | None:
    task = info.get("task") if isinstance(info, dict) else None
    said = task.get("instruction") if isinstance(task, dict) else None
    return said if isinstance(said, str) else None


def _is_system(message: Any) -> bool:
    return isinstance(message, dict) and message.get("role") == "system"


def _ended(transcript: Transcript) -> Transcript:
    last = transcript.messages[-1]
    if _STOP not in last.content:
        return transcript
    end = Termination(
        index=len(transcript.events),
        offset_seconds=0.0,
        reason="termination_message",
        detail=f"The last message holds {_STOP}.",
        agent=last.speaker,
        message_index=last.index,
    )
    return msgspec.structs.replace(transcript, events=(*transcript.events, end))
