"""A worker process: takes tasks from a pipe, one at a time, and sends back results.

Forked by the zygote (see `harness.runner.zygote`), so AutoGen is imported already.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harness.capture import exception_info
from harness.model.sample import SampleResult
from harness.model.transcript import Termination, Transcript
from harness.runner.build import build_kit
from harness.runner.orphans import adopt_orphans, end_descendants
from harness.runner.redact import redacted_encoding
from harness.runner.sample import run_sample
from harness.runner.task import Task, decode_task

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


def serve(connection: Connection) -> None:
    """Run tasks until the coordinator closes the pipe."""
    adopt_orphans()
    _silence()
    while True:
        try:
            data = connection.recv_bytes()
        except EOFError:
            return
        encoded = redacted_encoding(run_task(decode_task(data)))
        end_descendants()
        try:
            connection.send_bytes(encoded)
        except BrokenPipeError:
            return


def _silence() -> None:
    # Frameworks print; the terminal belongs to the progress display, and the
    # conversation is in the log. stderr stays: it carries our own crashes.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def run_task(task: Task) -> SampleResult:
    """Build what the task names and run it; a failure to build is the sample's error."""
    try:
        kit = build_kit(task)
    except Exception as error:  # The user's own Python failed to load: data, like any failure.
        return failed_result(task, error)
    try:
        return run_sample(task, kit)
    except Exception as error:  # Fixtures, artefacts: the frame around the sample failed.
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
