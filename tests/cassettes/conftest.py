"""A real HTTP provider on loopback, and what the tests need to talk to it."""

from __future__ import annotations

import gzip
import json
import resource
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from harness.cassettes import CassetteHeader, recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY = "sk-test-0123456789abcdef0123456789abcdef"


@dataclass
class Answer:
    """What the provider sends back."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


def completion(text: str, **extra: Any) -> Answer:
    """A chat completion, written the way OpenAI's API writes it."""
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "scripted-1",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12},
        **extra,
    }
    return Answer(json.dumps(body, indent=2).encode())


def event_stream(*pieces: str) -> Answer:
    """A streamed chat completion, one event per piece."""
    chunks = [
        {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1700000000,
            "model": "scripted-1",
            "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}],
        }
        for piece in pieces
    ]
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return Answer(
        "".join([*lines, "data: [DONE]\n\n"]).encode(),
        headers={"content-type": "text/event-stream"},
    )


def compressed(answer: Answer) -> Answer:
    """The same answer, sent with gzip."""
    return Answer(
        gzip.compress(answer.body), answer.status, {**answer.headers, "content-encoding": "gzip"}
    )


class Provider:
    """A model provider: counts requests and answers them with `reply`."""

    def __init__(self) -> None:
        self.reply: Callable[[dict[str, Any], int], Answer] = echo
        self.requests: list[dict[str, Any]] = []
        self.port = 0
        self._lock = threading.Lock()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def answer(self, body: bytes) -> Answer:
        request = _parsed(body)
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
        return self.reply(request, number)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        return json.loads(body)
    except ValueError:
        return {}


def echo(request: dict[str, Any], number: int) -> Answer:
    """Answer with the newest message and the number of the request."""
    messages = request.get("messages") or [{"content": ""}]
    return completion(f"reply {number} to: {messages[-1]['content']}")


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            answer = provider.answer(body)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST

        def log_message(self, *arguments: Any) -> None:
            pass

    return Handler


@contextmanager
def serving() -> Iterator[Provider]:
    provider = Provider()
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


@pytest.fixture
def provider() -> Iterator[Provider]:
    with serving() as provider:
        yield provider


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sample.jsonl"


@dataclass
class Kit:
    """What tests build with; a fixture because test folders are no packages."""

    Answer = Answer
    key = KEY
    completion = staticmethod(completion)
    event_stream = staticmethod(event_stream)
    compressed = staticmethod(compressed)
    echo = staticmethod(echo)

    @staticmethod
    def header(provider: Provider | None = None, **fields: Any) -> CassetteHeader:
        usual = {
            "recorded_at": "2026-01-02T03:04:05+00:00",
            "source": "scripted provider",
            "base_url": provider.base_url if provider else "http://127.0.0.1:1/v1",
            "sample": "suite/case/brief-t0.2/1",
        }
        return CassetteHeader(**{**usual, **fields})

    @staticmethod
    def client(base_url: str, **options: Any) -> Any:
        import openai

        return openai.OpenAI(api_key=KEY, base_url=base_url, **options)

    @staticmethod
    def ask(client: Any, *texts: str, **options: Any) -> str:
        messages = [{"role": "user", "content": text} for text in texts]
        request = {"model": "scripted-1", "temperature": 0.2, "messages": messages, **options}
        return client.chat.completions.create(**request).choices[0].message.content

    def record(self, provider: Provider, path: Path, *conversations: tuple[str, ...]) -> list[str]:
        """Record one request per conversation; returns the replies."""
        with recording(path, self.header(provider)), self.client(provider.base_url) as client:
            return [self.ask(client, *texts) for texts in conversations]


@pytest.fixture
def kit() -> Kit:
    return Kit()


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Refuse to let a file grow beyond this many bytes, as a full disk does."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture
def file_size_limit() -> Callable[[int], Any]:
    return no_file_beyond
