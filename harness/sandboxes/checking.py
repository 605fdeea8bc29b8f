"""Run programs of the harness that judge a workspace, apart from it and from agents' code.

They get servers and cells of their own, so that nothing of the harness is ever in the memory
of a process that agents' code is forked from, and nothing agents ran is in theirs. Their cells
see the workspace, read-only, and what the program may read besides; agents' cells do not.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Protocol, get_args

import msgspec

from harness.model.execution import LimitName, SandboxSettings
from harness.protocols import Execution
from harness.sandboxes.cells.client import Server
from harness.sandboxes.cells.job import Job
from harness.sandboxes.cells.view import HOME
from harness.sandboxes.cellular import bounds_of
from harness.sandboxes.endings import TIMEOUT_EXIT_CODE
from harness.sandboxes.places import Spot, within

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.protocols import Program
    from harness.sandboxes.cells.client import Ended
    from harness.sandboxes.cellular import Confinement

_MOST_SAID = 2000


class Confining(Protocol):
    """Makes the confinement of a server."""

    def __call__(self, settings: SandboxSettings, *, is_for_checks: bool) -> Confinement:
        """How to start it."""


@dataclass
class CheckCells:
    """Runs programs in the cells of a server that is kept while what they may read stays the same.

    Attributes:
        confine: Makes the confinement.
        settings: The user's.
    """

    confine: Confining
    settings: SandboxSettings
    _server: Server | None = field(default=None, init=False)
    _readable: tuple[str, ...] = field(default=(), init=False)
    _preload: tuple[str, ...] = field(default=(), init=False)
    _has_own_files: bool = field(default=False, init=False)

    def check(
        self, workspace: Path, program: Program, converse: Callable[[Connection, str], None]
    ) -> Execution:
        """Run a program; see `harness.protocols.Sandbox.check`.

        Raises:
            ServerLost: If no cell could be made.
        """
        server = self._server_for(program)
        with within(workspace, has_own_files=self._has_own_files) as spot:

            def talk(descriptor: int) -> None:
                with Connection(descriptor) as connection:
                    converse(connection, spot.root)

            return _execution(server.run(self._job(program, spot), spot.workspace, converse=talk))

    def _job(self, program: Program, spot: Spot) -> Job:
        bounds = bounds_of(program.limits, program.timeout_seconds)
        return Job(
            command=(),
            script="",
            entry=program.entry,
            folder=f"{spot.scratch}/home" if spot.scratch else HOME,
            # As much for the program's own files as agents could leave in the workspace.
            bounds=replace(bounds, files=2 * bounds.files, disk_bytes=2 * bounds.disk_bytes),
            is_read_only=True,
            is_thrown_away=True,
            is_merged=True,
            seed=self.settings.seed,
            scratch=spot.scratch,
            workspace="" if self._has_own_files else spot.root,
        )

    def _server_for(self, program: Program) -> Server:
        """A running server that knows enough for this program."""
        server = self._server
        is_fit = self._readable == program.readable and set(program.preload) <= set(self._preload)
        if server is None or not is_fit or not server.is_alive:
            self.close()
            self._readable, self._preload = program.readable, program.preload
            settings = msgspec.structs.replace(
                self.settings,
                readable=(*self.settings.readable, *program.readable),
                preload=(program.entry.partition(":")[0], *program.preload),
            )
            setup = self.confine(settings, is_for_checks=True)
            self._has_own_files = setup.settings.has_namespaces
            server = self._server = Server(setup.command, setup.environ, setup.settings)
        return server

    @property
    def processes(self) -> tuple[int, ...]:
        """The server's id, while it runs."""
        return (self._server.pid,) if self._server is not None else ()

    def close(self) -> None:
        """End the server, if one runs."""
        if self._server is not None:
            self._server.close()
            self._server = None


def _execution(ended: Ended) -> Execution:
    limit = next((name for name in get_args(LimitName) if name == ended.limit), None)
    return Execution(
        exit_code=TIMEOUT_EXIT_CODE if limit == "wall" else ended.exit_code,
        stdout=ended.output[-_MOST_SAID:].decode("utf-8", "replace"),
        duration_seconds=ended.duration_seconds,
        timed_out=limit == "wall",
        limit=limit,
        cut_bytes=ended.cut_bytes,
        cpu_seconds=ended.cpu_seconds,
        peak_memory_bytes=ended.peak_memory_bytes,
    )
