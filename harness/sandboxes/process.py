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
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from harness.errors import EnvironmentFault, HarnessError
from harness.protocols import Execution
from harness.sandboxes.normalise import Place, normalise
from harness.sandboxes.processes import Ended, ProcessLimits, run_command
from harness.sandboxes.workspace import (
    OutsideWorkspace,
    WorkspaceTooLarge,
    clear_way,
    copy_workspace,
    remove_tree,
    store_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TIMEOUT_EXIT_CODE = 124
# The words AutoGen gives its agents in these two cases.
TIMEOUT_TEXT = "Timeout"
OUTSIDE_TEXT = "Filename is not in the workspace"

_CHECK_SCRIPT = "harness_check.py"
_MAX_COPIED_FILES = 20_000
_MAX_COPIED_BYTES = 1024 * 1024 * 1024
_MAX_FONT_LIST_BYTES = 4 * 1024 * 1024

# The same for every machine, user and day, so that the same code prints the same.
_FIXED_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "USER": "agent",
    "LOGNAME": "agent",
    "PYTHONHASHSEED": "0",
    # Columns marked with carets differ between Python versions.
    "PYTHONNODEBUGRANGES": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    # Otherwise a traceback would come before what was printed earlier.
    "PYTHONUNBUFFERED": "1",
    "MPLBACKEND": "Agg",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    # Plugins of the environment must not shuffle the agents' tests or leave folders behind.
    "PYTEST_ADDOPTS": "-p no:randomly -p no:cacheprovider",
}


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
class ProcessSandbox:
    """Runs code as a subprocess: cleaned and limited, but not isolated from files and network.

    Attributes:
        limits: Resource limits of every run.
        root: Where private folders are made; the system's temporary folder when None.
    """

    name: ClassVar[str] = "process"
    limits: ProcessLimits = field(default_factory=ProcessLimits)
    root: Path | None = None
    # matplotlib's list of the machine's fonts, which takes it long to make: kept between runs.
    _font_lists: dict[str, bytes] = field(default_factory=dict, init=False, repr=False)

    @property
    def label(self) -> str:
        """Says that nothing is isolated."""
        return "process (NOT ISOLATED)"

    def run(
        self, workspace: Path, code: str, *, language: str, filename: str, timeout_seconds: float
    ) -> Execution:
        """Run a block with workspace as working directory.

        A file name that leads out of the workspace gives exit code 1 and a run out of time
        124, both with the text AutoGen has for it; what was printed before a timeout is
        dropped, as AutoGen does, because how far the code got differs from run to run.

        Args:
            workspace: Folder of the sample.
            code: Source text.
            language: "python", "sh" or "bash".
            filename: Path inside the workspace to store the source under; its folder must exist.
            timeout_seconds: Wall-clock limit.

        Raises:
            HarnessError: If the language is another one.
            EnvironmentFault: If this machine has no such shell.
            OSError: If the source cannot be stored: a missing folder, a name too long.
        """
        program = _program(language)
        try:
            script = store_text(workspace, filename, code)
        except OutsideWorkspace:
            return Execution(exit_code=1, output=OUTSIDE_TEXT, duration_seconds=0.0)
        with self._private_folders() as folders:
            return self._execute([program, str(script)], workspace, folders, timeout_seconds)

    def run_in_copy(
        self, workspace: Path, code: str, *, files: Mapping[str, str], timeout_seconds: float
    ) -> Execution:
        """Run Python in a copy of the workspace's regular files, removed afterwards.

        A workspace that the agents filled beyond what is copied gives exit code 1 and says so.

        Args:
            workspace: Folder of the sample; stays as it is.
            code: Source text, stored as ``harness_check.py`` in the copy.
            files: Text files by path, added to the copy or replacing what is there.
            timeout_seconds: Wall-clock limit.

        Raises:
            HarnessError: If a name in files leads out of the copy.
        """
        with self._private_folders() as folders:
            copy = folders.workspace_copy
            try:
                copy_workspace(
                    workspace, copy, max_files=_MAX_COPIED_FILES, max_bytes=_MAX_COPIED_BYTES
                )
            except WorkspaceTooLarge as error:
                return Execution(exit_code=1, output=f"{error}\n", duration_seconds=0.0)
            for relative, text in {**files, _CHECK_SCRIPT: code}.items():
                clear_way(copy, relative)
                store_text(copy, relative, text)
            command = [sys.executable, str(copy / _CHECK_SCRIPT)]
            return self._execute(command, copy, folders, timeout_seconds, original=workspace)

    def _execute(
        self,
        command: list[str],
        cwd: Path,
        folders: _PrivateFolders,
        timeout_seconds: float,
        original: Path | None = None,
    ) -> Execution:
        ended = run_command(
            command,
            cwd=cwd,
            environ=_environment(folders),
            timeout_seconds=timeout_seconds,
            limits=self.limits,
        )
        self._keep_font_lists(folders.matplotlib)
        workspaces = (cwd,) if original is None else (cwd, original)
        here = tuple(Place(os.path.abspath(path), "/workspace") for path in workspaces)
        return _execution(ended, (*here, *folders.places()))

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
    environ = {
        **_FIXED_ENVIRONMENT,
        "PATH": f"{os.path.dirname(sys.executable)}:/usr/bin:/bin",
        "HOME": str(folders.home),
        "TMPDIR": str(folders.temporary),
        "MPLCONFIGDIR": str(folders.matplotlib),
    }
    if site.ENABLE_USER_SITE:
        # Packages installed with --user are found through HOME, which is another one here.
        environ["PYTHONUSERBASE"] = site.getuserbase()
    return environ


def _execution(ended: Ended, places: tuple[Place, ...]) -> Execution:
    if ended.timed_out:
        return Execution(
            exit_code=TIMEOUT_EXIT_CODE,
            output=TIMEOUT_TEXT,
            duration_seconds=ended.duration_seconds,
            timed_out=True,
        )
    return Execution(
        exit_code=ended.exit_code,
        output=normalise(ended.output.decode("utf-8", "replace"), places),
        duration_seconds=ended.duration_seconds,
    )
