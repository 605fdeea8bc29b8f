"""What is known of a conversation while it is held, kept where its process cannot take it along.

Files without a name: the events, the moves, where the process was in the end, and what had been
found before. The process that holds the conversation writes each down at once; the one that
forked it reads them when the other is gone.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
import struct
import tempfile
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING

import msgspec

from harness.capture import read_spool
from harness.fuzzing.moves import Move

if TYPE_CHECKING:
    from harness.fuzzing.played import Finding
    from harness.model.transcript import AnyEvent


_TIME = struct.Struct("d")


class Journal:
    """Events and moves of the conversation that is being held.

    Attributes:
        events: Takes the events, as a `Recorder` spools them.
        stack: Takes stacks, as `faulthandler` writes them.
    """

    def __init__(self) -> None:
        self.events, self._moves, self.stack = _file(), _file(), _file()
        self._findings = _file()
        # Shared with the processes forked from now on.
        self._began = mmap.mmap(-1, _TIME.size)
        self._encoder = msgspec.json.Encoder()
        self.begin()

    def begin(self) -> None:
        """Forget the last conversation."""
        for file in (self.events, self._moves, self.stack):
            file.seek(0)
            file.truncate()
        self._began[:] = _TIME.pack(time.monotonic())

    @property
    def age_seconds(self) -> float:
        """How long ago the conversation began, or else the journal."""
        (began,) = _TIME.unpack(self._began[:])
        return time.monotonic() - float(began)

    def note(self, move: Move, position: int) -> None:
        """Write a move down.

        Args:
            move: What the world does next.
            position: Number of events before it.
        """
        self._moves.write(self._encoder.encode((position, move)) + b"\n")

    def keep(self, finding: Finding) -> None:
        """Write down what was found; the next conversation does not make it forgotten."""
        self._findings.write(pickle.dumps(finding))

    def read_findings(self) -> dict[str, Finding]:
        """The newest finding of each invariant."""
        found: dict[str, Finding] = {}
        file = io.BytesIO(_content(self._findings))
        # The last may be cut short.
        with suppress(EOFError, pickle.UnpicklingError):
            while True:
                finding: Finding = pickle.load(file)
                found[finding.violation.invariant] = finding
        return found

    def read_events(self) -> tuple[AnyEvent, ...]:
        """The events so far."""
        return read_spool(_content(self.events))

    def read_moves(self) -> tuple[tuple[int, Move], ...]:
        """The moves so far, each with the number of events before it."""
        decoder = msgspec.json.Decoder(tuple[int, Move])
        # What follows the last line end is a line that was cut short.
        return tuple(map(decoder.decode, _content(self._moves).split(b"\n")[:-1]))

    def read_stack(self) -> str:
        """Where the process was, innermost frame first, if it was asked or could say so."""
        return _content(self.stack).decode("utf-8", "replace")

    def count_stacks(self) -> int:
        """How many stacks were begun."""
        return self.read_stack().count("(most recent call first):")

    def close(self) -> None:
        """Give the room back."""
        for file in (self.events, self._moves, self.stack, self._findings):
            file.close()
        self._began.close()


def _file() -> IO[bytes]:
    return tempfile.TemporaryFile(buffering=0)


def _content(file: IO[bytes]) -> bytes:
    # The position is shared with the process that writes.
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)
