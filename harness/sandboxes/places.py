"""Where a block finds its files, and by which names they are known in its output."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.sandboxes.artefacts import changes, digests
from harness.sandboxes.cells.view import HOME, WORKSPACE
from harness.sandboxes.normalise import Place
from harness.sandboxes.workspace import (
    MAX_COPIED_BYTES,
    MAX_COPIED_FILES,
    clear_way,
    copy_workspace,
    inside,
    remove_tree,
    store_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.model.execution import FileChange

_OWN_NAMES = (
    Place(WORKSPACE, "/workspace"),
    Place(HOME, "/home"),
    Place("/tmp", "/tmp", has_random_names=True),
)


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Where one block runs.

    Attributes:
        root: Path of the workspace as the block sees it.
        workspace: The folder that is copied into the cell, or used as it is.
        names: How folders are called in the block's output.
        extra: Files that exist for this run only, by path inside the workspace.
        scratch: Folder for home and temporary files, where the cell has none of its own.
        is_copy: Whether nothing of it is kept.
        before: Digests of the files that are used in place, before the run.
    """

    root: str
    workspace: Path
    names: tuple[Place, ...] = _OWN_NAMES
    extra: Mapping[str, bytes] = field(default_factory=dict)
    scratch: str = ""
    is_copy: bool = False
    before: Mapping[str, str] | None = None

    def changes(self) -> tuple[FileChange, ...]:
        """What the run did to files that it used in place; nothing where it had copies."""
        return () if self.before is None else changes(self.before, self.workspace)


@contextmanager
def within(workspace: Path, *, has_own_files: bool) -> Iterator[Spot]:
    """A spot in the workspace itself.

    Args:
        workspace: The sample's folder.
        has_own_files: Whether the cell has a file system of its own.
    """
    if has_own_files:
        yield Spot(root=WORKSPACE, workspace=workspace)
        return
    with _scratch() as scratch:
        root = workspace.absolute()
        yield Spot(
            root=str(root),
            workspace=root,
            names=_names(root, scratch),
            scratch=str(scratch),
            before=digests(root),
        )


@contextmanager
def beside(workspace: Path, files: Mapping[str, str], *, has_own_files: bool) -> Iterator[Spot]:
    """A spot in a copy of the workspace, with files added or replaced.

    Args:
        workspace: The sample's folder; stays as it is.
        files: Texts by path inside it.
        has_own_files: Whether the cell has a file system of its own.

    Raises:
        OutsideWorkspace: If a path leads out of it.
        WorkspaceTooLarge: If there is more in it than is copied.
    """
    for path in files:
        inside(path)
    if has_own_files:
        extra = {path: text.encode("utf-8", "replace") for path, text in files.items()}
        yield Spot(root=WORKSPACE, workspace=workspace, extra=extra, is_copy=True)
        return
    with _scratch() as scratch:
        copy = scratch / "workspace"
        copy_workspace(workspace, copy, max_files=MAX_COPIED_FILES, max_bytes=MAX_COPIED_BYTES)
        for path, text in files.items():
            clear_way(copy, path)
            store_text(copy, path, text)
        yield Spot(
            root=str(copy),
            workspace=copy,
            names=(Place(str(workspace.absolute()), "/workspace"), *_names(copy, scratch)),
            scratch=str(scratch),
            is_copy=True,
        )


@contextmanager
def _scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="harness-run-"))
    try:
        for name in ("home", "tmp"):
            (folder / name).mkdir()
        yield folder
    finally:
        remove_tree(folder)


def _names(root: Path, scratch: Path) -> tuple[Place, ...]:
    return (
        Place(str(root), "/workspace"),
        Place(str(scratch), "/sandbox"),
        Place(str(scratch / "home"), "/home"),
        Place(str(scratch / "tmp"), "/tmp", has_random_names=True),
    )
