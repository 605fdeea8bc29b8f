"""Run one block of an agent's code in the sample's sandbox, and record it as the agents see it."""

from __future__ import annotations

import errno
import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.model.refusals import refusals_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.engines.autogen_scope import SampleState
    from harness.protocols import Execution

SHELLS = frozenset({"bash", "shell", "sh"})
TIMEOUT_TEXT = "Timeout"
OUTSIDE_TEXT = "Filename is not in the workspace"
# Where every sandbox says the workspace is, so that no answer depends on the machine.
_SHOWN_WORKSPACE = "/workspace"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the agents are told of a block.

    Attributes:
        exit_code: AutoGen's for it.
        text: AutoGen's for it.
        before: What AutoGen puts between this text and that of the block before.
        is_all: Whether AutoGen drops what it has of the blocks before.
    """

    exit_code: int
    text: str
    before: str = ""
    is_all: bool = False


class CodeRunner:
    """Runs blocks for one agent in one folder of the workspace."""

    def __init__(self, sample: SampleState, agent: Any, work_dir: Any, timeout: Any) -> None:
        """Bind an agent to its folder and time limit.

        Args:
            sample: The running sample.
            agent: AutoGen's agent.
            work_dir: The folder the team configured; the workspace if it lies elsewhere.
            timeout: Seconds the team configured; the scenario's limit if that is lower.
        """
        self._sample = sample
        self._agent = agent.name
        self._limits = sample.assignment.scenario.limits
        limit = self._limits.code_seconds
        self._timeout_seconds = min(limit, float(timeout)) if timeout else limit
        self._workspace = sample.assignment.workspace
        self._work_dir = None if work_dir is None else Path(work_dir)
        self.folder = _folder(self._workspace, work_dir)
        self._inner = self.folder.relative_to(self._workspace.resolve()).as_posix()
        if self._inner == ".":
            self._inner = ""

    def shown(self, filename: str) -> str:
        """The path of a file in the folder as outputs call it."""
        return "/".join(part for part in (_SHOWN_WORKSPACE, self._inner, filename) if part)

    def is_outside(self, filename: str) -> bool:
        """Whether the file would be stored outside the folder."""
        target = (self.folder / filename).resolve()
        return not target.is_relative_to(self.folder)

    def run(
        self, language: str, code: str, filename: str, tell: Callable[[Execution], Told]
    ) -> Told:
        """Run a block in the sandbox and record it.

        Args:
            language: "python", "sh" or "bash".
            code: Source text.
            filename: Where it is stored, relative to the folder.
            tell: Makes what the agents are told.

        Raises:
            OSError: If the source cannot be stored; recorded.
            UnicodeDecodeError: If it did not print text, which AutoGen cannot take; recorded.
        """
        with self.crashes_recorded(language, code), self._sharing():
            self.check_name(filename)
            done = self._sample.assignment.sandbox.run(
                self._workspace,
                code,
                language=language,
                filename=filename,
                timeout_seconds=self._timeout_seconds,
                folder=self._inner,
                limits=self._limits.code,
            )
        # AutoGen reads outputs with universal newlines; "\r\n" is gone already.
        read = replace(done, stdout=_read(done.stdout), stderr=_read(done.stderr))
        # Of a block that ran out of time AutoGen reads nothing.
        crash = None if done.timed_out else _decoding_error(done)
        told = tell(read) if crash is None else Told(exit_code=done.exit_code, text="")
        self._record(
            language,
            code,
            told,
            duration_seconds=done.duration_seconds,
            timed_out=done.timed_out,
            sandbox=self._sample.assignment.sandbox.label,
            stdout=done.stdout,
            stderr=done.stderr,
            cut_bytes=done.cut_bytes,
            cpu_seconds=done.cpu_seconds,
            peak_memory_bytes=done.peak_memory_bytes,
            limit=done.limit,
            files=done.files,
            contained=self._contained(done),
            is_remembered=done.is_remembered,
            infrastructure="" if crash is None else _named(crash),
        )
        if crash is not None:
            raise crash
        return told

    @contextmanager
    def _sharing(self) -> Iterator[None]:
        """Let the block see the files of the user's own folder, and the user what it leaves."""
        files = self._sample.assignment.files
        if files is None or self._work_dir is None:
            yield
            return
        files.bring(self._work_dir, self.folder, self._workspace)
        yield
        files.take(self.folder, self._work_dir)

    def check_name(self, filename: str) -> None:
        """Refuse a name that is a folder's, as opening it for writing would.

        Raises:
            IsADirectoryError: If it is one.
        """
        path = self.folder / filename
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))

    def _contained(self, done: Execution) -> tuple[str, ...]:
        if not self._sample.assignment.sandbox.is_isolated or done.exit_code == 0:
            return ()
        return refusals_in(done.stderr)

    def refuse(self, language: str, code: str, reason: str) -> int:
        """Record a block that was not run, and return its exit code."""
        self._record(language, code, Told(exit_code=1, text=reason), duration_seconds=0.0)
        return 1

    @contextmanager
    def crashes_recorded(self, language: str, code: str) -> Iterator[None]:
        """Record an exception that AutoGen's own executor would have raised here, too."""
        try:
            yield
        except (OSError, ValueError, NotImplementedError) as error:
            self._record(
                language,
                code,
                Told(exit_code=1, text=""),
                duration_seconds=0.0,
                infrastructure=_named(error),
            )
            raise

    def _record(self, language: str, code: str, told: Told, **measured: Any) -> None:
        self._sample.recorder.code_execution(
            agent=self._agent,
            language=language,
            code=code,
            exit_code=told.exit_code,
            output=told.text,
            **measured,
        )


def _decoding_error(done: Execution) -> UnicodeDecodeError | None:
    """What AutoGen would have met in the outputs."""
    if done.undecodable is None:
        return None
    position, byte, reason = done.undecodable
    # Only the byte itself is shown of what was read.
    read = bytes(position) + bytes([byte])
    return UnicodeDecodeError("utf-8", read, position, position + 1, reason)


def _named(error: Exception) -> str:
    # A path in it is this machine's; what is wrong with it is not.
    said = error.strerror if isinstance(error, OSError) else str(error)
    return f"{type(error).__name__}: {said}"


def _read(output: str) -> str:
    return output.replace("\r", "\n")


def _folder(workspace: Path, work_dir: Any) -> Path:
    """The folder to run in: the configured one if it is inside the workspace, else that.

    A relative one is meant to be inside.
    """
    root = workspace.resolve()
    if work_dir is None:
        return root
    folder: Path = (root / work_dir).resolve()
    if not folder.is_relative_to(root):
        return root
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def program_of(language: str | None) -> str:
    """What runs a language, as AutoGen chooses it."""
    if language not in SHELLS:
        return "python"
    return "bash" if language == "bash" else "sh"


def made_up_name(language: str, code: str, *, suffix: str = "") -> str:
    """The name AutoGen gives a block that asks for none; agents see it in tracebacks."""
    digest = hashlib.md5(code.encode(), usedforsecurity=False).hexdigest()
    ending = suffix or ("py" if language.startswith("python") else language)
    return f"tmp_code_{digest}.{ending}"
