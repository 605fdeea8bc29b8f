"""Run code as an ordinary subprocess: cleaned and limited, but not isolated.

What it gives: an environment without the user's keys, private HOME and TMPDIR,
resource limits, a time limit that ends the whole process tree, capped output
that reads the same on every machine. What it does not give: the code can read
and write whatever the user can, and reach the network.
"""

from __future__ import annotations

import os
import shutil
import site
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import EnvironmentFault, HarnessError
from harness.protocols import Execution
from harness.sandboxes.artefacts import changes, digests
from harness.sandboxes.endings import TIMEOUT_EXIT_CODE, TIMEOUT_TEXT, outside
from harness.sandboxes.environment import environment
from harness.sandboxes.normalise import Place, normalise
from harness.sandboxes.output import undecodable
from harness.sandboxes.processes import Ended, ProcessLimits, run_command
from harness.sandboxes.workspace import (
    MAX_COPIED_BYTES,
    MAX_COPIED_FILES,
    OutsideWorkspace,
    WorkspaceTooLarge,
    clear_way,
    copy_workspace,
    remove_tree,
    store_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.model.execution import CodeLimits, FileChange

_CHECK_SCRIPT = "harness_check.py"
_MAX_FONT_LIST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class _PrivateFolders:
    """Folders of one run, outside the workspace and removed after it."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

    @property
    def matplotlib(self) -> Path:
        return self.root / "matplotlib"

    @property
    def workspace_copy(self) -> Path:
        return self.root / "workspace"

    def places(self) -> tuple[Place, ...]:
        return (
            Place(str(self.root), "/sandbox"),
            Place(str(self.home), "/home"),
            Place(str(self.temporary), "/tmp", has_random_names=True),
            Place(str(self.matplotlib), "/home/.config/matplotlib"),
            Place(str(self.workspace_copy), "/workspace"),
        )


@dataclass
class PlainRunner:
    """Runs code as a subprocess: cleaned and limited, but not isolated from files and network.

    Attributes:
        limits: Resource limits of every run.
        root: Where private folders are made; the system's temporary folder when None.
    """

    limits: ProcessLimits = field(default_factory=ProcessLimits)
    root: Path | None = None
    # matplotlib's list of the machine's fonts, which takes it long to make: kept between runs.
    _font_lists: dict[str, bytes] = field(default_factory=dict, init=False, repr=False)

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
        """Run a block with workspace, or a folder in it, as working directory.

        A file name that leads out of the workspace gives exit code 1 and a run out of time
        124, both with the text AutoGen has for it; what was printed before a timeout is
        dropped, as AutoGen does, because how far the code got differs from run to run.

        Args:
            workspace: Folder of the sample.
            code: Source text.
            language: "python", "sh" or "bash".
            filename: Path inside the folder to store the source under; its own folder must exist.
            timeout_seconds: Wall-clock limit.
            folder: Working directory, relative to the workspace.
            limits: Only the one on output is kept here.

        Raises:
            HarnessError: If the language is another one.
            EnvironmentFault: If this machine has no such shell.
            OSError: If the source cannot be stored: a missing folder, a name too long.
        """
        program = _program(language)
        cwd = workspace / folder
        try:
            script = store_text(cwd, filename, code)
        except OutsideWorkspace:
            return outside()
        with self._private_folders() as folders:
            before = digests(workspace)
            names = (Place(os.path.abspath(workspace), "/workspace"), *folders.places())
            ended = self._ended([program, str(script)], cwd, folders, timeout_seconds, limits)
            return _execution(ended, names, changes(before, workspace))

    def run_in_copy(
        self,
        workspace: Path,
        code: str,
        *,
        files: Mapping[str, str],
        timeout_seconds: float,
        limits: CodeLimits | None = None,
    ) -> Execution:
        """Run Python in a copy of the workspace's regular files, removed afterwards.

        A workspace that the agents filled beyond what is copied gives exit code 1 and says so.

        Args:
            workspace: Folder of the sample; stays as it is.
            code: Source text, stored as ``harness_check.py`` in the copy.
            files: Text files by path, added to the copy or replacing what is there.
            timeout_seconds: Wall-clock limit.
            limits: Only the one on output is kept here.

        Raises:
            HarnessError: If a name in files leads out of the copy.
        """
        with self._private_folders() as folders:
            copy = folders.workspace_copy
            try:
                copy_workspace(
                    workspace, copy, max_files=MAX_COPIED_FILES, max_bytes=MAX_COPIED_BYTES
                )
            except WorkspaceTooLarge as error:
                return Execution(exit_code=1, stdout=f"{error}\n", duration_seconds=0.0)
            for relative, text in {**files, _CHECK_SCRIPT: code}.items():
                clear_way(copy, relative)
                store_text(copy, relative, text)
            command = [sys.executable, str(copy / _CHECK_SCRIPT)]
            ended = self._ended(command, copy, folders, timeout_seconds, limits, is_merged=True)
            names = tuple(Place(os.path.abspath(path), "/workspace") for path in (copy, workspace))
            return _execution(ended, (*names, *folders.places()), ())

    @property
    def processes(self) -> tuple[int, ...]:
        """None."""
        return ()

    def close(self) -> None:
        """Nothing runs between blocks."""

    def _ended(
        self,
        command: list[str],
        cwd: Path,
        folders: _PrivateFolders,
        timeout_seconds: float,
        limits: CodeLimits | None,
        *,
        is_merged: bool = False,
    ) -> Ended:
        own = self.limits
        if limits is not None:
            own = replace(own, output_bytes=limits.output_kb * 1024)
        environ = _environment(folders)
        if is_merged:
            # Otherwise a traceback would come before what was printed earlier.
            environ["PYTHONUNBUFFERED"] = "1"
        ended = run_command(
            command,
            cwd=cwd,
            environ=environ,
            timeout_seconds=timeout_seconds,
            limits=own,
            is_merged=is_merged,
        )
        self._keep_font_lists(folders.matplotlib)
        return ended

    @contextmanager
    def _private_folders(self) -> Iterator[_PrivateFolders]:
        root = tempfile.mkdtemp(prefix="harness-run-", dir=self.root)
        folders = _PrivateFolders(root=Path(root))
        try:
            for folder in (folders.home, folders.temporary, folders.matplotlib):
                folder.mkdir()
            for name, content in self._font_lists.items():
                (folders.matplotlib / name).write_bytes(content)
            yield folders
        finally:
            remove_tree(folders.root)

    def _keep_font_lists(self, folder: Path) -> None:
        if self._font_lists:
            return
        for path in folder.glob("fontlist-*.json"):
            if path.is_symlink() or not path.is_file():
                continue
            if path.stat().st_size <= _MAX_FONT_LIST_BYTES:
                self._font_lists[path.name] = path.read_bytes()


def _program(language: str) -> str:
    if language == "python":
        return sys.executable
    if language not in ("sh", "bash"):
        raise HarnessError(
            f"The process sandbox cannot run {language!r}; it runs: bash, python, sh."
        )
    found = shutil.which(language, path="/bin:/usr/bin")
    if found is None:
        raise EnvironmentFault(f"There is no {language} in /bin or /usr/bin to run a block with.")
    return found


def _environment(folders: _PrivateFolders) -> dict[str, str]:
    environ = environment(str(folders.home), str(folders.temporary), str(folders.matplotlib))
    if site.ENABLE_USER_SITE:
        # Packages installed with --user are found through HOME, which is another one here.
        environ["PYTHONUSERBASE"] = site.getuserbase()
    return environ


def _execution(ended: Ended, names: tuple[Place, ...], files: tuple[FileChange, ...]) -> Execution:
    if ended.timed_out:
        return Execution(
            exit_code=TIMEOUT_EXIT_CODE,
            stdout=TIMEOUT_TEXT,
            duration_seconds=ended.duration_seconds,
            timed_out=True,
            limit="wall",
            files=files,
        )
    return Execution(
        exit_code=ended.exit_code,
        stdout=normalise(ended.output.decode("utf-8", "replace"), names),
        stderr=normalise(ended.errors.decode("utf-8", "replace"), names),
        duration_seconds=ended.duration_seconds,
        cut_bytes=ended.cut_bytes,
        files=files,
        # A cut may fall into the middle of a character.
        undecodable=None if ended.cut_bytes else undecodable(ended.output, ended.errors),
    )
