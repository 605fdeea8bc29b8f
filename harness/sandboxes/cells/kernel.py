"""System calls that Python 3.11 has no name for (Linux only)."""

from __future__ import annotations

import ctypes
import os
import signal
from functools import cache
from typing import Any

# linux/sched.h
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

# linux/mount.h
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
_MNT_DETACH = 2
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_SYS_MOUNT_SETATTR = 442  # The same number on every architecture, like all newer calls.

# linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522


@cache
def _libc() -> Any:  # ctypes knows no types.
    return ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: Any) -> int:
    """Call a function of the C library that returns -1 on failure.

    Raises:
        OSError: With the function's name, if it fails.
    """
    result: int = getattr(_libc(), name)(*arguments)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def system_call(number: int, *arguments: Any) -> int:
    """Make a system call by its number.

    Raises:
        OSError: If it fails.
    """
    # Through a C long each, so that pointers and flags keep their upper half.
    longs = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    _libc().syscall.restype = ctypes.c_long
    return call("syscall", ctypes.c_long(number), *longs)


def unshare(flags: int) -> None:
    """Leave the given namespaces for new ones."""
    call("unshare", flags)


def mount(source: str, target: str, kind: str, flags: int = 0, data: str = "") -> None:
    """Mount a file system, or with ``MS_BIND`` a folder or file that exists."""
    call(
        "mount",
        source.encode(),
        os.fsencode(target),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )


def bind(source: str, target: str) -> None:
    """Make a folder or file appear at another place, with all that is mounted below it."""
    mount(source, target, "", MS_BIND | MS_REC)


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def make_read_only(path: str) -> None:
    """Make a mount and all below it read-only, without devices and set-user-id programs.

    Raises:
        OSError: If it fails; the kernel is older than 5.12, perhaps.
    """
    attributes = _MountAttributes(set=_ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV)
    system_call(
        _SYS_MOUNT_SETATTR,
        _AT_FDCWD,
        ctypes.c_char_p(os.fsencode(path)),
        _AT_RECURSIVE,
        ctypes.byref(attributes),
        ctypes.sizeof(attributes),
    )


def enter_root(folder: str) -> None:
    """Make a mounted folder the root; nothing outside it can be reached any more."""
    os.chdir(folder)
    number = {"x86_64": 155, "aarch64": 41}[os.uname().machine]
    system_call(number, ctypes.c_char_p(b"."), ctypes.c_char_p(b"."))  # pivot_root
    # The old root now lies on top of the new one.
    call("umount2", b".", _MNT_DETACH)
    os.chdir("/")


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Get a signal when the thread that forked this process ends."""
    call("prctl", _PR_SET_PDEATHSIG, number, 0, 0, 0)


def set_dumpable(dumpable: bool) -> None:  # noqa: FBT001 - it is what the call takes
    """Whether other processes of the same user may look into this one."""
    call("prctl", _PR_SET_DUMPABLE, int(dumpable), 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends."""
    call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def give_up_privileges() -> None:
    """Drop every capability for good: no program that is started brings one back."""
    call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    call("capset", header, (ctypes.c_uint32 * 6)())


def act_on_files_as(user: int, group: int) -> None:
    """Let this thread open and make files with another user's rights."""
    # These return the former number and report no failure.
    _libc().setfsuid(0)
    _libc().setfsgid(group)
    _libc().setfsuid(user)


def raise_loopback() -> None:
    """Switch on the loopback device of a new network namespace."""
    import fcntl
    import socket
    import struct

    set_flags, is_up_and_running = 0x8914, 0x41  # linux/sockios.h, linux/if.h
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh14x", b"lo", is_up_and_running)
        fcntl.ioctl(handle, set_flags, request)
