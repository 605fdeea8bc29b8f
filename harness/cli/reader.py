"""The reader of what a command prints, as head or less, may go before it is all printed."""

from __future__ import annotations

import os
import select
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

# What a shell tells of a command that SIGPIPE ended, as it ends git and grep.
EXIT_READER_GONE = 141
_LAST_OF_STREAMS = 2


class ReaderGone(Exception):
    """Nobody reads the output any more. It is no OSError, of which click makes exit code 1."""


def stand_in_for_closed() -> None:
    """Put nowhere in the place of streams that were closed before we began.

    What is printed can go there then, and no file that is opened later gets their numbers, to
    which a child process would print.
    """
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    while (number := os.open(os.devnull, os.O_RDWR)) <= _LAST_OF_STREAMS:
        os.set_inheritable(number, True)  # noqa: FBT003 - it takes no keyword
    os.close(number)
    sys.stdin = sys.stdin or open(0, encoding="utf-8")  # noqa: SIM115 - open as long as we are
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8")  # noqa: SIM115


@contextmanager
def watched() -> Iterator[None]:
    """Tell a reader that has gone from any other broken pipe.

    Raises:
        ReaderGone: If a write failed and the reader of the output has gone.
        RuntimeError: If a write failed for another broken pipe, which is a bug.
    """
    try:
        yield
    except BrokenPipeError as error:
        if not any(map(_is_abandoned, (sys.stdout, sys.stderr))):
            # As an OSError it would end the command without a word.
            raise RuntimeError("a pipe broke that is not the output's") from error
        raise ReaderGone from error


def flush() -> None:
    """Write what is still held back.

    Raises:
        ReaderGone: If nobody reads it any more.
    """
    with watched():
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()


def leave_quietly() -> None:
    """Let go of what nobody reads, so that the interpreter does not complain of it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if _is_abandoned(stream):
            os.dup2(nowhere, stream.fileno())
    sys.exit(EXIT_READER_GONE)


def _is_abandoned(stream: TextIO | None) -> bool:
    """Whether the other end of a stream is closed."""
    if stream is None:
        return False
    try:
        watch = select.poll()
        watch.register(stream.fileno(), select.POLLOUT)
    except (OSError, ValueError):
        return False
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in watch.poll(0))
