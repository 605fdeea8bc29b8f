"""The files in the folder of reports: listed, and read only if they are in that listing."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Shown as they are, never interpreted. Everything else but HTML is handed over as a download.
_PLAIN = (".json", ".jsonl", ".xml", ".md", ".csv", ".txt")


@dataclass(frozen=True, kw_only=True)
class ReportFile:
    """A file in the folder of reports.

    Attributes:
        name: Its name.
        size_bytes: Its size.
        modified: Seconds since the epoch.
    """

    name: str
    size_bytes: int
    modified: float

    @property
    def media_type(self) -> str:
        """What the browser is told that it is."""
        suffix = os.path.splitext(self.name)[1].lower()
        if suffix == ".html":
            return "text/html; charset=utf-8"
        return "text/plain; charset=utf-8" if suffix in _PLAIN else "application/octet-stream"

    @property
    def is_html(self) -> bool:
        """Whether it is a page."""
        return self.media_type.startswith("text/html")


def list_files(folder: Path) -> list[ReportFile]:
    """The regular files of a folder, newest first: neither links nor hidden ones."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_file(follow_symlinks=False) or entry.name.startswith("."):
                    continue
                facts = entry.stat(follow_symlinks=False)
                found.append(
                    ReportFile(name=entry.name, size_bytes=facts.st_size, modified=facts.st_mtime)
                )
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(found, key=lambda file: (-file.modified, file.name))


def read_file(folder: Path, name: str) -> tuple[ReportFile, bytes] | None:
    """A file with its content; None if the listing of the folder has no such name."""
    for file in list_files(folder):
        if file.name == name:
            content = _content(folder, name)
            return None if content is None else (file, content)
    return None


def _content(folder: Path, name: str) -> bytes | None:
    # It may have become a link or a pipe since it was listed.
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        return file.read() if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
