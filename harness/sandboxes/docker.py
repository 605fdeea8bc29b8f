"""Run code in a container of its own per block, through the command ``docker``.

There was no Docker engine where this was written: its command line, its errors and its
handling of files are tested with the real client and with a program in the client's place,
but no container of it has ever run. Check what you rely on; see `_GIVES` for what it should give.

The image needs ``python``, ``sh``, ``bash`` and ``timeout``, and whatever the agents' code
imports: nothing of this interpreter is in it.
"""

from __future__ import annotations

import math
import os
import secrets
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from harness.errors import EnvironmentFault, HarnessError
from harness.model.execution import CodeLimits, SandboxSettings
from harness.protocols import Execution
from harness.sandboxes.artefacts import file_change
from harness.sandboxes.cells.job import Bounds
from harness.sandboxes.cells.transfer import bring_home, send_in
from harness.sandboxes.cells.view import HOME, WORKSPACE
from harness.sandboxes.endings import TIMEOUT_EXIT_CODE, TIMEOUT_TEXT, outside
from harness.sandboxes.environment import FIXED_ENVIRONMENT
from harness.sandboxes.normalise import Place, normalise
from harness.sandboxes.output import undecodable
from harness.sandboxes.probe import throw_away_user
from harness.sandboxes.process import ProcessSandbox
from harness.sandboxes.processes import Ended, ProcessLimits, run_command
from harness.sandboxes.workspace import OutsideWorkspace, inside, remove_tree, store_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from multiprocessing.connection import Connection

    from harness.model.execution import FileChange
    from harness.protocols import Program

_LANGUAGES = ("bash", "python", "sh")
_CHECK_SCRIPT = "harness_check.py"
_MEBIBYTE = 1024 * 1024
# The client's own failure. A block can end so, too; but then there was a container.
_CLIENT_FAILED = 125
_ASKING_SECONDS = 20.0
# How long after the block's time the container ends itself, should nobody be left to end it.
_ORPHAN_SECONDS = 10
_PROCESSORS = 2
# What the client needs to find its engine; the container gets none of it.
_CLIENT_VARIABLES = (
    *("PATH", "HOME", "XDG_RUNTIME_DIR", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"),
    *("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_API_VERSION"),
)
_NAMES = (Place(HOME, "/home"), Place("/tmp", "/tmp", has_random_names=True))
_GIVES = (
    "not tested against an engine: no container of it has run yet",
    "files: sees its image and its workspace; writes only in its workspace, /tmp and its home",
    "network: none",
    "processes: sees and signals only its own; all end with the container",
    "limits: time, memory, processes, the size of a file, output; which one ended a block is "
    "told of time alone",
    "not: no limit on the workspace as a whole; seed, frozen_at and preload have no effect; "
    "the kernel is shared",
)


@dataclass
class DockerSandbox:
    """Runs each block in a new container without network, rights or anything of the user's.

    Attributes:
        settings: Of them the image is used.
    """

    name: ClassVar[str] = "docker"
    settings: SandboxSettings = field(default_factory=SandboxSettings)
    _checks: ProcessSandbox = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare what runs checks; nothing is started."""
        self._checks = ProcessSandbox(settings=self.settings)

    @property
    def label(self) -> str:
        """Says which image isolates."""
        if self.fault is not None:
            return f"docker (NOT USABLE: {self.fault})"
        return f"docker (isolated: container of {self.settings.image})"

    @property
    def is_isolated(self) -> bool:
        """Always: where it does not work, nothing runs."""
        return True

    @property
    def leaves_code_to_team(self) -> bool:
        """It runs the code itself."""
        return False

    @property
    def fault(self) -> str | None:
        """Why there is no engine to be reached; None if there is. Asked once."""
        return _fault(shutil.which("docker"), os.environ.get("DOCKER_HOST", ""))

    @property
    def gives(self) -> tuple[str, ...]:
        """What it contains, and what not."""
        return _GIVES

    @property
    def processes(self) -> tuple[int, ...]:
        """None: a container lives as long as its block."""
        return ()

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
        """Run a block on a copy of the workspace; what it changed is copied back.

        The time limit includes the start of the container.

        Raises:
            HarnessError: If the language is another one.
            EnvironmentFault: If there is no engine or no such image.
            OSError: If the source cannot be stored: a missing folder, a name too long.
        """
        self._require_engine()
        if language not in _LANGUAGES:
            raise HarnessError(
                f"A sandbox cannot run {language!r}; it runs: {', '.join(_LANGUAGES)}."
            )
        try:
            store_text(workspace / folder, filename, code)
        except OutsideWorkspace:
            return outside()
        limits = limits or CodeLimits()
        bounds = _bounds(limits, timeout_seconds)
        cwd = f"{WORKSPACE}/{folder}".rstrip("/")
        with _scratch() as scratch:
            with _opened(scratch / "workspace") as inner:
                manifest = send_in(workspace, inner, {}, bounds)
                block = (language, f"{cwd}/{filename}")
                ended = self._ended(scratch, block, cwd, bounds)
                changes = bring_home(inner, workspace, manifest, {}, bounds)
            found = (file_change(c.path, c.kind, c.size_bytes, c.digest) for c in changes)
            return _execution(ended, tuple(found))

    def run_in_copy(
        self,
        workspace: Path,
        code: str,
        *,
        files: Mapping[str, str],
        timeout_seconds: float,
        limits: CodeLimits | None = None,
    ) -> Execution:
        """Run Python in a copy of the workspace that is thrown away.

        Raises:
            HarnessError: If a name in files leads out of the workspace.
            EnvironmentFault: If there is no engine or no such image.
        """
        self._require_engine()
        bounds = _bounds(limits or CodeLimits(), timeout_seconds)
        for path in files:
            inside(path)
        added = {**files, _CHECK_SCRIPT: code}
        extra = {path: text.encode("utf-8", "replace") for path, text in added.items()}
        block = ("python", f"{WORKSPACE}/{_CHECK_SCRIPT}")
        with _scratch() as scratch:
            with _opened(scratch / "workspace") as inner:
                send_in(workspace, inner, extra, bounds)
            ended = self._ended(scratch, block, WORKSPACE, bounds, is_merged=True)
            return _execution(ended, ())

    def check(
        self, workspace: Path, program: Program, converse: Callable[[Connection, str], None]
    ) -> Execution:
        """Run a program of ours as contained as this system lets a process be: not in a container.

        The image need not hold harness, nor what the checks import.
        """
        return self._checks.check(workspace, program, converse)

    def close(self) -> None:
        """End what ran checks, if anything did; nothing else runs between blocks."""
        self._checks.close()

    def _require_engine(self) -> None:
        if self.fault is not None:
            raise EnvironmentFault(
                f"The sandbox docker does not work here: {self.fault}. Start the engine or use: "
                "--sandbox auto"
            )

    def _ended(
        self,
        scratch: Path,
        block: tuple[str, str],
        cwd: str,
        bounds: Bounds,
        *,
        is_merged: bool = False,
    ) -> Ended:
        name = f"harness-{secrets.token_hex(8)}"
        command = command_line(
            self.settings.image, name, scratch, block, cwd=cwd, bounds=bounds, is_merged=is_merged
        )
        ended = None
        try:
            ended = run_command(
                command,
                cwd=scratch,
                environ=_client_environment(),
                timeout_seconds=bounds.wall_seconds,
                limits=ProcessLimits(output_bytes=bounds.output_bytes),
                is_merged=is_merged,
            )
        finally:
            if ended is None or ended.timed_out:
                # Ending the client leaves the container running.
                _asked("kill", name)
        if ended.exit_code == _CLIENT_FAILED and not (scratch / "container").exists():
            said = (ended.errors or ended.output).decode("utf-8", "replace").strip()
            raise EnvironmentFault(
                f"docker could not run a block in the image {self.settings.image!r}: "
                f"{said or 'it said nothing'}. If the image is missing, get it by: docker pull "
                f"{self.settings.image}"
            )
        return ended


def command_line(  # noqa: PLR0913 - everything a container is made with
    image: str,
    name: str,
    scratch: Path,
    block: tuple[str, str],
    *,
    cwd: str,
    bounds: Bounds,
    is_merged: bool = False,
) -> tuple[str, ...]:
    """The whole command that runs one block.

    Args:
        image: Image of the container.
        name: Name of the container, to kill it by.
        scratch: Folder with the copy of the workspace, which alone the container gets.
        block: Program and script.
        cwd: Working directory in the container.
        bounds: Limits.
        is_merged: Whether both outputs go to one place, unbuffered.
    """
    memory = f"{bounds.memory_bytes // _MEBIBYTE}m"
    environ = {
        **FIXED_ENVIRONMENT,
        "HOME": HOME,
        "TMPDIR": "/tmp",
        **({"PYTHONUNBUFFERED": "1"} if is_merged else {}),
    }
    words = ["docker", "run", "--rm", "--init", "--pull", "never", "--log-driver", "none"]
    words += ["--name", name, "--hostname", "sandbox", "--cidfile", str(scratch / "container")]
    words += ["--network", "none", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    words += ["--user", _user(), "--read-only"]
    # The same as the memory: no swap beside it.
    words += ["--memory", memory, "--memory-swap", memory]
    words += ["--pids-limit", str(bounds.tasks), "--cpus", str(_PROCESSORS)]
    words += ["--ulimit", f"cpu={bounds.cpu_seconds}", "--ulimit", f"fsize={bounds.disk_bytes}"]
    words += ["--ulimit", "core=0", "--ulimit", "nofile=1024"]
    for place in ("/tmp", HOME):
        words += ["--tmpfs", f"{place}:rw,nosuid,nodev,mode=1777,size={bounds.disk_bytes}"]
    words += ["--mount", f"type=bind,{_source(scratch / 'workspace')},target={WORKSPACE}"]
    words += ["--workdir", cwd]
    for variable, value in environ.items():
        words += ["--env", f"{variable}={value}"]
    wall = str(math.ceil(bounds.wall_seconds) + _ORPHAN_SECONDS)
    return (*words, image, "timeout", "-s", "KILL", wall, *block)


def _source(folder: Path) -> str:
    """The folder as a field of ``--mount``, which is a line of CSV."""
    field_text = f"source={folder}"
    if "," in field_text or '"' in field_text:
        quoted = field_text.replace('"', '""')
        return f'"{quoted}"'
    return field_text


def _user() -> str:
    """Whom the block runs as: never root, and somebody whose files can be removed."""
    if os.geteuid() == 0:
        return f"{throw_away_user()}:{throw_away_user()}"
    return f"{os.geteuid()}:{os.getegid()}"


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder with a folder for the copy of the workspace, which belongs to the block."""
    scratch = Path(tempfile.mkdtemp(prefix="harness-run-"))
    try:
        (scratch / "workspace").mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(scratch / "workspace", throw_away_user(), throw_away_user())
        yield scratch
    finally:
        remove_tree(scratch)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _bounds(limits: CodeLimits, wall_seconds: float) -> Bounds:
    return Bounds(
        wall_seconds=wall_seconds,
        cpu_seconds=math.ceil(limits.cpu_seconds or 2 * wall_seconds),
        memory_bytes=limits.memory_mb * _MEBIBYTE,
        tasks=limits.processes,
        files=limits.files,
        disk_bytes=limits.disk_mb * _MEBIBYTE,
        output_bytes=limits.output_kb * 1024,
    )


def _execution(ended: Ended, files: tuple[FileChange, ...]) -> Execution:
    if ended.timed_out:
        return Execution(
            exit_code=TIMEOUT_EXIT_CODE,
            stdout=TIMEOUT_TEXT,
            duration_seconds=ended.duration_seconds,
            timed_out=True,
            limit="wall",
            files=files,
        )
    return Execution(
        exit_code=ended.exit_code,
        stdout=normalise(ended.output.decode("utf-8", "replace"), _NAMES),
        stderr=normalise(ended.errors.decode("utf-8", "replace"), _NAMES),
        duration_seconds=ended.duration_seconds,
        cut_bytes=ended.cut_bytes,
        files=files,
        undecodable=None if ended.cut_bytes else undecodable(ended.output, ended.errors),
    )


@lru_cache(maxsize=8)
def _fault(client: str | None, _host: str) -> str | None:
    if client is None:
        return "there is no command docker"
    asked = _asked("version", "--format", "{{.Server.Version}}")
    if asked is None:
        return f"docker did not answer within {_ASKING_SECONDS:g} seconds"
    if asked.returncode != 0:
        said = asked.stderr.decode("utf-8", "replace").strip().splitlines()
        why = said[-1].partition(" Is the docker")[0].rstrip(".") if said else "it said nothing"
        return f"docker reaches no engine: {why}"
    return None


def _asked(*words: str) -> subprocess.CompletedProcess[bytes] | None:
    """What the client answers; None if it takes too long."""
    try:
        return subprocess.run(
            ["docker", *words],
            env=_client_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ASKING_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None


def _client_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _CLIENT_VARIABLES if name in os.environ}
