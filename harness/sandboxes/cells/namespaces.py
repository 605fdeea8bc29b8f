"""A cell with namespaces and a file system of its own, whose size is limited."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from harness.sandboxes.cells import filters, inside, jail, kernel
from harness.sandboxes.cells.view import HOME, WORKSPACE, is_inside
from harness.sandboxes.cells.watch import Processes, end_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.sandboxes.cells.job import Job, Room
    from harness.sandboxes.cells.server import Settings

_INNER_USER = 1000
# /tmp last: until then the new file system is reached through it.
_PLACES = {"workspace": WORKSPACE, "home": HOME, "shm": "/dev/shm", "tmp": "/tmp"}
# What the cell's own folders take of the file system.
_OWN_FILES, _OWN_BYTES = 16, 1 << 16
_PROC_FLAGS = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC


class NamespaceCell:
    """A block in namespaces of its own: users, processes, mounts, shared memory."""

    def __init__(self, room: Room, settings: Settings) -> None:
        """Make the namespaces and the file system.

        Raises:
            OSError: If the kernel refuses.
        """
        self._settings = settings
        self.reaper = 0
        # Before the cell gets one in which only its own are.
        self.processes = Processes()
        _become(settings.user)
        user, group = os.geteuid(), os.getegid()
        kernel.unshare(
            kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWIPC
        )
        jail.map_user(_INNER_USER, user, _INNER_USER, group)
        # The kernel forgets this when a process changes its user.
        kernel.die_with_parent()
        self._workspace = self._mount(room)
        self.handed_over: tuple[int, ...] = (self._workspace,)

    def _mount(self, room: Room) -> int:
        size = room.disk_bytes + _OWN_BYTES
        inodes = room.files + _OWN_FILES
        covered = _opened(self._settings.view.paths)
        kernel.mount(
            "tmpfs",
            "/tmp",
            "tmpfs",
            kernel.MS_NOSUID | kernel.MS_NODEV,
            f"size={size},nr_inodes={inodes},mode=0700",
        )
        for name in _PLACES:
            os.mkdir(f"/tmp/{name}", 0o700)
        workspace = os.open("/tmp/workspace", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for name, place in _PLACES.items():
            kernel.bind(f"/tmp/{name}", place)
        if room.is_read_only:
            # The client writes through its descriptor all the same, which is of another mount.
            kernel.make_read_only(WORKSPACE)
        _uncover(covered)
        return workspace

    def start(self, pipes: inside.Pipes) -> int:
        """Start the first process of the cell."""
        os.umask(0o022)
        self.reaper = os.fork()
        if self.reaper == 0:
            inside.lead(self, pipes)
        return self.reaper

    def settle(self) -> None:
        """Show the block its own processes only."""
        kernel.die_with_parent()
        kernel.mount("proc", "/proc", "proc", _PROC_FLAGS)

    def close_behind(self) -> None:
        """The namespaces confine it."""

    def sweep(self) -> None:
        """The kernel ends what is left in the namespace when its first process ends."""

    def expect(self, job: Job) -> None:
        """Nothing: the cell was made for it."""

    def walls(self, job: Job) -> inside.Walls:
        """Reading everything in view, writing to the cell's own folders."""
        places = (
            place for name, place in _PLACES.items() if name != "workspace" or not job.is_read_only
        )
        return inside.Walls(
            readable=("/",),
            writable=(*places, *self._settings.view.devices),
            system_calls=filters.program(filters.LOCAL_FAMILIES),
            has_landlock=self._settings.has_landlock,
        )

    def tasks(self) -> Iterator[int]:
        """All processes of the cell but the first."""
        yield from self.processes.family_of(self.reaper)

    def end(self) -> None:
        """End the first process, and with it the kernel ends all others."""
        end_process(self.reaper)

    def is_full(self) -> str | None:
        """Whether the file system is full: "disk" or "files"."""
        state = os.fstatvfs(self._workspace)
        if state.f_bfree == 0:
            return "disk"
        return "files" if state.f_ffree == 0 else None


def _become(user: int) -> None:
    """Give up root for a user that owns nothing."""
    if user and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        # Otherwise this process could not write its own maps of users.
        kernel.set_dumpable(True)


def _opened(paths: tuple[str, ...]) -> dict[str, int]:
    """Those paths of the view that the cell's own folders are about to cover."""
    return {
        path: os.open(path, os.O_PATH | os.O_CLOEXEC)
        for path in paths
        if any(is_inside(path, place) for place in _PLACES.values())
    }


def _uncover(paths: dict[str, int]) -> None:
    for path, descriptor in paths.items():
        jail.make_place(f"/proc/self/fd/{descriptor}", path)
        kernel.bind(f"/proc/self/fd/{descriptor}", path)
        os.close(descriptor)
