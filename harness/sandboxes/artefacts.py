"""What a sample left in its workspace, as data."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Literal

from harness.model.execution import FileChange
from harness.model.sample import Artefact
from harness.sandboxes.workspace import WorkspaceFile, regular_files

if TYPE_CHECKING:
    from pathlib import Path

MAX_ARTEFACTS = 2000
MAX_DIGESTED_BYTES = 64 * 1024 * 1024
# Of a whole workspace, before files with holes are passed over.
_MOST_DIGESTED_BYTES = 1024 * 1024 * 1024


def collect_artefacts(
    workspace: Path, fixtures: Mapping[str, str] | Collection[str] = ()
) -> tuple[Artefact, ...]:
    """List the regular files of a workspace that were not there before.

    Symlinks are not followed or listed, nor are devices, pipes and Python's caches.

    Args:
        workspace: The sample's folder.
        fixtures: Paths inside it that were there before. As a mapping to their digests
            (see `digests`), a fixture that was changed is listed too.

    Returns:
        At most `MAX_ARTEFACTS` files in order of path. The digest of a file larger than
        `MAX_DIGESTED_BYTES`, or that cannot be read, is empty.
    """
    found: list[Artefact] = []
    for file in regular_files(workspace):
        if len(found) == MAX_ARTEFACTS:
            break
        is_fixture = file.relative in fixtures
        if is_fixture and not isinstance(fixtures, Mapping):
            continue
        digest = _digest(file)
        if is_fixture and isinstance(fixtures, Mapping) and fixtures[file.relative] == digest:
            continue
        found.append(Artefact(path=file.relative, size_bytes=file.size_bytes, digest=digest))
    return tuple(found)


def artefact_differences(
    recorded: Mapping[str, str] | None, artefacts: Collection[Artefact]
) -> tuple[str, ...]:
    """Say which files a replay left otherwise than its recording did.

    Args:
        recorded: Digest by path, as the recording noted them; None if it did not.
        artefacts: What the replay left.

    Returns:
        One phrase per file, in order of path, such as ``chart.png differs``.
    """
    if recorded is None:
        return ()
    now = {artefact.path: artefact.digest for artefact in artefacts}
    said = []
    for path in sorted(recorded.keys() | now.keys()):
        if path not in now:
            said.append(f"{path} is missing")
        elif path not in recorded:
            said.append(f"{path} is new")
        elif now[path] != recorded[path]:
            said.append(f"{path} differs")
    return tuple(said)


def digests(workspace: Path) -> dict[str, str]:
    """Digest of every regular file by path, to find out later which ones were changed."""
    files = regular_files(workspace)
    is_swollen = _is_swollen(files)
    return {file.relative: _digest(file, is_swollen=is_swollen) for file in files}


def changes(before: Mapping[str, str], workspace: Path) -> tuple[FileChange, ...]:
    """What happened to the regular files of a workspace.

    Args:
        before: What `digests` returned earlier.
        workspace: The same folder, now.

    Returns:
        In order of path.
    """
    found = []
    after = set()
    files = regular_files(workspace)
    is_swollen = _is_swollen(files)
    for file in files:
        after.add(file.relative)
        digest = _digest(file, is_swollen=is_swollen)
        if before.get(file.relative) != digest:
            kind: Literal["changed", "created"] = (
                "changed" if file.relative in before else "created"
            )
            found.append(file_change(file.relative, kind, file.size_bytes, digest))
    found += [file_change(path, "removed") for path in before.keys() - after]
    return tuple(sorted(found, key=lambda change: change.path))


def file_change(
    path: str,
    kind: Literal["created", "changed", "removed", "left out"],
    size_bytes: int = 0,
    digest: str = "",
) -> FileChange:
    """A change, with the media type that the file's name suggests."""
    media_type = mimetypes.guess_type(path)[0] or ""
    return FileChange(
        path=path, kind=kind, size_bytes=size_bytes, digest=digest, media_type=media_type
    )


def _is_swollen(files: list[WorkspaceFile]) -> bool:
    """Whether files claim to hold more than anybody would read: they are mostly holes."""
    return sum(file.size_bytes for file in files) > _MOST_DIGESTED_BYTES


def _digest(file: WorkspaceFile, *, is_swollen: bool = False) -> str:
    if file.size_bytes > MAX_DIGESTED_BYTES:
        return ""
    try:
        with file.open() as stream:
            if is_swollen and os.fstat(stream.fileno()).st_blocks * 512 < file.size_bytes:
                return ""
            return hashlib.file_digest(stream, _blake2b).hexdigest()
    except OSError:
        return ""


def _blake2b() -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=16)
