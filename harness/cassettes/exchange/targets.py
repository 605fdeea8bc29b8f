"""Where imports and exports go: one file per source, never over another by accident."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Kinds:
    """What is turned into what.

    Attributes:
        sources: Suffixes of the files that a folder is searched for.
        result: Suffix of what is made.
        command: Command, for messages.
    """

    sources: tuple[str, ...]
    result: str
    command: str


def planned(sources: Sequence[Path], to: Path | None, kinds: Kinds) -> list[tuple[Path, Path]]:
    """Which file goes where.

    Args:
        sources: Files, and folders to search for files.
        to: A file, if it ends in `kinds.result`; else a folder, in which files keep
            their place below the folder they were found in. By default every result
            stands beside its source.
        kinds: What is turned into what.

    Raises:
        CassetteError: If there is nothing to do, two files would go to one place, or
            `to` cannot be meant.
    """
    _check_destination(to, kinds)
    found = [pair for source in sources for pair in _found(source, kinds)]
    if not found:
        raise CassetteError(
            f"{', '.join(map(str, sources))}: there is no {_listed(kinds.sources)} file below it."
        )
    if to is not None and to.suffix == kinds.result:
        if len(found) > 1:
            raise CassetteError(
                f"--to {to}: that is one file, but there are {len(found)} to write. "
                "Name a folder instead."
            )
        return [(found[0][0], to)]
    jobs = [(source, _target(source, base, to, kinds.result)) for source, base in found]
    _refuse_clashes(jobs)
    return jobs


def _check_destination(to: Path | None, kinds: Kinds) -> None:
    if to is None:
        return
    if not to.is_absolute() and os.path.normpath(to).split(os.sep)[0] == os.pardir:
        raise CassetteError(
            f"--to {to}: the path climbs out of the current folder. "
            f"If you mean it, write it in full: {kinds.command} --to {to.resolve()}"
        )
    if to.suffix == kinds.result and to.is_dir():
        raise CassetteError(
            f"--to {to}: that is a folder, though it is named like a file. "
            "Name a file in it, or another folder."
        )
    if to.suffix != kinds.result and to.exists() and not to.is_dir():
        raise CassetteError(
            f"--to {to}: that is a file, and its name does not end in {kinds.result}. "
            f"Name a folder, or a file ending in {kinds.result}."
        )


def _found(source: Path, kinds: Kinds) -> Iterator[tuple[Path, Path]]:
    """The files a source stands for, each with the folder it keeps its place below."""
    if not source.is_dir():
        yield source, source.parent
        return
    for folder, folders, names in os.walk(source):
        folders.sort()
        for name in sorted(names):
            if name.endswith(kinds.sources):
                yield source.joinpath(os.path.relpath(folder, source), name), source


def _target(source: Path, base: Path, to: Path | None, suffix: str) -> Path:
    if to is None:
        return source.with_suffix(suffix)
    target = to / source.relative_to(base).with_suffix(suffix)
    if not target.parent.resolve().is_relative_to(to.resolve()):
        raise CassetteError(
            f"{target}: a link leads out of the folder --to {to}. Remove the link, or choose "
            "another folder."
        )
    return target


def _refuse_clashes(jobs: Sequence[tuple[Path, Path]]) -> None:
    taken: dict[Path, Path] = {}
    for source, target in jobs:
        other = taken.setdefault(target, source)
        if other != source:
            raise CassetteError(
                f"{target}: both {other} and {source} would be written there. "
                "Give them to --to one by one, with different files."
            )


def _listed(suffixes: Sequence[str]) -> str:
    return " or ".join(suffixes)


def check_target(source: Path, target: Path, *, overwrite: bool, command: str) -> None:
    """Make sure that a target is free.

    Raises:
        CassetteError: If it exists and must not be replaced, is a folder, or is the source.
    """
    if target.is_dir():
        raise CassetteError(f"{target}: that is a folder; a file was to be written there.")
    if target.exists() and source.exists() and target.samefile(source):
        raise CassetteError(f"{target}: that is the very file it would be made from.")
    if target.exists() and not overwrite:
        raise CassetteError(
            f"{target}: the file exists and was not replaced. To replace it: {command}"
        )


def make_folder(target: Path) -> None:
    """Make the folder of a target.

    Raises:
        CassetteError: If that cannot be done, or nothing can be written in it.
    """
    with written(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise CassetteError(_unwritable(target.parent, PermissionError("no permission")))


@contextmanager
def written(target: Path) -> Iterator[None]:
    """Turn what a disk refuses into a message about the target.

    Raises:
        CassetteError: If there was an OSError.
    """
    try:
        yield
    except OSError as fault:
        raise CassetteError(_unwritable(target, fault)) from None


def _unwritable(path: Path, fault: OSError) -> str:
    return (
        f"{path}: nothing can be written there: {fault.strerror or fault}. "
        "Make room or mend the folder, or choose another with --to."
    )
