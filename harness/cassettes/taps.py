"""Streams that stream: recorded while the client reads them, replayed piece by piece.

vcrpy reads a whole body before it hands it on. So its patches stand between two
of ours. Beneath them, where vcrpy sends a request out, an event stream of a
recording is held back: vcrpy is given an empty body. Above them the client gets
the held stream, and reading it notes each piece and when it came; the
interaction is written when the last one has. In a replay the upper patch turns
a body whose pieces are known into a stream of them.

A client that stops reading early still leaves a whole recording: what it did
not want is read when it closes the stream. A stream that breaks is not an
answer, so it is not written; its request stays unanswered, as one that ended in
a connection error does.

Covered are the network transports of httpx and its fork httpx2. Bodies that are
no event streams, and other clients, are buffered as vcrpy does.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any

from harness.cassettes.recording import RecordSession
from harness.cassettes.scope import ACTIVE, CURRENT, ConnectionLost, NoAnswer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from harness.cassettes.format import Chunks

_STREAMED = (
    "text/event-stream",
    "application/x-ndjson",
    "application/jsonl",
    "application/vnd.amazon.eventstream",
)
_EXTENSION = "harness_held"  # where a response carries what was held back, to the upper patch
_DRAINING_SECONDS = 600.0
_SECONDS_DIGITS = 4  # a tenth of a millisecond


class Pieces(bytes):
    """A body that is to be replayed in the pieces it came in.

    Attributes:
        chunks: Size in bytes, and seconds since the request, of each piece.
        pace: What the seconds are multiplied by; 0 not to wait.
        is_cut: Whether the connection is lost after the last piece.
    """

    chunks: Chunks
    pace: float
    is_cut: bool

    @classmethod
    def of(cls, content: bytes, chunks: Chunks, pace: float, *, is_cut: bool = False) -> Pieces:
        """The body, with its pieces."""
        pieces = cls(content)
        pieces.chunks = chunks
        pieces.pace = pace
        pieces.is_cut = is_cut
        return pieces

    def timed(self) -> list[tuple[float, bytes]]:
        """Each piece, and when it is due as `time.perf_counter` tells; 0.0 for at once."""
        asked = time.perf_counter()
        result, start = [], 0
        for size, seconds in self.chunks:
            due = asked + seconds * self.pace if self.pace else 0.0
            result.append((due, self[start : start + size]))
            start += size
        if start < len(self):
            result.append((0.0, self[start:]))  # somebody made the body in the file longer
        return result


def seconds_until(due: float) -> float:
    """How long to wait for a piece."""
    return max(due - time.perf_counter(), 0.0) if due else 0.0


class Reel:
    """The pieces of one response, noted as they arrive.

    Attributes:
        keep: Writes the interaction; None if vcrpy has the body and lets it be written.
        is_settled: Whether all that will come has come.
    """

    def __init__(self) -> None:
        self.keep: Callable[[], None] | None = None
        self.is_settled = False
        self._pieces: list[bytes] = []
        self._clocks: list[float] = []

    @property
    def body(self) -> bytes:
        """What has arrived."""
        return b"".join(self._pieces)

    def chunks(self, began: float) -> Chunks:
        """Size of each piece, and seconds since a moment of `time.perf_counter`."""
        return tuple(
            (len(piece), round(max(clock - began, 0.0), _SECONDS_DIGITS))
            for piece, clock in zip(self._pieces, self._clocks, strict=True)
        )

    def note(self, piece: bytes) -> bytes:
        """Note that a piece has arrived."""
        self._pieces.append(piece)
        self._clocks.append(time.perf_counter())
        return piece

    def finish(self) -> None:
        """The last piece has arrived: write the interaction."""
        if not self.is_settled:
            self.is_settled = True
            if self.keep is not None:
                self.keep()


# The reel of the response that vcrpy is about to record in this context.
HELD: ContextVar[Reel | None] = ContextVar("harness_held_reel", default=None)


class Recorded:
    """A synchronous stream on its way to the client; notes what passes."""

    def __init__(self, stream: Any, reel: Reel) -> None:
        self._stream = stream
        self._source = iter(stream)
        self._reel = reel
        self._is_begun = False
        self._unread: deque[bytes] = deque()

    @property
    def is_settled(self) -> bool:
        """Whether all that will come has come."""
        return self._reel.is_settled

    def read_rest(self) -> None:
        """Read what a client has left that began to read; it would still find it here."""
        if self.is_settled or not self._is_begun:
            return
        try:
            self._unread.append(self._reel.note(next(self._source)))
        except StopIteration:
            self._reel.finish()
        except ValueError:
            return  # Somebody is reading it at this very moment.
        except Exception:
            self._reel.is_settled = True
        self._unread.extend(self._drain())

    def __iter__(self) -> Iterator[bytes]:
        self._is_begun = True
        try:
            for piece in self._source:
                yield self._reel.note(piece)
            while self._unread:
                yield self._unread.popleft()
        except GeneratorExit:
            self._drain()
            raise
        except BaseException:
            self._reel.is_settled = True
            raise
        self._reel.finish()

    def close(self) -> None:
        """Read the rest, and give the connection back."""
        try:
            self._drain()
        finally:
            self._stream.close()

    def _drain(self) -> list[bytes]:
        """Read what the client left. If that fails, the recording lacks an answer: see above."""
        rest: list[bytes] = []
        if self._reel.is_settled:
            return rest
        deadline = time.monotonic() + _DRAINING_SECONDS
        with suppress(Exception):
            for piece in self._source:
                rest.append(self._reel.note(piece))
                if time.monotonic() > deadline:
                    break
            else:
                self._reel.finish()
        self._reel.is_settled = True
        return rest


class AsyncRecorded:
    """An asynchronous stream on its way to the client; notes what passes."""

    def __init__(self, stream: Any, reel: Reel) -> None:
        self._stream = stream
        self._source = aiter(stream)
        self._reel = reel

    @property
    def is_settled(self) -> bool:
        """Whether all that will come has come."""
        return self._reel.is_settled

    def read_rest(self) -> None:
        """Nothing: only its own event loop, which is not to be entered here, could do it."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._source:
                yield self._reel.note(piece)
        except GeneratorExit:
            await self._drain()
            raise
        except BaseException:
            self._reel.is_settled = True
            raise
        self._reel.finish()

    async def aclose(self) -> None:
        """Read the rest, and give the connection back."""
        try:
            await self._drain()
        finally:
            await self._stream.aclose()

    async def _drain(self) -> None:
        """Read what the client left. If that fails, the recording lacks an answer: see above."""
        if self._reel.is_settled:
            return
        deadline = time.monotonic() + _DRAINING_SECONDS
        try:
            with suppress(Exception):
                async for piece in self._source:
                    self._reel.note(piece)
                    if time.monotonic() > deadline:
                        break
                else:
                    self._reel.finish()
        finally:
            self._reel.is_settled = True


class Replayed:
    """A stream of recorded pieces, for synchronous and asynchronous clients."""

    # The library whose errors its client knows; `Taps` sets it.
    module: Any = None

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for due, piece in self._pieces.timed():
            if wait := seconds_until(due):
                time.sleep(wait)
            yield piece
        self._end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for due, piece in self._pieces.timed():
            if wait := seconds_until(due):
                await asyncio.sleep(wait)
            yield piece
        self._end()

    def _end(self) -> None:
        if self._pieces.is_cut:
            raise self.module.RemoteProtocolError(
                "peer closed connection without sending complete message body"
            )


class Taps:
    """The patches for httpx, or for its fork.

    Args:
        module: `httpx` or `httpx2`, whose clients accept only streams of its own kinds.
    """

    def __init__(self, module: Any) -> None:
        self._module = module
        both = (module.SyncByteStream, module.AsyncByteStream)
        self._recorded = type("Recorded", (Recorded, module.SyncByteStream), {})
        self._async_recorded = type("AsyncRecorded", (AsyncRecorded, module.AsyncByteStream), {})
        self._replayed = type("Replayed", (Replayed, *both), {"module": module})

    def beneath(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """What vcrpy is to call to send a request: holds the streams of a recording back."""

        @wraps(real)
        def handle_request(transport: Any, request: Any) -> Any:
            return self._held(real(transport, request), self._recorded)

        return handle_request

    def async_beneath(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """The same for an asynchronous transport."""

        @wraps(real)
        async def handle_async_request(transport: Any, request: Any) -> Any:
            return self._held(await real(transport, request), self._async_recorded)

        return handle_async_request

    def _held(self, response: Any, kind: Any) -> Any:
        session = CURRENT.get()
        if not isinstance(session, RecordSession) or not is_streamed(response.headers):
            return response
        reel = Reel()
        held = response.extensions[_EXTENSION] = kind(response.stream, reel)
        session.hold(held)
        response.stream = self._module.ByteStream(b"")
        HELD.set(reel)
        return response

    def above(self, patched: Callable[..., Any], real: Callable[..., Any]) -> Callable[..., Any]:
        """What a client calls: vcrpy's patch where a session is concerned."""

        @wraps(real)
        def handle_request(transport: Any, request: Any) -> Any:
            if CURRENT.get() is None and not ACTIVE.sessions:
                return real(transport, request)
            with self._own_errors(request):
                return self._streaming(patched(transport, request))

        return handle_request

    def async_above(
        self, patched: Callable[..., Any], real: Callable[..., Any]
    ) -> Callable[..., Any]:
        """The same for an asynchronous transport."""

        @wraps(real)
        async def handle_async_request(transport: Any, request: Any) -> Any:
            if CURRENT.get() is None and not ACTIVE.sessions:
                return await real(transport, request)
            with self._own_errors(request):
                return self._streaming(await patched(transport, request))

        return handle_async_request

    @contextmanager
    def _own_errors(self, request: Any) -> Iterator[None]:
        """Raise made-up failures of the network as this library raises real ones."""
        try:
            yield
        except ConnectionLost as error:
            raise self._module.ReadError(str(error), request=request) from error
        except NoAnswer as error:
            raise self._module.ReadTimeout(str(error), request=request) from error

    def _streaming(self, response: Any) -> Any:
        """The response vcrpy made, with its stream put back, or made of its recorded pieces."""
        held = response.extensions.pop(_EXTENSION, None)
        if held is not None:
            response.stream = held
            return response
        # vcrpy's responses have a stream of one piece: the body it was given.
        content = next(iter(response.stream), b"")
        if type(content) is Pieces:
            response.stream = self._replayed(content)
        return response


def is_streamed(headers: Any) -> bool:
    """Whether a response is an event stream, by its headers."""
    return str(headers.get("content-type", "")).lower().startswith(_STREAMED)
