"""What reports say of one block of code beside its output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.model.outcomes import is_time_known, outcome_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.model.execution import FileChange
    from harness.model.transcript import CodeExecution

MOST_FILES = 12
_LIMITS = {
    "wall": "wall-clock time",
    "cpu": "processor time",
    "memory": "memory",
    "processes": "number of processes",
    "files": "number of files",
    "disk": "size of files",
    "output": "amount of output",
}


def status(event: CodeExecution) -> str:
    """How it ended, in a few words: ``exit 1, crashed``."""
    outcome = outcome_of(event)
    return f"exit {event.exit_code}" + ("" if outcome.is_success else f", {outcome.kind}")


def notes(event: CodeExecution, *, has_times: bool = True) -> list[str]:
    """What shows how it ended, what it used, and what it did to files; a line each.

    Args:
        event: The block.
        has_times: Whether its times were measured, or left out as in `steady` results.
    """
    outcome = outcome_of(event)
    lines = []
    if event.limit is not None:
        lines.append(f"limit reached: {_LIMITS[event.limit]}")
    elif outcome.what and (
        outcome.kind in ("infrastructure", "wrong")
        or (event.timed_out and not is_time_known(event))
    ):
        lines.append(f"{outcome.kind}: {outcome.what}")
    lines += [f"contained: {refused}" for refused in event.contained]
    lines.append(" · ".join(_measures(event, has_times=has_times)))
    return [*lines, *files(event.files)]


def _measures(event: CodeExecution, *, has_times: bool) -> list[str]:
    told = [event.sandbox or "not run"]
    if has_times:
        told.append(time(event))
    if event.cpu_seconds is not None:
        told.append(f"{event.cpu_seconds:.2f} s of processor time")
    if event.peak_memory_bytes is not None:
        told.append(f"{size(event.peak_memory_bytes)} of memory at most")
    if event.cut_bytes:
        told.append(f"{size(event.cut_bytes)} of output cut")
    return [*told, "remembered from an earlier run"] if event.is_remembered else told


def time(event: CodeExecution) -> str:
    """How long it ran, as far as that is known."""
    return f"{event.duration_seconds:.2f} s" if is_time_known(event) else "time not known"


def files(changed: Iterable[FileChange]) -> list[str]:
    """What became of files, a line each; of many only the first."""
    told = [_file(each) for each in changed]
    more = len(told) - MOST_FILES
    return told if more <= 0 else [*told[:MOST_FILES], f"and {more} more files"]


def _file(file: FileChange) -> str:
    facts = [file.media_type] if file.media_type else []
    if file.kind in ("created", "changed"):
        facts = [size(file.size_bytes), *facts, file.digest[:12] or "not digested"]
    return f"{file.kind} {file.path}" + (f" ({', '.join(facts)})" if facts else "")


def size(count: int) -> str:
    """A number of bytes for readers: ``812 bytes``, ``23.4 kB``, ``76.1 MB``."""
    if count < 1000:
        return f"{count} byte{'s' if count != 1 else ''}"
    if count < 1_000_000:
        return f"{count / 1000:.1f} kB"
    return f"{count / 1_000_000:.1f} MB"


def not_isolated(sandboxes: Iterable[str]) -> str:
    """The warning that the agents' code could reach what the user can; empty where it could not."""
    open_ones = [label for label in sandboxes if "NOT ISOLATED" in label]
    if not open_ones:
        return ""
    return (
        f"NOT ISOLATED: the agents' code ran in the sandbox {', '.join(open_ones)}; it could "
        "read your files and use your network. See what would isolate it by: harness doctor"
    )
