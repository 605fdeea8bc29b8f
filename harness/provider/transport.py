"""HTTP/1.1 with keep-alive over the standard library's threading server."""

from __future__ import annotations

import json
import socket
import socketserver
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Protocol

from harness.errors import EnvironmentFault
from harness.provider.request import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MOST_BYTES = 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class Response:
    """What to send: a JSON body, or the events of a stream."""

    status: int = 200
    body: Mapping[str, Any] = field(default_factory=dict)
    events: Iterable[bytes] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_error(cls, error: ApiError) -> Response:
        """The error's JSON body; tells the SDK not to try again, since nothing would change."""
        return cls(status=error.status, body=error.body(), headers={"X-Should-Retry": "false"})


class Application(Protocol):
    """Answers requests; called from several threads at once."""

    def respond(self, method: str, path: str, headers: Mapping[str, str], data: bytes) -> Response:
        """The answer to one request; path is without its query."""


class Listener(ThreadingHTTPServer):
    """A listening socket with one thread per connection, and a clean end to all of them."""

    daemon_threads = True
    # The default of 5 drops connections when many workers start at the same moment.
    request_queue_size = 128

    def __init__(self, application: Application, host: str, port: int) -> None:
        self.application = application
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind, without HTTPServer's look-up of the host's full name, which may ask the network."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    @property
    def base_url(self) -> str:
        """Address of the API, with the port that was really bound."""
        host, port = str(self.server_address[0]), self.server_address[1]
        return f"http://[{host}]:{port}/v1" if ":" in host else f"http://{host}:{port}/v1"

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection, remembering it while it is open."""
        with self._changed:
            self._open.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._changed:
                self._open.discard(request)
                self._changed.notify_all()

    def close_all(self) -> None:
        """Stop listening and end the connections that clients keep alive."""
        self.shutdown()
        self.server_close()
        with self._changed:
            for connection in self._open:
                with suppress(OSError):  # the client was faster
                    connection.shutdown(socket.SHUT_RDWR)
            # A script that is still thinking keeps its thread, which ends with the process.
            self._changed.wait_for(lambda: not self._open, timeout=2.0)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about clients that hang up; anything else is our bug and is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def listen(application: Application, host: str, port: int) -> Listener:
    """Bind a listener.

    Args:
        application: Answers the requests.
        host: Address to listen on.
        port: 0 for any free one.

    Raises:
        EnvironmentFault: If the address cannot be bound.
    """
    try:
        return Listener(application, host, port)
    except (OSError, OverflowError) as error:
        raise EnvironmentFault(
            f"The scripted provider cannot listen on {host}:{port}: {error}. "
            "Give another --port (0 takes a free one) or --host."
        ) from None


class _Handler(BaseHTTPRequestHandler):
    """One connection: reads requests, asks the application, writes answers."""

    server: Listener
    protocol_version = "HTTP/1.1"
    # Head and body leave in one packet: two, and the second would wait for the first
    # one's delayed acknowledgement, 40 ms on every call.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer()

    do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing; the application reports what it served."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what the standard library found malformed, as JSON instead of HTML."""
        self.close_connection = True
        # A line that is no HTTP is taken for HTTP/0.9, whose answers have no status line.
        self.request_version = self.protocol_version
        text = message or self.responses.get(code, ("unknown error", ""))[0]
        self._send(Response.of_error(ApiError(int(code), f"Malformed HTTP request: {text}.")))

    def _answer(self) -> None:
        try:
            data = self._body()
        except ApiError as error:
            self.close_connection = True  # what is left of the body is not a next request
            return self._send(Response.of_error(error))
        path = self.path.partition("?")[0]
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.server.application.respond(self.command, path, headers, data))

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length")
        if length is None:
            if self.command == "POST" or "Transfer-Encoding" in self.headers:
                raise ApiError(411, "The request has no Content-Length, which is needed here.")
            return b""
        if not (length.isascii() and length.isdigit() and len(length) < 20):
            raise ApiError(400, f"Content-Length {length!r} is not a whole number.")
        if int(length) > _MOST_BYTES:
            raise ApiError(413, f"The request body has {length} bytes; at most {_MOST_BYTES} fit.")
        return self.rfile.read(int(length))

    def _send(self, response: Response) -> None:
        # Not send_response: it adds Date and Server, which would differ between recordings.
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        if response.events is None:
            self._send_json(response.body)
        else:
            self._send_events(response.events)

    def _send_json(self, body: Mapping[str, Any]) -> None:
        data = json.dumps(body, separators=(",", ":")).encode()
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _send_events(self, events: Iterable[bytes]) -> None:
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
