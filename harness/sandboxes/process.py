"""Run code in cells that need nothing installed and no privileges, as isolated as this system lets.

With user namespaces, blocks get files, processes and a network of their own and cannot see
the machine's. Where those are forbidden (as in most containers), Landlock and a system call
filter keep them from the machine's files, processes and network instead. Where there is
neither, code runs as an ordinary subprocess, and the label says NOT ISOLATED.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, ClassVar, Literal

from harness.model.execution import SandboxSettings
from harness.sandboxes.cells import filters, landlock
from harness.sandboxes.cells.server import Settings
from harness.sandboxes.cells.view import view_of_machine
from harness.sandboxes.cellular import CELL_GIVES, Cells, Confinement
from harness.sandboxes.checking import CheckCells
from harness.sandboxes.environment import cell_environment
from harness.sandboxes.plain import PlainRunner
from harness.sandboxes.plain_checking import PlainChecks
from harness.sandboxes.probe import throw_away_user, why_not

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.connection import Connection
    from pathlib import Path

    from harness.model.execution import CodeLimits
    from harness.protocols import Execution, Program

Tier = Literal["namespaces", "landlock", "none"]
_LABELS: dict[Tier, str] = {
    "namespaces": "process (isolated: namespaces, Landlock, seccomp)",
    "landlock": "process (isolated: Landlock, seccomp)",
    "none": "process (NOT ISOLATED)",
}
_GIVES: dict[Tier, tuple[str, ...]] = {
    "namespaces": CELL_GIVES,
    "landlock": (
        "files: reads programs, libraries and its workspace; writes only in its workspace and a "
        "private folder",
        "network: no sockets at all",
        "processes: signals only its own; all end with the block",
        "limits: time, processor, output; memory, processes, files and disk are watched, so "
        "that a fast block can exceed them for a moment",
        "not: sees the list of all processes, the state of the machine in /proc and whether a path "
        "exists; no locks of multiprocessing; changes of a file's mode or times have no effect; "
        "the kernel is shared",
    ),
    "none": (
        "a clean environment, limits on time, memory and output, an end of all its processes",
        "not: files, network and other processes are open to it as they are to you",
    ),
}


@dataclass
class ProcessSandbox:
    """Runs code as contained as the system lets an ordinary process do it.

    Attributes:
        settings: What to preload, and the like.
        tier: How to contain it; found by trying if None.
    """

    name: ClassVar[str] = "process"
    settings: SandboxSettings = field(default_factory=SandboxSettings)
    tier: Tier | None = None

    @property
    def label(self) -> str:
        """Says what isolates, or that nothing does."""
        return _LABELS[self._tier]

    @property
    def is_isolated(self) -> bool:
        """Whether code cannot reach the user's files, processes and network."""
        return self._tier != "none"

    @property
    def leaves_code_to_team(self) -> bool:
        """It runs the code itself."""
        return False

    @property
    def fault(self) -> str | None:
        """It works everywhere; see `is_isolated`."""
        return None

    @cached_property
    def _tier(self) -> Tier:
        return self.tier or best_tier()

    @cached_property
    def _runner(self) -> Cells | PlainRunner:
        if self._tier == "none":
            return PlainRunner()
        tier = self._tier
        return Cells(confine=lambda: confinement(self.settings, tier), settings=self.settings)

    @cached_property
    def _checks(self) -> CheckCells | PlainChecks:
        if self._tier == "none":
            return PlainChecks()
        return CheckCells(confine=partial(confinement, tier=self._tier), settings=self.settings)

    @property
    def gives(self) -> tuple[str, ...]:
        """What the tier that works here contains, and what not."""
        return _GIVES[self._tier]

    @property
    def processes(self) -> tuple[int, ...]:
        """The servers, while they run."""
        return self._runner.processes + self._checks.processes

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
        """Run a block; see `harness.sandboxes.cellular.Cells.run`."""
        return self._runner.run(
            workspace,
            code,
            language=language,
            filename=filename,
            timeout_seconds=timeout_seconds,
            folder=folder,
            limits=limits,
        )

    def run_in_copy(
        self,
        workspace: Path,
        code: str,
        *,
        files: Mapping[str, str],
        timeout_seconds: float,
        limits: CodeLimits | None = None,
    ) -> Execution:
        """Run Python beside the workspace's files; see `Cells.run_in_copy`."""
        return self._runner.run_in_copy(
            workspace, code, files=files, timeout_seconds=timeout_seconds, limits=limits
        )

    def check(
        self, workspace: Path, program: Program, converse: Callable[[Connection, str], None]
    ) -> Execution:
        """Run a program of ours; see `harness.sandboxes.checking`."""
        return self._checks.check(workspace, program, converse)

    def close(self) -> None:
        """End the servers, if any were started."""
        self._runner.close()
        self._checks.close()


@cache
def best_tier() -> Tier:
    """The strongest that works here, found by trying, once per process."""
    if sys.platform != "linux":
        return "none"
    bare = SandboxSettings(preload=())
    if why_not(confinement(bare, "namespaces")) is None:
        return "namespaces"
    # Before that version a confined block could still signal other processes.
    if landlock.version() >= landlock.SCOPING_VERSION and filters.is_supported():
        return "landlock" if why_not(confinement(bare, "landlock")) is None else "none"
    return "none"


def confinement(
    settings: SandboxSettings, tier: Tier, *, is_for_checks: bool = False
) -> Confinement:
    """A server that confines itself.

    Args:
        settings: What to preload, and what is readable.
        tier: What confines it.
        is_for_checks: Whether it runs programs of ours, as the user, instead of agents' code.
    """
    has_namespaces = tier == "namespaces"
    return Confinement(
        command=(),
        environ=cell_environment(),
        settings=Settings(
            view=view_of_machine(settings.readable),
            preload=settings.preload,
            has_namespaces=has_namespaces,
            has_landlock=landlock.version() > 0,
            is_jailed=False,
            user=throw_away_user() if has_namespaces and not is_for_checks else 0,
            has_channel=is_for_checks,
        ),
    )
