"""A cell without namespaces, where the system forbids them: Landlock and the filter alone."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from harness.sandboxes.cells import filters, inside, kernel
from harness.sandboxes.cells.watch import end_process, family_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.sandboxes.cells.job import Job
    from harness.sandboxes.cells.server import Settings

_MOST_FOLDERS_DEEP = 64
# How long killed processes may take to disappear.
_DEATH_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.0005
# Command lines of others are in /proc: only what tells of the block's first process, and of
# the machine.
_READABLE_OF_PROC = (
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/filesystems",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/uptime",
    "/proc/version",
)


class UnsharedCell:
    """A block that shares processes and file systems with the machine, but may not touch them."""

    handed_over: tuple[int, ...] = ()

    def __init__(self, settings: Settings) -> None:
        """Prepare to find what the block leaves running."""
        self._settings = settings
        self._job: Job | None = None
        self.reaper = os.getpid()
        kernel.adopt_orphans()

    def start(self, pipes: inside.Pipes) -> int:
        """Start the block's process."""
        os.umask(0o022)
        first = os.fork()
        if first == 0:
            kernel.die_with_parent()
            inside.run_block(self, pipes)
        return first

    def await_start(self, told: int) -> None:
        """It waits for nothing but its job."""

    def expect(self, job: Job) -> None:
        """Remember which folders to measure."""
        self._job = job

    def walls(self, job: Job) -> inside.Walls:
        """Reading what is in view and the workspace, writing to the run's own folders."""
        # These take the place of a cell's own.
        os.environ["HOME"] = f"{job.scratch}/home"
        os.environ["TMPDIR"] = f"{job.scratch}/tmp"
        os.environ["MPLCONFIGDIR"] = f"{job.scratch}/home"
        view = self._settings.view
        writable = (job.scratch,) if job.is_read_only else (job.scratch, job.workspace)
        return inside.Walls(
            readable=(*view.paths, job.workspace, *_READABLE_OF_PROC),
            writable=(*writable, *view.devices),
            system_calls=filters.program(filters.NO_FAMILIES, is_alone=False),
            has_landlock=True,
            tasks_outside=_running_tasks(),
        )

    def tasks(self) -> Iterator[int]:
        """All descendants, also those whose parent has ended."""
        yield from family_of(os.getpid())

    def end(self) -> None:
        """End all descendants; more may come while that is done, so until there are none."""
        patience = time.monotonic() + _DEATH_SECONDS
        while time.monotonic() < patience:
            alive = [pid for pid in family_of(os.getpid()) if not _is_zombie(pid)]
            if not alive:
                return
            # Stopped first, so that none forks while others are being ended.
            for number in (signal.SIGSTOP, signal.SIGKILL):
                for pid in alive:
                    end_process(pid, number)
            time.sleep(_LOOK_AGAIN_SECONDS)

    def is_full(self) -> str | None:
        """Whether there is too much in the workspace and the private folders."""
        if self._job is None:
            return None
        files, size = 0, 0
        for folder in (self._job.workspace, self._job.scratch):
            for found in _sizes(folder):
                files, size = files + 1, size + found
                if files > self._job.bounds.files:
                    return "files"
        return "disk" if size > self._job.bounds.disk_bytes else None

    def exit_code(self, status: int, told: int) -> int:
        """The block's own wait status."""
        os.close(told)
        return os.waitstatus_to_exitcode(status)


def _running_tasks() -> int:
    # The user's are limited, but only the machine's are told: "0.05 0.10 0.08 1/94 10636".
    with open("/proc/loadavg") as handle:
        return int(handle.read().split()[3].partition("/")[2])


def _is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as handle:
            return handle.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except OSError:
        return True


def _sizes(folder: str, depth: int = 0) -> Iterator[int]:
    try:
        entries = list(os.scandir(folder))
    except OSError:  # Made unreadable, or gone.
        return
    for entry in entries:
        try:
            yield entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError:
            continue
        if entry.is_dir(follow_symlinks=False) and depth < _MOST_FOLDERS_DEEP:
            yield from _sizes(entry.path, depth + 1)
