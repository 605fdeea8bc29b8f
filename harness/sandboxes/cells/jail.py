"""Confine the server itself to a view of the machine, without any tool installed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from harness.sandboxes.cells import kernel
from harness.sandboxes.cells.view import HOME, WORKSPACE, is_inside

if TYPE_CHECKING:
    from harness.sandboxes.cells.view import View

HOST_NAME = "sandbox"
# An existing folder that nothing in the view lies in or under.
_NEW_ROOT = "/dev"
_STREAMS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}
_EMPTY_FOLDERS = ("/proc", "/dev/shm", "/tmp", WORKSPACE, HOME)
_MOST_BYTES = "size=1m,nr_inodes=4096,mode=0755"


def enter(view: View) -> None:
    """Leave the machine's files, network and other shared things for those of the view.

    The process keeps what it needs to make cells: as root its rights, as an ordinary user
    those over a user namespace of its own.

    Raises:
        OSError: If this machine does not let an ordinary process do that.
    """
    user, group = os.geteuid(), os.getegid()
    own = 0 if user == 0 else kernel.CLONE_NEWUSER
    kernel.unshare(
        own | kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC
    )
    if own:
        map_user(user, user, group, group)
    kernel.call("sethostname", HOST_NAME.encode(), len(HOST_NAME))
    kernel.raise_loopback()
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    _build(view)
    kernel.enter_root(_NEW_ROOT)


def map_user(inner: int, outer: int, inner_group: int, outer_group: int) -> None:
    """Give the one user and group of a new user namespace their numbers inside."""
    for name, line in (
        ("setgroups", "deny"),
        ("gid_map", f"{inner_group} {outer_group} 1"),
        ("uid_map", f"{inner} {outer} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as handle:
            handle.write(line)


def _build(view: View) -> None:
    # Looked up before the new root hides them.
    devices = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in view.devices}
    kernel.mount("tmpfs", _NEW_ROOT, "tmpfs", kernel.MS_NOSUID, _MOST_BYTES)
    outside = [path for path in view.paths if not is_inside(path, "/tmp")]
    for source, place in (*((path, path) for path in outside), *view.placed):
        make_place(source, _NEW_ROOT + place)
        kernel.bind(source, _NEW_ROOT + place)
    for place, target in view.links:
        os.symlink(target, _NEW_ROOT + place)
    for path in _EMPTY_FOLDERS:
        os.makedirs(_NEW_ROOT + path, exist_ok=True)
    for path in devices:
        make_place(path, _NEW_ROOT + path)
    for name, target in _STREAMS.items():
        os.symlink(target, f"{_NEW_ROOT}/dev/{name}")
    kernel.make_read_only(_NEW_ROOT)
    for path, descriptor in devices.items():
        kernel.bind(f"/proc/self/fd/{descriptor}", _NEW_ROOT + path)
        os.close(descriptor)
    # The server's own, for what libraries write when they are imported.
    kernel.mount("tmpfs", f"{_NEW_ROOT}/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV)
    for path in view.paths:
        if is_inside(path, "/tmp"):
            make_place(path, _NEW_ROOT + path)
            kernel.bind(path, _NEW_ROOT + path)
            kernel.make_read_only(_NEW_ROOT + path)
    # All of it, because only who sees all of it may mount one for a cell's own processes.
    kernel.bind("/proc", f"{_NEW_ROOT}/proc")


def make_place(source: str, place: str) -> None:
    """Make what the source can be bound to: a folder for a folder, else a file."""
    if os.path.isdir(source):
        os.makedirs(place, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.close(os.open(place, os.O_CREAT, 0o644))
