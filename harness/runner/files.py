"""Files that a user's own code shares with its agents: what lies in their ``work_dir``."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from harness.errors import HarnessError
from harness.sandboxes.artefacts import digests
from harness.sandboxes.workspace import WorkspaceFile, regular_files, unprinted

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_FILES = 1000
MOST_BYTES = 100 * 1024 * 1024
_LEFT = Path(".harness", "left")


@dataclass
class WorkDirs:
    """Shows the agents' code the files of the user's ``work_dir``, and hands back what it leaves.

    A ``work_dir`` that holds the project itself, or the user's home, is neither shown nor
    written to. What was handed back after an earlier conversation is not shown again unless
    the user changed it: so a replay begins with the files that its recording began with.

    Attributes:
        root: The folder that relative paths start from.
        gives_back: Whether what the code leaves is copied to the user's folder.
        shown: Digest, by path in the workspace, of what was shown.
    """

    root: Path
    gives_back: bool
    shown: dict[str, str] = field(default_factory=dict)
    _brought: dict[Path, str] = field(default_factory=dict)
    _states: dict[str, tuple[int, int]] = field(default_factory=dict)

    def bring(self, work_dir: Path, folder: Path, workspace: Path) -> None:
        """Copy what is new in the user's folder to where the code runs.

        Args:
            work_dir: As the team configured it.
            folder: Where the code runs, in the workspace.
            workspace: The workspace.

        Raises:
            HarnessError: If there is more than `MOST_FILES` or `MOST_BYTES`.
        """
        source = self._source(work_dir)
        if source is None or not source.is_dir() or source.is_relative_to(workspace.resolve()):
            return
        wanted = [file for file in regular_files(source) if self._is_new(file)]
        left = self._left(source) if wanted else {}
        if left:
            now = digests(source)
            wanted = [one for one in wanted if left.get(one.relative) != now.get(one.relative)]
        _require_few(work_dir, wanted)
        for file in wanted:
            _copy(file, folder)
            self._note(file)
        if wanted:
            inner = folder.relative_to(workspace.resolve())
            now = digests(folder)
            for one in wanted:
                digest = now.get(one.relative, "")
                self.shown[(inner / one.relative).as_posix()] = digest
                self._brought[source / one.relative] = digest

    def take(self, folder: Path, work_dir: Path) -> None:
        """Copy what lies where the code ran to the user's folder."""
        target = self._source(work_dir)
        if not self.gives_back or target is None or target == folder:
            return
        files = regular_files(folder)
        for file in files:
            _copy(file, target)
        copied = {file.relative for file in files}
        for file in regular_files(target):
            if file.relative in copied:
                self._note(file)
        self._remember(target, {**self._left(target), **digests(folder)})

    def _source(self, work_dir: Path) -> Path | None:
        source = Path(os.path.realpath(self.root / work_dir))
        kept = (Path(os.path.realpath(self.root)), Path(os.path.realpath(Path.home())))
        return None if any(each.is_relative_to(source) for each in kept) else source

    def _is_new(self, file: WorkspaceFile) -> bool:
        return self._states.get(file.location) != _state(file)

    def _note(self, file: WorkspaceFile) -> None:
        self._states[file.location] = _state(file)

    def _left(self, source: Path) -> dict[str, str]:
        """What was handed back to a folder before, as digests by path."""
        try:
            return msgspec.json.decode(self._memory(source).read_bytes(), type=dict[str, str])
        except (OSError, msgspec.MsgspecError):
            return {}

    def _remember(self, target: Path, left: dict[str, str]) -> None:
        own = {
            path: digest
            for path, digest in left.items()
            if self._brought.get(target / path) != digest
        }
        place = self._memory(target)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(msgspec.json.encode(own, order="sorted"))

    def _memory(self, folder: Path) -> Path:
        name = hashlib.blake2b(os.fsencode(folder), digest_size=12).hexdigest()
        return self.root / _LEFT / f"{name}.json"


def _state(file: WorkspaceFile) -> tuple[int, int]:
    try:
        found = os.lstat(file.location)
    except OSError:
        return 0, -1
    return found.st_mtime_ns, found.st_size


def _copy(file: WorkspaceFile, folder: Path) -> None:
    place = folder / unprinted(file.relative)
    place.parent.mkdir(parents=True, exist_ok=True)
    with file.open() as source, place.open("wb") as copy:
        shutil.copyfileobj(source, copy)


def _require_few(work_dir: Path, files: Iterable[WorkspaceFile]) -> None:
    sizes = [file.size_bytes for file in files]
    if len(sizes) > MOST_FILES or sum(sizes) > MOST_BYTES:
        raise HarnessError(
            f"work_dir {str(work_dir)!r} holds {len(sizes)} files of {sum(sizes) / 1e6:.0f} MB, "
            f"and its files are copied for the agents' code to see: at most {MOST_FILES} files of "
            f"{MOST_BYTES // 1024**2} MiB. Give the agents a folder with only what they need, or "
            "leave the code to the team's own executor with: --sandbox none"
        )
