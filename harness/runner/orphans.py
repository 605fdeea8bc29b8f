"""Leave nothing running: adopt orphaned grandchildren, end whole process trees."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Collection

# linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of daemonised descendants, so that they can be found and ended.

    Linux only; elsewhere a double-forked daemon escapes.
    """
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies (Linux only)."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def end_descendants(spare: Collection[int] = ()) -> None:
    """Kill and reap every descendant of this process.

    Args:
        spare: Process ids of children that live on, with all that descends from them.
    """
    if not _has_children():
        return
    me = psutil.Process()
    # A descendant may fork while we look, so look again until there is none.
    for _ in range(100):
        doomed = [child for child in me.children() if child.pid not in spare]
        if not doomed:
            return
        _kill([*doomed, *(each for child in doomed for each in _below(child))])


def _below(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _has_children() -> bool:
    # One system call, where a walk over all processes takes milliseconds; orphans
    # count too, because adopt_orphans made them our children.
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def end_tree(pid: int) -> None:
    """Kill a process and all its descendants."""
    try:
        root = psutil.Process(pid)
        root.suspend()  # Stopped, it cannot fork more while its children are counted.
        for _ in range(100):
            children = root.children(recursive=True)
            alive = [child for child in children if _is_alive(child)]
            if not alive:
                break
            _kill(alive)
        root.kill()
    except psutil.NoSuchProcess:
        return


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(processes, timeout=0.5)
