"""Which cassette a word on the command line means."""

from __future__ import annotations

import difflib
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cassettes import Cassette, load_cassette
from harness.errors import CassetteError, SelectionError
from harness.reports.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SUFFIX = ".jsonl"
_KEY_PARTS = 4
_GIT_SECONDS = 30


def find_cassette(name: str, root: Path) -> Path:
    """The file that a path, a sample's key or a distinct part of a key names.

    Args:
        name: As given on the command line.
        root: Folder of the cassettes.

    Raises:
        SelectionError: If it names none or several, with the nearest name.
    """
    path = Path(name)
    if _is_file(path):
        return path
    keys = {key: path for key, path in _keys(root) if key == name or _fits(name, key)}
    found = {name: keys[name]} if name in keys else keys
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        some = one_line(", ".join(list(found)[:5])) + (", ..." if len(found) > 5 else "")
        raise SelectionError(
            f"{name!r} fits {len(found)} cassettes in {root}: {some}. Give more of the key."
        )
    known = [key for key, _ in _keys(root)]
    raise SelectionError(
        f"There is no cassette {name!r}: neither a file nor a sample's key below {root}."
        f"{_nearest(name, known)}{_seen(known)}"
    )


def _nearest(name: str, known: list[str]) -> str:
    """The nearest name; of another suite it would be none."""
    if len(parts := name.strip("/").removesuffix(_SUFFIX).split("/")) == _KEY_PARTS:
        suite, scenario, config, epoch = parts
        known = [key for key in known if key.startswith(f"{suite}/")] or known
        record = shlex.join(["harness", "record", suite, "-k", scenario, "-c", config, "-e", epoch])
        if difflib.get_close_matches("/".join(parts), known, n=1, cutoff=0.9) == []:
            return f" If that is a sample, it is not recorded yet: {record}"
    near = difflib.get_close_matches(name.removesuffix(_SUFFIX), known, n=1, cutoff=0.3)
    return f" Did you mean {near[0]!r}?" if near else ""


def find_cassettes(names: Iterable[str], root: Path) -> list[Path]:
    """The files and folders that words name: paths, suites, samples' keys or parts of keys.

    Args:
        names: As given on the command line.
        root: Folder of the cassettes.

    Raises:
        SelectionError: If one names nothing, with the nearest name.
    """
    found: list[Path] = []
    for name in names:
        if _exists(Path(name)):
            found.append(Path(name))
        elif name.strip("/") and _exists(root / name.strip("/")):
            found.append(root / name.strip("/"))
        else:
            fitting = [path for key, path in _keys(root) if _fits(name, key)]
            found += fitting or [find_cassette(name, root)]
    return list(dict.fromkeys(found))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # such as a name longer than any file's
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a name longer than any file's
        return False


def _seen(known: list[str]) -> str:
    if known:
        return " List the samples with: harness list --samples"
    return " There are no cassettes there. Record some with: harness record"


def _keys(root: Path) -> Iterator[tuple[str, Path]]:
    """Every cassette below a folder by what its place says of its sample."""
    for path in sorted(root.rglob(f"*{_SUFFIX}")):
        yield path.relative_to(root).as_posix().removesuffix(_SUFFIX), path


def _fits(wanted: str, key: str) -> bool:
    # Whole path parts only, so that epoch 1 does not also find epoch 11.
    return bool(wanted.strip("/")) and f"/{wanted.strip('/')}/" in f"/{key}/"


def load_named(name: str, root: Path) -> Cassette:
    """Load what `find_cassette` finds, or ``NAME@REVISION`` as git keeps it.

    Raises:
        SelectionError: If there is no such cassette.
        CassetteError: If it is damaged, or git does not have it.
    """
    plain, mark, revision = name.rpartition("@")
    if not mark or _is_file(Path(name)):
        return load_cassette(find_cassette(name, root))
    return _at_revision(plain, revision, root)


def _at_revision(name: str, revision: str, root: Path) -> Cassette:
    path = _former_path(name, root)
    data = _git_show(path, revision)
    with tempfile.TemporaryDirectory(prefix="harness-cassette-") as folder:
        # Same ending, as the reader is lenient with what ends in .partial.
        copy = Path(folder, path.name)
        copy.write_bytes(data)
        try:
            cassette = load_cassette(copy)
            for interaction in cassette.interactions:  # decoded while the file is there
                _ = interaction.request.digest, interaction.content
        except CassetteError as error:
            raise CassetteError(str(error).replace(str(copy), f"{path}@{revision}")) from None
    return cassette


def _former_path(name: str, root: Path) -> Path:
    """Where a cassette is, or was: a removed one still has its place."""
    try:
        return find_cassette(name, root)
    except SelectionError:
        if name.endswith(_SUFFIX):
            return Path(name)
        if name.count("/") == 3:
            return root / f"{name}{_SUFFIX}"
        raise


def _git_show(path: Path, revision: str) -> bytes:
    folder = path.absolute().parent
    while not folder.is_dir():
        folder = folder.parent
    place = path.absolute().relative_to(folder).as_posix()
    command = ["git", "-C", str(folder), "show", "--end-of-options", f"{revision}:./{place}"]
    try:
        shown = subprocess.run(command, capture_output=True, check=False, timeout=_GIT_SECONDS)
    except FileNotFoundError:
        raise CassetteError(f"{path}@{revision}: git is not installed.") from None
    except subprocess.TimeoutExpired:
        raise CassetteError(f"{path}@{revision}: git did not answer in {_GIT_SECONDS} s.") from None
    if shown.returncode:
        said = one_line(shown.stderr.decode(errors="replace").strip().partition("\n")[0])
        raise CassetteError(
            f"{path}@{revision}: git does not have it: {said.rstrip('.')}. "
            f"See the file's revisions with: git log --oneline -- {path}"
        )
    return shown.stdout
