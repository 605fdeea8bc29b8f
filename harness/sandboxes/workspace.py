"""Read and write a workspace whose content nobody vouches for: symlinks are never followed."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from harness.errors import HarnessError

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

# Python's caches are by-products, and stale ones would hide a replaced module.
_SKIPPED_FOLDERS = frozenset({"__pycache__"})
_MAX_DEPTH = 64
_LIKE_ESCAPED = re.compile(rb"\\(?=x[0-9a-f]{2})")
_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")
# What of a workspace is copied for a check.
MAX_COPIED_FILES = 20_000
MAX_COPIED_BYTES = 1024 * 1024 * 1024
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class OutsideWorkspace(HarnessError):
    """A file name leads out of the workspace."""


class WorkspaceTooLarge(HarnessError):
    """A workspace holds more than is copied.

    Attributes:
        limit: What there is too much of, if it is a limit of the scenario.
    """

    def __init__(self, text: str, limit: Literal["files", "disk"] | None = None) -> None:
        self.limit = limit
        super().__init__(text)


@dataclass(frozen=True, kw_only=True)
class WorkspaceFile:
    """A regular file: its path inside the workspace (`printable`), where it is, and its size."""

    relative: str
    location: str
    size_bytes: int

    def open(self) -> io.BufferedReader:
        """Open it for reading.

        Raises:
            OSError: If it is gone, unreadable or no longer a regular file.
        """
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        stream = os.fdopen(os.open(self.location, flags), "rb")
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            stream.close()
            raise OSError(errno.EINVAL, "not a regular file", self.location)
        return stream


def regular_files(workspace: Path) -> list[WorkspaceFile]:
    """Every regular file of a workspace in order of path; caches of Python are left out."""
    return sorted(_walk(workspace), key=lambda file: file.relative)


def _walk(workspace: Path) -> Iterator[WorkspaceFile]:
    folders = [(os.fspath(workspace), "", 0)]
    while folders:
        folder, prefix, depth = folders.pop()
        for entry in _entries(folder):
            relative = prefix + printable(entry.name)
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _SKIPPED_FOLDERS and depth < _MAX_DEPTH:
                    folders.append((entry.path, f"{relative}/", depth + 1))
            elif entry.is_file(follow_symlinks=False):
                try:
                    size = entry.stat(follow_symlinks=False).st_size
                except OSError:  # Gone, or its path is too long to be said.
                    continue
                yield WorkspaceFile(relative=relative, location=entry.path, size_bytes=size)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # The agents' code may have made it unreadable: there is nothing to see.
        return []


def printable(path: str) -> str:
    r"""A path as the log can hold it: a byte that is no UTF-8 becomes ``\xe9``.

    No two paths become the same: where that stands in a name already, its backslash is
    written as ``\x5c``.
    """
    encoded = _LIKE_ESCAPED.sub(rb"\\x5c", os.fsencode(path))
    return encoded.decode("utf-8", "backslashreplace")


def unprinted(path: str) -> str:
    """The path that `printable` made this of, as the system knows it."""
    # What no file can be called is not touched: a lone surrogate stays one.
    encoded = path.encode("utf-8", "surrogateescape")
    return os.fsdecode(_ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), encoded))


def store_text(workspace: Path, relative: str, text: str) -> Path:
    """Write a file inside the workspace, replacing what has its name, symlinks included.

    Args:
        workspace: Existing folder.
        relative: Path inside it.
        text: Content; a lone surrogate becomes "?".

    Returns:
        The file's path.

    Raises:
        OutsideWorkspace: If the name is absolute, climbs, or passes through a symlink.
        OSError: If it cannot be written: a missing folder, a name too long.
    """
    parts = inside(relative)
    folder = os.open(workspace, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            folder = _enter(folder, part, relative)
        with suppress(FileNotFoundError):
            os.unlink(parts[-1], dir_fd=folder)
        descriptor = os.open(parts[-1], _NEW_FILE, 0o644, dir_fd=folder)
    finally:
        os.close(folder)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(text.encode("utf-8", "replace"))
    return workspace / relative


def inside(relative: str) -> tuple[str, ...]:
    """The parts of a path inside a workspace.

    Raises:
        OutsideWorkspace: If it is absolute, climbs, or is empty.
    """
    path = PurePosixPath(relative)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in relative:
        raise OutsideWorkspace(
            f"The file name {relative!r} is not inside the workspace; a relative path "
            "without '..' was expected."
        )
    return path.parts


def _enter(folder: int, part: str, relative: str) -> int:
    try:
        inner = os.open(part, _FOLDER, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise OutsideWorkspace(
                f"The file name {relative!r} passes through {part!r}, which is not a folder."
            ) from None
        raise
    os.close(folder)
    return inner


def copy_workspace(workspace: Path, target: Path, *, max_files: int, max_bytes: int) -> None:
    """Copy the regular files of a workspace into a new folder, save those that cannot be read.

    Raises:
        WorkspaceTooLarge: If there are more files or bytes than allowed.
    """
    files = regular_files(workspace)
    total = sum(file.size_bytes for file in files)
    if len(files) > max_files or total > max_bytes:
        raise WorkspaceTooLarge(
            f"The workspace holds {len(files)} files with {total} bytes; at most {max_files} "
            f"files and {max_bytes} bytes are copied. Something filled it: look at the code the "
            "agents ran."
        )
    target.mkdir(parents=True)
    for file in files:
        copy = target / unprinted(file.relative)
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            source = file.open()
        except OSError:  # The agents' code may have made it unreadable.
            continue
        with source, open(copy, "wb") as sink:
            shutil.copyfileobj(source, sink)


def clear_way(folder: Path, relative: str) -> None:
    """Make room for a file: folders above it exist, nothing but a file is in its place.

    Raises:
        OutsideWorkspace: If the name is absolute or climbs.
    """
    here = folder
    parts = inside(relative)
    for part in parts[:-1]:
        here = here / part
        if here.is_symlink() or not here.is_dir():
            here.unlink(missing_ok=True)
            here.mkdir()
    last = here / parts[-1]
    if last.is_dir() and not last.is_symlink():
        remove_tree(last)


def remove_tree(folder: Path) -> None:
    """Remove a folder whatever the code run in it did to it: permissions, or endless depth.

    A symlink is removed itself; what it leads to is left alone.
    """
    if folder.is_symlink():
        folder.unlink()
        return
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if os.path.lexists(folder):
        _dismantle(os.fspath(folder))


def _dismantle(root: str) -> None:
    # Each folder is lifted to the root before it is emptied, so no path gets too long.
    token = secrets.token_hex(4)
    pending = [root]
    lifted = 0
    while pending:
        folder = pending.pop()
        with suppress(OSError):
            os.chmod(folder, 0o700)
        for entry in _entries(folder):
            with suppress(OSError):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)
                    continue
                os.chmod(entry.path, 0o700)
                lifted += 1
                pending.append(os.path.join(root, f"{token}-{lifted}"))
                os.rename(entry.path, pending[-1])
        if folder != root:
            with suppress(OSError):
                os.rmdir(folder)
    with suppress(OSError):
        os.rmdir(root)
