"""Make one cell, let one block run in it, and keep it until the client has taken what it left."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from harness.sandboxes.cells import inside, namespaces, unshared, wire
from harness.sandboxes.cells.job import Room, decode, encode
from harness.sandboxes.cells.watch import Processes, Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.sandboxes.cells.job import Job
    from harness.sandboxes.cells.server import Settings


_MOST_SAID = 1000
_SHELL_ADDS = 128
# What the kernel ends a process with that exceeds a resource limit.
_TOO_LARGE = f"[Errno {errno.EFBIG}]".encode()
_LIMIT_SIGNALS = {int(signal.SIGXFSZ): "disk", int(signal.SIGXCPU): "cpu"}


class Cell(Protocol):
    """A place for one block.

    Attributes:
        handed_over: Descriptors for the client.
        processes: Where its processes can be looked at.
        reaper: The process that waits for processes of the block whose parent has ended.
    """

    handed_over: tuple[int, ...]
    reaper: int
    processes: Processes

    def start(self, pipes: inside.Pipes) -> int:
        """Start the process that will run the block; the id of the one to wait for."""

    def settle(self) -> None:
        """Prepare the first process, which still has its rights.

        Raises:
            OSError: If that is impossible.
        """

    def close_behind(self) -> None:
        """Confine the first process, which has given its rights up."""

    def sweep(self) -> None:
        """End what runs when the block has ended; asked in the first process."""

    def expect(self, job: Job) -> None:
        """Learn what the job is, before the block does."""

    def walls(self, job: Job) -> inside.Walls:
        """What confines the block besides namespaces; asked in its own process."""

    def tasks(self) -> Iterator[int]:
        """The ids of the block's processes."""

    def end(self) -> None:
        """End all of them."""

    def is_full(self) -> str | None:
        """The name of the disk limit that is reached, if one is."""


@dataclass(frozen=True, kw_only=True)
class _Result:
    figures: dict[str, Any]
    output: bytes
    errors: bytes


def keep(connection: socket.socket, settings: Settings) -> None:
    """Serve one client on its connection, from the job to the last file.

    Args:
        connection: The client's; what goes wrong is told on it.
        settings: The server's.
    """
    with connection, suppress(wire.Closed):
        room = Room(**wire.receive(connection)[0])
        try:
            cell = _cell(room, settings)
            streams = _Streams(has_channel=settings.has_channel)
            first = cell.start(streams.inner)
            streams.hand_over()
            _await_start(streams.told)
        except OSError as error:
            wire.send(connection, {"error": f"no cell could be made: {error}"})
            return
        wire.send(connection, {"ready": True}, descriptors=(*cell.handed_over, *streams.channel))
        streams.let_go()
        job = decode(wire.receive(connection)[0])
        cell.expect(job)
        result = _run(cell, job, first, streams, connection)
        figures = {**result.figures, "split": len(result.output)}
        wire.send(connection, figures, result.output + result.errors)
        # The cell's files vanish with this process: wait until the client has copied them.
        wire.receive(connection)


class _Streams:
    """The pipes between the keeper and the cell."""

    def __init__(self, *, has_channel: bool) -> None:
        self.output, output = os.pipe2(os.O_CLOEXEC)
        self.errors, errors = os.pipe2(os.O_CLOEXEC)
        self.told, status = os.pipe2(os.O_CLOEXEC)
        job, self.job = os.pipe2(os.O_CLOEXEC)
        self.channel: tuple[int, ...] = ()
        inner_channel: int | None = None
        if has_channel:
            self.channel, inner_channel = _channel()
        outer = (self.output, self.errors, self.told, self.job, *self.channel)
        self.inner = inside.Pipes(
            output=output,
            errors=errors,
            status=status,
            job=job,
            channel=inner_channel,
            outer=outer,
        )

    def hand_over(self) -> None:
        """Close the cell's ends: now only the cell has them."""
        inner = self.inner
        for descriptor in (inner.output, inner.errors, inner.status, inner.job):
            os.close(descriptor)
        if inner.channel is not None:
            os.close(inner.channel)

    def let_go(self) -> None:
        """Close the client's end of the channel: now only the client has it."""
        for descriptor in self.channel:
            os.close(descriptor)


def _channel() -> tuple[tuple[int, ...], int]:
    """The client's end and the cell's of a new connection."""
    clients, cells = socket.socketpair()
    return (clients.detach(),), cells.detach()


def _cell(room: Room, settings: Settings) -> Cell:
    if settings.has_namespaces:
        return namespaces.NamespaceCell(room, settings)
    return unshared.UnsharedCell(settings)


def _limit_of(code: int, job: Job, errors: bytes) -> str | None:
    # Python ignores the signal of a file that grows too large, and raises this instead.
    if code != 0 and _TOO_LARGE in errors[-_MOST_SAID:]:
        return "disk"
    # A shell tells of a program that a signal ended by adding 128.
    return _LIMIT_SIGNALS.get(code - _SHELL_ADDS if job.command else -code)


def _await_start(told: int) -> None:
    """Wait until the first process has started the one of the block."""
    said = os.read(told, _MOST_SAID)
    if said != inside.READY:
        raise OSError(said.decode("utf-8", "replace") or "its first process has ended")


def _exit_code(status: int, told: int) -> int:
    """What the first process told; minus nine if it was ended before that."""
    said = os.read(told, inside.STATUS.size)
    if len(said) == inside.STATUS.size:
        code: int = inside.STATUS.unpack(said)[0]
        return code
    return os.waitstatus_to_exitcode(status) or -9


def _run(cell: Cell, job: Job, first: int, streams: _Streams, connection: socket.socket) -> _Result:
    watch = Watch(job.bounds, (streams.output, streams.errors), cell)
    started = time.monotonic()
    with os.fdopen(streams.job, "wb") as handle:
        handle.write(json.dumps(encode(job)).encode())
    watch.follow(os.pidfd_open(first), connection.fileno())
    seconds = time.monotonic() - started
    cell.end()
    _, status, usage = os.wait4(first, 0)
    watch.drain()
    seen = watch.seen
    code, errors = _exit_code(status, streams.told), seen.errors.value()
    return _Result(
        figures={
            "exit_code": code,
            "limit": seen.limit or _limit_of(code, job, errors) or cell.is_full(),
            "duration_seconds": seconds,
            # What is killed with its namespace was waited for by nobody, so nobody was told.
            "cpu_seconds": max(seen.cpu_seconds, usage.ru_utime + usage.ru_stime),
            "peak_memory_bytes": max(seen.peak_bytes, usage.ru_maxrss * 1024),
            "cut_bytes": seen.output.cut_bytes + seen.errors.cut_bytes,
        },
        output=seen.output.value(),
        errors=errors,
    )
