"""What `harness.cassettes.taps` does for httpx, for aiohttp.

While it is recorded, a stream is still buffered here: vcrpy reads it through the
response itself. But its pieces are noted as they come, and replayed as such.
"""

from __future__ import annotations

import asyncio
import importlib
from collections import deque
from collections.abc import Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

from harness.cassettes.scope import ACTIVE, CURRENT
from harness.cassettes.taps import HELD, Pieces, Reel, is_streamed, seconds_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.cassettes.multipart import Field


class _Noting:
    """The stream of a response that vcrpy reads whole; notes the pieces."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def read(self) -> bytes:
        reel = Reel()
        async for piece in self._stream.iter_any():
            reel.note(piece)
        reel.is_settled = True
        HELD.set(reel)
        return reel.body


def form_fields(body: Any) -> list[Field] | None:
    """The fields of a form as aiohttp was given it; None if it is no form.

    aiohttp writes it after vcrpy has looked at the request.
    """
    if isinstance(body, Mapping) and not isinstance(body, dict):
        body = list(body.items())
    if isinstance(body, list | tuple) and body and all(map(_is_pair, body)):
        return [(str(name), None, None, value) for name, value in body]
    if type(body).__name__ == "FormData" and isinstance(getattr(body, "_fields", None), list):
        return [
            (options["name"], options.get("filename"), headers.get("Content-Type"), value)
            for options, headers, value in body._fields
        ]
    return None


def _is_pair(item: Any) -> bool:
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)


def beneath(real: Callable[..., Any]) -> Callable[..., Any]:
    """What vcrpy is to call to send a request: notes the pieces of a recording's streams."""

    @wraps(real)
    async def _request(client: Any, *args: Any, **kwargs: Any) -> Any:
        response = await real(client, *args, **kwargs)
        session = CURRENT.get()
        if session is not None and session.mode == "record" and is_streamed(response.headers):
            response.content = _Noting(response.content)
        return response

    return _request


def above(patched: Callable[..., Any], real: Callable[..., Any]) -> Callable[..., Any]:
    """What a client calls: vcrpy's patch where a session is concerned."""
    paced = _paced_reader()

    @wraps(real)
    async def _request(client: Any, *args: Any, **kwargs: Any) -> Any:
        if CURRENT.get() is None and not ACTIVE.sessions:
            return await real(client, *args, **kwargs)
        response = await patched(client, *args, **kwargs)
        # Where vcrpy puts the body it was given.
        body = getattr(response, "_body", None)
        if type(body) is Pieces:
            response.content = paced(body, response.content)
        return response

    return _request


def _paced_reader() -> Any:
    reader: Any = importlib.import_module("aiohttp.streams").StreamReader

    class PacedReader(reader):  # type: ignore[misc]
        """A stream that gets its next piece when somebody waits for it."""

        def __init__(self, pieces: Pieces, whole: Any) -> None:
            limit, _ = whole.get_read_buffer_limits()
            super().__init__(whole._protocol, limit, loop=asyncio.get_running_loop())
            self._coming = deque(pieces.timed())

        async def _wait(self, func_name: str) -> None:
            due, piece = self._coming.popleft()
            if wait := seconds_until(due):
                await asyncio.sleep(wait)
            self.feed_data(piece)
            if not self._coming:
                self.feed_eof()

    return PacedReader
