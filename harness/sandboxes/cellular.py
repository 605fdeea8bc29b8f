"""What the isolating sandboxes share: a server started when needed, blocks run in its cells.

The sandboxes differ in what confines the server; see `harness.sandboxes.cells`.
"""

from __future__ import annotations

import datetime
import math
import shutil
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

from harness.errors import EnvironmentFault, HarnessError
from harness.model.execution import CodeLimits, LimitName, SandboxSettings
from harness.protocols import Execution
from harness.sandboxes.artefacts import file_change
from harness.sandboxes.cells.client import Server
from harness.sandboxes.cells.job import Bounds, Job
from harness.sandboxes.endings import TIMEOUT_EXIT_CODE, TIMEOUT_TEXT, limit_text, outside
from harness.sandboxes.normalise import normalise
from harness.sandboxes.output import undecodable
from harness.sandboxes.places import Spot, beside, within
from harness.sandboxes.workspace import OutsideWorkspace, WorkspaceTooLarge, store_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from harness.sandboxes.cells.client import Ended
    from harness.sandboxes.cells.server import Settings

# For `harness doctor`.
CELL_GIVES = (
    "files: sees programs and libraries, nothing of yours; writes only in its workspace, /tmp, "
    "/dev/shm and its home, which are its own and limited in size and number of files",
    "network: none, but the block's own loopback",
    "processes: sees and signals only its own; all end with the block",
    "limits: time, processor, memory, processes, files, disk, output",
    "not: the kernel is shared, so a hole in it is a hole in this",
)

_CHECK_SCRIPT = "harness_check.py"
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """How a server is started.

    Attributes:
        command: What confines it; empty if it confines itself.
        environ: Its environment, and that of all blocks.
        settings: What it is told.
    """

    command: Sequence[str]
    environ: Mapping[str, str]
    settings: Settings


@dataclass
class Cells:
    """Runs blocks in the cells of one server, one at a time; threads wait for their turn.

    Attributes:
        confine: Makes the confinement; asked once.
        settings: The user's.
    """

    confine: Callable[[], Confinement]
    settings: SandboxSettings
    _confinement: Confinement | None = field(default=None, init=False)
    _server: Server | None = field(default=None, init=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def run(  # noqa: PLR0913 - one run has so many sides; all but two by keyword
        self,
        workspace: Path,
        code: str,
        *,
        language: str,
        filename: str,
        timeout_seconds: float,
        folder: str = "",
        limits: CodeLimits | None = None,
    ) -> Execution:
        """Run a block; see `harness.protocols.Sandbox.run`.

        Raises:
            HarnessError: If the language is another one.
            ServerLost: If no cell could be made.
            OSError: If the source cannot be stored: a missing folder, a name too long.
        """
        command = _shell(language)
        try:
            store_text(workspace / folder, filename, code)
        except OutsideWorkspace:
            return outside()
        limits = limits or CodeLimits()
        bounds = bounds_of(limits, timeout_seconds)
        with within(workspace, has_own_files=self._has_own_files) as spot:
            inner = f"{spot.root}/{folder}".rstrip("/")
            script = f"{inner}/{filename}"
            job = self._job((*command, script) if command else (), script, inner, bounds, spot)
            try:
                return _execution(self._ended(job, spot), spot, limits, bounds)
            except WorkspaceTooLarge as error:
                return _no_room(error)

    def run_in_copy(
        self,
        workspace: Path,
        code: str,
        *,
        files: Mapping[str, str],
        timeout_seconds: float,
        limits: CodeLimits | None = None,
    ) -> Execution:
        """Run Python beside the workspace's files; see `harness.protocols.Sandbox.run_in_copy`.

        A workspace that the agents filled beyond what is copied gives exit code 1 and says so.

        Raises:
            HarnessError: If a name in files leads out of the workspace.
            ServerLost: If no cell could be made.
        """
        limits = limits or CodeLimits()
        bounds = bounds_of(limits, timeout_seconds)
        extra = {**files, _CHECK_SCRIPT: code}
        try:
            with beside(workspace, extra, has_own_files=self._has_own_files) as spot:
                script = f"{spot.root}/{_CHECK_SCRIPT}"
                job = self._job((), script, spot.root, bounds, spot)
                return _execution(self._ended(job, spot), spot, limits, bounds)
        except WorkspaceTooLarge as error:
            return _no_room(error)

    @property
    def setup(self) -> Confinement:
        """How the server is, or will be, started."""
        if self._confinement is None:
            self._confinement = self.confine()
        return self._confinement

    @property
    def _has_own_files(self) -> bool:
        return self.setup.settings.has_namespaces

    def _job(
        self, command: tuple[str, ...], script: str, folder: str, bounds: Bounds, spot: Spot
    ) -> Job:
        return Job(
            command=command,
            script=script,
            folder=folder,
            bounds=bounds,
            is_thrown_away=spot.is_copy,
            is_merged=spot.is_copy,
            seed=self.settings.seed,
            frozen_at=seconds_of(self.settings.frozen_at),
            scratch=spot.scratch,
            workspace="" if self._has_own_files else spot.root,
        )

    def _ended(self, job: Job, spot: Spot) -> Ended:
        with self._turn:
            return self.server().run(job, spot.workspace, spot.extra)

    def server(self) -> Server:
        """The running server, started if there is none.

        Raises:
            ServerLost: If it does not start.
        """
        if self._server is None or not self._server.is_alive:
            self.close()
            setup = self.setup
            self._server = Server(setup.command, setup.environ, setup.settings)
        return self._server

    @property
    def processes(self) -> tuple[int, ...]:
        """The server's id, while it runs."""
        return (self._server.pid,) if self._server is not None else ()

    def close(self) -> None:
        """End the server, if one runs."""
        if self._server is not None:
            self._server.close()
            self._server = None


def _shell(language: str) -> tuple[str, ...]:
    """What runs a block of this language; nothing for Python.

    Raises:
        HarnessError: If blocks of this language cannot be run.
        EnvironmentFault: If this machine has no such shell.
    """
    if language == "python":
        return ()
    if language not in ("sh", "bash"):
        raise HarnessError(f"A sandbox cannot run {language!r}; it runs: bash, python, sh.")
    found = shutil.which(language, path="/bin:/usr/bin")
    if found is None:
        raise EnvironmentFault(f"There is no {language} in /bin or /usr/bin to run a block with.")
    return (found,)


def _no_room(error: WorkspaceTooLarge) -> Execution:
    return Execution(exit_code=1, stdout=f"{error}\n", duration_seconds=0.0, limit=error.limit)


def bounds_of(limits: CodeLimits, wall_seconds: float) -> Bounds:
    """Limits as a cell takes them."""
    return Bounds(
        wall_seconds=wall_seconds,
        cpu_seconds=math.ceil(limits.cpu_seconds or 2 * wall_seconds),
        memory_bytes=limits.memory_mb * _MEBIBYTE,
        tasks=limits.processes,
        files=limits.files,
        disk_bytes=limits.disk_mb * _MEBIBYTE,
        output_bytes=limits.output_kb * 1024,
    )


def seconds_of(moment: str | None) -> float | None:
    """Seconds since 1970 of an ISO 8601 time, in UTC unless it says otherwise."""
    if moment is None:
        return None
    parsed = datetime.datetime.fromisoformat(moment)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=datetime.UTC)).timestamp()


def _execution(ended: Ended, spot: Spot, limits: CodeLimits, bounds: Bounds) -> Execution:
    limit = next((name for name in get_args(LimitName) if name == ended.limit), None)
    stdout = normalise(ended.output.decode("utf-8", "replace"), spot.names)
    stderr = normalise(ended.errors.decode("utf-8", "replace"), spot.names)
    is_late = limit == "wall"
    if is_late:
        # How far it got differs from run to run, and AutoGen tells its agents nothing else.
        stdout, stderr = TIMEOUT_TEXT, ""
    elif limit is not None and ended.exit_code != 0:
        stderr += f"{limit_text(limit, limits, bounds.wall_seconds)}\n"
    return Execution(
        exit_code=TIMEOUT_EXIT_CODE if is_late else ended.exit_code,
        stdout=stdout,
        stderr=stderr,
        duration_seconds=ended.duration_seconds,
        timed_out=is_late,
        limit=limit,
        cut_bytes=ended.cut_bytes,
        cpu_seconds=ended.cpu_seconds,
        peak_memory_bytes=ended.peak_memory_bytes,
        # A cut may fall into the middle of a character.
        undecodable=None if ended.cut_bytes else undecodable(ended.output, ended.errors),
        files=spot.changes()
        or tuple(
            file_change(change.path, change.kind, change.size_bytes, change.digest)
            for change in ended.changes
        ),
    )
