"""Watch a script from the process that was started, while a forked one runs it.

A script may end its process by `os._exit`, a signal or a crash. Nothing inside it can tell so,
or remove what it made.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.runner.orphans import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# A terminal sends Ctrl-C to both processes, and the watching one cannot tell and sends it on.
_SAME_SECONDS = 1.0


@dataclass(frozen=True)
class Ended:
    """How the process of a script ended.

    Attributes:
        code: Its exit code.
        how: What ended it before the work was done; "" if the work was done.
        is_interrupted: Whether this process was told to end meanwhile.
    """

    code: int
    how: str = ""
    is_interrupted: bool = False


def watched(work: Callable[[], int]) -> Ended:
    """Do a work in a forked process, which goes on as the program; here, wait for it.

    Returns twice, like a fork: there when the work is done, and here when that process has
    ended. Where there is no fork, the work is done here.

    Args:
        work: Returns an exit code; what it raises is raised in the forked process.
    """
    if not hasattr(os, "fork"):
        return Ended(work())
    reads, writes = os.pipe()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()  # Or both processes would write what waits in it.
    pid = os.fork()
    if pid == 0:
        os.close(reads)
        die_with_parent()
        for number in _SIGNALS:
            signal.signal(number, _interrupting())
        try:
            return Ended(work())
        finally:
            os.write(writes, b".")
    os.close(writes)
    with _sent_on(pid) as sent:
        _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    how = "" if _has_finished(reads) else _told(code)
    os.close(reads)
    return Ended(code if code >= 0 else 128 - code, how, is_interrupted=bool(sent))


def _interrupting() -> Callable[[int, FrameType | None], None]:
    newest = -_SAME_SECONDS

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal newest
        since, newest = time.monotonic() - newest, time.monotonic()
        if since >= _SAME_SECONDS:
            raise KeyboardInterrupt

    return interrupt


@contextmanager
def _sent_on(pid: int) -> Iterator[list[int]]:
    """Send signals to end on to a process; yields those that came."""
    sent: list[int] = []

    def send_on(number: int, _frame: FrameType | None) -> None:
        sent.append(number)
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    before = {number: signal.signal(number, send_on) for number in _SIGNALS}
    try:
        yield sent
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _has_finished(reads: int) -> bool:
    # What the script started may hold the other end, and say nothing for ever.
    os.set_blocking(reads, False)
    try:
        return os.read(reads, 1) == b"."
    except BlockingIOError:
        return False


def _told(code: int) -> str:
    if code >= 0:
        return f"exit code {code}, as by os._exit({code})"
    try:
        return f"signal {-code}, {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
