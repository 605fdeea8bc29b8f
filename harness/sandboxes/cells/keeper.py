"""Make one cell, let one block run in it, and keep it until the client has taken what it left."""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from harness.sandboxes.cells import inside, namespaces, unshared, wire
from harness.sandboxes.cells.job import Room, decode, encode
from harness.sandboxes.cells.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.sandboxes.cells.job import Job
    from harness.sandboxes.cells.server import Settings


class Cell(Protocol):
    """A place for one block."""

    handed_over: tuple[int, ...]

    def start(self, pipes: inside.Pipes) -> int:
        """Start the process that will run the block; the id of the one to wait for."""

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

    def exit_code(self, status: int, told: int) -> int:
        """How the block ended, negative for a signal.

        Args:
            status: Wait status of the process waited for.
            told: Descriptor of what the first process wrote, if there is one.
        """


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
        except OSError as error:
            wire.send(connection, {"error": f"no cell could be made: {error}"})
            return
        wire.send(connection, {"ready": True}, descriptors=(*cell.handed_over, *streams.channel))
        streams.hand_over()
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
        """Close the cell's ends, and the client's of the channel: now only they have them."""
        inner = self.inner
        for descriptor in (inner.output, inner.errors, inner.status, inner.job, *self.channel):
            os.close(descriptor)
        if inner.channel is not None:
            os.close(inner.channel)


def _channel() -> tuple[tuple[int, ...], int]:
    """The client's end and the cell's of a new connection."""
    clients, cells = socket.socketpair()
    return (clients.detach(),), cells.detach()


def _cell(room: Room, settings: Settings) -> Cell:
    if settings.has_namespaces:
        return namespaces.NamespaceCell(room, settings)
    return unshared.UnsharedCell(settings)


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
    return _Result(
        figures={
            "exit_code": cell.exit_code(status, streams.told),
            "limit": seen.limit or cell.is_full(),
            "duration_seconds": seconds,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_memory_bytes": max(seen.peak_bytes, usage.ru_maxrss * 1024),
            "cut_bytes": seen.output.cut_bytes + seen.errors.cut_bytes,
        },
        output=seen.output.value(),
        errors=seen.errors.value(),
    )
