"""A process that imports the engines once and forks a worker whenever asked.

Starting a worker by fork costs milliseconds instead of the second that
importing AutoGen takes, also when a worker had to be killed. The zygote runs
nothing else: no threads and no user code, which is what makes forking it safe.

Protocol on the control socket: each message from the coordinator is one byte
with two file descriptors attached (the new worker's pipe and its spool); the
answer is the worker's process id as 8 bytes. End of file means that the
coordinator has ended, by itself or by force: then the zygote ends whatever still
runs, removes the scratch folder and ends too.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import struct
import sys
import time
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

from harness.runner.orphans import adopt_orphans, die_with_parent, end_descendants
from harness.sandboxes.workspace import remove_tree

_PID = struct.Struct("<q")
_TICK_SECONDS = 1.0
# How long idle workers may take to end once their pipes are closed.
_GOODBYE_SECONDS = 1.0


def main(arguments: list[str]) -> None:
    """Serve fork requests on an inherited control socket.

    Args:
        arguments: The control socket's descriptor, the scratch folder, then the engines
            to preload.
    """
    adopt_orphans()
    control = socket.socket(fileno=int(arguments[0]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Imports make much and leave little garbage: looking for it is a quarter of their time.
    gc.disable()
    _preload(arguments[2:])
    # Forked workers collect garbage too; frozen objects are not copied for it.
    gc.freeze()
    gc.enable()
    workers: set[int] = set()
    while _serve_once(control, workers):
        if _reap(workers):
            # What a dead worker left running is ours now. Other workers' children are not.
            end_descendants(spare=workers)
    _say_goodbye(workers, Path(arguments[1]))


def _serve_once(control: socket.socket, workers: set[int]) -> bool:
    """Fork a worker if one is asked for within a tick; False at the coordinator's end."""
    readable, _, _ = select.select([control], [], [], _TICK_SECONDS)
    if not readable:
        return True
    data, descriptors, _, _ = socket.recv_fds(control, 1, 2)
    if not data:
        return False
    pid = _fork_worker(control, *descriptors)
    workers.add(pid)
    for descriptor in descriptors:
        os.close(descriptor)
    control.sendall(_PID.pack(pid))
    return True


def _say_goodbye(workers: set[int], scratch: Path) -> None:
    deadline = time.monotonic() + _GOODBYE_SECONDS
    _reap(workers)
    while workers and time.monotonic() < deadline:
        time.sleep(0.005)
        _reap(workers)
    end_descendants()
    if scratch.exists():
        remove_tree(scratch)


def _preload(engines: list[str]) -> None:
    from harness.errors import HarnessError
    from harness.runner.build import load_engine

    for name in engines:
        try:
            load_engine(name).preload()
        except HarnessError:
            # The worker meets the same error and reports it with its sample.
            continue


def _reap(workers: set[int]) -> bool:
    """Collect ended children; tell whether a worker was among them.

    Waited for, they also count in the resource usage the coordinator's parent sees.
    """
    before = len(workers)
    try:
        while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
            workers.discard(pid)
    except ChildProcessError:
        workers.clear()
    return len(workers) < before


def _fork_worker(control: socket.socket, pipe: int, spool: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        die_with_parent()
        control.close()
        from harness.runner.worker import serve

        for descriptor in (pipe, spool):
            os.set_inheritable(descriptor, False)  # noqa: FBT003 - it takes no keywords
        serve(Connection(pipe), spool)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        # Never return into the zygote's loop, and skip exit handlers that belong to it.
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main(sys.argv[1:])
