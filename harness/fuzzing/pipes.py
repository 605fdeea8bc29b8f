"""Two pipes between the process that decides and the one that holds the conversations.

Down go orders and picks, up go questions and outcomes. Only what is waited for is sent:
what merely has to be known goes into the journal, because each message wakes the other side.
"""

from __future__ import annotations

import os
import select
import struct
import threading
import time
from typing import Any

# Upwards: pick one of so many; what was found; an exception; stopped as told.
ASK, FOUND, RAISED, STOPPED = b"?", b".", b"!", b"x"
STOP = -1

_UP, _NUMBER = struct.Struct("<cI"), struct.Struct("<i")
_CHUNK = 1 << 16


class Upper:
    """The end of the process that decides."""

    def __init__(self, reads: int, writes: int) -> None:
        self._reads, self._writes = reads, writes
        self._arrived = bytearray()
        self._poll = select.poll()
        self._poll.register(reads, select.POLLIN)

    def order(self, order: bytes) -> None:
        """Ask for a conversation.

        Raises:
            BrokenPipeError: If nobody is there any more.
        """
        _write(self._writes, _NUMBER.pack(len(order)) + order)

    def pick(self, index: int) -> None:
        """Answer a question, or STOP the conversation.

        Raises:
            BrokenPipeError: If nobody is there any more.
        """
        _write(self._writes, _NUMBER.pack(index))

    def receive(self, seconds: float) -> tuple[bytes, bytes] | None:
        """The next message, as kind and content; None if there is none in time.

        Raises:
            EOFError: If the other end is closed, and nothing came before that.
        """
        until = time.monotonic() + seconds
        while (message := self._whole()) is None:
            left = until - time.monotonic()
            if left <= 0 or not self._poll.poll(left * 1000):
                return None
            data = os.read(self._reads, _CHUNK)
            if not data:
                raise EOFError
            self._arrived += data
        return message

    def _whole(self) -> tuple[bytes, bytes] | None:
        arrived = self._arrived
        if len(arrived) < _UP.size:
            return None
        kind, length = _UP.unpack_from(arrived)
        end = _UP.size + length
        if len(arrived) < end:
            return None
        content = bytes(arrived[_UP.size : end])
        del arrived[:end]
        return kind, content

    def hang_up(self) -> None:
        """Order nothing more."""
        if self._writes >= 0:
            os.close(self._writes)
        self._writes = -1

    def close(self) -> None:
        """Hang up, and listen no more."""
        self.hang_up()
        os.close(self._reads)


class Lower:
    """The end of the process that holds the conversations."""

    def __init__(self, reads: int, writes: int) -> None:
        self._reads, self._writes = reads, writes
        self._owner = os.getpid()
        self._lock = threading.Lock()

    def order(self) -> bytes:
        """The next order; the process ends if there will be none."""
        (length,) = _NUMBER.unpack(self._read(_NUMBER.size))
        return self._read(length)

    def ask(self, choices: int) -> int:
        """The index of one of so many choices, or STOP."""
        with self._lock:
            self.send(ASK, _NUMBER.pack(choices))
            (index,) = _NUMBER.unpack(self._read(_NUMBER.size))
        return int(index)

    def send(self, kind: bytes, content: bytes = b"") -> None:
        """Send a message upwards."""
        if os.getpid() != self._owner:
            # A process that the team forked came back from it: nobody waits for its words.
            os._exit(1)
        try:
            _write(self._writes, _UP.pack(kind, len(content)) + content)
        except OSError:  # Nobody listens, or the team closed all files.
            os._exit(1)

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = os.read(self._reads, count - len(data))
            if not more:
                os._exit(0)
            data += more
        return data


def choices_in(content: bytes) -> int:
    """How many choices a question offers."""
    return int(_NUMBER.unpack(content)[0])


def linked() -> tuple[tuple[int, int], tuple[int, int]]:
    """Descriptors to read from and write to, for the upper and the lower end."""
    down_reads, down_writes = os.pipe()
    up_reads, up_writes = os.pipe()
    return (up_reads, down_writes), (down_reads, up_writes)


def _write(descriptor: int, data: Any) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
