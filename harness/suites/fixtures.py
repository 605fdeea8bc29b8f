"""The files a scenario puts into the workspace, and the digest of what shapes a scenario."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from harness.model.execution import SandboxSettings
from harness.suites.document import Invalid, Value, shown_path
from harness.suites.reading import Reader, Section, list_of, shortened, text
from harness.suites.references import file, is_within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.model.scenario import PythonReference, Scenario

FOLDER = "files"
_SHORT = 12  # hex digits of the digest of a part: told apart from its own other states only

Fixture = tuple[str, str]


def read_fixtures(section: Section) -> tuple[Fixture, ...]:
    """Everything in the scenario's ``files`` folder, and what its ``files`` key adds.

    Returns:
        Absolute source path and path inside the workspace, sorted by the latter.
    """
    folder = section.source.folder / FOLDER
    listed = section.find("files", list_of(_entry(folder))) or ()
    found: dict[str, str] = {}
    for source, target in (*_whole_folder(section, folder), *listed):
        other = found.setdefault(target, source)
        if other != source:
            section.report(
                f"{shown_path(other)} and {shown_path(source)} would both become "
                f"{target!r} in the workspace",
                "files",
            )
    return tuple((source, target) for target, source in sorted(found.items()))


def _whole_folder(section: Section, folder: Path) -> Iterator[Fixture]:
    root = section.source.root
    # A link that leads out is one fault, however much lies behind it.
    entries = _entries_below(folder) if is_within(folder, root) else (folder,)
    for path in entries:
        fault = _unfit(path, folder, root)
        if fault:
            section.report(f"{_named(path)} {fault}")
        else:
            yield str(path), path.relative_to(folder).as_posix()


def _entries_below(folder: Path) -> Iterator[Path]:
    """All that lies in a folder and is no folder itself, links to folders included."""
    if os.path.lexists(folder) and not folder.is_dir():
        yield folder
        return
    for parent, folders, names in os.walk(folder):
        # Python leaves compiled files beside sources it imports; they are nobody's fixture.
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        for name in sorted([*names, *links]):
            if name != ".DS_Store":
                yield Path(parent, name)


def _unfit(path: Path, folder: Path, root: Path) -> str:
    """Why an entry cannot be a fixture; "" if it can."""
    if not _is_text(str(path)):
        return "has a name that is not UTF-8, so no report could show it; rename it"
    if not is_within(path, root):
        return "is a link that leads out of the suite's folder"
    if path == folder:
        return "must be a folder; the fixtures are the files in it"
    if path.is_dir():
        return "is a link to a folder, and links are not followed; copy the folder here"
    if not path.exists():
        return "is a link to nothing"
    return "" if path.is_file() else "is no regular file but a pipe, socket or device; remove it"


def _is_text(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _named(path: Path) -> str:
    shown = shown_path(path)
    # The bytes as they are on disk, as in b'caf\xe9.txt'.
    return shown if _is_text(shown) else repr(os.fsencode(shown))[1:]


def _entry(folder: Path) -> Reader[Fixture]:
    """A path, or ``{file: path, as: path in the workspace}``."""

    def read(value: Value) -> Fixture:
        if isinstance(value.content, str):
            source = file(value)
            target = source.relative_to(folder) if source.is_relative_to(folder) else source.name
            return str(source), Path(target).as_posix()
        section = Section(value, ["file", "as"])
        found = section.require("file", file, None)
        target_text = section.require("as", _target, "")
        return str(found or ""), target_text

    return read


def _target(value: Value) -> str:
    written = text(value)
    target = os.path.normpath(written).replace(os.sep, "/")
    if "\0" in written or os.path.isabs(written) or target.split("/")[0] in ("..", "."):
        raise Invalid(value, f"{shortened(written)} is not a path inside the workspace")
    return target


def scenario_digest(scenario: Scenario) -> str:
    """Hex digest of what a scenario is made of: its settings, fixtures, checks and team.

    The same on every machine: paths count only as the workspace sees them, and
    line ends of Python files do not count. Titles, comments and the layout of
    the YAML do not count either.
    """
    settings = (
        scenario.task,
        scenario.human,
        scenario.accept,
        scenario.limits,
        scenario.parameters,
        scenario.team.attribute,
        [spec.name for spec in scenario.scorers],
        [spec.options for spec in scenario.scorers],
        # Nothing where there is nothing: recordings from before this existed keep their digest.
        *([scenario.resilience] if scenario.resilience else []),
    )
    return _digest(
        msgspec.json.encode(settings, order="deterministic"),
        *_python_parts(scenario.team, scenario.checks),
        *_fixture_parts(scenario.files),
    )


def scenario_parts(scenario: Scenario) -> dict[str, str]:
    """A short digest of each thing that `scenario_digest` covers, by its key in scenario.yaml."""
    settings = {
        "task": scenario.task,
        "human": scenario.human,
        "accept": scenario.accept,
        "limits": scenario.limits,
        "parameters": scenario.parameters,
        "scorers": scenario.scorers,
        "faults": scenario.resilience,
    }
    encoded = {
        key: [msgspec.json.encode(value, order="deterministic")]
        for key, value in settings.items()
        if value
    }
    files = {
        "team": [scenario.team.attribute.encode(), *_python_parts(scenario.team)],
        "checks": list(_python_parts(scenario.checks)) if scenario.checks else [],
        "files": list(_fixture_parts(scenario.files)),
    }
    parts = {**encoded, **files}
    return {key: _digest(*found)[:_SHORT] for key, found in parts.items() if found}


def conversation_digest(scenario: Scenario) -> str:
    """Hex digest of what of a scenario shapes its conversation, and so its recorded requests.

    Unlike `scenario_digest` it leaves out how the conversation is judged: checks, scorers
    and accepted terminations; and the wall-clock limit, which can only cut it short.
    """
    limits = scenario.limits
    settings = (
        scenario.task,
        scenario.human,
        (limits.turns, limits.cost_usd, limits.code_seconds),
        scenario.parameters,
        scenario.team.attribute,
        # What an agent of the script says is in the requests of the others.
        *([scenario.mocked] if scenario.mocked else []),
        # As is what code prints. The usual ones are left out: older cassettes do not have them.
        *_randomness(scenario.sandbox),
    )
    return _digest(
        msgspec.json.encode(settings, order="deterministic"),
        *_python_parts(scenario.team, *((scenario.script,) if scenario.mocked else ())),
        *_fixture_parts(scenario.files),
    )


def _randomness(sandbox: SandboxSettings) -> Iterator[tuple[str, int | str | None]]:
    usual = SandboxSettings()
    if sandbox.seed != usual.seed:
        yield "seed", sandbox.seed
    if sandbox.frozen_at != usual.frozen_at:
        yield "frozen_at", sandbox.frozen_at


def _digest(*parts: bytes) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for part in parts:
        # The length before each part keeps "ab"+"c" and "a"+"bc" apart.
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _python_parts(*references: PythonReference | None) -> Iterator[bytes]:
    for reference in references:
        yield b"" if reference is None else _bytes(reference.path).replace(b"\r\n", b"\n")


def _fixture_parts(fixtures: tuple[Fixture, ...]) -> Iterator[bytes]:
    for source, target in fixtures:
        yield target.encode("utf-8", "surrogateescape")
        yield _bytes(source)


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        # Unreadable now, so it fails with its own message when the sample copies it.
        return b""
