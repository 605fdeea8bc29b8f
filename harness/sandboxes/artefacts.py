"""What a sample left in its workspace, as data."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from harness.model.sample import Artefact
from harness.sandboxes.workspace import WorkspaceFile, regular_files

if TYPE_CHECKING:
    from pathlib import Path

MAX_ARTEFACTS = 2000
MAX_DIGESTED_BYTES = 64 * 1024 * 1024


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


def digests(workspace: Path) -> dict[str, str]:
    """Digest of every regular file by path, to find out later which ones were changed."""
    return {file.relative: _digest(file) for file in regular_files(workspace)}


def _digest(file: WorkspaceFile) -> str:
    if file.size_bytes > MAX_DIGESTED_BYTES:
        return ""
    try:
        with file.open() as stream:
            return hashlib.file_digest(stream, _blake2b).hexdigest()
    except OSError:
        return ""


def _blake2b() -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=16)
