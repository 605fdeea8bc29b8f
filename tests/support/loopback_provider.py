"""A provider on loopback that is nobody's script: it answers as any OpenAI-like server would."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyz"
Answer = tuple[int, str, bytes]


@dataclass
class LoopbackProvider:
    """Answers each request with `reply`; keeps what came."""

    reply: Callable[[dict[str, Any]], Answer]
    port: int = 0
    authorizations: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


def completion(text: str, model: str) -> Answer:
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
    }
    return 200, "application/json", json.dumps(body).encode()


def done(request: dict[str, Any]) -> Answer:
    """End the conversation at once."""
    return completion("All is done. TERMINATE", request["model"])


def refusing(status: int, message: str = "no") -> Callable[[dict[str, Any]], Answer]:
    body = json.dumps({"error": {"message": message}}).encode()
    return lambda request: (status, "application/json", body)


def _handler(provider: LoopbackProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            request = json.loads(self.rfile.read(length) or b"{}")
            provider.authorizations.append(self.headers.get("authorization") or "")
            provider.paths.append(self.path)
            self._send(*provider.reply(request))

        def do_GET(self) -> None:
            self._send(404, "application/json", b"{}")

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    return Handler


@contextmanager
def loopback_provider(
    reply: Callable[[dict[str, Any]], Answer] = done,
) -> Iterator[LoopbackProvider]:
    """Serve while the block runs."""
    provider = LoopbackProvider(reply)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    server.daemon_threads = True
    provider.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
