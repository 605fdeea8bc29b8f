"""Conversations for benchmarks, the same in every run.

Messages are several lines of prose and code, about 400 characters, as agents write; a request
with 20 turns behind it has about 16 kB. Headers are those that a real openai client and
api.openai.com send.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

URL = "https://api.openai.com/v1/chat/completions"
BASE_URL = "https://api.openai.com/v1"
MODEL = "gpt-4o-mini"
TEMPERATURE = 0.2
TURNS = 20
API_KEY = "sk-proj-b3nchm4rkb3nchm4rkb3nchm4rkb3nchm4rk"

_SUBJECTS = [
    "the parser",
    "the cache",
    "this handler",
    "our retry loop",
    "the schema",
    "the worker pool",
]
_VERBS = ["drops", "reorders", "duplicates", "swallows", "delays", "rewrites"]
_OBJECTS = [
    "empty rows",
    "late events",
    "the second header",
    "timeouts",
    "the last batch",
    "unknown keys",
]
_ENDINGS = (
    "when the input is longer than one page",
    "as soon as two callers ask at once",
    "unless the flag is set beforehand",
    "because the lock is taken too late",
    "after the first failure, which the log does not show",
    "so the totals no longer add up",
    "although the tests pass",
    "on every other run",
)
_NAMES = ["rows", "events", "pages", "totals", "batch", "reply", "window", "pending"]


@dataclass(frozen=True)
class Exchange:
    """A request body with the response to it.

    Attributes:
        number: Position in the cassette, from 1.
        messages: The messages of the request.
        request: Body of the request, as the openai client writes it.
        response: Body of the response, as api.openai.com writes it.
    """

    number: int
    messages: tuple[dict[str, str], ...]
    request: bytes
    response: bytes

    @property
    def request_headers(self) -> dict[str, str]:
        """What the openai client sends, but for the credentials."""
        return {**_REQUEST_HEADERS, "content-length": str(len(self.request))}

    @property
    def response_headers(self) -> list[tuple[str, str]]:
        """What api.openai.com sends."""
        changing = random.Random(self.number)
        request_id = f"{changing.getrandbits(128):032x}"
        return [
            ("Date", f"Thu, 12 Feb 2026 19:{self.number // 60 % 60:02}:{self.number % 60:02} GMT"),
            ("Content-Type", "application/json"),
            ("Transfer-Encoding", "chunked"),
            ("Connection", "keep-alive"),
            ("CF-RAY", f"{changing.getrandbits(64):016x}-AMS"),
            ("Server", "cloudflare"),
            ("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload"),
            ("X-Content-Type-Options", "nosniff"),
            ("access-control-expose-headers", "X-Request-ID"),
            ("alt-svc", 'h3=":443"; ma=86400'),
            ("cf-cache-status", "DYNAMIC"),
            ("openai-organization", "user-0123456789abcdef"),
            ("openai-processing-ms", str(changing.randint(400, 9000))),
            ("openai-project", "proj_0123456789abcdef"),
            ("openai-version", "2020-10-01"),
            ("x-envoy-upstream-service-time", str(changing.randint(400, 9000))),
            ("x-openai-proxy-wasm", "v0.1"),
            ("x-ratelimit-limit-requests", "30000"),
            ("x-ratelimit-limit-tokens", "150000000"),
            ("x-ratelimit-remaining-requests", "29999"),
            ("x-ratelimit-remaining-tokens", str(150000000 - changing.randint(100, 9000))),
            ("x-ratelimit-reset-requests", "2ms"),
            ("x-ratelimit-reset-tokens", "0s"),
            ("x-request-id", f"req_{request_id}"),
        ]


_REQUEST_HEADERS = {
    "host": "api.openai.com",
    "accept": "application/json",
    "accept-encoding": "gzip, deflate",
    "connection": "keep-alive",
    "content-type": "application/json",
    "user-agent": "OpenAI/Python 3.52.0",
    "x-stainless-arch": "x64",
    "x-stainless-async": "false",
    "x-stainless-lang": "python",
    "x-stainless-os": "Linux",
    "x-stainless-package-version": "3.52.0",
    "x-stainless-read-timeout": "600",
    "x-stainless-retry-count": "0",
    "x-stainless-runtime": "CPython",
    "x-stainless-runtime-version": "3.11.7",
}


def teams(size: int) -> Iterator[Exchange]:
    """Chats of 20 turns, all under way at once, taking turns.

    Args:
        size: Interactions in all, a multiple of 20; below that, one shorter chat.
    """
    turns = min(TURNS, size)
    return _exchanges([_chat(number, turns) for number in range(size // turns)])


def growing_chat(size: int) -> Iterator[Exchange]:
    """One chat, each request of which holds all that was said before.

    Args:
        size: Interactions in all.
    """
    return _exchanges([_chat(0, size)])


def _exchanges(chats: list[Iterator[tuple[tuple[dict[str, str], ...], str]]]) -> Iterator[Exchange]:
    number = 0
    for turn in zip(*chats, strict=True):
        for messages, reply in turn:
            number += 1
            yield Exchange(number, messages, _request(messages), _response(number, messages, reply))


def _chat(number: int, turns: int) -> Iterator[tuple[tuple[dict[str, str], ...], str]]:
    """The messages of each request of a chat, with the reply to it."""
    chance = random.Random(number)
    said = [{"role": "system", "content": f"You are agent {number}.\n{_text(chance)}"}]
    for turn in range(1, turns + 1):
        said.append({"role": "user", "content": f"Step {turn}: {_text(chance)}"})
        reply = f"On step {turn}: {_text(chance)}"
        yield tuple(said), reply
        said.append({"role": "assistant", "content": reply})


def _text(chance: random.Random) -> str:
    """Prose of a few sentences, a few lines of code, and a closing sentence."""
    name, other = chance.sample(_NAMES, 2)
    limit = chance.randint(2, 999)
    code = (
        f"```python\nfor index, item in enumerate({name}):\n"
        f"    if item.size > {limit}:\n        {other}.append((index, item))\n```"
    )
    return f"{_prose(chance, 2)}\n\n{code}\n\n{_prose(chance, 2)}"


def _prose(chance: random.Random, sentences: int) -> str:
    return " ".join(
        f"{chance.choice(_SUBJECTS).capitalize()} {chance.choice(_VERBS)} "
        f"{chance.choice(_OBJECTS)} {chance.choice(_ENDINGS)}."
        for _ in range(sentences)
    )


def _request(messages: Sequence[dict[str, str]]) -> bytes:
    body = {"messages": messages, "model": MODEL, "temperature": TEMPERATURE}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _response(number: int, messages: Sequence[dict[str, str]], reply: str) -> bytes:
    asked = sum(len(message["content"]) for message in messages) // 4
    answered = len(reply) // 4
    body = {
        "id": f"chatcmpl-{random.Random(-number).getrandbits(112):028x}",
        "object": "chat.completion",
        "created": 1770924549 + number,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": reply,
                    "refusal": None,
                    "annotations": [],
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": asked,
            "completion_tokens": answered,
            "total_tokens": asked + answered,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        },
        "service_tier": "default",
        "system_fingerprint": "fp_f4ae844694",
    }
    return f"{json.dumps(body, indent=2, ensure_ascii=False)}\n".encode()
