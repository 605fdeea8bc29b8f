"""Follow a running block from outside: gather its output, end it at a limit."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from harness.sandboxes.output import CappedOutput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.sandboxes.cells.job import Bounds
    from harness.sandboxes.cells.keeper import Cell

_CHUNK_BYTES = 1 << 16
_LOOK_SECONDS = 0.02
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
# What a block may print before it counts as endless, in multiples of what is kept.
_ENDLESS = 64


@dataclass
class Watched:
    """What is known of a block while it runs.

    Attributes:
        output: Standard output.
        errors: Standard error.
        limit: The limit that ended it, if one did.
        peak_bytes: Most memory seen in use at one moment.
        cpu_seconds: Most processor time seen used, of all its processes together.
    """

    output: CappedOutput
    errors: CappedOutput
    limit: str | None = None
    peak_bytes: int = 0
    cpu_seconds: float = 0.0


class Watch:
    """Follows one block until its first process ends."""

    def __init__(self, bounds: Bounds, streams: tuple[int, int], cell: Cell) -> None:
        """Watch a block.

        Args:
            bounds: Limits.
            streams: Descriptors of its standard output and standard error.
            cell: Where it runs.
        """
        self._bounds = bounds
        self._cell = cell
        self.seen = Watched(CappedOutput(bounds.output_bytes), CappedOutput(bounds.output_bytes))
        self._streams = dict(zip(streams, (self.seen.output, self.seen.errors), strict=True))

    def follow(self, death: int, stopped: int) -> None:
        """Gather output until the block has ended by itself or by a limit.

        Args:
            death: Descriptor that becomes readable when the first process ends.
            stopped: Descriptor that becomes readable when the client goes away.
        """
        deadline = time.monotonic() + self._bounds.wall_seconds
        poll = select.poll()
        for descriptor in self._streams:
            os.set_blocking(descriptor, False)
        for descriptor in (*self._streams, death, stopped):
            poll.register(descriptor, select.POLLIN)
        next_look = time.monotonic() + _LOOK_SECONDS
        while True:
            left = min(deadline, next_look) - time.monotonic()
            ready = {descriptor for descriptor, _ in poll.poll(max(left, 0) * 1000)}
            self._read(ready & self._streams.keys(), poll)
            if stopped in ready:
                self._cell.end()
                return
            if death in ready:
                return
            now = time.monotonic()
            reached = None
            if now >= min(deadline, next_look):
                # Also when its time is over: what it has used by then is told.
                reached = self._look()
                next_look = now + _LOOK_SECONDS
            if now >= deadline:
                reached = "wall"
            if reached is not None:
                self.seen.limit = reached
                self._cell.end()
                return

    def _read(self, ready: set[int], poll: select.poll) -> None:
        for descriptor in ready:
            chunk = os.read(descriptor, _CHUNK_BYTES)
            self._streams[descriptor].add(chunk)
            if not chunk:
                poll.unregister(descriptor)
                del self._streams[descriptor]

    def drain(self) -> None:
        """Read what is left in the pipes; nobody holds their other end any more."""
        for descriptor, output in self._streams.items():
            # Bounded all the same: where orphans cannot be found, one might write on.
            for _ in range(64):
                try:
                    chunk = os.read(descriptor, _CHUNK_BYTES)
                except BlockingIOError:
                    break
                if not chunk:
                    break
                output.add(chunk)

    def _look(self) -> str | None:
        """The first limit that is exceeded right now."""
        bounds, seen, processes = self._bounds, self.seen, self._cell.processes
        pids = list(islice(self._cell.tasks(), bounds.tasks + 1))
        if len(pids) > bounds.tasks:
            # At once: they may be becoming more, faster than each can be looked at.
            return "processes"
        figures = [processes.figures(pid) for pid in pids]
        tasks = sum(one[0] for one in figures)
        # What its reaper has waited for counts too: processes whose parents ended before them.
        ticks = sum(one[1] for one in figures) + processes.figures(self._cell.reaper)[1]
        resident = sum(one[2] for one in figures)
        seen.cpu_seconds = max(seen.cpu_seconds, ticks / _TICKS_PER_SECOND)
        if resident > bounds.memory_bytes or resident > seen.peak_bytes:
            # Pages shared since the fork are counted for every process: ask who owns them.
            shared_out = resident
            if len(pids) > 1:
                shared_out = sum(
                    processes.own_bytes(pid, one[2]) for pid, one in zip(pids, figures, strict=True)
                )
            seen.peak_bytes = max(seen.peak_bytes, shared_out)
            if shared_out > bounds.memory_bytes:
                return "memory"
        if tasks > bounds.tasks:
            return "processes"
        if seen.cpu_seconds > bounds.cpu_seconds:
            return "cpu"
        if max(seen.output.total_bytes, seen.errors.total_bytes) > _ENDLESS * bounds.output_bytes:
            return "output"
        return self._cell.is_full()


class Processes:
    """The machine's processes as this one sees them now; what it mounts later changes nothing."""

    def __init__(self) -> None:
        self._folder = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def _read(self, path: str) -> bytes:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._folder)
        with os.fdopen(descriptor, "rb") as handle:
            return handle.read()

    def figures(self, pid: int) -> tuple[int, int, int]:
        """Threads, clock ticks (ended children's too) and resident bytes of a process."""
        try:
            fields = self._read(f"{pid}/stat").rpartition(b")")[2].split()
        except OSError:  # It has ended.
            return 0, 0, 0
        # Numbered as in proc(5), less the two before the closing parenthesis and from zero.
        return int(fields[17]), sum(map(int, fields[11:15])), int(fields[21]) * _PAGE_BYTES

    def own_bytes(self, pid: int, resident: int) -> int:
        """A process's share of its memory; all of it, if it has forbidden to look."""
        with suppress(OSError):
            for line in self._read(f"{pid}/smaps_rollup").splitlines():
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
        return resident

    def family_of(self, pid: int) -> Iterator[int]:
        """The ids of all descendants of a process."""
        with suppress(OSError):
            descriptor = os.open(f"{pid}/task", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._folder)
            try:
                tasks = os.listdir(descriptor)
            finally:
                os.close(descriptor)
            for task in tasks:
                for child in map(int, self._read(f"{pid}/task/{task}/children").split()):
                    yield child
                    yield from self.family_of(child)


def end_process(pid: int, number: int = signal.SIGKILL) -> None:
    """Kill a process, or send it another signal, if it is still there."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
