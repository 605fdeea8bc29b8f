"""What of a request and a response is kept in a recording: the readable part without secrets."""

from __future__ import annotations

from operator import is_
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from harness.cassettes.bodies import clean_body, clean_form
from harness.cassettes.format import CassetteHeader, ResponseRecord
from harness.cassettes.matching import Part, Request, Shape, part_of, query_text
from harness.cassettes.multipart import with_fixed_parameter
from harness.cassettes.payload import decompressed, payload_of
from harness.cassettes.pieces import fitted
from harness.cassettes.placeholders import removed_from
from harness.cassettes.redaction import (
    MINIMUM_LENGTH,
    REQUEST_HEADERS,
    RESPONSE_HEADERS,
    Redactor,
    kept_headers,
)
from harness.cassettes.secret_shapes import is_keyed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.cassettes.format import Chunks, Removed
    from harness.cassettes.scope import Caller

_ORDINARY_HEADERS = {"accept": "application/json", "content-type": "application/json"}
# Paths, agents and header values are few and come again with every call.
_MOST_REMEMBERED = 10_000


class Scrubber:
    """Cleans what one recording writes; remembers parts it has cleaned.

    Args:
        redactor: Knows the secrets.
        is_raw: Whether nobody has cleaned its requests before, so that a placeholder in
            them is one that was asked.
    """

    def __init__(self, redactor: Redactor, *, is_raw: bool = False) -> None:
        self._redactor = redactor
        self._is_raw = is_raw
        self._clean_parts: dict[bytes, Part | None] = {}
        self._clean_texts: dict[str, str] = {}
        self._clean_fields: dict[bytes, Any] = {}

    def learn(self, headers: Mapping[str, str]) -> None:
        """Treat the credentials of a request as secret from now on.

        Args:
            headers: Request headers, names in lower case.
        """
        self._become(self._redactor.knowing(headers))

    def _become(self, redactor: Redactor) -> None:
        if redactor is not self._redactor:
            self._redactor = redactor
            self._clean_parts.clear()
            self._clean_texts.clear()
            self._clean_fields.clear()

    def header(self, header: CassetteHeader) -> CassetteHeader:
        """The cassette's first line."""
        # Not the numbers: they are the harness's own, and must stay numbers.
        texts = {
            name: self.text(value)
            for name, value in msgspec.structs.asdict(header).items()
            if isinstance(value, str)
        }
        ignored = tuple(map(self.text, header.ignored))
        facets = self._redactor.data(header.facets)
        left = header.artefacts
        artefacts = left and {self.text(path): digest for path, digest in left.items()}
        return msgspec.structs.replace(
            header, **texts, facets=facets, ignored=ignored, artefacts=artefacts
        )

    def caller(self, caller: Caller | None) -> tuple[str, str]:
        """Agent and purpose."""
        if caller is None:
            return "", ""
        return self.text(caller.agent), self.text(caller.purpose)

    def text(self, text: str) -> str:
        """A short text, such as a name or a path."""
        return self._remembered(text, self._redactor.text)

    def _remembered(self, text: str, clean: Callable[[str], str]) -> str:
        known = self._clean_texts.get(text)
        if known is None:
            known = clean(text)
            if len(self._clean_texts) < _MOST_REMEMBERED:
                self._clean_texts[text] = known
        return known

    def request_headers(self, headers: Mapping[str, str]) -> dict[str, list[str]]:
        """The request headers that are kept: few, and none that every request has."""
        unusual = {
            name: [with_fixed_parameter(value) if name == "content-type" else value]
            for name, value in headers.items()
            if _ORDINARY_HEADERS.get(name) != value
        }
        return self._headers(unusual, REQUEST_HEADERS)

    def _headers(
        self, headers: Mapping[str, list[str]], allowed: frozenset[str]
    ) -> dict[str, list[str]]:
        return kept_headers(headers, allowed, self)

    def request(self, request: Request) -> Request:
        """A request with its secrets replaced; the same one if it has none."""
        query = self._query(request.query)
        method, path, origin = map(self.text, (request.method, request.path, request.origin))
        shape = self._shape(request)
        address = (request.method, request.path, request.query, request.origin)
        is_same = (path, query) == address[1:3] and shape.fields is request.shape.fields
        removed: Removed = "nothing" if self._is_raw else request.removed
        if not is_same:
            clean = [path, query, shape.fields]
            raw = [request.path, request.query, request.shape.fields]
            removed = removed_from(clean, raw) if self._is_raw else "text"
        if shape is request.shape and (method, path, query, origin) == address:
            request.removed = removed
            return request
        cleaned = Request(method, path, query, shape, origin=origin, ignoring=request.ignoring)
        cleaned.removed = removed
        return cleaned

    def _shape(self, request: Request) -> Shape:
        shape, lists, is_clean = request.shape, {}, True
        for name, parts in shape.lists.items():
            clean = self._parts(name, parts, request)
            same = all(map(is_, clean, parts))
            key = self.text(name)
            is_clean = is_clean and same and key == name
            while key in lists:
                key += "[redacted]"
            lists[key] = parts if same else tuple(clean)
        fields = self._fields(shape)
        if is_clean and fields is shape.fields:
            return shape
        return Shape(kind=shape.kind, fields=fields, lists=lists)

    def _fields(self, shape: Shape) -> Any:
        if isinstance(shape.fields, str):
            is_form = shape.kind == "text"
            return clean_form(shape.fields, self._redactor) if is_form else self._plain(shape)
        if not shape.fields:
            return shape.fields
        try:
            spelled = msgspec.json.encode(shape.fields)
        except UnicodeEncodeError:
            return self._redactor.data(shape.fields)
        known = self._clean_fields.get(spelled, msgspec.UNSET)
        if known is msgspec.UNSET:
            clean = self._redactor.data(shape.fields, spelled.decode())
            # None stands for "as it is".
            known = None if clean is shape.fields or clean == shape.fields else clean
            if len(self._clean_fields) < _MOST_REMEMBERED:
                self._clean_fields[spelled] = known
        return shape.fields if known is None else known

    def _plain(self, shape: Shape) -> str:
        return self._redactor.text(str(shape.fields))

    def _query(self, query: str) -> str:
        if not query:
            return query
        pairs = parse_qsl(query, keep_blank_values=True)
        keyed = [value for name, value in pairs if is_keyed(name) and len(value) >= MINIMUM_LENGTH]
        # A key in the URL, as Google's API takes it, may come back in an answer.
        self._become(self._redactor.knowing_values(keyed))
        return self._remembered(f"?{query}", self._clean_query)[1:]

    def _clean_query(self, query: str) -> str:
        pairs = parse_qsl(query[1:], keep_blank_values=True)
        clean = [self._redactor.pair(*pair) for pair in pairs]
        return query if clean == pairs else f"?{query_text(clean)}"

    def _parts(self, name: str, parts: Sequence[Part], request: Request) -> Sequence[Part]:
        if request.ignoring:
            return [self._part(name, part, request) for part in parts]
        known = self._clean_parts
        # Asked here as well, as most of a conversation has been said before and was clean.
        return [
            part if known.get(part.digest, part) is None else self._part(name, part, request)
            for part in parts
        ]

    def _part(self, name: str, part: Part, request: Request) -> Part:
        # Parts that differ in what is ignored have one digest, but not one text.
        digest = part_of(part.value).digest if request.ignoring else part.digest
        known = self._clean_parts.get(digest, part)
        if known is not part:
            # None stands for "as it is": the same part comes anew with every request.
            return known or part
        clean = self._redactor.data(part.value)
        same = clean is part.value or clean == part.value
        cleaned = None if same else part_of(clean, name, request.ignoring)
        if self._is_raw and (cleaned or part).is_masked:
            one = cleaned or part
            removed = removed_from(one.value, part.value) if cleaned else "nothing"
            is_masked = removed != "nothing"
            cleaned = Part(one.value, one.digest, is_masked=is_masked, removed=removed)
        self._clean_parts[digest] = cleaned
        return cleaned or part

    def response(
        self,
        status: int,
        reason: str,
        headers: Mapping[str, list[str]],
        body: bytes,
        chunks: Chunks = (),
    ) -> ResponseRecord:
        """A response, decompressed, with its secrets replaced and few of its headers.

        Args:
            status: HTTP status code.
            reason: HTTP reason phrase.
            headers: As received.
            body: As received.
            chunks: Size in bytes, and seconds since the request, of each piece of the body.
        """
        lowered = {name.lower(): values for name, values in headers.items()}
        encodings = ",".join(lowered.get("content-encoding", []))
        content = decompressed(body, encodings)
        kept = self._headers(lowered, RESPONSE_HEADERS)
        if content is None:
            content = body
            if not _is_text(body):
                # Not decoded here and not by the client before us: let a replay's client do it.
                kept["content-encoding"] = lowered["content-encoding"]
        clean = clean_body(content, ",".join(lowered.get("content-type", [])), self._redactor)
        return ResponseRecord(
            status=status,
            reason=self.text(reason or ""),
            headers=kept,
            body=payload_of(clean),
            chunks=fitted(chunks, body, content, clean, encodings),
        )


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
