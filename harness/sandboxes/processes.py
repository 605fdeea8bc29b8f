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

from harness.sandboxes.output import CappedOutput

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
        output: Standard output, capped; with standard error in it if both were gathered as one.
        errors: Standard error, capped, if it was gathered for itself.
        cut_bytes: What the caps left out.
        duration_seconds: Wall-clock time.
        timed_out: Whether the time limit ended it.
    """

    exit_code: int
    output: bytes
    errors: bytes
    cut_bytes: int
    duration_seconds: float
    timed_out: bool


def run_command(
    command: Sequence[str],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    timeout_seconds: float,
    limits: ProcessLimits,
    is_merged: bool = False,
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
        is_merged: Whether standard error goes where standard output goes.
    """
    with _ONE_AT_A_TIME:
        adopt_orphans()
        earlier = children()
        started = time.monotonic()
        process = _start(command, cwd, environ, is_merged=is_merged)
        outputs = (CappedOutput(limits.output_bytes), CappedOutput(limits.output_bytes))
        pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]
        streams = dict(zip([pipe.fileno() for pipe in pipes], outputs, strict=False))
        try:
            limit(process.pid, limits, timeout_seconds)
            ended = _follow(process.pid, streams, started + timeout_seconds)
        finally:
            end_tree(process, earlier)
            for descriptor, output in streams.items():
                _drain(descriptor, output)
            for pipe in pipes:
                pipe.close()
        return Ended(
            exit_code=process.returncode,
            output=outputs[0].value(),
            errors=outputs[1].value(),
            cut_bytes=sum(output.cut_bytes for output in outputs),
            duration_seconds=time.monotonic() - started,
            timed_out=not ended,
        )


def _start(
    command: Sequence[str], cwd: Path, environ: Mapping[str, str], *, is_merged: bool
) -> subprocess.Popen[bytes]:
    # No preexec_fn: it would fork this large process, and is unsafe beside threads.
    return subprocess.Popen(
        [*leash(), *command],
        cwd=cwd,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if is_merged else subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
        umask=0o022,
    )


@lru_cache(maxsize=1)
def leash() -> tuple[str, ...]:
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


def limit(pid: int, limits: ProcessLimits, timeout_seconds: float) -> None:
    """Set the limits of a process that was started just now."""
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


def _follow(pid: int, streams: Mapping[int, CappedOutput], deadline: float) -> bool:
    """Read output until the process ends (True) or the deadline passes (False)."""
    watched = select.poll()
    for stream in streams:
        watched.register(stream, select.POLLIN)
    death = _death_notice(pid)
    if death is None:
        return _read_until_death(pid, streams, watched, deadline)
    watched.register(death, select.POLLIN)
    try:
        return _read_until_death(pid, streams, watched, deadline)
    finally:
        os.close(death)


def _death_notice(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends, where the system has them."""
    if sys.platform == "linux":
        with suppress(OSError):  # A kernel before 5.3, or a filter that forbids it.
            return os.pidfd_open(pid)
    return None


def _read_until_death(
    pid: int, streams: Mapping[int, CappedOutput], watched: select.poll, deadline: float
) -> bool:
    while (left := deadline - time.monotonic()) > 0:
        ready = {descriptor for descriptor, _ in watched.poll(min(left, _LOOK_SECONDS) * 1000)}
        for stream in ready & streams.keys():
            chunk = os.read(stream, _CHUNK_BYTES)
            streams[stream].add(chunk)
            if not chunk:  # Closed, but the process may run on: wait for its end alone.
                watched.unregister(stream)
        if ready - streams.keys() or (not ready and _has_ended(pid)):
            return True
    return False


def _has_ended(pid: int) -> bool:
    # Without reaping it: a reaped leader's process group could be someone else's.
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def end_tree(process: subprocess.Popen[bytes], earlier: frozenset[int]) -> None:
    """End a process in a session of its own and all its descendants.

    Args:
        process: The process.
        earlier: `children` before it was started.
    """
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
    return [pid for pid in children() - earlier if _session_of(pid) not in (None, own)]


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def children() -> frozenset[int]:
    """The ids of this process's children."""
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


def adopt_orphans() -> None:
    """Make orphaned descendants children of this process (Linux; lasts until it ends)."""
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _libc() -> Any:
    import ctypes

    return ctypes.CDLL(None)
