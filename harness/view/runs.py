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
from harness.view.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from harness.logs import FinishedRow
    from harness.model.run import RunHeader, RunLog

_SUFFIX = ".sqlite"


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
        self._stamp: object = None
        self._header: RunHeader | None = None
        self._rows: tuple[FinishedRow, ...] = ()

    def progress(self) -> Progress:
        """How far the run is now.

        Raises:
            LogError: If the log cannot be read.
        """
        with self._lock:
            # Who works on it is asked first: what it finished before it ended is in the log.
            work = work_on(self.path)
            stamp = _stamp(self.path)
            if self._header is None or stamp != self._stamp:
                self._read(is_same=bool(self._stamp) and _inode(stamp) == _inode(self._stamp))
                self._stamp = stamp
            assert self._header is not None
            return Progress(name=self.path.stem, header=self._header, rows=self._rows, work=work)

    def _read(self, *, is_same: bool) -> None:
        store = open_log_unchanged(self.path)
        try:
            if self._header is None or not is_same:
                self._header, self._rows = store.read_header(), ()
            known = self._rows[-1].number if self._rows else 0
            self._rows += tuple(store.read_rows(known))
        finally:
            store.close()


def _stamp(path: Path) -> tuple[tuple[int, int, int], ...]:
    """Changes whenever something was written to a log."""
    files = (path, path.with_name(f"{path.name}-wal"))
    return tuple(_facts(file) for file in files)


def _facts(path: Path) -> tuple[int, int, int]:
    try:
        facts = path.stat()
    except OSError:
        return (0, 0, 0)
    return (facts.st_ino, facts.st_size, facts.st_mtime_ns)


def _inode(stamp: object) -> int:
    assert isinstance(stamp, tuple)
    return int(stamp[0][0])


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

    def troubles(self, progress: Progress, most: int) -> list[Trouble]:
        """The latest errors and misses of a run, newest first."""
        rows = [row for row in progress.rows if row.outcome in ("error", "miss")][-most:]
        watched = self._find(progress.name)
        if not rows or watched is None:
            return []
        store = open_log_unchanged(watched.path)
        try:
            found = [(row, store.read_sample(row.number)) for row in reversed(rows)]
        except HarnessError:
            return [Trouble(row=row, message="") for row in reversed(rows)]
        finally:
            store.close()
        return [
            Trouble(
                row=row,
                message=sample.failure.message if sample and sample.failure else "",
            )
            for row, sample in found
        ]

    def _find(self, name: str) -> _Watched | None:
        if name not in set(self._entries()):
            self._watched.pop(name, None)
            return None
        path = self.folder / f"{name}{_SUFFIX}"
        return self._watched.setdefault(name, _Watched(path))
