"""The harness's side: start a server, have blocks run, and take home what they left."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any

from harness.errors import EnvironmentFault
from harness.sandboxes.cells import wire
from harness.sandboxes.cells.job import encode
from harness.sandboxes.cells.transfer import FileChange, bring_home, send_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from harness.sandboxes.cells.job import Job, Room
    from harness.sandboxes.cells.server import Settings

# Importing pandas and matplotlib from a cold disk takes tens of seconds.
_START_SECONDS = 120.0
# How long a keeper may take beyond the block's own time: making the cell, ending everything.
_PATIENCE_SECONDS = 30.0
_MOST_SAID = 2000


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
        self._waiting: tuple[Room, socket.socket] | None = None
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the server
        self._control, theirs = socket.socketpair()
        with theirs:
            module = "harness.sandboxes.cells.server"
            self._process = subprocess.Popen(
                [*command, sys.executable, "-P", "-m", module, str(theirs.fileno())],
                env=dict(environ),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self.missing, self.threads = self._hello(settings)

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    def _hello(self, settings: Settings) -> tuple[dict[str, str], int]:
        self._control.settimeout(_START_SECONDS)
        try:
            wire.send(self._control, asdict(settings))
            said, _, _ = wire.receive(self._control)
        except (wire.Closed, TimeoutError):
            raise self._lost("did not start") from None
        finally:
            self._control.settimeout(None)
        if "error" in said:
            self.close()
            raise ServerLost(said["error"])
        return said["missing"], said["threads"]

    def _lost(self, what: str) -> ServerLost:
        said = ""
        if not self._log.closed:
            self._end()
            self._log.seek(0)
            said = self._log.read(_MOST_SAID).decode("utf-8", "replace").strip()
        self.close()
        return ServerLost(f"the interpreter that runs code {what}: {said or 'it said nothing'}")

    @property
    def is_alive(self) -> bool:
        """Whether it can still run blocks."""
        return self._process.poll() is None

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
        """
        with self._connection(job.room) as ours:
            try:
                ended = self._serve(ours, job, workspace, extra or {}, converse)
            except (wire.Closed, TimeoutError):
                raise self._lost("failed in the middle of a run") from None
        # While the harness goes on, the next cell gets ready.
        self._waiting = (job.room, self._connect(job.room))
        return ended

    def _connection(self, room: Room) -> socket.socket:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            if waiting[0] == room:
                return waiting[1]
            waiting[1].close()
        return self._connect(room)

    def _connect(self, room: Room) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                wire.send(self._control, {}, descriptors=(theirs.fileno(),))
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
            manifest = {} if inner is None else send_in(workspace, inner, extra)
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
        self._control.close()
        if self._waiting is not None:
            self._waiting[1].close()
            self._waiting = None
        self._end()
        self._log.close()

    def _end(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()


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
