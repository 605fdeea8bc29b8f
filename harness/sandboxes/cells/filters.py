"""The system call filter of a cell: what no block of code has a reason to ask the kernel for.

A deny list: blocks run arbitrary programs and libraries, and what keeps them in are the
namespaces and Landlock. The filter takes away the calls that have opened doors in such walls
before, and sockets where there is no network namespace.

Source: linux/filter.h, linux/seccomp.h, and the kernel's tables of system call numbers.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from typing import TYPE_CHECKING

from harness.sandboxes.cells import kernel

if TYPE_CHECKING:
    from collections.abc import Mapping

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
# struct seccomp_data: number, architecture, instruction pointer, six arguments.
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24
_UPPER_HALF = 4
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_X32_BIT = 0x40000000

_AUDIT_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# name: (x86_64, aarch64); None where it does not exist.
_DENIED: dict[str, tuple[int | None, int | None]] = {
    # Namespaces and mounts.
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # Other processes.
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    # Memory that belongs to no process and no file system, and so escapes the limits.
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "io_setup": (206, 0),
    # Parts of the kernel with a history, and no use here.
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "lookup_dcookie": (212, 18),
    "modify_ldt": (154, None),
    "vmsplice": (278, 75),
    # The machine.
    "reboot": (169, 142),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, None),
    "ioperm": (173, None),
    "vhangup": (153, 58),
    "personality": (135, 92),
}
# What Landlock does not look at, for blocks that see the machine's own files and processes.
_DENIED_BESIDE_OTHERS: dict[str, tuple[int | None, int | None]] = {
    "chown": (92, None),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "setxattrat": (463, 463),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
    "inotify_add_watch": (254, 27),
}
# Changes of permissions and times by path: they do nothing and say they have, because copying
# a file takes them and fails with them. By descriptor they work.
_IDLE_BESIDE_OTHERS: dict[str, tuple[int | None, int | None]] = {
    "chmod": (90, None),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
}
_UTIMENSAT = (280, 88)
# Their first argument is a process, with zero for the caller itself.
_ON_PROCESS: dict[str, tuple[int, int]] = {
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
}
_SETPRIORITY, _IOPRIO_SET = (141, 140), (251, 30)
_CLONE, _CLONE3 = (56, 220), (435, 435)
_SOCKET = (41, 198)
_IOCTL = (16, 29)
_NEW_NAMESPACES = (
    kernel.CLONE_NEWNS
    | kernel.CLONE_NEWCGROUP
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNET
)
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C

# A family is allowed where its sockets can reach nothing but the cell itself.
NO_FAMILIES: tuple[int, ...] = ()
LOCAL_FAMILIES: tuple[int, ...] = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)


def is_supported() -> bool:
    """Whether this machine's architecture has a table here."""
    return os.uname().machine in _AUDIT_ARCHITECTURES


def program(
    families: tuple[int, ...], machine: str | None = None, *, is_alone: bool = True
) -> bytes:
    """The filter as instructions of the kernel's packet filter machine.

    Args:
        families: Address families for which sockets may be made; pairs of connected sockets
            are always allowed.
        machine: As `os.uname` names it; this one's if None.
        is_alone: Whether the block sees only processes and files of its own.

    Raises:
        KeyError: If there is no table for the machine.
    """
    machine = machine or os.uname().machine
    column = 0 if machine == "x86_64" else 1
    lines = [
        _line(_LOAD, _ARCHITECTURE),
        _line(_EQUAL, _AUDIT_ARCHITECTURES[machine], skip=1),
        _line(_RETURN, _KILL),
        _line(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":
        # The x32 variant of every call has a number of its own.
        lines += [_line(_AT_LEAST, _X32_BIT, skip_else=1), _refusal()]
    lines += _refusals(_DENIED, column)
    if not is_alone:
        lines += _beside_others(column)
    # The C library takes the older call if this one does not exist.
    lines += [_line(_EQUAL, _CLONE3[column], skip_else=1), _refusal(errno.ENOSYS)]
    lines += _on_argument(
        _CLONE[column], _FIRST, [_line(_ANY_BIT, _NEW_NAMESPACES, skip_else=1), _refusal()]
    )
    lines += _on_argument(_SOCKET[column], _FIRST, _unless_in(families))
    lines += _on_argument(_IOCTL[column], _SECOND, _if_in((_TIOCSTI, _TIOCLINUX)))
    return b"".join([*lines, _line(_RETURN, _ALLOW)])


def _refusals(
    calls: Mapping[str, tuple[int | None, int | None]], column: int, code: int = errno.EPERM
) -> list[bytes]:
    numbers = [both[column] for both in calls.values()]
    return [
        line
        for number in numbers
        if number is not None
        for line in (_line(_EQUAL, number, skip_else=1), _refusal(code))
    ]


def _beside_others(column: int) -> list[bytes]:
    """What keeps a block from the properties of files and processes that are not its own."""
    lines = _refusals(_DENIED_BESIDE_OTHERS, column)
    lines += _refusals(_IDLE_BESIDE_OTHERS, column, 0)
    # Without a path it is about a descriptor.
    for half in (_SECOND, _SECOND + _UPPER_HALF):
        lines += _on_argument(_UTIMENSAT[column], half, [_line(_EQUAL, 0, skip=1), _refusal(0)])
    unless_zero = [_line(_EQUAL, 0, skip=1), _refusal()]
    for both in _ON_PROCESS.values():
        lines += _on_argument(both[column], _FIRST, unless_zero)
    for both in (_SETPRIORITY, _IOPRIO_SET):
        lines += _on_argument(both[column], _SECOND, unless_zero)
    # Not the user's other processes.
    lines += _on_argument(_SETPRIORITY[column], _FIRST, unless_zero)
    only_own = [_line(_EQUAL, 1, skip=1), _refusal()]
    return lines + _on_argument(_IOPRIO_SET[column], _FIRST, only_own)


def _line(code: int, value: int, *, skip: int = 0, skip_else: int = 0) -> bytes:
    return struct.pack("=HBBI", code, skip, skip_else, value)


def _refusal(code: int = errno.EPERM) -> bytes:
    return _line(_RETURN, _ERRNO | code)


def _on_argument(number: int, offset: int, lines: list[bytes]) -> list[bytes]:
    """Run lines on one argument's lower half if the call has this number."""
    body = [_line(_LOAD, offset), *lines, _line(_LOAD, _NUMBER)]
    return [_line(_EQUAL, number, skip_else=len(body)), *body]


def _unless_in(values: tuple[int, ...]) -> list[bytes]:
    tests = [_line(_EQUAL, value, skip=len(values) - place) for place, value in enumerate(values)]
    return [*tests, _refusal()]


def _if_in(values: tuple[int, ...]) -> list[bytes]:
    return [line for one in values for line in (_line(_EQUAL, one, skip_else=1), _refusal())]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def install(instructions: bytes) -> None:
    """Put a filter on this process and all it will start; it cannot be taken off.

    Needs `kernel.give_up_privileges` before.

    Raises:
        OSError: If the kernel refuses it.
    """
    loaded = _Program(len(instructions) // 8, instructions)
    kernel.call("prctl", _PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(loaded), 0, 0)
