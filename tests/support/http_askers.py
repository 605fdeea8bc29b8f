"""Asking over HTTP with every blocking library, and a server that counts who got through."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from harness.cassettes import CassetteHeader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass
class CountingServer:
    """Echoes what it is asked, and keeps count.

    Attributes:
        url: Where it listens.
        asked: The texts it was asked, in order of arrival.
        ca_file: Certificate to trust; "" without TLS.
    """

    url: str
    ca_file: str = ""
    asked: list[str] = field(default_factory=list)


def header(url: str) -> CassetteHeader:
    """The first line of a recording of that server."""
    return CassetteHeader(recorded_at="2026-01-02T03:04:05+00:00", source="a test", base_url=url)


@contextmanager
def counting(certificate: Path | None = None) -> Iterator[CountingServer]:
    """Serve while the block lasts, with TLS if there is a certificate (with its key)."""
    counts = CountingServer("", str(certificate or ""))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            counts.asked.append(body["text"])
            answer = json.dumps({"reply": f"re: {body['text']}"}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *arguments: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *arguments: Any) -> None:
            pass  # a client that closes a kept connection is no news

    server = Server(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "https" if certificate else "http"
    counts.url = f"{scheme}://localhost:{server.server_address[1]}/ask"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield counts
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def make_certificate(folder: Path) -> Path:
    """A certificate for localhost, with its key, in one file; skips without openssl."""
    path = folder / "localhost.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    try:
        subprocess.run(
            [*command, *subject, "-keyout", path, "-out", folder / "cert.pem"],
            check=True,
            capture_output=True,
            timeout=60,
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed, so there is no certificate for a TLS server")
    path.write_bytes(path.read_bytes() + (folder / "cert.pem").read_bytes())
    return path


def asker(library: str, server: CountingServer) -> Callable[[str], str]:
    """A function that asks the server; skips where the library is missing."""
    ask: Callable[[str, bytes], bytes] = _ASKERS[library](server)
    return lambda text: json.loads(ask(server.url, json.dumps({"text": text}).encode()))["reply"]


def _context(server: CountingServer) -> ssl.SSLContext | None:
    return ssl.create_default_context(cafile=server.ca_file) if server.ca_file else None


def _urllib(server: CountingServer) -> Callable[[str, bytes], bytes]:
    import urllib.request

    def ask(url: str, body: bytes) -> bytes:
        request = urllib.request.Request(url, body)
        with urllib.request.urlopen(request, context=_context(server), timeout=30) as response:
            return response.read()

    return ask


def _http_client(server: CountingServer) -> Callable[[str, bytes], bytes]:
    import http.client
    from urllib.parse import urlsplit

    def ask(url: str, body: bytes) -> bytes:
        place = urlsplit(url)
        # Looked up at every call, as programs do.
        if server.ca_file:
            connection: Any = http.client.HTTPSConnection(
                place.netloc, context=_context(server), timeout=30
            )
        else:
            connection = http.client.HTTPConnection(place.netloc, timeout=30)
        connection.request("POST", place.path, body)
        answer = connection.getresponse().read()
        connection.close()
        return answer

    return ask


def _requests(server: CountingServer) -> Callable[[str, bytes], bytes]:
    requests = pytest.importorskip("requests")

    def ask(url: str, body: bytes) -> bytes:
        return requests.post(url, data=body, timeout=30, verify=server.ca_file or True).content

    return ask


def _requests_session(server: CountingServer) -> Callable[[str, bytes], bytes]:
    session = pytest.importorskip("requests").Session()
    verify = server.ca_file or True

    def ask(url: str, body: bytes) -> bytes:
        return session.post(url, data=body, timeout=30, verify=verify).content

    return ask


def _urllib3(server: CountingServer) -> Callable[[str, bytes], bytes]:
    urllib3 = pytest.importorskip("urllib3")

    def ask(url: str, body: bytes) -> bytes:
        with urllib3.PoolManager(ca_certs=server.ca_file or None) as pool:
            return pool.request("POST", url, body=body, timeout=30).data

    return ask


def _httplib2(server: CountingServer) -> Callable[[str, bytes], bytes]:
    httplib2 = pytest.importorskip("httplib2")

    def ask(url: str, body: bytes) -> bytes:
        http = httplib2.Http(ca_certs=server.ca_file or None, timeout=30)
        try:
            return http.request(url, "POST", body)[1]
        finally:
            http.close()

    return ask


def _botocore(server: CountingServer) -> Callable[[str, bytes], bytes]:
    pytest.importorskip("botocore")
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session

    def ask(url: str, body: bytes) -> bytes:
        session = URLLib3Session(verify=server.ca_file or True)
        request = AWSRequest("POST", url, data=body, headers={"content-length": str(len(body))})
        try:
            return session.send(request.prepare()).content
        finally:
            session.close()

    return ask


_ASKERS = {
    "urllib": _urllib,
    "http.client": _http_client,
    "requests": _requests,
    "requests.Session": _requests_session,
    "urllib3": _urllib3,
    "httplib2": _httplib2,
    "botocore": _botocore,
}
