"""Keep what a program prints within a fixed amount of memory."""

from __future__ import annotations


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

    @property
    def total_bytes(self) -> int:
        """Everything that came, kept or not."""
        return len(self._head) + len(self._tail) + self._cut

    @property
    def cut_bytes(self) -> int:
        """What `value` leaves out of the middle."""
        return self._cut + max(len(self._tail) - self._half, 0)

    def value(self) -> bytes:
        """What was kept, with a note of the bytes cut where they are missing."""
        excess = len(self._tail) - self._half
        if excess > 0:
            self._trim(excess)
        if not self._cut:
            return bytes(self._head + self._tail)
        note = f"\n[{self._cut} bytes of output cut here]\n"
        return bytes(self._head) + note.encode() + bytes(self._tail)


def undecodable(*streams: bytes) -> tuple[int, int, str] | None:
    """Position, byte and reason of what keeps these whole outputs from being UTF-8 text."""
    for stream in streams:
        try:
            stream.decode("utf-8")
        except UnicodeDecodeError as error:
            return error.start, stream[error.start], error.reason
    return None
