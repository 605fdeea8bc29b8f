"""Handing a script the files its agents made, where the script looks for them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness.sandboxes.workspace import regular_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from pathlib import Path

    from harness.protocols import Execution, Program, Sandbox


@dataclass(frozen=True)
class CopyingSandbox:
    """Runs code in another sandbox, then copies what lies in its folder to a folder of the user's.

    Only of a folder below the workspace, as a relative ``work_dir`` makes it, and only what
    lies in it: code that climbs out of its folder changes nothing of the user's.

    Attributes:
        inner: Runs the code.
        target: The user's folder that stands for the workspace.
    """

    name: ClassVar[str] = "copying"

    inner: Sandbox
    target: Path

    @property
    def label(self) -> str:
        """The inner one's."""
        return self.inner.label

    @property
    def is_isolated(self) -> bool:
        """As the inner one."""
        return self.inner.is_isolated

    @property
    def leaves_code_to_team(self) -> bool:
        """As the inner one; the team's own executor writes where the script looks anyway."""
        return self.inner.leaves_code_to_team

    @property
    def fault(self) -> str | None:
        """The inner one's."""
        return self.inner.fault

    @property
    def gives(self) -> tuple[str, ...]:
        """What the inner one gives."""
        return self.inner.gives

    @property
    def processes(self) -> tuple[int, ...]:
        """The inner one's."""
        return self.inner.processes

    def run(self, workspace: Path, code: str, *, folder: str = "", **options: Any) -> Execution:
        """Run code, then copy its folder's files."""
        done = self.inner.run(workspace, code, folder=folder, **options)
        place, root = (workspace / folder).resolve(), workspace.resolve()
        if place != root and place.is_relative_to(root):
            self._copy(place, self.target / place.relative_to(root))
        return done

    def run_in_copy(self, workspace: Path, code: str, **options: Any) -> Execution:
        """As the inner one does."""
        return self.inner.run_in_copy(workspace, code, **options)

    def check(
        self, workspace: Path, program: Program, converse: Callable[[Connection, str], None]
    ) -> Execution:
        """As the inner one does."""
        return self.inner.check(workspace, program, converse)

    def close(self) -> None:
        """End what the inner one started."""
        self.inner.close()

    def _copy(self, folder: Path, target: Path) -> None:
        for file in regular_files(folder):
            place = target / file.relative
            place.parent.mkdir(parents=True, exist_ok=True)
            with file.open() as source, place.open("wb") as copy:
                shutil.copyfileobj(source, copy)
