"""How one block of code ended, in one word, and what shows it.

- not run: it never ran: an unknown language, a file name outside the workspace, or code that
  was turned down.
- infrastructure: it never ran, and nothing was wrong with the code.
- timed out: the wall-clock limit ended it.
- limit: it reached another of its limits, whatever its exit code.
- contained: it failed, and its errors tell of something the sandbox refused.
- wrong: it ran, and said itself that its result is wrong: the last summary of unittest, pytest
  or doctest has failures, whatever the exit code, or an AssertionError that nobody caught
  ended it.
- crashed: it ended by any other exception, by a signal, by errors of its tests alone or,
  without a reason that can be told, with another exit code than 0.
- passed: it ran to its end with exit code 0.

The first that fits is taken. Agents write what is read here, so a block can pretend; exit
code 0 alone never proved that a result is right.
"""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING, Literal, get_args

from harness.model.imported import NOT_RUN_HERE
from harness.model.structs import Strict

if TYPE_CHECKING:
    from harness.model.transcript import CodeExecution

OutcomeKind = Literal[
    "passed",
    "wrong",
    "crashed",
    "timed out",
    "limit",
    "contained",
    "infrastructure",
    "not run",
]
OUTCOME_KINDS: tuple[OutcomeKind, ...] = get_args(OutcomeKind)

_MOST_CHARACTERS = 160
_TRACEBACK = "Traceback (most recent call last):"
_RAISED = re.compile(r"^(?:[\w<>]+\.)*(\w+)(?:: .*|:)?$")
# What Python prints of a file it cannot even compile; no traceback precedes it.
_NOT_COMPILED = re.compile(r"^(?:SyntaxError|IndentationError|TabError): .*$", re.MULTILINE)
_COUNT = r"\d+ (?:passed|failed|errors?|skipped|deselected|xfailed|xpassed|warnings?)"
_SUMMARIES = (
    # unittest
    re.compile(r"^Ran \d+ tests? in [\d.]+s\n\n(?P<said>[A-Z][A-Z ]*(?: \(.*\))?)$", re.MULTILINE),
    # pytest
    re.compile(rf"^(?:=+ )?(?P<said>{_COUNT}(?:, {_COUNT})*) in [\d.]+s\b.*$", re.MULTILINE),
    # doctest
    re.compile(r"^(?P<said>\*\*\*Test Failed\*\*\* \d+ failures?\.)$", re.MULTILINE),
)
_FAILURES = re.compile(
    r"\bfailures=[1-9]|\bunexpected successes=[1-9]|\b[1-9]\d* failed\b|[1-9]\d* failures?\."
)
_ERRORS = re.compile(r"\berrors=[1-9]|\b[1-9]\d* errors?\b")


class BlockOutcome(Strict, frozen=True, kw_only=True):
    """How a block ended.

    Attributes:
        kind: In one word or two.
        what: What shows it, on one line, as printed by the block or told by the sandbox; empty
            if there is nothing to say.
    """

    kind: OutcomeKind
    what: str = ""

    @property
    def is_success(self) -> bool:
        """Whether it passed."""
        return self.kind == "passed"

    @property
    def was_executed(self) -> bool:
        """Whether any of the code ran."""
        return self.kind not in ("not run", "infrastructure")

    def __str__(self) -> str:
        """For readers: ``crashed (ZeroDivisionError: division by zero)``."""
        return f"{self.kind} ({self.what})" if self.what else self.kind


def outcome_of(execution: CodeExecution) -> BlockOutcome:
    """How a block ended; the module says by what rules."""
    kind, what = _kept_from_its_end(execution) or _ended_by_itself(execution)
    line = " ".join(what.split())
    if len(line) > _MOST_CHARACTERS:
        line = f"{line[: _MOST_CHARACTERS - 1]}…"
    return BlockOutcome(kind=kind, what=line)


def _kept_from_its_end(execution: CodeExecution) -> tuple[OutcomeKind, str] | None:
    if execution.infrastructure:
        return "infrastructure", execution.infrastructure
    if not execution.sandbox and execution.exit_code != 0:
        return "not run", execution.output
    if execution.timed_out or execution.limit == "wall":
        return "timed out", _time_of(execution)
    if execution.limit is not None:
        return "limit", execution.limit
    if execution.contained and execution.exit_code != 0:
        return "contained", "; ".join(execution.contained)
    return None


def _time_of(execution: CodeExecution) -> str:
    if is_time_known(execution):
        return f"after {execution.duration_seconds:.1f} s"
    return f"exit code {execution.exit_code}, AutoGen's for a timeout; its time is not known"


def is_time_known(execution: CodeExecution) -> bool:
    """Whether its duration was measured: chats from elsewhere do not tell, and have 0."""
    return execution.sandbox != NOT_RUN_HERE or execution.duration_seconds > 0


def _ended_by_itself(execution: CodeExecution) -> tuple[OutcomeKind, str]:
    # A team's own executor, and older transcripts, tell only what the agents were told.
    has_streams = execution.stdout or execution.stderr
    streams = (execution.stdout, execution.stderr) if has_streams else (execution.output,)
    of_tests = _failed_tests(streams)
    if of_tests is not None:
        return of_tests
    if execution.exit_code == 0:
        return "passed", ""
    name, line = _uncaught(streams[-1])
    if name == "AssertionError":
        return "wrong", line
    return "crashed", line or _ending(execution.exit_code)


def _failed_tests(streams: tuple[str, ...]) -> tuple[OutcomeKind, str] | None:
    """What a runner of tests said last in each stream, if that is no success."""
    last = [said for stream in streams if (said := _last_summary(stream)) is not None]
    for said in last:
        if _FAILURES.search(said):
            return "wrong", said
    for said in last:
        if _ERRORS.search(said):
            return "crashed", said
    return None


def _last_summary(stream: str) -> str | None:
    found = [match for pattern in _SUMMARIES for match in pattern.finditer(stream)]
    last = max(found, key=lambda match: match.start(), default=None)
    return last["said"] if last else None


def _uncaught(errors: str) -> tuple[str, str]:
    """Name and line of the exception that the last traceback ends with; empty without one."""
    _, found, traceback = errors.rpartition(_TRACEBACK)
    for line in traceback.splitlines() if found else ():
        if line and not line[0].isspace():
            raised = _RAISED.match(line)
            return (raised.group(1), line) if raised else ("", line)
    not_compiled = _NOT_COMPILED.findall(errors)
    return ("", not_compiled[-1]) if not_compiled else ("", "")


def _ending(exit_code: int) -> str:
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"
