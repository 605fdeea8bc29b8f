"""A worker process: takes tasks from a pipe, one at a time, and sends back results.

Forked by the zygote (see `harness.runner.zygote`), so AutoGen is imported already.
"""

from __future__ import annotations

import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from harness.capture import exception_info
from harness.cassettes import offline
from harness.errors import HarnessError, SampleInterrupt, SocketBlocked
from harness.model.sample import SampleResult
from harness.model.transcript import Termination, Transcript
from harness.runner.build import build_kit
from harness.runner.orphans import adopt_orphans, end_descendants
from harness.runner.redact import redacted_encoding
from harness.runner.sample import run_sample
from harness.runner.sandboxes import load_sandbox
from harness.runner.task import Task, decode_task

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


def serve(connection: Connection, spool: int) -> None:
    """Run tasks until the coordinator closes the pipe.

    Args:
        connection: Tasks come in and results go out here.
        spool: Descriptor of the file that holds the running task's events.
    """
    adopt_orphans()
    _silence()
    me = os.getpid()
    while True:
        try:
            task = decode_task(connection.recv_bytes())
            # Whatever makes a temporary file makes it where it is removed in the end.
            tempfile.tempdir = str(Path(task.scratch).parent)
            os.ftruncate(spool, 0)
            os.lseek(spool, 0, os.SEEK_SET)
            with open(spool, "wb", buffering=0, closefd=False) as events:
                encoded = redacted_encoding(run_task(task, events), task.secrets)
            if os.getpid() != me:
                return  # A child that the task forked came back from it: not ours to answer.
            end_descendants(spare=_kept(task))
            connection.send_bytes(encoded)
        except (EOFError, ConnectionError):
            return


def _kept(task: Task) -> tuple[int, ...]:
    """The sandbox's own processes, which the next sample of the suite uses again."""
    try:
        return load_sandbox(task.sandbox, task.scenario.sandbox).processes
    except HarnessError:  # It is in the result already.
        return ()


def _silence() -> None:
    # Frameworks print; the terminal belongs to the progress display, and the
    # conversation is in the log. stderr stays: it carries our own crashes.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def run_task(task: Task, spool: IO[bytes] | None = None) -> SampleResult:
    """Build what the task names and run it, offline unless it records or is live.

    Args:
        task: Which sample, how, and where.
        spool: Each event is also written here at once.

    Returns:
        The result; a failure to build is the sample's error.
    """
    if task.mode in ("record", "live"):
        return _built_and_run(task, spool)
    # From the first import of the user's code to the last check: not only during the replay.
    with offline(label=str(task.key)) as attempts:
        result = _built_and_run(task, spool)
    if attempts.sockets_opened == 0 or result.status != "completed":
        return result
    refusal = exception_info(SocketBlocked(attempts.first_refusal))
    return msgspec.structs.replace(result, status="error", failure=refusal)


def _built_and_run(task: Task, spool: IO[bytes] | None) -> SampleResult:
    try:
        return run_sample(task, build_kit(task), spool)
    except (Exception, SampleInterrupt) as error:
        # The user's Python failed to load, or the frame around the sample failed: fixtures,
        # artefacts. Data, like any failure.
        return failed_result(task, error)


def failed_result(task: Task, error: BaseException) -> SampleResult:
    """The result of a sample that could not even start."""
    failure = exception_info(error)
    ending = Termination(
        index=0, offset_seconds=0.0, reason="error", detail=failure.message, exception=failure
    )
    return SampleResult(
        key=task.key,
        status="error",
        mode=task.mode,
        transcript=Transcript(engine=task.config.engine, engine_version="", events=(ending,)),
        failure=failure,
        started_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        duration_seconds=0.0,
    )
