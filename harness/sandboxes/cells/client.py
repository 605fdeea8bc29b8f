"""The harness's side: start a server, have blocks run, and take home what they left."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import weakref
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness.errors import EnvironmentFault
from harness.sandboxes.cells import wire
from harness.sandboxes.cells.job import encode
from harness.sandboxes.cells.transfer import FileChange, bring_home, send_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.sandboxes.cells.job import Job, Room
    from harness.sandboxes.cells.server import Settings

# Importing pandas and matplotlib from a cold disk takes tens of seconds.
_START_SECONDS = 120.0
# How long a keeper may take beyond the block's own time: making the cell, ending everything.
_PATIENCE_SECONDS = 30.0
# How long a server may take to end by itself.
_FAREWELL_SECONDS = 2.0
_MOST_SAID = 2000
# Started so and not as a module, because that would tell the interpreter, and so every block,
# to look for modules in other places than those a script has.
_START = (
    "import sys; del sys.path[0]; sys.path.append(sys.argv[1]); "
    "from harness.sandboxes.cells import server; server.serve(*map(int, sys.argv[2:]))"
)


class ServerLost(EnvironmentFault):
    """The server or a keeper ended, or could not start."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a block ended.

    Attributes:
        exit_code: As the process left it; the negative signal number if one ended it.
        output: Standard output, capped.
        errors: Standard error, capped.
        cut_bytes: What the caps left out.
        limit: "wall", "cpu", "memory", "processes", "files", "disk" or "output" if that
            limit ended it or was reached; None otherwise.
        duration_seconds: Wall-clock time.
        cpu_seconds: Processor time of all its processes.
        peak_memory_bytes: Most memory in use, the warm interpreter's included.
        changes: What it did to the files of its workspace.
    """

    exit_code: int
    output: bytes
    errors: bytes
    cut_bytes: int
    limit: str | None
    duration_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    changes: tuple[FileChange, ...]


class Server:
    """A running server; one block at a time."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], settings: Settings
    ) -> None:
        """Start one and wait until it is warm.

        Args:
            command: What to start it with: nothing, or a program that confines it.
            environ: Its whole environment, and that of blocks.
            settings: Its own.

        Raises:
            ServerLost: If it does not start; the message is what it said.
        """
        control, theirs = socket.socketpair()
        with theirs:
            self._line = _Line(command, environ, control, theirs.fileno())
        # Also for a server that is forgotten; its process would go on until this one ends.
        self._end = weakref.finalize(self, self._line.close)
        self.missing, self.threads = self._hello(settings)

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._line.process.pid

    def _hello(self, settings: Settings) -> tuple[dict[str, str], int]:
        self._line.control.settimeout(_START_SECONDS)
        try:
            wire.send(self._line.control, asdict(settings))
            said, _, _ = wire.receive(self._line.control)
        except (wire.Closed, TimeoutError):
            raise self._lost("did not start") from None
        if "error" in said:
            self.close()
            raise ServerLost(said["error"])
        self._line.control.settimeout(None)
        return said["missing"], said["threads"]

    def _lost(self, what: str) -> ServerLost:
        said = self._line.last_words()
        self.close()
        return ServerLost(f"the interpreter that runs code {what}: {said or 'it said nothing'}")

    @property
    def is_alive(self) -> bool:
        """Whether it can still run blocks."""
        return self._line.process.poll() is None

    def run(
        self,
        job: Job,
        workspace: Path,
        extra: Mapping[str, bytes] | None = None,
        converse: Callable[[int], None] | None = None,
    ) -> Ended:
        """Run one block.

        Args:
            job: What to run, and within what.
            workspace: The sample's folder: copied into the cell, and what changed copied
                back unless the job is read-only. Used as it is where cells have no file
                system of their own.
            extra: Files that exist for this run only, by path inside the workspace.
            converse: Called with the descriptor of the connection to the cell, which it owns,
                while the job runs; for servers whose cells have one.

        Raises:
            ServerLost: If the server or the keeper ended.
            WorkspaceTooLarge: If the workspace does not fit into the cell.
            OSError: If the machine's disk is full.
        """
        with self._connection(job.room) as ours:
            try:
                ended = self._serve(ours, job, workspace, extra or {}, converse)
            except (wire.Closed, TimeoutError):
                raise self._lost("failed in the middle of a run") from None
        # While the harness goes on, the next cell gets ready.
        self._line.waiting = (job.room, self._connect(job.room))
        return ended

    def _connection(self, room: Room) -> socket.socket:
        waiting, self._line.waiting = self._line.waiting, None
        if waiting is not None:
            if waiting[0] == room:
                return waiting[1]
            waiting[1].close()
        return self._connect(room)

    def _connect(self, room: Room) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                wire.send(self._line.control, {}, descriptors=(theirs.fileno(),))
                wire.send(ours, asdict(room))
            except wire.Closed:
                ours.close()
                raise self._lost("ended") from None
        return ours

    def _serve(
        self,
        connection: socket.socket,
        job: Job,
        workspace: Path,
        extra: Mapping[str, bytes],
        converse: Callable[[int], None] | None,
    ) -> Ended:
        connection.settimeout(job.bounds.wall_seconds + _PATIENCE_SECONDS)
        said, _, descriptors = wire.receive(connection)
        if "error" in said:
            raise ServerLost(said["error"])
        # A cell hands over its workspace, if that is its own, then its channel, if it has one.
        *handed_over, channel = descriptors if converse else (*descriptors, None)
        inner = handed_over[0] if handed_over else None
        try:
            manifest = {} if inner is None else send_in(workspace, inner, extra, job.bounds)
            wire.send(connection, encode(job))
            if converse is not None and channel is not None:
                talking_to, channel = channel, None
                converse(talking_to)
            figures, payload, _ = wire.receive(connection)
            changes: tuple[FileChange, ...] = ()
            if inner is not None and not (job.is_thrown_away or job.is_read_only):
                changes = bring_home(inner, workspace, manifest, extra, job.bounds)
        finally:
            for descriptor in (inner, channel):
                if descriptor is not None:
                    os.close(descriptor)
        wire.send(connection, {"done": True})
        return _ended(figures, payload, changes)

    def close(self) -> None:
        """End it and everything it runs."""
        self._end()


class _Line:
    """The server's process, and what leads to it."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], control: socket.socket, end: int
    ) -> None:
        self._owner = os.getpid()
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the line
        self.control = control
        self.waiting: tuple[Room, socket.socket] | None = None
        self.process = _start(command, environ, end, self._log)

    def last_words(self) -> str:
        self._stop()
        self._log.seek(0)
        return self._log.read(_MOST_SAID).decode("utf-8", "replace").strip()

    def _stop(self) -> None:
        # Closing is not enough: a fork of this process may hold the other end of it.
        with suppress(OSError):
            self.control.shutdown(socket.SHUT_RDWR)
        try:
            self.process.wait(_FAREWELL_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        if os.getpid() == self._owner:
            self._stop()
        else:
            self.process.returncode = 0  # Not a child of this fork, which may not wait for it.
        for one in (self.control, self._log, *(self.waiting or ())[1:]):
            one.close()


def _start(
    command: Sequence[str], environ: Mapping[str, str], control: int, log: IO[bytes]
) -> subprocess.Popen[bytes]:
    # By this descriptor the server learns that this process has been killed. The kernel's own
    # notice would come already when the thread ends that has started it.
    life = os.pidfd_open(os.getpid())
    numbers = (str(control), str(life))
    try:
        return subprocess.Popen(
            [*command, sys.executable, "-c", _START, str(Path(__file__).parents[3]), *numbers],
            env=dict(environ),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[control, life],
            start_new_session=True,
        )
    finally:
        os.close(life)


def _ended(figures: dict[str, Any], payload: bytes, changes: tuple[FileChange, ...]) -> Ended:
    split = figures["split"]
    return Ended(
        exit_code=figures["exit_code"],
        output=payload[:split],
        errors=payload[split:],
        cut_bytes=figures["cut_bytes"],
        limit=figures["limit"],
        duration_seconds=figures["duration_seconds"],
        cpu_seconds=figures["cpu_seconds"],
        peak_memory_bytes=figures["peak_memory_bytes"],
        changes=changes,
    )
