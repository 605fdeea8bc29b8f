"""Forked processes: they have no part in the sessions of the process they came from.

A forked process inherits open sessions and their files. What it recorded would be
mixed into its parent's lines, and what was served to it would be served to the
parent again. So its requests are refused; and since it cannot write into its
parent's sessions, it counts them in memory that both share.
"""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING

from harness.cassettes.scope import ACTIVE

if TYPE_CHECKING:
    from harness.cassettes.session import Session

_BYTES = 8


class Refusals:
    """Counts what was refused in processes that were forked from inside a session."""

    def __init__(self) -> None:
        self._page: mmap.mmap | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    @property
    def count(self) -> int:
        """How many were refused so far, in this process's forks or in its own parent's."""
        if self._page is None:
            self._page = mmap.mmap(-1, _BYTES)  # shared with the processes forked from now on
        return int.from_bytes(self._page[:_BYTES], "little")

    def note(self) -> None:
        """Count one; two processes at the same moment may count as one."""
        count = self.count + 1
        if self._page is not None:
            self._page[:_BYTES] = count.to_bytes(_BYTES, "little")

    def _renew(self) -> None:
        if not ACTIVE.sessions:
            self._page = None  # Nobody's sample: a worker, which has samples of its own.


REFUSALS = Refusals()


def refused(session: Session) -> str:
    """Say that a forked process made a request that belongs to its parent's session."""
    return (
        f"{session.label}: a process that was forked from inside the sample made a request or "
        "a connection, and it was refused: a forked process has no part in a cassette. Call the "
        "model in the sample's own process, for example in a thread."
    )
