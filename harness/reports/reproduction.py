"""How a reader gets the same page again: the command, and what else it rests on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.model.run import RunHeader

_RUN = re.compile(r"(^|/)harness (run|record)(\s|$)")


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """What to do and what to know.

    Attributes:
        command: The command that finds the same, from the folder of the suites; "" if the run
            was not one of suite files.
        note: What the command leaves open.
        digests: Suite, scenario and digest of its files, as they were.
    """

    command: str
    note: str
    digests: tuple[tuple[str, str, str], ...]


def reproduction(header: RunHeader) -> Reproduction:
    """Tell it from a header that still holds its command."""
    digests = tuple(
        (suite.name, scenario.name, scenario.digest)
        for suite in header.suites
        for scenario in suite.scenarios
    )
    if not _RUN.search(header.command):
        note = "This was not a run of suite files; the file beside this one tells its command."
        return Reproduction(command="", note=note, digests=digests)
    names = " ".join(suite.name for suite in header.suites)
    return Reproduction(command=f"harness run {names}", note=_note(header), digests=digests)


def _note(header: RunHeader) -> str:
    whole = sum(len(suite.scenarios) * len(suite.configs) * suite.epochs for suite in header.suites)
    note = "Replayed from the same cassettes it writes this page again, byte for byte."
    if len(header.plan) < whole:
        return f"{note} Only a part was run; the file beside this one tells the whole command."
    return note
