"""A cell without namespaces, where the system forbids them: Landlock and the filter alone."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from harness.sandboxes.cells import filters, inside, kernel, landlock
from harness.sandboxes.cells.watch import Processes, end_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.sandboxes.cells.job import Job
    from harness.sandboxes.cells.server import Settings

_MOST_FOLDERS_DEEP = 64
_LOWER_PRIORITY = 10
_ENDLESS_BYTES = 1 << 62
# How long killed processes may take to disappear.
_DEATH_SECONDS = 10.0
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
        """Prepare."""
        self._settings = settings
        self._job: Job | None = None
        self._keeper = os.getpid()
        self.reaper = 0
        self.processes = Processes()

    def start(self, pipes: inside.Pipes) -> int:
        """Start the block's process."""
        os.umask(0o022)
        self.reaper = os.fork()
        if self.reaper == 0:
            inside.lead(self, pipes)
        return self.reaper

    def settle(self) -> None:
        """Adopt what the block leaves running."""
        kernel.adopt_orphans()
        kernel.die_with_parent(signal.SIGTERM)

    def close_behind(self) -> None:
        """Make a domain of its own around it and the block, to reach all in it at once.

        The block will be in a domain within that, and not reach this process.
        """
        landlock.restrict_signals()
        with suppress(PermissionError):
            os.kill(self._keeper, 0)
            raise OSError("Landlock does not keep signals inside")
        # Not before: where nothing keeps them inside, this would end everything.
        signal.signal(signal.SIGTERM, lambda *_: self._end_domain())

    def _end_domain(self) -> None:
        # To all that it may signal. None escapes by being born meanwhile: the kernel starts no
        # process whose parent is about to be killed.
        with suppress(ProcessLookupError, PermissionError):
            os.kill(-1, signal.SIGKILL)

    def sweep(self) -> None:
        """End all in the domain, and wait until they are gone."""
        self._end_domain()
        with suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)

    def expect(self, job: Job) -> None:
        """Remember which folders to measure."""
        self._job = job

    def walls(self, job: Job) -> inside.Walls:
        """Reading what is in view and the workspace, writing to the run's own folders."""
        # These take the place of a cell's own.
        os.environ["HOME"] = f"{job.scratch}/home"
        os.environ["TMPDIR"] = f"{job.scratch}/tmp"
        os.environ["MPLCONFIGDIR"] = f"{job.scratch}/home"
        if os.getuid() == 0:
            # The kernel does not limit the number of root's processes, so that the keeper must
            # get its turn before them.
            os.nice(_LOWER_PRIORITY)
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
        """All descendants of the first process, also those whose parent has ended."""
        yield from self.processes.family_of(self.reaper)

    def end(self) -> None:
        """Have the first process end all others and itself."""
        end_process(self.reaper, signal.SIGTERM)
        poll = select.poll()
        poll.register(os.pidfd_open(self.reaper), select.POLLIN)
        if not poll.poll(_DEATH_SECONDS * 1000):
            for pid in (*self.tasks(), self.reaper):
                end_process(pid)

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


def _running_tasks() -> int:
    # The user's are limited, but only the machine's are told: "0.05 0.10 0.08 1/94 10636".
    with open("/proc/loadavg") as handle:
        return int(handle.read().split()[3].partition("/")[2])


def _sizes(folder: str, depth: int = 0) -> Iterator[int]:
    """Bytes on disk of all that is in a folder; endlessly many if there is a folder too deep."""
    try:
        entries = list(os.scandir(folder))
    except OSError:  # Made unreadable, or gone.
        return
    for entry in entries:
        try:
            yield entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError:
            continue
        if entry.is_dir(follow_symlinks=False):
            if depth == _MOST_FOLDERS_DEEP:
                yield _ENDLESS_BYTES
            else:
                yield from _sizes(entry.path, depth + 1)
