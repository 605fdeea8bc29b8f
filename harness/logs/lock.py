"""One process at a time works on a run."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked(log_path: Path) -> Iterator[None]:
    """Hold a run log for writing; the system lets go of it when the process ends.

    Args:
        log_path: Path of the run log. The lock is a file beside it, because SQLite's own
            locks on the log would be lost if another descriptor of it were closed.

    Raises:
        LogError: If another process holds it, or the lock cannot be made.
    """
    lock_path = log_path.with_suffix(".lock")
    try:
        file = open(lock_path, "w")  # noqa: SIM115 - closed below, after the lock's last use
    except OSError as error:
        raise LogError(f"{lock_path}: the run cannot be locked: {error.strerror}.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LogError(
                f"{log_path}: another process is working on this run. Wait for it or stop it."
            ) from None
        try:
            yield
        finally:
            lock_path.unlink(missing_ok=True)
