"""The scripted provider over HTTP: what `harness record --scripted` and our tests talk to.

Routes: ``POST /v1/chat/completions`` (plain, or streaming as server-sent
events), ``GET /v1/models`` and ``GET /v1/models/NAME``, each also without
``/v1``. The ``Authorization`` header is not looked at, and any model name is
answered. ``X-Harness-Epoch`` tells which repeat a request belongs to. Answers carry

* ``X-Request-Id``: the completion's id, a digest of the request;
* ``X-Token-Counter``: who counted the tokens, "estimate" without ``rs-bpe``;

and, so that a recording holds nothing that differs from day to day, neither
``Date`` nor ``Server``.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.provider.behaviours import Behaviour, Behaviours
from harness.provider.completions import CREATED, Completion, complete
from harness.provider.identity import OWNER
from harness.provider.request import ApiError, parse_epoch, parse_request
from harness.provider.streaming import events
from harness.provider.transport import Response, listen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from harness.provider.transport import Listener

__all__ = ["Behaviour", "Exchange", "ScriptedProvider", "serve_forever", "serving"]

# Listed because clients ask for the list; requests may name any other.
_LISTED_MODEL = "scripted-1"


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and what became of it, for whoever watches the server.

    Attributes:
        number: Counts all requests of this server, from 1.
        method: HTTP method.
        path: Path without the query.
        status: HTTP status of the answer.
        completion: The answer to a chat completion; None for anything else.
        epoch: The epoch the request named; 1 without one.
        error: Text of the error object, if that was the answer.
        duration_seconds: Time from the request being read to the answer being ready.
    """

    number: int
    method: str
    path: str
    status: int
    completion: Completion | None = None
    epoch: int = 1
    error: str | None = None
    duration_seconds: float


class ScriptedProvider:
    """A running server.

    Attributes:
        base_url: Address to give to clients, up to and including ``/v1``.
    """

    def __init__(
        self,
        behaviours: Iterable[Behaviour],
        seed: int,
        on_request: Callable[[Exchange], None] | None = None,
    ) -> None:
        self._behaviours = Behaviours(behaviours)
        self._seed = seed
        self._on_request = on_request
        self._lock = threading.Lock()
        self._requests = 0
        self.base_url = ""

    @property
    def requests(self) -> int:
        """Requests answered so far, errors included."""
        return self._requests

    def respond(self, method: str, path: str, headers: Mapping[str, str], data: bytes) -> Response:
        """Answer one request and report it."""
        started = time.perf_counter()
        completion, epoch, error = None, 1, None
        try:
            response, completion, epoch = self._route(method, path, headers, data)
        except ApiError as caught:
            response, error = Response.of_error(caught), str(caught)
        with self._lock:
            self._requests += 1
            if self._on_request is not None:
                # Under the lock: a watcher prints, and lines must not mix.
                self._on_request(
                    Exchange(
                        number=self._requests,
                        method=method,
                        path=path,
                        status=response.status,
                        completion=completion,
                        epoch=epoch,
                        error=error,
                        duration_seconds=time.perf_counter() - started,
                    )
                )
        return response

    def _route(
        self, method: str, path: str, headers: Mapping[str, str], data: bytes
    ) -> tuple[Response, Completion | None, int]:
        route = path.removeprefix("/v1").rstrip("/")
        if route == "/chat/completions":
            _allow(method, "POST", path)
            epoch = parse_epoch(headers.get("x-harness-epoch"))
            response, completion = self._chat(data, epoch)
            return response, completion, epoch
        if route == "/models" or route.startswith("/models/"):
            _allow(method, "GET", path)
            return _models(route.removeprefix("/models").removeprefix("/")), None, 1
        raise ApiError(
            404,
            f"Unknown path {path!r}. The scripted provider answers POST /v1/chat/completions and "
            "GET /v1/models.",
            code="unknown_url",
        )

    def _chat(self, data: bytes, epoch: int) -> tuple[Response, Completion]:
        request = parse_request(data)
        completion = complete(self._behaviours, request, epoch=epoch, seed=self._seed)
        headers = {"X-Request-Id": completion.id, "X-Token-Counter": completion.counter}
        if request.is_stream:
            stream = events(completion, wants_usage=request.wants_usage)
            return Response(events=stream, headers=headers), completion
        return Response(body=completion.body(), headers=headers), completion


@contextmanager
def serving(
    behaviours: Iterable[Behaviour],
    host: str = "127.0.0.1",
    port: int = 0,
    seed: int = 0,
    on_request: Callable[[Exchange], None] | None = None,
) -> Iterator[ScriptedProvider]:
    """Serve in a background thread for as long as the context lasts.

    Args:
        behaviours: What to play, one per scenario.
        host: Address to listen on; the default is reachable from this machine only.
        port: 0 for any free one.
        seed: Given to the scripts; another seed draws other behaviour.
        on_request: Called after every request, one call at a time.

    Yields:
        The server, with its `base_url`.

    Raises:
        ScriptError: If the behaviours cannot be told apart.
        EnvironmentFault: If the address cannot be bound.
    """
    provider = ScriptedProvider(behaviours, seed, on_request)
    listener = _bound(provider, host, port)
    # Asked often to stop: the default of half a second would be paid by every test.
    thread = threading.Thread(
        target=listener.serve_forever, args=(0.02,), name="scripted-provider", daemon=True
    )
    thread.start()
    try:
        yield provider
    finally:
        listener.close_all()
        thread.join()


def serve_forever(
    behaviours: Iterable[Behaviour],
    host: str = "127.0.0.1",
    port: int = 8000,
    seed: int = 0,
    *,
    on_request: Callable[[Exchange], None] | None = None,
    on_start: Callable[[ScriptedProvider], None] | None = None,
) -> None:
    """Serve in this thread until Ctrl-C.

    Args:
        behaviours: What to play, one per scenario.
        host: Address to listen on; the default is reachable from this machine only.
        port: 0 for any free one.
        seed: Given to the scripts; another seed draws other behaviour.
        on_request: Called after every request, one call at a time.
        on_start: Called once with the server when it is bound, before the first request.

    Raises:
        ScriptError: If the behaviours cannot be told apart.
        EnvironmentFault: If the address cannot be bound.
    """
    provider = ScriptedProvider(behaviours, seed, on_request)
    with _bound(provider, host, port) as listener:
        if on_start is not None:
            on_start(provider)
        try:
            listener.serve_forever()
        except KeyboardInterrupt:
            return


def _bound(provider: ScriptedProvider, host: str, port: int) -> Listener:
    listener = listen(provider, host, port)
    provider.base_url = listener.base_url
    return listener


def _allow(method: str, allowed: str, path: str) -> None:
    if method != allowed:
        raise ApiError(405, f"{method} is not allowed on {path}; use {allowed}.")


def _models(name: str) -> Response:
    if not name:
        return Response(body={"object": "list", "data": [_model(_LISTED_MODEL)]})
    return Response(body=_model(name))


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": OWNER}
