"""A process that imports the engines once and forks a worker whenever asked.

Starting a worker by fork costs milliseconds instead of the second that
importing AutoGen takes, also when a worker had to be killed. The zygote runs
nothing else: no threads and no user code, which is what makes forking it safe.

Protocol on the control socket: each message from the coordinator is one byte
with one file descriptor attached (the new worker's pipe); the answer is the
worker's process id as 8 bytes. End of file ends the zygote and its workers.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import struct
import sys
import traceback
from multiprocessing.connection import Connection

from harness.runner.orphans import die_with_parent

_PID = struct.Struct("<q")


def main(arguments: list[str]) -> None:
    """Serve fork requests on an inherited control socket.

    Args:
        arguments: The control socket's descriptor, then the engines to preload.
    """
    die_with_parent()
    control = socket.socket(fileno=int(arguments[0]))
    _preload(arguments[1:])
    # Forked workers collect garbage too; frozen objects are not copied for it.
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not data:
            _reap(0)
            return
        _reap(os.WNOHANG)
        pid = _fork_worker(control, descriptors[0])
        os.close(descriptors[0])
        control.sendall(_PID.pack(pid))


def _preload(engines: list[str]) -> None:
    from harness.errors import HarnessError
    from harness.runner.build import load_engine

    for name in engines:
        try:
            load_engine(name).preload()
        except HarnessError:
            # The worker meets the same error and reports it with its sample.
            continue


def _reap(options: int) -> None:
    """Collect ended workers: all of them (0), or those that ended already (WNOHANG).

    Waited for, they also count in the resource usage the coordinator's parent sees.
    """
    try:
        while os.waitpid(-1, options) != (0, 0):
            continue
    except ChildProcessError:
        return


def _fork_worker(control: socket.socket, descriptor: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        die_with_parent()
        control.close()
        from harness.runner.worker import serve

        serve(Connection(descriptor))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        # Never return into the zygote's loop, and skip exit handlers that belong to it.
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main(sys.argv[1:])
