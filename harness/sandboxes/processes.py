"""Run one command to its end: whole process tree ended, output capped, time limited."""

from __future__ import annotations

import math
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

if sys.platform != "win32":
    import resource

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_MEGABYTE = 1024 * 1024
_CHUNK_BYTES = 65_536
# A pipe holds a megabyte at most, in chunks of a page or more.
_MOST_CHUNKS_LEFT = 256
# How often to look whether the process has ended, where the system gives no notice of it.
_LOOK_SECONDS = 0.02 if sys.platform != "linux" else 0.25
# How long killed processes may take to disappear; uninterruptible I/O can hold one.
_DEATH_SECONDS = 5.0
# Orphans of a command become children of this process and can only be told from those of
# another command by the time they appear: hence one command at a time.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class ProcessLimits:
    """Resource limits of every process of a command (Linux only).

    Attributes:
        address_space_bytes: Virtual memory per process; leaves room for pandas,
            matplotlib and a few dozen threads.
        file_bytes: Size of any one file written.
        more_processes: Processes and threads beyond those running on the machine when the
            command starts; the kernel does not apply it to root.
        output_bytes: Output kept, half from the beginning and half from the end.
    """

    address_space_bytes: int = 8192 * _MEGABYTE
    file_bytes: int = 256 * _MEGABYTE
    more_processes: int = 512
    output_bytes: int = _MEGABYTE


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended.

    Attributes:
        exit_code: As the process left it; the negative signal number if one ended it.
        output: stdout and stderr in the order they were written, capped.
        duration_seconds: Wall-clock time.
        timed_out: Whether the time limit ended it.
    """

    exit_code: int
    output: bytes
    duration_seconds: float
    timed_out: bool


class CappedOutput:
    """Keeps the beginning and the end of a stream in a fixed amount of memory."""

    def __init__(self, limit_bytes: int) -> None:
        self._half = limit_bytes // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._cut = 0

    def add(self, chunk: bytes) -> None:
        """Append a chunk, forgetting the middle of what exceeds the limit."""
        room = self._half - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        excess = len(self._tail) - self._half
        # Trimming moves the whole tail, so it is done once per half, not per chunk.
        if excess > self._half:
            self._trim(excess)

    def _trim(self, excess: int) -> None:
        del self._tail[:excess]
        self._cut += excess

    def value(self) -> bytes:
        """What was kept, with a note of the bytes cut where they are missing."""
        excess = len(self._tail) - self._half
        if excess > 0:
            self._trim(excess)
        if not self._cut:
            return bytes(self._head + self._tail)
        note = f"\n[{self._cut} bytes of output cut here]\n"
        return bytes(self._head) + note.encode() + bytes(self._tail)


def run_command(
    command: Sequence[str],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    timeout_seconds: float,
    limits: ProcessLimits,
) -> Ended:
    """Run a command in its own session and end everything it started.

    It has ended when its first process has: what runs on in the background is
    killed, whatever session it moved to and whether or not it holds the output open.
    If this process is killed, the kernel kills the first process too (Linux with
    util-linux only); what that one started is then left to whoever adopts it.

    Args:
        command: Program and arguments; the program must exist.
        cwd: Working directory.
        environ: The whole environment.
        timeout_seconds: Wall-clock limit.
        limits: Further limits.
    """
    with _ONE_AT_A_TIME:
        _adopt_orphans()
        earlier = _children()
        started = time.monotonic()
        process = _start(command, cwd, environ)
        output = CappedOutput(limits.output_bytes)
        assert process.stdout is not None
        with process.stdout as stream:
            try:
                _limit(process.pid, limits, timeout_seconds)
                ended = _follow(process.pid, stream.fileno(), output, started + timeout_seconds)
            finally:
                _end_tree(process, earlier)
            _drain(stream.fileno(), output)
        return Ended(
            exit_code=process.returncode,
            output=output.value(),
            duration_seconds=time.monotonic() - started,
            timed_out=not ended,
        )


def _start(
    command: Sequence[str], cwd: Path, environ: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    # No preexec_fn: it would fork this large process, and is unsafe beside threads.
    return subprocess.Popen(
        [*_leash(), *command],
        cwd=cwd,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        start_new_session=True,
        umask=0o022,
    )


@lru_cache(maxsize=1)
def _leash() -> tuple[str, ...]:
    """What to put before a command so that it dies with this process; often nothing.

    Only the process itself can ask the kernel for that. setpriv does so in under a
    millisecond and then becomes the command; busybox has one that cannot.
    """
    program = shutil.which("setpriv") if sys.platform == "linux" else None
    if program is None:
        return ()
    leash = (program, "--pdeathsig", "KILL", "--")
    silent = subprocess.DEVNULL
    tried = subprocess.run(
        [*leash, "true"], stdin=silent, stdout=silent, stderr=silent, check=False
    )
    return leash if tried.returncode == 0 else ()


def _limit(pid: int, limits: ProcessLimits, timeout_seconds: float) -> None:
    # Set from outside within microseconds of the start, while an interpreter needs
    # milliseconds before it reads its script.
    if sys.platform != "linux":
        return
    # A last resort for a command that outlives this process: the clock stops with it.
    cpu_seconds = math.ceil(timeout_seconds * (os.cpu_count() or 1)) + 5
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_AS: limits.address_space_bytes,
        resource.RLIMIT_NPROC: _running_tasks() + limits.more_processes,
        resource.RLIMIT_CPU: cpu_seconds,
    }
    with suppress(ProcessLookupError):  # It has ended already.
        for kind, value in wanted.items():
            hard = resource.prlimit(pid, kind)[1]
            bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.prlimit(pid, kind, (bound, bound))


def _running_tasks() -> int:
    # RLIMIT_NPROC counts all of the user's processes; the machine's are an upper bound
    # that costs one read: "0.05 0.10 0.08 1/94 10636".
    return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])


def _follow(pid: int, stream: int, output: CappedOutput, deadline: float) -> bool:
    """Read output until the process ends (True) or the deadline passes (False)."""
    watched = select.poll()
    watched.register(stream, select.POLLIN)
    death = _death_notice(pid)
    if death is None:
        return _read_until_death(pid, stream, output, watched, deadline)
    watched.register(death, select.POLLIN)
    try:
        return _read_until_death(pid, stream, output, watched, deadline)
    finally:
        os.close(death)


def _death_notice(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends, where the system has them."""
    if sys.platform == "linux":
        with suppress(OSError):  # A kernel before 5.3, or a filter that forbids it.
            return os.pidfd_open(pid)
    return None


def _read_until_death(
    pid: int, stream: int, output: CappedOutput, watched: select.poll, deadline: float
) -> bool:
    while (left := deadline - time.monotonic()) > 0:
        ready = {descriptor for descriptor, _ in watched.poll(min(left, _LOOK_SECONDS) * 1000)}
        if stream in ready:
            chunk = os.read(stream, _CHUNK_BYTES)
            output.add(chunk)
            if not chunk:  # Closed, but the process may run on: wait for its end alone.
                watched.unregister(stream)
        if ready - {stream} or (not ready and _has_ended(pid)):
            return True
    return False


def _has_ended(pid: int) -> bool:
    # Without reaping it: a reaped leader's process group could be someone else's.
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end_tree(process: subprocess.Popen[bytes], earlier: frozenset[int]) -> None:
    escapable = () if sys.platform == "linux" else _descendants(process.pid)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for pid in (process.pid, *escapable):
        _kill(pid)
    process.wait()
    # As each parent dies its children become ours, down to the last descendant.
    patience = time.monotonic() + _DEATH_SECONDS
    while (strays := _strays(earlier)) and time.monotonic() < patience:
        for pid in strays:
            _kill(pid)
        reaped = [pid for pid in strays if _reap(pid)]
        if not reaped:
            time.sleep(0.001)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _reap(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _strays(earlier: frozenset[int]) -> list[int]:
    """Orphans of the command: new children of ours in a session that is not our own."""
    own = os.getsid(0)
    return [pid for pid in _children() - earlier if _session_of(pid) not in (None, own)]


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def _children() -> frozenset[int]:
    # One system call answers the usual case; walking all processes takes milliseconds.
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return frozenset()
    import psutil

    return frozenset(child.pid for child in psutil.Process().children())


def _descendants(pid: int) -> tuple[int, ...]:
    import psutil

    try:
        return tuple(child.pid for child in psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return ()


def _drain(stream: int, output: CappedOutput) -> None:
    """Read what the ended processes left in the pipe, never waiting for more."""
    os.set_blocking(stream, False)
    # Bounded, so that a survivor that goes on writing cannot keep us.
    for _ in range(_MOST_CHUNKS_LEFT):
        try:
            chunk = os.read(stream, _CHUNK_BYTES)
        except BlockingIOError:
            return
        if not chunk:
            return
        output.add(chunk)


def _adopt_orphans() -> None:
    """Make orphaned descendants children of this process (Linux; lasts until it ends)."""
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _libc() -> Any:
    import ctypes

    return ctypes.CDLL(None)
