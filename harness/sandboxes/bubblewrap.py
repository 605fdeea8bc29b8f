"""Run code in cells whose server bubblewrap has confined.

bubblewrap (the command ``bwrap``; Debian, Ubuntu, Fedora and others have it under that name)
gives the server a read-only view of the system's programs and of this interpreter, and no
network; within that view every block gets namespaces, files, a system call filter and limits
of its own.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from harness.errors import EnvironmentFault
from harness.model.execution import SandboxSettings
from harness.sandboxes.cells import landlock
from harness.sandboxes.cells.jail import HOST_NAME
from harness.sandboxes.cells.server import Settings
from harness.sandboxes.cells.view import HOME, WORKSPACE, View, view_of_machine
from harness.sandboxes.cellular import CELL_GIVES, Cells, Confinement
from harness.sandboxes.checking import CheckCells
from harness.sandboxes.environment import cell_environment
from harness.sandboxes.probe import throw_away_user, why_not

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.connection import Connection
    from pathlib import Path

    from harness.model.execution import CodeLimits
    from harness.protocols import Execution, Program

_INSTALL = "Install it (Debian, Ubuntu: apt install bubblewrap) or use: --sandbox process"


@dataclass
class BubblewrapSandbox:
    """Runs code without network or the user's files, confined by bubblewrap and more.

    Attributes:
        settings: What to preload, and the like.
    """

    name: ClassVar[str] = "bubblewrap"
    settings: SandboxSettings = field(default_factory=SandboxSettings)
    _cells: Cells = field(init=False, repr=False)
    _checks: CheckCells = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare; nothing is started before the first block."""
        self._cells = Cells(confine=self._confinement, settings=self.settings)
        self._checks = CheckCells(confine=confinement, settings=self.settings)

    @property
    def label(self) -> str:
        """Says what isolates; where it does not work, nothing runs, and `fault` tells why."""
        return "bubblewrap (isolated: bubblewrap, namespaces, seccomp)"

    @property
    def is_isolated(self) -> bool:
        """Always: where it does not work, nothing runs."""
        return True

    @property
    def leaves_code_to_team(self) -> bool:
        """It runs the code itself."""
        return False

    @property
    def fault(self) -> str | None:
        """Why it does not work on this machine; None if it does. Found by trying, once."""
        return _fault()

    @property
    def gives(self) -> tuple[str, ...]:
        """What it contains, and what not."""
        return () if self.fault else CELL_GIVES

    @property
    def processes(self) -> tuple[int, ...]:
        """The servers, while they run."""
        return self._cells.processes + self._checks.processes

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
        return self._cells.run(
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
        return self._cells.run_in_copy(
            workspace, code, files=files, timeout_seconds=timeout_seconds, limits=limits
        )

    def check(
        self, workspace: Path, program: Program, converse: Callable[[Connection, str], None]
    ) -> Execution:
        """Run a program of ours; see `harness.sandboxes.checking.CheckCells.check`."""
        self._require_usable()
        return self._checks.check(workspace, program, converse)

    def close(self) -> None:
        """End the servers."""
        self._cells.close()
        self._checks.close()

    def _confinement(self) -> Confinement:
        self._require_usable()
        return confinement(self.settings)

    def _require_usable(self) -> None:
        # Whether it works, the server shows that is about to be started.
        missing = _missing()
        if missing is not None:
            raise EnvironmentFault(f"bubblewrap does not work here: {missing}. {_INSTALL}")


def _missing() -> str | None:
    if sys.platform != "linux":
        return "it needs Linux"
    return "there is no command bwrap" if shutil.which("bwrap") is None else None


@cache
def _fault() -> str | None:
    return _missing() or why_not(confinement(SandboxSettings(preload=())))


def confinement(settings: SandboxSettings, *, is_for_checks: bool = False) -> Confinement:
    """A server that bubblewrap confines.

    Args:
        settings: What to preload, and what is readable.
        is_for_checks: Whether it runs programs of ours, as the user, instead of agents' code.
    """
    view = view_of_machine(settings.readable)
    user = 0 if is_for_checks else throw_away_user()
    return Confinement(
        command=command(view, user),
        environ=cell_environment(),
        settings=Settings(
            view=view,
            preload=settings.preload,
            has_namespaces=True,
            has_landlock=landlock.version() > 0,
            is_jailed=True,
            user=user,
            has_channel=is_for_checks,
        ),
    )


def command(view: View, user: int) -> tuple[str, ...]:
    """The command line of bubblewrap, up to the program that it is to confine.

    bubblewrap itself is started with the server's clean environment: what it is started with
    could be read in /proc by whoever shares its processes.

    Args:
        view: What the program sees.
        user: Whom the program is to run blocks as; 0 for its own user.
    """
    words = [shutil.which("bwrap") or "bwrap"]
    words += ["--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    words += ["--hostname", HOST_NAME, "--new-session"]
    words += _rights(user)
    # Before what may lie in it.
    words += ["--tmpfs", "/tmp"]
    bound = (*((path, path) for path in view.paths), *view.placed)
    # Left to itself, bubblewrap makes the folders above these for root alone.
    above = {str(parent) for _, place in bound for parent in PurePosixPath(place).parents}
    for folder in sorted(above - {"/"}):
        words += ["--dir", folder]
    for source, place in bound:
        words += ["--ro-bind", source, place]
    for place, target in view.links:
        words += ["--symlink", target, place]
    words += ["--dev", "/dev"]
    for path in ("/dev/shm", WORKSPACE, HOME):
        words += ["--dir", path]
    # All of it, because only who sees all of it may mount one for a cell's own processes.
    words += ["--bind", "/proc", "/proc", "--remount-ro", "/", "--chdir", "/", "--"]
    return tuple(words)


def _rights(user: int) -> list[str]:
    if os.geteuid() != 0:
        return ["--unshare-user"]
    # As root, the server needs just enough to run blocks as a user that owns nothing, or to
    # give its own user another number in a cell's namespace.
    needed = ("CAP_SETUID", "CAP_SETGID") if user else ("CAP_SETFCAP",)
    return ["--cap-drop", "ALL", *(word for name in needed for word in ("--cap-add", name))]
