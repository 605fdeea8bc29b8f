"""Carry a workspace into a cell and back, trusting nothing that comes out.

Only regular files and folders travel. Everything is opened relative to a descriptor of the
folder it lies in, and links are never followed; when files come back no process of the cell
is alive any more.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.sandboxes.cells import kernel
from harness.sandboxes.workspace import WorkspaceTooLarge, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from harness.sandboxes.cells.job import Bounds

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK_BYTES = 1 << 20
_MAX_DEPTH = 64
_PLAIN_MODE = 0o777
_CACHE = "__pycache__"
# The machine's own trouble, which is no property of a file that a block left.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)

# What tells a file that has not been touched since it was written here.
Stamp = tuple[int, int, int]
Manifest = dict[str, Stamp | None]


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """What a run did to one file.

    Attributes:
        path: Inside the workspace.
        kind: What happened to it; "left out" for what does not travel: a symbolic link,
            a device, or more than the limits allow.
        size_bytes: Size afterwards, 0 if there is no file.
        digest: blake2b of 16 bytes, in hexadecimal; empty if there is no file.
    """

    path: str
    kind: Literal["created", "changed", "removed", "left out"]
    size_bytes: int = 0
    digest: str = ""


def send_in(workspace: Path, inner: int, extra: Mapping[str, bytes], bounds: Bounds) -> Manifest:
    """Copy the regular files and folders of a workspace into an empty folder.

    Args:
        workspace: Where they are.
        inner: Descriptor of the folder in the cell.
        extra: Files to add or to put in the place of others, by path. With them Python's caches
            stay behind, which could stand for one of these files.
        bounds: What the cell has room for.

    Returns:
        Every path that was made, with what tells whether it is changed later; None for folders.

    Raises:
        WorkspaceTooLarge: If it does not fit.
    """
    owner = os.fstat(inner)
    copier = _Copier(inner, owner.st_uid, owner.st_gid)
    room = _Room(bounds)
    outer = os.open(workspace, _FOLDER & ~os.O_NOFOLLOW)
    try:
        for path, folder, name, is_folder in _walk(outer):
            if _gives_way(path, extra, is_folder=is_folder):
                continue
            if not room.has_room_for(folder, name, is_folder=is_folder):
                continue
            if is_folder:
                copier.make_folder(path)
            else:
                # One that cannot be read is not there for the cell either.
                try:
                    source = os.open(name, _FILE, dir_fd=folder)
                except OSError:
                    continue
                try:
                    copier.copy(path, source)
                finally:
                    os.close(source)
    finally:
        os.close(outer)
    room.check()
    for path, content in extra.items():
        copier.write(path, content)
    return copier.manifest


class _Room:
    """What is left of a cell's file system while it is filled."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._files = self._folders = self._bytes = 0

    def has_room_for(self, folder: int, name: str, *, is_folder: bool) -> bool:
        """Count one more; whether all counted so far fit."""
        self._folders += is_folder
        if not is_folder:
            self._files += 1
            with suppress(FileNotFoundError):
                self._bytes += os.stat(name, dir_fd=folder, follow_symlinks=False).st_size
        return self._limit() is None

    def _limit(self) -> Literal["files", "disk"] | None:
        if self._files + self._folders > self._bounds.files:
            return "files"
        return "disk" if self._bytes > self._bounds.disk_bytes else None

    def check(self) -> None:
        limit = self._limit()
        if limit is not None:
            raise WorkspaceTooLarge(
                f"The workspace holds {self._files} files with {self._bytes} bytes; in it code "
                f"may have {self._bounds.files} files and folders, and {self._bounds.disk_bytes} "
                "bytes. Something filled it: look at the code the agents ran.",
                limit,
            )


def _gives_way(path: str, extra: Mapping[str, bytes], *, is_folder: bool) -> bool:
    """Whether what is in the workspace makes room for something that is to be added."""
    if extra and _CACHE in path.split("/"):
        return True
    if any(path == added or path.startswith(f"{added}/") for added in extra):
        return True
    return not is_folder and any(added.startswith(f"{path}/") for added in extra)


class _Copier:
    """Writes files below a descriptor, as their new owner would have."""

    def __init__(self, root: int, user: int, group: int) -> None:
        self._root = root
        self._owner = (user, group) if user != os.geteuid() else None
        self.manifest: Manifest = {}

    def make_folder(self, path: str) -> None:
        with suppress(FileExistsError), _acting_as(self._owner):
            os.mkdir(path, 0o755, dir_fd=self._root)
        self.manifest[path] = None

    def copy(self, path: str, source: int) -> None:
        state = os.fstat(source)
        with self._new(path, state.st_mode & _PLAIN_MODE | 0o600) as target:
            while chunk := os.read(source, _CHUNK_BYTES):
                _write_all(target, chunk)
            os.utime(target, ns=(state.st_atime_ns, state.st_mtime_ns))

    def write(self, path: str, content: bytes) -> None:
        parents = path.split("/")[:-1]
        for count in range(1, len(parents) + 1):
            self.make_folder("/".join(parents[:count]))
        with suppress(FileNotFoundError), _acting_as(self._owner):
            os.unlink(path, dir_fd=self._root)
        with self._new(path, 0o644) as target:
            _write_all(target, content)

    @contextmanager
    def _new(self, path: str, mode: int) -> Iterator[int]:
        with _acting_as(self._owner):
            target = os.open(path, _NEW_FILE, mode, dir_fd=self._root)
        try:
            yield target
            self.manifest[path] = _stamp(os.fstat(target))
        finally:
            os.close(target)


def bring_home(
    inner: int, workspace: Path, manifest: Manifest, extra: Mapping[str, bytes], bounds: Bounds
) -> tuple[FileChange, ...]:
    """Copy what a run changed back into the workspace, and remove there what it removed.

    Args:
        inner: Descriptor of the folder in the cell.
        workspace: Where it came from.
        manifest: What `send_in` returned.
        extra: What was added for this run: not copied back.
        bounds: At most so many files and bytes travel; sparse files can claim to be larger
            than any disk.

    Returns:
        Every change, in order of path.

    Raises:
        OSError: If the machine's disk is full.
    """
    outer = os.open(workspace, _FOLDER & ~os.O_NOFOLLOW)
    try:
        taker = _Taker(outer, manifest, extra, bounds)
        for path, folder, name, is_folder in _walk(inner, taker.leave_out):
            taker.take(path, folder, name, is_folder=is_folder)
        taker.remove_missing()
    finally:
        os.close(outer)
    return tuple(sorted(taker.changes, key=lambda change: change.path))


class _Taker:
    """Brings files home one by one."""

    def __init__(
        self, outer: int, manifest: Manifest, extra: Mapping[str, bytes], bounds: Bounds
    ) -> None:
        self._outer = outer
        self._manifest = manifest
        self._extra = extra
        self._bounds = bounds
        self._seen: set[str] = set()
        self._bytes_left = bounds.disk_bytes
        self.changes: list[FileChange] = []

    def take(self, path: str, folder: int, name: str, *, is_folder: bool) -> None:
        if path in self._extra:
            self._seen.add(path)
            return
        try:
            if is_folder:
                self._make_folder(path)
                self._seen.add(path)
            else:
                with _opened(folder, name) as source:
                    self._take_file(path, source)
        except OSError as error:
            # Made unreadable for its owner, or its path is too long.
            if error.errno in _FULL:
                raise
            self._seen.add(path)
            self.leave_out(path)

    def leave_out(self, path: str) -> None:
        self.changes.append(FileChange(path=printable(path), kind="left out"))

    def _make_folder(self, path: str) -> None:
        was_folder = path in self._manifest and self._manifest[path] is None
        if not was_folder:
            self._clear(path)
            os.mkdir(path, 0o755, dir_fd=self._outer)

    def _take_file(self, path: str, source: int) -> None:
        state = os.fstat(source)
        if not stat.S_ISREG(state.st_mode):
            self.leave_out(path)
            return
        self._seen.add(path)
        if self._manifest.get(path) == _stamp(state):
            return
        if state.st_size > self._bytes_left:
            self.leave_out(path)
            return
        self._bytes_left -= state.st_size
        is_new = path not in self._manifest
        digest = self._copy(path, source, state)
        self.changes.append(
            FileChange(
                path=printable(path),
                kind="created" if is_new else "changed",
                size_bytes=state.st_size,
                digest=digest,
            )
        )

    def _copy(self, path: str, source: int, state: os.stat_result) -> str:
        self._clear(path)
        hasher = hashlib.blake2b(digest_size=16)
        mode = state.st_mode & _PLAIN_MODE | 0o600
        target = os.open(path, _NEW_FILE, mode, dir_fd=self._outer)
        try:
            while chunk := os.read(source, _CHUNK_BYTES):
                hasher.update(chunk)
                _write_all(target, chunk)
            os.utime(target, ns=(state.st_atime_ns, state.st_mtime_ns))
        finally:
            os.close(target)
        return hasher.hexdigest()

    def _clear(self, path: str) -> None:
        """Make the place free: what is there, the run has replaced."""
        try:
            os.unlink(path, dir_fd=self._outer)
        except FileNotFoundError:
            return
        except (IsADirectoryError, PermissionError):
            shutil.rmtree(path, dir_fd=self._outer)

    def remove_missing(self) -> None:
        gone = [path for path in self._manifest if path not in self._seen | self._extra.keys()]
        # What lies inside goes before its folder.
        for path in sorted(gone, reverse=True):
            was_folder = self._manifest[path] is None
            with suppress(OSError):
                (os.rmdir if was_folder else os.unlink)(path, dir_fd=self._outer)
            if not was_folder:
                self.changes.append(FileChange(path=printable(path), kind="removed"))


@contextmanager
def _acting_as(owner: tuple[int, int] | None) -> Iterator[None]:
    """Make files as another user would, in this thread only; root alone needs that.

    A file system that belongs to a user namespace takes no files of users it does not know.
    """
    if owner is None:
        yield
        return
    user, group = os.geteuid(), os.getegid()
    kernel.act_on_files_as(*owner)
    try:
        yield
    finally:
        kernel.act_on_files_as(user, group)


def _walk(
    folder: int, leave_out: Callable[[str], None] | None = None, prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, int, str, bool]]:
    """Files and folders below one, each folder before what is in it.

    Yields:
        Path, descriptor of the folder it lies in, name in there, whether it is a folder.
    """
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        path = prefix + entry.name
        if entry.is_file(follow_symlinks=False):
            yield path, folder, entry.name, False
            continue
        inner = None
        if entry.is_dir(follow_symlinks=False) and depth < _MAX_DEPTH:
            with suppress(OSError):
                inner = os.open(entry.name, _FOLDER, dir_fd=folder)
        if inner is None:
            if leave_out:
                leave_out(path)
            continue
        try:
            yield path, folder, entry.name, True
            yield from _walk(inner, leave_out, f"{path}/", depth + 1)
        finally:
            os.close(inner)


@contextmanager
def _opened(folder: int, name: str) -> Iterator[int]:
    descriptor = os.open(name, _FILE, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _stamp(state: os.stat_result) -> Stamp:
    return state.st_size, state.st_mtime_ns, state.st_ctime_ns


def _write_all(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
