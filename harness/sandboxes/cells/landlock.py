"""Landlock: which files a process may reach, and whom it may signal.

Source: linux/landlock.h and the kernel's documentation "Landlock: unprivileged access control".
"""

from __future__ import annotations

import ctypes
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from harness.sandboxes.cells import kernel

if TYPE_CHECKING:
    from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH = 1, 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1, 2, 4, 8
_REFER = 1 << 13
_READ = _EXECUTE | _READ_FILE | _READ_FOLDER
# Number of rights over files by version: refer came with 2, truncate with 3, devices with 5.
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14 | 1 << 15
_SCOPE_SIGNALS = 2
_SCOPE_SOCKETS_AND_SIGNALS = 1 | _SCOPE_SIGNALS
SCOPING_VERSION = 6


class _Ruleset(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("files", "network", "scoped")]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def version() -> int:
    """Version of the interface in this kernel; 0 without Landlock."""
    try:
        return kernel.system_call(_CREATE_RULESET, 0, 0, _VERSION_FLAG)
    except OSError:
        return 0


def restrict(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Confine this process and all it will start to these files and folders.

    From version 6 on it cannot signal processes outside, or reach their abstract sockets.
    Needs `kernel.give_up_privileges` before. Paths that do not exist are passed over.

    Raises:
        OSError: If the kernel has no Landlock or refuses.
    """
    here = version()
    everything = (1 << _RIGHTS.get(here, 16)) - 1
    scoped = _SCOPE_SOCKETS_AND_SIGNALS if here >= SCOPING_VERSION else 0
    # Older kernels refuse a longer description than they know.
    size = {1: 8, 2: 8, 3: 8, 4: 16, 5: 16}.get(here, 24)
    wanted = _Ruleset(files=everything, scoped=scoped)
    ruleset = kernel.system_call(_CREATE_RULESET, ctypes.byref(wanted), size, 0)
    try:
        for path in readable:
            _allow(ruleset, path, _READ & everything)
        for path in writable:
            _allow(ruleset, path, everything)
        kernel.system_call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def restrict_signals() -> None:
    """Confine this process and all it will start to signalling each other.

    Needs `kernel.give_up_privileges` before, and version 6.

    Raises:
        OSError: If the kernel refuses.
    """
    # Every set of rules forbids moving files between folders, unless it allows that.
    wanted = _Ruleset(files=_REFER, scoped=_SCOPE_SIGNALS)
    size = ctypes.sizeof(wanted)
    ruleset = kernel.system_call(_CREATE_RULESET, ctypes.byref(wanted), size, 0)
    try:
        _allow(ruleset, "/", _REFER)
        kernel.system_call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    with suppress(FileNotFoundError, PermissionError):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISDIR(os.fstat(place).st_mode):
                rights &= _FILE_RIGHTS
            rule = _PathBeneath(allowed=rights, folder=place)
            kernel.system_call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
        finally:
            os.close(place)
