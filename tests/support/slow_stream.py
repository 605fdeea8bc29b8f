"""A real HTTP server that sends its answers piece by piece, when it is told to."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT_SECONDS = 30.0
GATE_SECONDS = 60.0


def chat_events(*texts: str) -> list[bytes]:
    """A streamed chat completion of OpenAI's, one piece per event."""
    return [
        b"data: " + json.dumps(_chunk(text), separators=(",", ":")).encode() + b"\n\n"
        for text in texts
    ] + [b"data: [DONE]\n\n"]


def _chunk(text: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "scripted-1",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}],
    }


def message_events(*texts: str) -> list[bytes]:
    """A streamed message of Anthropic's, one piece per event."""
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 1},
    }
    block = {"type": "text", "text": ""}
    events = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": text},
            }
            for text in texts
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 5},
        },
        {"type": "message_stop"},
    ]
    return [f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in events]


@dataclass
class SlowServer:
    """What the server sends, and what it was asked.

    Attributes:
        pieces: The body's pieces, each sent as one chunk.
        headers: Response headers.
        delay_seconds: Waited before each piece but the first.
        gates: If given, each piece but the first waits until its gate is set; if that
            takes too long, the connection breaks.
        dies_after: After how many pieces the connection breaks; None for never.
        requests: Bodies of the requests.
        completed: How many answers were sent whole.
    """

    pieces: list[bytes]
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream"})
    delay_seconds: float = 0.0
    gates: list[threading.Event] = field(default_factory=list)
    dies_after: int | None = None
    requests: list[bytes] = field(default_factory=list)
    completed: int = 0
    port: int = 0

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/v1"

    def open_gates(self) -> None:
        """Let everything through."""
        for gate in self.gates:
            gate.set()


@contextmanager
def serving_slowly(*pieces: bytes, **options: Any) -> Iterator[SlowServer]:
    """Serve the pieces to every request while the block lasts."""
    slow = SlowServer(list(pieces), **options)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(slow))
    server.daemon_threads = True
    slow.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield slow
    finally:
        slow.open_gates()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(slow: SlowServer) -> type[socketserver.BaseRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            slow.requests.append(self.rfile.read(int(self.headers.get("content-length") or 0)))
            self.send_response(200)
            for name, value in slow.headers.items():
                self.send_header(name, value)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            try:
                self._send_pieces()
            except ConnectionError:
                self.close_connection = True

        do_GET = do_POST

        def _send_pieces(self) -> None:
            for number, piece in enumerate(slow.pieces):
                if number == slow.dies_after:
                    self.close_connection = True
                    return
                if number and slow.gates and not slow.gates[number - 1].wait(GATE_SECONDS):
                    self.close_connection = True
                    return
                if number:
                    time.sleep(slow.delay_seconds)
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
            slow.completed += 1

        def log_message(self, *arguments: Any) -> None:
            pass

    return Handler
