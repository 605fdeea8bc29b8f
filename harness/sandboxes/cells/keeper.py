"""Make one cell, let one block run in it, and keep it until the client has taken what it left."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from harness.sandboxes.cells import inside, namespaces, unshared, wire
from harness.sandboxes.cells.job import decode
from harness.sandboxes.cells.watch import Watch

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from harness.sandboxes.cells.job import Job
    from harness.sandboxes.cells.server import Settings


class Cell(Protocol):
    """A place for one block."""

    handed_over: tuple[int, ...]

    def start(self, pipes: inside.Pipes) -> int:
        """Start the block; the id of the process to wait for."""

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
        job = decode(wire.receive(connection)[0])
        try:
            cell = _cell(job, settings)
        except OSError as error:
            wire.send(connection, {"error": f"no cell could be made: {error}"})
            return
        wire.send(connection, {"ready": True}, descriptors=cell.handed_over)
        wire.receive(connection)
        result = _run(cell, job, connection)
        figures = {**result.figures, "split": len(result.output)}
        wire.send(connection, figures, result.output + result.errors)
        # The cell's files vanish with this process: wait until the client has copied them.
        wire.receive(connection)


def _cell(job: Job, settings: Settings) -> Cell:
    if settings.has_namespaces:
        return namespaces.NamespaceCell(job, settings)
    return unshared.UnsharedCell(job, settings)


def _run(cell: Cell, job: Job, connection: socket.socket) -> _Result:
    (output, output_in), (errors, errors_in), (told, told_in) = (
        os.pipe2(os.O_CLOEXEC) for _ in range(3)
    )
    started = time.monotonic()
    first = cell.start(inside.Pipes(output=output_in, errors=errors_in, status=told_in))
    for descriptor in (output_in, errors_in, told_in):
        os.close(descriptor)
    watch = Watch(job.bounds, (output, errors), cell)
    watch.follow(os.pidfd_open(first), connection.fileno())
    seconds = time.monotonic() - started
    cell.end()
    _, status, usage = os.wait4(first, 0)
    watch.drain()
    seen = watch.seen
    return _Result(
        figures={
            "exit_code": cell.exit_code(status, told),
            "limit": seen.limit or cell.is_full(),
            "duration_seconds": seconds,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_memory_bytes": max(seen.peak_bytes, usage.ru_maxrss * 1024),
            "cut_bytes": seen.output.cut_bytes + seen.errors.cut_bytes,
        },
        output=seen.output.value(),
        errors=seen.errors.value(),
    )
