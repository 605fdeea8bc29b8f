"""The scripted provider is recognised on this machine; no other machine is ever asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.provider.identity import identify
from harness.provider.server import Behaviour, serving

BEHAVIOUR = Behaviour("hello", "Say hello.", {}, lambda call: "hello")
OTHER_MODELS = b'{"data": [{"id": "m", "owned_by": "someone"}]}'
OUR_MODELS = b'{"data": [{"id": "m", "owned_by": "scripted provider"}]}'


@contextmanager
def answering(
    body: bytes, status: int = 200, location: str = ""
) -> Iterator[tuple[str, list[str]]]:
    """A server that gives one answer to everything; yields its address and the paths asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_our_provider_is_recognised_by_any_name_of_this_machine() -> None:
    with serving([BEHAVIOUR]) as server:
        assert identify(server.base_url, timeout=5)
        assert identify(server.base_url + "/", timeout=5)
        assert identify(server.base_url.replace("127.0.0.1", "localhost"), timeout=5)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(OTHER_MODELS, 200, id="models of someone else"),
        pytest.param(OUR_MODELS, 500, id="an error"),
        pytest.param(b"<html>", 200, id="no JSON"),
        pytest.param(b"\xff", 200, id="no text"),
        pytest.param(b"[1]", 200, id="a list"),
        pytest.param(b'{"data": []}', 200, id="no models"),
        pytest.param(b'{"data": [1]}', 200, id="no objects"),
        pytest.param(b"[" * 100_000, 200, id="endless nesting"),
    ],
)
def test_another_server_is_not_ours(body: bytes, status: int) -> None:
    with answering(body, status) as (base_url, asked):
        assert not identify(base_url, timeout=5)
    assert asked == ["/v1/models"]


def test_a_redirection_is_not_followed() -> None:
    with (
        serving([BEHAVIOUR]) as ours,
        answering(b"", 302, f"{ours.base_url}/models") as (base_url, _),
    ):
        assert not identify(base_url, timeout=5)
        assert ours.requests == 0


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(OUR_MODELS) as (proxy, asked), serving([BEHAVIOUR]) as ours:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)

        assert identify(ours.base_url, timeout=5)
        assert asked == []


def test_nobody_there_or_nobody_answering_is_not_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert not identify(f"http://127.0.0.1:{port}/v1", timeout=0.05)
    assert not identify(f"http://127.0.0.1:{port}/v1", timeout=1)


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.openai.com/v1",
        "https://api.openai.com/v1",
        "http://10.0.0.1:8000/v1",
        "http://0.0.0.0:8000/v1",
        "http://127.0.0.1.example.com/v1",
        "http://localhost.example.com/v1",
        "http://127.0.0.1@example.com/v1",
        "https://127.0.0.1:8000/v1",
        "http://[::ffff:10.0.0.1]:8000/v1",
        "http://127.0.0.1:port/v1",
        "http://[::1/v1",
        "127.0.0.1:8000",
        "",
    ],
)
def test_other_hosts_are_not_even_looked_up(base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    touched: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **_: touched.append(given))
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: touched.append(address))

    assert not identify(base_url, timeout=1)
    assert touched == []
