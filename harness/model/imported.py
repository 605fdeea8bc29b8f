"""Conversations that were not run here: where they come from, and how their fields are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.model.structs import Strict as _Strict
from harness.model.transcript import Transcript

if TYPE_CHECKING:
    from harness.model.sample import SampleResult

# Stands where the label of a sandbox stands: somebody ran the code, but not here.
NOT_RUN_HERE = "imported (not run here)"
# Stands where a termination reason stands, of an imported conversation that has none.
NOT_TOLD = "the file does not tell"
# The exit code by which AutoGen's executors tell agents that a block timed out.
TIMEOUT_CODE = 124


class Origin(_Strict, frozen=True, kw_only=True):
    """Where an imported sample comes from.

    Attributes:
        format: Entry-point name of the importer.
        path: The file, as it was given.
        document: The conversation's JSON text as it stood in the file, with every field,
            also those the importer does not know. Only secrets are replaced.
        seed: What the mapped field "seed" holds, as text; None without one.
        notes: What of the document is no part of the transcript, each kind of it with how often.
        others_judged: Whether somebody judged other conversations of the same import; how this
            one ended then stands for nothing.
    """

    format: str
    path: str
    document: str
    seed: str | None = None
    notes: tuple[str, ...] = ()
    others_judged: bool = False


class ImportFields(_Strict, frozen=True, kw_only=True):
    """Which field of a file holds what; dots lead into objects, None means no field.

    Attributes:
        messages: The list of messages; None looks for the importer's usual names.
        scenario: Names the scenario; None takes the file's name.
        config: Names the config.
        task: The task; None takes the first message.
        seed: Tells repeats apart.
        correct: true or false, 1 or 0: whether the result was right; null for not judged.
    """

    messages: str | None = None
    scenario: str | None = None
    config: str | None = None
    task: str | None = None
    seed: str | None = None
    correct: str | None = None


class ImportMapping(_Strict, frozen=True, kw_only=True):
    """What the user says about files to import.

    Attributes:
        suite: Name of the suite; empty for the name of the folder or file.
        config: Name of the config where no field names one.
        executors: Only what these agents say is read as results of code; empty for everybody.
        terminators: A conversation whose last message ends with one was ended by it.
        fields: Which field holds what.
    """

    suite: str = ""
    config: str = "imported"
    executors: tuple[str, ...] = ()
    terminators: tuple[str, ...] = ("TERMINATE",)
    fields: ImportFields = ImportFields()


class ImportedConversation(_Strict, frozen=True, kw_only=True):
    """One conversation as an importer read it.

    Attributes:
        transcript: Its events; without a termination where the file does not show one.
        document: See `Origin`.
        values: What the mapped fields hold, by their names in `ImportFields`; a field that is
            not mapped is missing.
        notes: See `Origin`.
        identities: Ids that nothing but other parts of it can have, where parts of one
            conversation could stand in several files; none where each file is complete.
    """

    transcript: Transcript
    document: str
    values: dict[str, Any] = {}
    notes: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()


def end_of(sample: SampleResult, otherwise: str = "not finished") -> str:
    """Why a conversation ended, in one word or, where no reason is known, a few.

    Args:
        sample: The sample.
        otherwise: What to call it where it ran here and was cut short.
    """
    if sample.transcript.termination:
        return sample.transcript.termination
    return NOT_TOLD if sample.mode == "imported" and not sample.failure else otherwise
