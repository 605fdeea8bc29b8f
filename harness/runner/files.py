"""Handing a script the files its agents made, where the script looks for them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness.sandboxes.workspace import regular_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.protocols import Execution, Sandbox


@dataclass(frozen=True)
class CopyingSandbox:
    """Runs code in another sandbox, then copies what lies in its folder to a folder of the user's.

    Only of a folder below the workspace, as a relative ``work_dir`` makes it, and only what
    lies in it: code that climbs out of its folder changes nothing of the user's.

    Attributes:
        inner: Runs the code.
        workspace: The workspace.
        target: The user's folder that stands for the workspace.
    """

    name: ClassVar[str] = "copying"

    inner: Sandbox
    workspace: Path
    target: Path

    @property
    def label(self) -> str:
        """The inner one's."""
        return self.inner.label

    def run(self, workspace: Path, code: str, **options: Any) -> Execution:
        """Run code, then copy its folder's files."""
        done = self.inner.run(workspace, code, **options)
        root = self.workspace.resolve()
        if workspace.resolve() != root and workspace.resolve().is_relative_to(root):
            self._copy(workspace, self.target / workspace.resolve().relative_to(root))
        return done

    def run_in_copy(
        self, workspace: Path, code: str, *, files: Mapping[str, str], timeout_seconds: float
    ) -> Execution:
        """As the inner one does."""
        return self.inner.run_in_copy(workspace, code, files=files, timeout_seconds=timeout_seconds)

    def _copy(self, folder: Path, target: Path) -> None:
        for file in regular_files(folder):
            place = target / file.relative
            place.parent.mkdir(parents=True, exist_ok=True)
            with file.open() as source, place.open("wb") as copy:
                shutil.copyfileobj(source, copy)
