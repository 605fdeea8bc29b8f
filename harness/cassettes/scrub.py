"""What of a request and a response is kept in a recording: the readable part without secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from harness.cassettes.format import CassetteHeader, Payload, ResponseRecord
from harness.cassettes.matching import Part, Request, Shape, part_of
from harness.cassettes.payload import decompressed, parse_json, payload_of, write_json
from harness.cassettes.redaction import (
    REQUEST_HEADERS,
    RESPONSE_HEADERS,
    Redactor,
    kept_headers,
)
from harness.cassettes.streams import is_event_stream, redact_events

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.cassettes.scope import Caller

_ORDINARY_HEADERS = {"accept": "application/json", "content-type": "application/json"}


class Scrubber:
    """Cleans what one recording writes; remembers parts it has cleaned."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._clean_parts: dict[str, Part] = {}

    def learn(self, headers: Mapping[str, str]) -> None:
        """Treat the credentials of a request as secret from now on.

        Args:
            headers: Request headers, names in lower case.
        """
        redactor = self._redactor.knowing(headers)
        if redactor is not self._redactor:
            self._redactor = redactor
            self._clean_parts.clear()

    def header(self, header: CassetteHeader) -> CassetteHeader:
        """The cassette's first line."""
        clean = self._redactor.data(msgspec.to_builtins(header))
        return msgspec.convert(clean, CassetteHeader)

    def caller(self, caller: Caller | None) -> tuple[str, str]:
        """Agent and purpose."""
        if caller is None:
            return "", ""
        return self._redactor.text(caller.agent), self._redactor.text(caller.purpose)

    def request_headers(self, headers: Mapping[str, str]) -> dict[str, list[str]]:
        """The request headers that are kept: few, and none that every request has."""
        unusual = {
            name: [value] for name, value in headers.items() if _ORDINARY_HEADERS.get(name) != value
        }
        return kept_headers(unusual, REQUEST_HEADERS, self._redactor)

    def request(self, request: Request) -> Request:
        """A request with its secrets replaced; the same one if it has none."""
        lists = {
            name: tuple(self._part(part) for part in parts)
            for name, parts in request.shape.lists.items()
        }
        fields = self._redactor.data(request.shape.fields)
        shape = Shape(kind=request.shape.kind, fields=fields, lists=lists)
        path = self._redactor.text(request.path)
        return Request(request.method, path, self._query(request.query), shape)

    def _query(self, query: str) -> str:
        # The leading "?" lets the shape of a keyed URL apply to the first pair.
        return self._redactor.text(f"?{query}")[1:]

    def _part(self, part: Part) -> Part:
        known = self._clean_parts.get(part.digest)
        if known is None:
            clean = self._redactor.data(part.value)
            known = part if clean == part.value else part_of(clean)
            self._clean_parts[part.digest] = known
        return known

    def response(
        self, status: int, reason: str, headers: Mapping[str, list[str]], body: bytes
    ) -> ResponseRecord:
        """A response, decompressed, with its secrets replaced and few of its headers."""
        lowered = {name.lower(): values for name, values in headers.items()}
        content = decompressed(body, ",".join(lowered.get("content-encoding", [])))
        kept = kept_headers(lowered, RESPONSE_HEADERS, self._redactor)
        if content is None:
            content = body
            if not _is_text(body):
                # Not decoded here and not by the client before us: let a replay's client do it.
                kept["content-encoding"] = lowered["content-encoding"]
        return ResponseRecord(
            status=status,
            reason=self._redactor.text(reason or ""),
            headers=kept,
            body=self._payload(content, ",".join(lowered.get("content-type", []))),
        )

    def _payload(self, content: bytes, content_type: str) -> Payload:
        if is_event_stream(content_type, content) and _is_text(content):
            return payload_of(redact_events(content.decode(), self._redactor).encode())
        value, style = parse_json(content)
        if value is msgspec.UNSET:
            return payload_of(self._redactor.content(content))
        clean = self._redactor.data(value)
        if not _is_same(clean, value):
            style = style or "spaced"
            return payload_of(write_json(clean, style), value=clean, style=style)
        return payload_of(content, value=value, style=style)


def _is_same(one: Any, other: Any) -> bool:
    return json.dumps(one) == json.dumps(other)


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
