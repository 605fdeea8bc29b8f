"""Worker processes as the coordinator sees them: start, give a task, collect, kill."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import EnvironmentFault
from harness.runner.orphans import end_tree
from harness.runner.task import Task, encode_task
from harness.sandboxes.workspace import remove_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

_PID = struct.Struct("<q")
# How long idle workers may take to end by themselves.
_GOODBYE_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A worker is done with a task: with a result, by dying, or by being killed in time.

    Attributes:
        task: The task.
        data: The encoded result; None if there is none.
        timed_out: Whether the wall-clock limit ended it.
        spool: Without a result, the events of the task until then.
    """

    task: Task
    data: bytes | None
    timed_out: bool = False
    spool: bytes = b""


class _Worker:
    """One forked worker, idle or at one task."""

    def __init__(self, pid: int, connection: Connection, spool: int) -> None:
        self.pid = pid
        self.connection = connection
        self.task: Task | None = None
        self.deadline = float("inf")
        self._spool = spool
        # A process the task left behind may hold the pipe open: watch the worker itself too.
        self._pidfd = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None

    @property
    def signs(self) -> list[Any]:
        """What becomes readable when the worker has answered or ended."""
        return [self.connection] if self._pidfd is None else [self.connection, self._pidfd]

    def read_spool(self) -> bytes:
        # pread: the offset is shared with the worker, who may still be writing.
        return os.pread(self._spool, os.fstat(self._spool).st_size, 0)

    def give(self, task: Task) -> None:
        self.task = task
        self.deadline = time.monotonic() + task.scenario.limits.wall_seconds
        self.connection.send_bytes(encode_task(task))

    def end(self) -> None:
        end_tree(self.pid)
        self.close()

    def close(self) -> None:
        self.connection.close()
        os.close(self._spool)
        if self._pidfd is not None:
            os.close(self._pidfd)


def _anonymous_file() -> int:
    """A file without a name, in memory where the system can: it holds what agents said."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("harness-events")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class WorkerPool:
    """A zygote and its workers. A context manager: leaving it kills every process.

    Args:
        engines: Engines the zygote imports before it forks.
        workers: Number of worker processes, >= 1.
    """

    def __init__(self, engines: Sequence[str], workers: int) -> None:
        self._engines = tuple(engines)
        self._size = workers
        self._workers: list[_Worker] = []

    def __enter__(self) -> WorkerPool:
        if not hasattr(os, "fork"):
            raise EnvironmentFault("Running samples needs a POSIX system (Linux or macOS).")
        self.scratch = Path(tempfile.mkdtemp(prefix="harness-"))
        self._control, theirs = socket.socketpair()
        command = [sys.executable, "-m", "harness.runner.zygote", str(theirs.fileno())]
        self._zygote = subprocess.Popen(
            [*command, str(self.scratch), *self._engines],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        return self

    def __exit__(self, error_type: type[BaseException] | None, *_: object) -> None:
        for worker in self._workers:
            if error_type is None and worker.task is None:
                worker.close()
            else:
                worker.end()
        self._control.close()
        try:
            self._zygote.wait(timeout=_GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            end_tree(self._zygote.pid)
            self._zygote.wait()
        remove_tree(self.scratch)

    @property
    def has_room(self) -> bool:
        """Whether a task can be given now."""
        return any(w.task is None for w in self._workers) or len(self._workers) < self._size

    @property
    def is_busy(self) -> bool:
        """Whether any task is running."""
        return any(worker.task is not None for worker in self._workers)

    def give(self, task: Task) -> None:
        """Start a task on an idle or new worker; call only while `has_room`."""
        for worker in [worker for worker in self._workers if worker.task is None]:
            try:
                worker.give(task)
            except OSError:  # It died while it was idle, so the task is not to blame.
                self._drop(worker)
            else:
                return
        self._fork().give(task)

    def _fork(self) -> _Worker:
        ours, theirs = socket.socketpair()
        spool = _anonymous_file()
        try:
            socket.send_fds(self._control, [b"w"], [theirs.fileno(), spool])
            answer = self._control.recv(_PID.size, socket.MSG_WAITALL)
        except OSError:
            answer = b""
        theirs.close()
        if len(answer) != _PID.size:
            raise EnvironmentFault(
                "The process that starts workers ended unexpectedly. See what is installed with: "
                "harness doctor"
            )
        worker = _Worker(_PID.unpack(answer)[0], Connection(ours.detach()), spool)
        self._workers.append(worker)
        return worker

    def collect(self, timeout_seconds: float) -> list[Ended]:
        """Wait until something ended or the time is over.

        Args:
            timeout_seconds: Longest wait; deadlines of running tasks shorten it.

        Returns:
            Everything that ended; may be empty.
        """
        busy = [worker for worker in self._workers if worker.task]
        first_deadline = min((worker.deadline for worker in busy), default=float("inf"))
        patience = max(0.0, min(timeout_seconds, first_deadline - time.monotonic()))
        owners = {sign: worker for worker in busy for sign in worker.signs}
        ready = {id(owners[sign]): owners[sign] for sign in wait(list(owners), timeout=patience)}
        ended = [self._receive(worker) for worker in ready.values()]
        return ended + self._overdue()

    def _receive(self, worker: _Worker) -> Ended:
        task = worker.task
        assert task is not None
        try:
            data = worker.connection.recv_bytes() if worker.connection.poll() else None
        except (EOFError, OSError):
            data = None
        if data is None:
            spool = worker.read_spool()
            self._drop(worker)
            return Ended(task=task, data=None, spool=spool)
        worker.task = None
        worker.deadline = float("inf")
        return Ended(task=task, data=data)

    def _overdue(self) -> list[Ended]:
        now = time.monotonic()
        late = [worker for worker in self._workers if worker.task and worker.deadline <= now]
        ended = []
        for worker in late:
            assert worker.task is not None
            task, spool = worker.task, worker.read_spool()
            self._drop(worker)
            ended.append(Ended(task=task, data=None, timed_out=True, spool=spool))
        return ended

    def _drop(self, worker: _Worker) -> None:
        worker.end()
        self._workers.remove(worker)
