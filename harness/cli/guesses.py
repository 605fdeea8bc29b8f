"""What people type for what ``harness list`` tells, and the command that tells it."""

from __future__ import annotations

_SUITES, _SAMPLES, _RUNS = "harness list", "harness list --samples", "harness list --runs"

_MEANT = {
    "ls": _SUITES,
    "suite": _SUITES,
    "suites": _SUITES,
    "scenario": _SUITES,
    "scenarios": _SUITES,
    "config": _SUITES,
    "configs": _SUITES,
    "sample": _SAMPLES,
    "samples": _SAMPLES,
    "run": _RUNS,
    "runs": _RUNS,
    "log": _RUNS,
    "logs": _RUNS,
}


def meant_by(word: str) -> str | None:
    """The command that lists what a word names; None if it names nothing that is listed."""
    return _MEANT.get(word.casefold())
