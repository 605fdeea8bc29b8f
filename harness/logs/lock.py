"""One process at a time works on a run, and tells beside its log what it is working on."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from harness.errors import LogError
from harness.model.sample import SampleKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Somebody who only looks whether a run is held, holds it himself for microseconds.
_TRIES = 10
_PAUSE_SECONDS = 0.02


class RunningSample(msgspec.Struct, frozen=True, kw_only=True):
    """A sample that is being run, and since when (ISO 8601 UTC)."""

    key: SampleKey
    started_at: str


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What the process that holds a run does.

    Attributes:
        started_at: ISO 8601 UTC time at which it began, or went on with, the run; "" if unknown.
        finished: Samples it has finished since then.
        running: Samples it is running now.
    """

    started_at: str = ""
    finished: int = 0
    running: tuple[RunningSample, ...] = ()


class Lock:
    """A run log held for writing; whoever watches the run reads here what is being run."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._started_at = _now()
        self._finished = 0
        self._running: dict[SampleKey, str] = {}
        self._tell()

    def began(self, key: SampleKey) -> None:
        """A sample is being run from now on."""
        self._running[key] = _now()
        self._tell()

    def ended(self, key: SampleKey) -> None:
        """A sample has a result, and it is in the log."""
        self._running.pop(key, None)
        self._finished += 1
        self._tell()

    def _tell(self) -> None:
        running = [RunningSample(key=key, started_at=at) for key, at in self._running.items()]
        work = Work(started_at=self._started_at, finished=self._finished, running=tuple(running))
        data = msgspec.json.encode(work)
        # Nothing depends on it: a disk that is full must not end the run here.
        with suppress(OSError):
            os.pwrite(self._descriptor, data, 0)
            os.ftruncate(self._descriptor, len(data))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@contextmanager
def locked(log_path: Path) -> Iterator[Lock]:
    """Hold a run log for writing; the system lets go of it when the process ends.

    Args:
        log_path: Path of the run log. The lock is a file beside it, because SQLite's own
            locks on the log would be lost if another descriptor of it were closed.

    Raises:
        LogError: If another process holds it, or the lock cannot be made.
    """
    lock_path = log_path.with_suffix(".lock")
    try:
        # Not truncated: until the lock is ours, what stands in it is another's.
        descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise LogError(f"{lock_path}: the run cannot be locked: {error.strerror}.") from None
    try:
        _acquire(descriptor, log_path)
        try:
            yield Lock(descriptor)
        finally:
            lock_path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, log_path: Path) -> None:
    for left in reversed(range(_TRIES)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if not left:
                raise LogError(
                    f"{log_path}: another process is working on this run. Wait for it or stop it."
                ) from None
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def work_on(log_path: Path) -> Work | None:
    """What is being done on a run now; nothing is written.

    Args:
        log_path: Path of the run log.

    Returns:
        None if no process holds it. What cannot be read, e.g. because it is just being
        written, is empty.
    """
    try:
        descriptor = os.open(log_path.with_suffix(".lock"), os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return _read_work(descriptor) if _is_held(descriptor) else None
    finally:
        os.close(descriptor)


def _is_held(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _read_work(descriptor: int) -> Work:
    for _ in range(_TRIES):
        try:
            data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
            return msgspec.json.decode(data, type=Work)
        except (OSError, msgspec.MsgspecError, ValueError):
            continue
    return Work()
