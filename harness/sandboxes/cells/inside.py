"""The two processes within a cell: the first one, and the one that runs the block."""

from __future__ import annotations

import json
import os
import resource
import signal
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from harness.sandboxes.cells import filters, kernel, landlock, script
from harness.sandboxes.cells.job import decode

if TYPE_CHECKING:
    from harness.sandboxes.cells.job import Bounds, Job
    from harness.sandboxes.cells.keeper import Cell

STATUS = struct.Struct("!i")
READY = b"\0"
_MOST_OPEN_FILES = 1024
_NOT_STARTED = 126
_CHANNEL = 3


@dataclass(frozen=True, kw_only=True)
class Pipes:
    """Descriptors handed to the cell.

    Attributes:
        output: Standard output of the block.
        errors: Standard error of the block.
        status: Where the first process writes that it is ready, and how the block ended; kept
            from the block.
        job: Where the job is read from, up to its end.
        channel: The cell's end of a connection to the client, if it gets one.
        outer: The keeper's ends of these pipes.
    """

    output: int
    errors: int
    status: int
    job: int
    channel: int | None
    outer: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Walls:
    """What confines the block besides namespaces.

    Attributes:
        readable: Paths for Landlock, which it may read and execute.
        writable: Paths it may change.
        system_calls: The filter's instructions.
        has_landlock: Whether to use Landlock.
        tasks_outside: Processes and threads of others that count towards this user's.
    """

    readable: tuple[str, ...]
    writable: tuple[str, ...]
    system_calls: bytes
    has_landlock: bool
    tasks_outside: int = 0


def lead(cell: Cell, pipes: Pipes) -> NoReturn:
    """Be the first process of a cell: start the block, and end it all when that ends."""
    try:
        cell.settle()
        # The block must neither read this process's memory nor reach its descriptors.
        kernel.set_dumpable(False)
        kernel.give_up_privileges()
        cell.close_behind()
        child = os.fork()
    except BaseException as error:
        os.write(pipes.status, str(error).encode())
        os._exit(1)
    if child == 0:
        run_block(cell, pipes)
    # The kernel shields the first process from signals that it does not handle.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.closerange(3, pipes.status)
    os.closerange(pipes.status + 1, _MOST_OPEN_FILES)
    os.write(pipes.status, READY)
    status = _await(child)
    cell.sweep()
    os.write(pipes.status, STATUS.pack(status))
    os._exit(0)


def _await(child: int) -> int:
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def run_block(cell: Cell, pipes: Pipes) -> NoReturn:
    """Wait for the job, confine this process, then become the block; never returns."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        for descriptor in pipes.outer:
            os.close(descriptor)
        with os.fdopen(pipes.job, "rb") as handle:
            told = handle.read()
        if not told:  # The keeper has ended: nobody wants a block.
            os._exit(0)
        job = decode(json.loads(told))
        kernel.set_dumpable(True)  # Its memory is measured from outside.
        _take_over(pipes, is_merged=job.is_merged)
        _confine(job.bounds, cell.walls(job))
        os.chdir(job.folder)
        if job.is_merged:
            # Otherwise a traceback would come before what was printed earlier.
            os.environ["PYTHONUNBUFFERED"] = "1"
        is_warm = not job.command and not script.is_hidden_by(job.folder)
    except BaseException as error:
        os.write(2, f"harness: the block could not be started: {error}\n".encode())
        os._exit(_NOT_STARTED)
    if job.entry:
        script.prepare(job.seed, None, is_unbuffered=True)
        script.call(job.entry, _CHANNEL)
    if is_warm:
        script.prepare(job.seed, job.frozen_at, is_unbuffered=job.is_merged)
        script.run(job.script)
    _become(job)


def _take_over(pipes: Pipes, *, is_merged: bool) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    errors = pipes.output if is_merged else pipes.errors
    for descriptor, place in ((null, 0), (pipes.output, 1), (errors, 2)):
        os.dup2(descriptor, place)
    if pipes.channel is not None:
        os.dup2(pipes.channel, _CHANNEL, inheritable=False)
    os.closerange(_CHANNEL if pipes.channel is None else _CHANNEL + 1, _MOST_OPEN_FILES)
    # The kernel's choice when memory runs out should be the block.
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as handle:
        handle.write("1000")


def _confine(bounds: Bounds, walls: Walls) -> None:
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: bounds.disk_bytes,
        resource.RLIMIT_CPU: int(bounds.cpu_seconds) + 1,
        resource.RLIMIT_NOFILE: _MOST_OPEN_FILES,
        # The keeper ends a block that has too many; this is for one that is faster.
        resource.RLIMIT_NPROC: 2 * bounds.tasks + 8 + walls.tasks_outside,
    }
    for kind, value in limits.items():
        # The signal that says why comes at the softer limit; the other one just kills.
        most = value + 1 if kind == resource.RLIMIT_CPU else value
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            value, most = min(value, hard), min(most, hard)
        resource.setrlimit(kind, (value, most))
    kernel.give_up_privileges()
    if walls.has_landlock:
        landlock.restrict(walls.readable, walls.writable)
    filters.install(walls.system_calls)


def _become(job: Job) -> NoReturn:
    import sys

    # Python ignores these; programs expect otherwise.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    command = job.command or (sys.executable, job.script)
    try:
        os.execv(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        os._exit(_NOT_STARTED)
