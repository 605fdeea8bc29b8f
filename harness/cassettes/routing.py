"""The only file that imports vcrpy: its interception, our decisions.

vcrpy patches the HTTP clients of a process for the cassette it has entered.
It is entered once, with a cassette that keeps nothing and asks the session of
the running context. So any number of sessions can run side by side, in tasks
and threads, and a request from a context without a session is refused while a
replay is open anywhere.

Only the hooks that vcrpy's stubs call are overridden: `can_play_response_for`
decides, `play_response` answers or misses, `append` records. Its own search,
which compares every interaction with every request, is never reached.
"""

from __future__ import annotations

import contextlib
import importlib
import json
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import vcr.patch
import vcr.stubs.httpx_stubs
from vcr.cassette import Cassette, CassetteContextDecorator

from harness.cassettes import aiohttp_taps
from harness.cassettes.connections import pin_connections
from harness.cassettes.plain_request import PlainRequest
from harness.cassettes.recording import Began, RecordSession
from harness.cassettes.scope import ACTIVE, CURRENT
from harness.cassettes.session import Received, ReplaySession, Sent
from harness.cassettes.taps import HELD, Pieces, Taps
from harness.errors import CassetteMiss

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from harness.cassettes.cassette import Interaction

# Clients wait before they ask again after these; a replay need not.
_RETRIED = (408, 409, 429)
_NO_WAIT = {"retry-after-ms": ["1"]}


class RoutingCassette(Cassette):  # type: ignore[misc]
    """Forwards every decision to the session of the context that makes the request."""

    # vcrpy would raise its own, swallowable error if a request is not playable
    # in a write-protected cassette; a miss is raised by `play_response` instead.
    write_protected = False

    @classmethod
    def load(cls, **kwargs: Any) -> RoutingCassette:
        """Make the cassette; there is no file behind it."""
        return cls(**kwargs)

    def can_play_response_for(self, request: Any) -> bool:
        """Whether the request must not go out; a recording notes that it does."""
        session = CURRENT.get()
        if session is None:
            return bool(ACTIVE.replays)
        if isinstance(session, RecordSession):
            # urllib3 asks again, with the same request, when it connects.
            if not hasattr(request, "harness_began"):
                sent = _sent(request)
                request.harness_played = session.replayed(sent)
                request.harness_began = None if request.harness_played else session.begin(sent)
            return request.harness_began is None
        return True

    def play_response(self, request: Any) -> dict[str, Any]:
        """The recorded answer, in vcrpy's form.

        Raises:
            CassetteMiss: If there is none.
        """
        session = CURRENT.get()
        if isinstance(session, RecordSession):
            return _as_vcr(request.harness_played, request, pace=0.0)
        if not isinstance(session, ReplaySession):
            _refuse_stray(_sent(request))
        return _as_vcr(session.answer(_sent(request)), request, pace=session.pace)

    def append(self, request: Any, response: dict[str, Any]) -> None:
        """Record an interaction, if a recording is under way in this context."""
        session = CURRENT.get()
        if isinstance(session, RecordSession):
            _keep(session, _sent(request), _received(response), request.harness_began)

    def find_requests_with_most_matches(self, request: Any) -> list[Any]:
        """No candidates: vcrpy uses them to follow redirects, which are matched like all else."""
        return []

    def _save(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - vcrpy's signature
        """Nothing to save: sessions write for themselves."""


def enter() -> object:
    """Patch the HTTP clients of this process; they stay so while the result is kept."""
    pin_connections()
    _make_requests_plain(vcr.stubs.httpx_stubs)
    # vcrpy need not put the real classes back to make a real connection any more; doing it
    # for the whole process would let the requests of other threads escape meanwhile.
    vcr.patch.force_reset = contextlib.nullcontext
    # It keeps every connection of a pool for when its patches end. Ours do not.
    vcr.patch.ConnectionRemover.add_connection_to_pool_entry = _forget
    above = [_tapped(*tap) for tap in _taps()]
    context = CassetteContextDecorator(RoutingCassette, lambda: {"path": "harness"})
    context.__enter__()
    for patch in above:
        patch()
    return context


def _make_requests_plain(stubs: Any) -> None:
    """Let vcrpy's stub for httpx make our requests for our cassette; for others, its own."""
    original = getattr(stubs, "_vcr_request", None)
    if original is None or not hasattr(stubs, "_play_responses"):
        return  # Another version of vcrpy: its requests will do, more slowly.

    def plain(cassette: Cassette, request: Any, body: bytes, httpx: ModuleType) -> Any:
        if not isinstance(cassette, RoutingCassette):
            return original(cassette, request, body, httpx)
        asked = PlainRequest(request.method, str(request.url), body, request.headers)
        if cassette.can_play_response_for(asked):
            return asked, stubs._play_responses(cassette, asked, httpx)
        return asked, None

    stubs._vcr_request = plain


def _forget(remover: object, pool: object, connection: object) -> None:
    pass


def _taps() -> Iterator[tuple[Any, str, str, Callable[..., Any], Callable[..., Any]]]:
    """What to patch: class and method; where vcrpy keeps the real one; beneath it and above."""
    for name in ("httpx", "httpx2"):
        module: Any = _installed(name)
        if module is not None:
            taps = Taps(module)
            real = f"_{name.capitalize()}HttpTransport_handle_request"
            yield module.HTTPTransport, "handle_request", real, taps.beneath, taps.above
            real = f"_{name.capitalize()}AsyncHttpTransport_handle_async_request"
            transport = module.AsyncHTTPTransport
            method = "handle_async_request"
            yield transport, method, real, taps.async_beneath, taps.async_above
    aiohttp: Any = _installed("aiohttp")
    if aiohttp is not None:
        real = "_AiohttpClientSessionRequest"
        yield aiohttp.ClientSession, "_request", real, aiohttp_taps.beneath, aiohttp_taps.above


def _installed(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _tapped(
    owner: Any,
    method: str,
    real_name: str,
    beneath: Callable[..., Any],
    above: Callable[..., Any],
) -> Callable[[], None]:
    """Patch beneath vcrpy; returns what patches above it, for when vcrpy has patched.

    The names that vcrpy keeps real methods under are its own business. A version
    that has others buffers streams, and replays them at once; nothing else changes.
    """
    real = getattr(vcr.patch, real_name, None)
    if real is None:
        return lambda: None
    setattr(vcr.patch, real_name, beneath(real))
    return lambda: setattr(owner, method, above(getattr(owner, method), real))


def _keep(session: RecordSession, sent: Sent, received: Received, began: Began) -> None:
    """Write an interaction: now, or when the client has read its stream."""
    reel = HELD.get()
    if reel is None:
        session.keep(sent, received, began=began)
        return
    HELD.set(None)
    # Who asked is known here; whoever reads the stream may run elsewhere.
    context = copy_context()

    def write() -> None:
        arrived = replace(received, body=reel.body, chunks=reel.chunks(began.clock))
        context.run(partial(session.keep, sent, arrived, began=began))

    if reel.is_settled:
        write()
    else:
        reel.keep = write


def _refuse_stray(sent: Sent) -> NoReturn:
    texts = [
        replay.refuse_stray(sent) for replay in ACTIVE.replays if isinstance(replay, ReplaySession)
    ]
    raise CassetteMiss(texts[0] if texts else f"{sent.method} {sent.url} was refused.")


def _sent(request: Any) -> Sent:
    """The request as sessions see it; made once, as a recording needs it twice."""
    known: Sent | None = getattr(request, "harness_sent", None)
    if known is None:
        if isinstance(request, PlainRequest):
            # A mapping that ignores case; a copy would cost more than its one use in a replay.
            known = Sent(request.method, request.uri, request.headers, request.body_bytes)
        else:
            headers = {
                str(name).lower(): _header_text(value) for name, value in request.headers.items()
            }
            known = Sent(request.method, request.uri, headers, _body_bytes(request.body_bytes))
        request.harness_sent = known
    return known


def _header_text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _body_bytes(body: Any) -> bytes:
    """The body as bytes, whatever form the client gave it to vcrpy in."""
    if body is None:
        return b""
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    if isinstance(body, str):
        return body.encode()
    return json.dumps(body, default=str).encode()  # aiohttp passes json= as it is


def _received(response: dict[str, Any]) -> Received:
    headers = {
        name: [
            value if type(value) is str else _header_text(value)
            for value in ([values] if isinstance(values, str) else values)
        ]
        for name, values in response["headers"].items()
    }
    status = response["status"]
    body = _body_bytes(response["body"].get("string"))
    return Received(status["code"], status["message"] or "", headers, body)


def _for_httpx(headers: dict[str, list[str]], reason: str) -> tuple[dict[str, list[Any]], str]:
    """Headers and reason in the form in which httpx takes what is not ASCII.

    It encodes texts as ASCII, but reads bytes as UTF-8, as it did when they came; of a
    reason it never shows anything else.
    """
    sent = {
        name: [value if value.isascii() else value.encode() for value in values]
        for name, values in headers.items()
    }
    return sent, reason.encode("ascii", "ignore").decode()


def _as_vcr(interaction: Interaction, request: Any, *, pace: float) -> dict[str, Any]:
    reason = interaction.reason
    headers: dict[str, list[Any]] = {
        name: list(values) for name, values in interaction.headers.items()
    }
    if isinstance(request, PlainRequest):
        headers, reason = _for_httpx(headers, reason)
    if interaction.status in _RETRIED or interaction.status >= 500:
        headers = {**headers, **_NO_WAIT}
    content = interaction.content
    if chunks := interaction.chunks:
        content = Pieces.of(content, chunks, pace)
    return {
        "status": {"code": interaction.status, "message": reason},
        "headers": headers,
        "body": {"string": content},
    }
