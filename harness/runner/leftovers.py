"""Files below the cassettes' folder that no sample plays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cassettes import cassette_path, load_cassette
from harness.cassettes.cassette import PARTIAL_SUFFIX
from harness.errors import CassetteError
from harness.model.sample import SCRIPTED_SOURCE
from harness.runner.plan import Catalogue, all_keys
from harness.runner.verify import Finding, with_cassette

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.model.scenario import Suite

_CASSETTE = ".jsonl"
_UNFINISHED_REASON = (
    "a recording that was cut short, or is going on right now; go on with it by: harness record "
    "--update"
)
_UNFINISHED = _CASSETTE + PARTIAL_SUFFIX  # also with ".old" and the like behind it


def find_leftovers(root: Path, suites: Sequence[Suite], names: Sequence[str]) -> list[Finding]:
    """Orphaned cassettes and unfinished recordings.

    A cassette that names no sample in its header, as an imported one does or one that a
    test recorded for itself, is nobody's orphan.

    Args:
        root: Folder of the cassettes; it need not exist.
        suites: All suites looked at; every sample of theirs keeps its cassette.
        names: Look only into the folders of these suites; empty for everywhere.

    Returns:
        Sorted by path.
    """
    catalogue = Catalogue(suites)
    played = {cassette_path(root, key) for key in with_cassette(all_keys(suites), catalogue)}
    scripted = {cassette_path(root, key) for key in all_keys(suites)} - played
    folders = [root / name for name in names] if names else [root]
    found = []
    for path in sorted(path for folder in folders for path in _files(folder)):
        if _UNFINISHED in path.name:
            found.append(_unfinished(path))
        elif path.name.endswith(_CASSETTE) and path not in played and not _is_free(path):
            found.append(Finding(group="orphaned", path=path, reasons=(_why(path in scripted),)))
    return found


def finished_path(unfinished: Path) -> Path:
    """The cassette that an unfinished recording was to become."""
    name, _, _ = unfinished.name.partition(_UNFINISHED)
    return unfinished.with_name(name + _CASSETTE)


def _unfinished(path: Path) -> Finding:
    return Finding(
        group="unfinished",
        path=path,
        reasons=(_UNFINISHED_REASON,),
        is_scripted=_source(path).startswith(SCRIPTED_SOURCE),
    )


def _source(path: Path) -> str:
    try:
        return load_cassette(path).header.source
    except CassetteError:
        return ""


def _why(is_scripted: bool) -> str:  # noqa: FBT001 - the only thing it depends on
    if is_scripted:
        return "its scenario is scripted in process (script:) and plays no cassette"
    return "no suite has its sample any more"


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder; a link to a folder counts as one, it may lead anywhere."""
    for parent, folders, names in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        for name in (*names, *links):
            yield Path(parent, name)


def _is_free(path: Path) -> bool:
    """Whether a cassette belongs to no sample by its own word."""
    try:
        return load_cassette(path).header.sample == ""
    except CassetteError:
        return False


def removable(paths: Sequence[Path], root: Path) -> list[Path]:
    """The fewest files and folders to remove, so that these files go and no other does.

    Args:
        paths: Files below root.
        root: Folder that itself stays.
    """
    doomed = set(paths)
    return sorted(set(_highest(root, doomed)))


def _highest(folder: Path, doomed: set[Path]) -> Iterator[Path]:
    """What to remove below a folder."""
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        yield from (here / name for name in (*names, *folders) if here / name in doomed)
        whole = [name for name in folders if _is_doomed(here / name, doomed)]
        yield from (here / name for name in whole)
        # Pruned in place, as os.walk wants it.
        folders[:] = [name for name in folders if name not in whole]


def _is_doomed(folder: Path, doomed: set[Path]) -> bool:
    if folder.is_symlink():
        return False
    files = list(_files(folder))
    return bool(files) and all(path in doomed for path in files)
