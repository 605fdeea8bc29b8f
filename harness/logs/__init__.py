"""Run logs: one SQLite file per run, complete up to the last finished sample at any moment."""

from harness.logs.lock import locked
from harness.logs.sqlite import (
    SUFFIX,
    SqliteRunStore,
    create_log,
    find_log,
    open_log,
    read_log,
)

__all__ = ["SUFFIX", "SqliteRunStore", "create_log", "find_log", "locked", "open_log", "read_log"]
