"""Which wire format a path means, and the reading of a response by it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from harness.cassettes.usage import anthropic, bedrock, cohere, gemini, ollama, openai
from harness.cassettes.usage.counts import MALFORMED, CallUsage, Response, name
from harness.cassettes.usage.framing import documents
from harness.pricing import provider_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from harness.cassettes.usage.counts import Headers, Reading

    Reader = Callable[[Iterable[bytes], str], Reading | None]

_NO_HEADERS: Headers = MappingProxyType({})

_BEDROCK = re.compile(
    r".*?/model/(.+)/(converse|converse-stream|invoke|invoke-with-response-stream)"
)
_GOOGLE = re.compile(r".*?/models/([^/]+):(\w+)")
_AZURE = re.compile(r".*?/openai/deployments/([^/]+)/.+")
_GOOGLE_READERS: Mapping[str, Reader] = {
    "generateContent": gemini.read,
    "streamGenerateContent": gemini.read,
    "embedContent": gemini.read,
    # Claude on Vertex AI.
    "rawPredict": anthropic.read,
    "streamRawPredict": anthropic.read,
}


@dataclass(frozen=True, slots=True)
class _Route:
    """What a path tells: the operation and its format, whose it is, the model."""

    operation: str
    reader: Reader | None
    provider: str = ""
    model: str = ""

    def read(self, response: Response) -> Reading | None:
        if self.reader is None:
            return bedrock.read(response)
        return self.reader(documents(response.content_type, response.content), self.operation)


def is_model_call(path: str) -> bool:
    """Whether a path is one that models are called at, in any of the known formats."""
    return _route(path) is not None


def usage_of(
    path: str,
    request_fields: Mapping[str, Any] | None,
    content_type: str,
    content: bytes,
    *,
    host: str = "",
    headers: Headers = _NO_HEADERS,
) -> CallUsage | None:
    """Read what a successful response says about the tokens it took.

    Args:
        path: Path of the request's URL, percent-encoded or not.
        request_fields: The request's JSON object, or its top level; it may name the model.
        content_type: The response's; bodies are recognised where it is not true.
        content: The response's body, content-encoding undone.
        host: Host of the request's URL, which tells apart the providers that share a
            format; "" if not known.
        headers: The response's; Bedrock counts some models' tokens only there.

    Returns:
        None if the path is not a model call's, or the response has no usage, or has
        usage that cannot be right. Nothing is guessed, and nothing is ever raised.
    """
    route = _route(path)
    if route is None:
        return None
    try:
        reading = route.read(Response(route.operation, content_type, content, headers))
    except MALFORMED:
        return None
    if reading is None:
        return None
    fields = request_fields if isinstance(request_fields, dict) else {}
    asked = name(fields.get("model")) or route.model
    return CallUsage(
        provider=reading.provider or provider_at(host) or route.provider,
        # Of Bedrock's two names for a model, prices go by the one in the path.
        model=(route.provider != "aws" and reading.model) or asked,
        usage=reading.usage,
        asked=asked,
        unpriced=reading.unpriced,
    )


@lru_cache(maxsize=1024)
def _route(path: str) -> _Route | None:
    path = unquote(path)
    if found := _BEDROCK.fullmatch(path):
        return _Route(found[2], None, "aws", found[1])
    if found := _GOOGLE.fullmatch(path):
        reader = _GOOGLE_READERS.get(found[2])
        return reader and _Route(found[2], reader, "google", found[1])
    parent, _, last = path.rpartition("/")
    if last in ("completions", "embeddings", "responses"):
        deployment = _AZURE.fullmatch(path)
        owner = ("azure", deployment[1]) if deployment else ("", "")
        return _Route(last, openai.read, *owner)
    if last == "messages":
        return _Route(last, anthropic.read, "anthropic")
    if last in ("chat", "generate", "embed"):
        if parent.endswith("/api"):
            return _Route(last, ollama.read, "ollama")
        if parent.endswith(("/v1", "/v2")):
            return _Route(last, cohere.read, "cohere")
    return None
