"""A subprocess that runs beside this process and talks with it, ended with all it started."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from harness.sandboxes.processes import adopt_orphans, children, end_tree, leash, limit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from harness.sandboxes.processes import ProcessLimits

_MOST_SAID = 2000


@dataclass
class Companion:
    """How it ended; filled in when it has.

    Attributes:
        exit_code: As the process left it; the negative signal number if one ended it.
        timed_out: Whether the time limit ended it.
        duration_seconds: Wall-clock time.
        said: The end of what it wrote to its standard output and standard error.
    """

    exit_code: int = 0
    timed_out: bool = False
    duration_seconds: float = 0.0
    said: str = ""


@contextmanager
def companion(
    command: Sequence[str],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    timeout_seconds: float,
    limits: ProcessLimits,
) -> Iterator[tuple[socket.socket, Companion]]:
    """Run a command while the block lasts; at its end, wait for the command's own.

    Nothing more can be read from the connection once the process has ended, whoever else
    holds its other end; closing it is the caller's business.

    Args:
        command: Program and arguments; the descriptor of its end of a connection is added.
        cwd: Working directory.
        environ: The whole environment.
        timeout_seconds: Wall-clock limit.
        limits: Further limits; what it prints is not limited but by the size of files.
    """
    adopt_orphans()
    earlier = children()
    state = Companion()
    started = time.monotonic()
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryFile() as log:
        with theirs:
            process = _start(command, theirs, cwd, environ, log)
        try:
            limit(process.pid, limits, timeout_seconds)
            watch = threading.Thread(
                target=_watch, args=(process, ours.dup(), timeout_seconds, state), daemon=True
            )
            watch.start()
            yield ours, state
            watch.join()
        finally:
            end_tree(process, earlier)
        state.exit_code = process.returncode
        state.duration_seconds = time.monotonic() - started
        log.seek(max(log.seek(0, 2) - _MOST_SAID, 0))
        state.said = log.read(_MOST_SAID).decode("utf-8", "replace")


def _start(
    command: Sequence[str],
    theirs: socket.socket,
    cwd: Path,
    environ: Mapping[str, str],
    log: IO[bytes],
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*leash(), *command, str(theirs.fileno())],
        cwd=cwd,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=[theirs.fileno()],
        start_new_session=True,
        umask=0o022,
    )


def _watch(
    process: subprocess.Popen[bytes],
    connection: socket.socket,
    timeout_seconds: float,
    state: Companion,
) -> None:
    """Wait for the process to end, and make it; then nobody waits for its words any more."""
    try:
        process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        state.timed_out = True
        process.kill()
        process.wait()
    with connection, suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
