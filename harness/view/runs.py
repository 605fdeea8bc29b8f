"""The runs in a folder, read as they grow.

A run is found by its name in the listing of the folder, never by a path made of what a request
says. What is known of a log is kept, and only the rows after it are read.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.logs import open_log_unchanged, work_on
from harness.view.progress import Counting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from harness.logs import FinishedRow
    from harness.model.run import RunLog
    from harness.view.progress import Progress

_SUFFIX = ".sqlite"
# Of a log and its write-ahead log: inode, size and time of the last change.
_Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A run log that cannot be read, and why."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """An error or miss: its row, and the first words of why."""

    row: FinishedRow
    message: str


class _Watched:
    """One log and what is known of it; a lock each, as requests come in threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._stamp: _Stamp | None = None
        self._counting: Counting | None = None

    def progress(self) -> Progress:
        """How far the run is now.

        Raises:
            LogError: If the log cannot be read.
        """
        with self._lock:
            # Who works on it is asked first: what it finished before it ended is in the log.
            work = work_on(self.path)
            stamp = _stamp(self.path)
            if self._counting is None or stamp != self._stamp:
                is_same = self._stamp is not None and stamp[0][0] == self._stamp[0][0]
                self._counting = self._read(self._counting if is_same else None)
                self._stamp = stamp
            return self._counting.progress(self.path.stem, work)

    def _read(self, known: Counting | None) -> Counting:
        store = open_log_unchanged(self.path)
        try:
            counting = known or Counting(store.read_header())
            counting.add(store.read_rows(counting.last_number))
        finally:
            store.close()
        return counting


def _stamp(path: Path) -> _Stamp:
    """Changes whenever something was written to a log."""
    files = (path, path.with_name(f"{path.name}-wal"))
    return tuple(_facts(file) for file in files)


def _facts(path: Path) -> tuple[int, int, int]:
    try:
        facts = path.stat()
    except OSError:
        return (0, 0, 0)
    return (facts.st_ino, facts.st_size, facts.st_mtime_ns)


class Runs:
    """The runs in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._watched: dict[str, _Watched] = {}

    def names(self) -> list[str]:
        """Names of all runs there are, newest first."""
        return sorted(self._entries(), reverse=True)

    def _entries(self) -> Iterator[str]:
        """Only regular files: a link may lead anywhere, and a pipe would make us wait."""
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    if entry.name.endswith(_SUFFIX) and entry.is_file(follow_symlinks=False):
                        yield entry.name.removesuffix(_SUFFIX)
        except (FileNotFoundError, NotADirectoryError):
            return

    def progress(self, name: str) -> Progress | None:
        """How far a run is; None if there is no such run.

        Raises:
            LogError: If its log cannot be read.
        """
        watched = self._find(name)
        return None if watched is None else watched.progress()

    def listed(self, names: Sequence[str]) -> list[Progress | Unreadable]:
        """The runs with these names, those that cannot be read included."""
        found: list[Progress | Unreadable] = []
        for name in names:
            try:
                progress = self.progress(name)
            except HarnessError as error:
                found.append(Unreadable(name=name, reason=str(error)))
            else:
                found += [progress] if progress else []
        return found

    def log(self, name: str) -> RunLog | None:
        """The whole log of a run; None if there is no such run.

        Raises:
            LogError: If it cannot be read.
        """
        watched = self._find(name)
        if watched is None:
            return None
        store = open_log_unchanged(watched.path)
        try:
            return store.read()
        finally:
            store.close()

    def troubles(self, progress: Progress) -> list[Trouble]:
        """The latest errors and misses of a run, newest first."""
        watched = self._find(progress.name)
        if not progress.troubles or watched is None:
            return []
        store = open_log_unchanged(watched.path)
        try:
            found = [(row, store.read_sample(row.number)) for row in progress.troubles]
        finally:
            store.close()
        return [
            Trouble(row=row, message=sample.failure.message)
            for row, sample in found
            if sample and sample.failure
        ]

    def _find(self, name: str) -> _Watched | None:
        if name not in set(self._entries()):
            self._watched.pop(name, None)
            return None
        path = self.folder / f"{name}{_SUFFIX}"
        return self._watched.setdefault(name, _Watched(path))
