"""What a keeper is asked to run, and within what."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Limits of one run.

    Attributes:
        wall_seconds: Until everything is ended.
        cpu_seconds: Of all processes together.
        memory_bytes: Of all processes together, shared pages counted once.
        tasks: Processes and threads at one moment.
        files: Files and folders in the workspace and the private folders together.
        disk_bytes: Content of these; also the size of any one file.
        output_bytes: Kept of standard output, and as much of standard error.
    """

    wall_seconds: float
    cpu_seconds: float
    memory_bytes: int
    tasks: int
    files: int
    disk_bytes: int
    output_bytes: int


@dataclass(frozen=True, kw_only=True)
class Room:
    """What a cell is made with, before its job is known: so that one can wait, ready.

    Attributes:
        files: Files and folders it has room for.
        disk_bytes: Content it has room for.
        is_read_only: Whether its processes may not write to the workspace.
    """

    files: int
    disk_bytes: int
    is_read_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run.

    Attributes:
        command: Program and arguments; empty to run the script in the warm interpreter.
        script: Absolute path of a Python file as the cell sees it.
        entry: "module:function" to call with the cell's channel instead of running a script.
        folder: Working directory as the cell sees it.
        bounds: Limits.
        is_thrown_away: Whether the client wants none of the files back.
        is_read_only: Whether the workspace may not be written to.
        is_merged: Whether standard error goes where standard output goes, unbuffered.
        seed: For Python's and NumPy's random numbers.
        frozen_at: Seconds since 1970 at which the clock stands still; None for a running one.
        scratch: Without namespaces, a folder for home, temporary files; else "".
        workspace: Without namespaces, where the workspace is; else "".
    """

    command: tuple[str, ...]
    script: str
    folder: str
    bounds: Bounds
    is_thrown_away: bool = False
    is_read_only: bool = False
    is_merged: bool = False
    seed: int = 0
    frozen_at: float | None = None
    scratch: str = ""
    workspace: str = ""
    entry: str = ""

    @property
    def room(self) -> Room:
        """What its cell must be made with."""
        return Room(
            files=self.bounds.files,
            disk_bytes=self.bounds.disk_bytes,
            is_read_only=self.is_read_only,
        )


def encode(job: Job) -> dict[str, Any]:  # What JSON can hold.
    """As JSON can hold it."""
    return asdict(job)


def decode(fields: dict[str, Any]) -> Job:
    """What `encode` made."""
    given = dict(fields)
    bounds = Bounds(**given.pop("bounds"))
    return Job(**{**given, "bounds": bounds, "command": tuple(given["command"])})
