"""No sandbox: the team's own executor runs the agents' code, and the harness looks on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from harness.model.execution import SandboxSettings
from harness.sandboxes.plain import PlainRunner
from harness.sandboxes.plain_checking import PlainChecks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.connection import Connection
    from pathlib import Path

    from harness.model.execution import CodeLimits
    from harness.protocols import Execution, Program


@dataclass
class NoSandbox:
    """Leaves the agents' code to the team's own executor, whatever that may be.

    The text an executor returns is not made the same on every machine, so a cassette may
    replay only where it was recorded. Checks, and the code they run, run as ordinary
    subprocesses.

    Attributes:
        settings: Not used here.
    """

    name: ClassVar[str] = "none"
    settings: SandboxSettings = field(default_factory=SandboxSettings)
    _runner: PlainRunner = field(default_factory=PlainRunner, init=False, repr=False)
    _checks: PlainChecks = field(default_factory=PlainChecks, init=False, repr=False)

    @property
    def label(self) -> str:
        """Says that the harness contains nothing."""
        return "none (NOT ISOLATED by harness: the team's own executor)"

    @property
    def is_isolated(self) -> bool:
        """Never by the harness."""
        return False

    @property
    def leaves_code_to_team(self) -> bool:
        """Always."""
        return True

    @property
    def fault(self) -> str | None:
        """It works everywhere."""
        return None

    @property
    def gives(self) -> tuple[str, ...]:
        """Nothing."""
        return ("leaves code to the team's own executor: nothing is contained or limited",)

    @property
    def processes(self) -> tuple[int, ...]:
        """None."""
        return ()

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
        """Run a block as an ordinary subprocess, for engines that have no executor of their own."""
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
        """Run Python in a copy of the workspace, as an ordinary subprocess."""
        return self._runner.run_in_copy(
            workspace, code, files=files, timeout_seconds=timeout_seconds, limits=limits
        )

    def check(
        self, workspace: Path, program: Program, converse: Callable[[Connection, str], None]
    ) -> Execution:
        """Run a program of ours as an ordinary subprocess."""
        return self._checks.check(workspace, program, converse)

    def close(self) -> None:
        """Nothing runs between blocks."""
