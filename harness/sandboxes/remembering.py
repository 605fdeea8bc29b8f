"""Answer a block that ran before, on the same files, from what it did then.

Off unless a suite asks for it. A memory is found by everything that an isolated block can
depend on and the harness can see: its source, every file of the workspace, working folder and
limits, the sandbox and its settings, Python, every installed package, and the kind of machine.
What depends on the time of day, or on randomness that no seed governs, is answered with what
it was the first time.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
import zstandard

from harness.cassettes.redaction import Redactor
from harness.model.execution import CodeLimits, FileChange, SandboxSettings
from harness.protocols import Execution
from harness.sandboxes.artefacts import digests
from harness.sandboxes.workspace import printable, regular_files, store_text, unprinted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.connection import Connection
    from pathlib import Path

    from harness.protocols import Program, Sandbox

_FORMAT = 1
_MAX_BYTES = 16 * 1024 * 1024


class _Memory(msgspec.Struct, frozen=True, kw_only=True):
    """A run and the content of the files it left."""

    execution: dict[str, Any]  # The fields of an `Execution`.
    files: tuple[FileChange, ...]
    contents: dict[str, bytes]


@dataclass
class RememberingSandbox:
    """Another sandbox with a memory; only what an isolating one did is remembered.

    Attributes:
        sandbox: The one that runs what is not remembered.
        settings: Its settings.
        folder: Where memories are kept.
    """

    name: ClassVar[str] = "remembering"
    sandbox: Sandbox
    settings: SandboxSettings
    folder: Path

    @property
    def label(self) -> str:
        """Says that runs may be remembered ones."""
        return f"{self.sandbox.label}, remembering"

    @property
    def is_isolated(self) -> bool:
        """As the other one."""
        return self.sandbox.is_isolated

    @property
    def leaves_code_to_team(self) -> bool:
        """As the other one."""
        return self.sandbox.leaves_code_to_team

    @property
    def fault(self) -> str | None:
        """As the other one."""
        return self.sandbox.fault

    @property
    def gives(self) -> tuple[str, ...]:
        """As the other one."""
        return self.sandbox.gives

    @property
    def processes(self) -> tuple[int, ...]:
        """As the other one."""
        return self.sandbox.processes

    def run(  # noqa: PLR0913 - one run has so many sides; all but two by keyword
        self,
        workspace: Path,
        code: str,
        *,
        language: str,
        filename: str,
        timeout_seconds: float,
        folder: str = "",
        limits: CodeLimits | None = None,
    ) -> Execution:
        """Answer from memory, or run the block and remember it."""
        # Stored first: the source is a file of the workspace, and stays there.
        with suppress(Exception):  # Whatever is wrong with the name, the run itself says.
            store_text(workspace / folder, filename, code)
        before = _inputs(workspace)
        asked = (code, language, filename, timeout_seconds, folder, limits or CodeLimits())
        place = self.folder / f"{self._key(asked, before)}.zst"
        memory = None if before is None else _read(place)
        if memory is not None:
            return _recalled(memory, workspace)
        done = self.sandbox.run(
            workspace,
            code,
            language=language,
            filename=filename,
            timeout_seconds=timeout_seconds,
            folder=folder,
            limits=limits,
        )
        if before is not None and self.sandbox.is_isolated and done.limit is None:
            _write(place, done, workspace)
        return done

    def _key(self, asked: tuple[object, ...], before: object) -> str:
        parts = (_FORMAT, asked, before, self.sandbox.label, self.settings, _surroundings())
        encoded = msgspec.json.encode(parts, order="deterministic")
        return hashlib.blake2b(encoded, digest_size=20).hexdigest()

    def run_in_copy(
        self,
        workspace: Path,
        code: str,
        *,
        files: Mapping[str, str],
        timeout_seconds: float,
        limits: CodeLimits | None = None,
    ) -> Execution:
        """Run Python in a copy: checks are never answered from memory."""
        return self.sandbox.run_in_copy(
            workspace, code, files=files, timeout_seconds=timeout_seconds, limits=limits
        )

    def check(
        self, workspace: Path, program: Program, converse: Callable[[Connection, str], None]
    ) -> Execution:
        """Run a program of ours: never answered from memory."""
        return self.sandbox.check(workspace, program, converse)

    def close(self) -> None:
        """End what the other one started."""
        self.sandbox.close()


def _inputs(workspace: Path) -> list[tuple[str, int, str]] | None:
    """Every folder and file of a workspace with its mode and digest; None if one is too large."""
    known = digests(workspace)
    if "" in known.values():
        return None
    modes = {}
    for parent, folders, files in os.walk(workspace):
        for name in (*folders, *files):
            path = os.path.join(parent, name)
            modes[os.path.relpath(path, workspace)] = os.lstat(path).st_mode
    return [
        (printable(path), mode, known.get(printable(path), ""))
        for path, mode in sorted(modes.items())
    ]


@cache
def _surroundings() -> tuple[object, ...]:
    """What of this installation a block can depend on."""
    from importlib.metadata import distributions

    packages = sorted({f"{each.name}=={each.version}" for each in distributions()})
    return (sys.version, sys.prefix, platform.platform(), platform.machine(), packages)


def _read(place: Path) -> _Memory | None:
    try:
        data = zstandard.ZstdDecompressor().decompress(
            place.read_bytes(), max_output_size=2 * _MAX_BYTES
        )
        return msgspec.msgpack.decode(data, type=_Memory)
    except (OSError, zstandard.ZstdError, msgspec.DecodeError):
        # Not there, or damaged: the block runs, and is remembered anew.
        return None


def _recalled(memory: _Memory, workspace: Path) -> Execution:
    for change in memory.files:
        target = workspace / unprinted(change.path)
        if change.kind == "removed":
            target.unlink(missing_ok=True)
        elif change.path in memory.contents:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(memory.contents[change.path])
    return Execution(**{**memory.execution, "files": memory.files, "is_remembered": True})


def _write(place: Path, done: Execution, workspace: Path) -> None:
    """Remember a run, unless it is too large, or a secret is in it."""
    changed = {change.path for change in done.files if change.kind in ("created", "changed")}
    contents = {
        file.relative: _content(file.location)
        for file in regular_files(workspace)
        if file.relative in changed
    }
    fields = {key: value for key, value in asdict(done).items() if key != "files"}
    encoded = msgspec.msgpack.encode(_Memory(execution=fields, files=done.files, contents=contents))
    if len(encoded) > _MAX_BYTES or _has_secret(done, contents):
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(f"{place.name}.{os.getpid()}")
    partial.write_bytes(zstandard.ZstdCompressor().compress(encoded))
    partial.replace(place)


def _content(location: str) -> bytes:
    with open(location, "rb") as handle:
        return handle.read(_MAX_BYTES + 1)


def _has_secret(done: Execution, contents: Mapping[str, bytes]) -> bool:
    redactor = Redactor.from_environment(os.environ)
    texts = [done.output, *(content.decode("utf-8", "replace") for content in contents.values())]
    return any(redactor.text(text) != text for text in texts)
