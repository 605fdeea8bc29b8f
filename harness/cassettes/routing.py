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
import http.client
import importlib.util
import json
import types
from typing import TYPE_CHECKING, Any, NoReturn

import vcr.patch
from vcr.cassette import Cassette, CassetteContextDecorator

from harness.cassettes.recording import RecordSession
from harness.cassettes.scope import ACTIVE, CURRENT
from harness.cassettes.session import Received, ReplaySession, Sent
from harness.errors import CassetteMiss

if TYPE_CHECKING:
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
            return _as_vcr(request.harness_played)
        if not isinstance(session, ReplaySession):
            _refuse_stray(_sent(request))
        return _as_vcr(session.answer(_sent(request)))

    def append(self, request: Any, response: dict[str, Any]) -> None:
        """Record an interaction, if a recording is under way in this context."""
        session = CURRENT.get()
        if isinstance(session, RecordSession):
            session.keep(_sent(request), _received(response), began=request.harness_began)

    def find_requests_with_most_matches(self, request: Any) -> list[Any]:
        """No candidates: vcrpy uses them to follow redirects, which are matched like all else."""
        return []

    def _save(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - vcrpy's signature
        """Nothing to save: sessions write for themselves."""


def enter() -> object:
    """Patch the HTTP clients of this process; they stay so while the result is kept."""
    _make_connections_independent_of_patches()
    context = CassetteContextDecorator(RoutingCassette, lambda: {"path": "harness"})
    context.__enter__()
    return context


def _refuse_stray(sent: Sent) -> NoReturn:
    texts = [
        replay.refuse_stray(sent) for replay in ACTIVE.replays if isinstance(replay, ReplaySession)
    ]
    raise CassetteMiss(texts[0] if texts else f"{sent.method} {sent.url} was refused.")


def _sent(request: Any) -> Sent:
    headers = {str(name).lower(): _header_text(value) for name, value in request.headers.items()}
    return Sent(request.method, request.uri, headers, _body_bytes(request.body_bytes))


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
        name: [_header_text(value) for value in ([values] if isinstance(values, str) else values)]
        for name, values in response["headers"].items()
    }
    status = response["status"]
    body = _body_bytes(response["body"].get("string"))
    return Received(status["code"], status["message"] or "", headers, body)


def _as_vcr(interaction: Interaction) -> dict[str, Any]:
    headers = {name: list(values) for name, values in interaction.headers.items()}
    if interaction.status in _RETRIED or interaction.status >= 500:
        headers = {**headers, **_NO_WAIT}
    return {
        "status": {"code": interaction.status, "message": interaction.reason},
        "headers": headers,
        "body": {"string": interaction.content},
    }


def _make_connections_independent_of_patches() -> None:
    """Let vcrpy make real connections without undoing its patches.

    While it makes one, vcrpy puts the real classes back for the whole process,
    because ``HTTPSConnection.__init__`` looks itself up in its module. A
    request that another thread makes at that moment escapes. Giving that
    method its own view of the module removes the need. httplib2 and botocore
    look up more, so with them vcrpy's way stays.
    """
    if importlib.util.find_spec("httplib2") or importlib.util.find_spec("botocore"):
        return
    connection = http.client.HTTPSConnection
    original = connection.__init__
    independent = types.FunctionType(
        original.__code__,
        dict(vars(http.client)),
        original.__name__,
        original.__defaults__,
        original.__closure__,
    )
    independent.__kwdefaults__ = original.__kwdefaults__
    connection.__init__ = independent  # type: ignore[method-assign]
    vcr.patch.force_reset = contextlib.nullcontext
