"""Every exception the product raises on purpose.

::

    HarnessError                 the user's mistake: exit code 2, one paragraph, no traceback
     +-- SuiteError              a suite or scenario file is wrong; carries every fault found
     +-- PluginError             an entry point is unknown, broken or lacks its dependency
     +-- EnvironmentFault        the machine or environment is not fit: missing key, two AutoGens
     +-- CassetteError           a cassette file is missing, damaged or of a wrong version
     +-- SchemaError             stored data does not fit the schema it claims
     +-- ScriptError             a scripted model or human is wrong or ran out of replies
     +-- LogError                a run log is missing, damaged or not the one expected
     +-- HistoryError            the history is missing, locked, of another version or disagrees
     +-- SelectionError          a selection on the command line names nothing
     +-- ImportFault             a file to import, or its mapping, is not what it should be
     +-- CheckError              an acceptance check is broken, which is no verdict on the team

    SampleInterrupt (BaseException)   stops one sample; no framework may swallow or retry it
     +-- CassetteMiss            a replayed request has no recorded interaction
     +-- SocketBlocked           something tried to reach the network during a replay
     +-- LimitReached            the scenario's turn or cost limit was exceeded
     +-- BudgetReached           a recording may not cost more

`SampleInterrupt` derives from BaseException because SDK retry loops and agent
frameworks catch Exception: the openai SDK would otherwise retry a miss three
times and report it as "Connection error.".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence


def quoted(value: object, width: int = 80) -> str:
    """A value as messages show it: quoted whole, or with an ellipsis inside its quotes.

    Args:
        value: Anything; what is no text is cut at its end.
        width: Of what is returned, in characters; at least 4.
    """
    whole = repr(value)
    if len(whole) <= width:
        return whole
    if not isinstance(value, str):
        return f"{whole[: width - 1]}\u2026"
    # Characters that are escaped take more than one.
    kept = value[:width]
    while len(repr(f"{kept}\u2026")) > width:
        kept = kept[:-1]
    return repr(f"{kept}\u2026")


class HarnessError(Exception):
    """A mistake the user can mend; its text says what, where, the valid choices and what next."""


class SuiteError(HarnessError):
    """One or more faults in the files of a suite.

    Attributes:
        faults: One line per fault, each starting with ``path:line:``, save those about a folder.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class PluginError(HarnessError):
    """An entry point is unknown, cannot be imported, or lacks an optional dependency."""


class EnvironmentFault(HarnessError):
    """The machine or its environment cannot do what was asked."""


class CassetteError(HarnessError):
    """A cassette is missing, damaged or of a version this release does not read."""


class SchemaError(HarnessError):
    """Stored data does not fit the schema version it claims to have."""


class ScriptError(HarnessError):
    """A scripted model or scripted human is wrong or has run out of replies."""


class LogError(HarnessError):
    """A run log is missing, damaged or belongs to another run."""


class HistoryError(HarnessError):
    """The database of the history is missing, locked or not one, or holds a run otherwise."""


class ImportFault(HarnessError):
    """A file to import, or the mapping of its fields, is missing, damaged or of another form."""


class SelectionError(HarnessError):
    """A selection names nothing, or is not a valid expression."""


class CheckError(HarnessError):
    """An acceptance check raised something other than an AssertionError, or gave no verdict."""


class SampleInterrupt(BaseException):
    """Stops the running sample at once; derives from BaseException so nothing swallows it."""


class CassetteMiss(SampleInterrupt):
    """A request made during a replay matches no interaction left in the cassette."""


class SocketBlocked(SampleInterrupt):
    """A connection was attempted while a replay forbids the network."""


class BudgetReached(SampleInterrupt):
    """A model call was not made, because the recording would cost more than it may."""


class LimitReached(SampleInterrupt):
    """The scenario's limit on turns or cost was exceeded.

    Attributes:
        reason: The termination reason this limit stands for.
    """

    def __init__(self, reason: Literal["turn_limit", "cost_limit"], detail: str) -> None:
        self.reason: Literal["turn_limit", "cost_limit"] = reason
        super().__init__(detail)
