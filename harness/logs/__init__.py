"""Run logs: one SQLite file per run, complete up to the last finished sample at any moment."""

from harness.logs.lock import RunningSample, Work, locked, work_on
from harness.logs.sqlite import (
    SUFFIX,
    FinishedRow,
    SqliteRunStore,
    create_log,
    find_log,
    open_log,
    open_log_unchanged,
    read_log,
)

__all__ = [
    "SUFFIX",
    "FinishedRow",
    "RunningSample",
    "SqliteRunStore",
    "Work",
    "create_log",
    "find_log",
    "locked",
    "open_log",
    "open_log_unchanged",
    "read_log",
    "work_on",
]
