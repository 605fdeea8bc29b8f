"""What became of the agents' code, and which files it left."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from harness.expectations.subject import Finding

if TYPE_CHECKING:
    from harness.expectations.subject import Subject
    from harness.model.transcript import CodeExecution

_NONE = "no code was executed."


def ran(subject: Subject, language: str | None) -> Finding | None:
    """Some code ran, and exited with 0."""
    runs = subject.transcript.code_executions
    if not runs:
        return Finding(text=f"Expected code to run; {_NONE}")
    tried = [run for run in runs if language in (None, run.language)]
    if not tried:
        others = ", ".join(dict.fromkeys(run.language for run in runs))
        return Finding(
            text=f"Expected {language} to run; only {others} did.", evidence=(runs[0].index,)
        )
    if any(run.exit_code == 0 for run in tried):
        return None
    return Finding(text=f"Expected code to run; {_codes(tried)}", evidence=_indices(tried))


def recovered(subject: Subject) -> Finding | None:
    """Some code failed, and some ran well after it."""
    runs = subject.transcript.code_executions
    if not runs:
        return Finding(text=f"Expected code to fail and recover; {_NONE}")
    failures = [position for position, run in enumerate(runs) if run.exit_code]
    if not failures:
        return Finding(
            text=f"Expected code to fail and recover; none failed: {_codes(runs)}",
            evidence=_indices(runs),
        )
    if any(run.exit_code == 0 for run in runs[failures[0] :]):
        return None
    return Finding(
        text=f"Expected code to recover; it never did: {_codes(runs)}", evidence=_indices(runs)
    )


def last_succeeded(subject: Subject) -> Finding | None:
    """The last code that ran exited with 0."""
    runs = subject.transcript.code_executions
    if not runs:
        return Finding(text=f"Expected the last code to exit with 0; {_NONE}")
    if runs[-1].exit_code == 0:
        return None
    return Finding(
        text=f"Expected the last code to exit with 0; {_codes(runs)}", evidence=(runs[-1].index,)
    )


def _codes(runs: tuple[CodeExecution, ...] | list[CodeExecution]) -> str:
    return f"exit codes in order: {', '.join(str(run.exit_code) for run in runs)}."


def _indices(runs: tuple[CodeExecution, ...] | list[CodeExecution]) -> tuple[int, ...]:
    return tuple(run.index for run in runs)


def left(subject: Subject, pattern: str, min_bytes: int) -> Finding | None:
    """A file was left, at least so big."""
    if subject.artefacts is None:
        return Finding(
            text=f"Whether there is a file {pattern} is not known: a bare transcript keeps no "
            "files. Give expect() the sample or the recorded conversation."
        )
    found = [each for each in subject.artefacts if fnmatchcase(each.path, pattern)]
    if not found:
        names = ", ".join(each.path for each in subject.artefacts[:10]) or "none"
        return Finding(text=f"Expected a file {pattern}; the files left were: {names}.")
    if any(each.size_bytes >= min_bytes for each in found):
        return None
    sizes = ", ".join(f"{each.path} has {each.size_bytes}" for each in found)
    return Finding(text=f"Expected a file {pattern} of at least {min_bytes} bytes; {sizes}.")
