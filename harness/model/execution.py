"""What code may use when it runs, and what it did."""

from __future__ import annotations

from typing import Literal

from harness.model.structs import Strict

DEFAULT_IMAGE = "python:3.12.8-slim-bookworm"

LimitName = Literal["wall", "cpu", "memory", "processes", "files", "disk", "output"]


class FileChange(Strict, frozen=True, kw_only=True):
    """What a run did to one file of its workspace.

    Attributes:
        path: Inside the workspace.
        kind: What happened to it; "left out" for what is not taken over from a sandbox: a
            symbolic link, a device, an unreadable file, or more than the limits allow.
        size_bytes: Size afterwards; 0 if there is no file.
        digest: blake2b of 16 bytes, in hexadecimal; empty if there is no file.
        media_type: Guessed from the name, e.g. "image/png"; empty if the name tells nothing.
    """

    path: str
    kind: Literal["created", "changed", "removed", "left out"]
    size_bytes: int = 0
    digest: str = ""
    media_type: str = ""


class CodeLimits(Strict, frozen=True, kw_only=True):
    """What one code block may use, besides its wall-clock time.

    Attributes:
        cpu_seconds: Processor time of all its processes together; None for twice the
            wall-clock limit.
        memory_mb: Memory of all its processes together, in MiB.
        processes: Processes and threads at one moment.
        files: Files and folders in the workspace and in its private folders together.
        disk_mb: Content of all of these, in MiB; also the size of any one file.
        output_kb: Kept of its standard output, and as much of its standard error, in KiB.
            What exceeds it is cut out of the middle; 64 times as much ends the block.
    """

    cpu_seconds: float | None = None
    memory_mb: int = 2048
    processes: int = 256
    files: int = 10_000
    disk_mb: int = 512
    output_kb: int = 1024


class SandboxSettings(Strict, frozen=True, kw_only=True):
    """How code is run.

    Attributes:
        backend: Entry-point name of the sandbox; "auto" for the strongest that works here,
            "none" to leave the code to the team's own executor.
        preload: Modules that are imported before the first block, so that blocks need not.
            What is not installed is passed over.
        readable: Absolute paths that blocks may read besides the system's programs and this
            interpreter with its libraries.
        seed: For the random numbers of Python and, if it is preloaded, NumPy.
        frozen_at: ISO 8601 time at which the blocks' clock stands still; None for a clock
            that runs. Needs the package time-machine.
        is_remembering: Whether a block that ran before, with the same files, is answered from
            memory.
        image: Image of the containers of the sandbox "docker".
    """

    backend: str = "auto"
    preload: tuple[str, ...] = ("numpy", "pandas", "matplotlib.pyplot")
    readable: tuple[str, ...] = ()
    seed: int = 0
    frozen_at: str | None = None
    is_remembering: bool = False
    image: str = DEFAULT_IMAGE
