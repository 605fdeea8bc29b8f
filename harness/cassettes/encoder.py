"""From requests and responses to the records of a cassette, each thing stored once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from harness.cassettes.folding import Folder, texts_in
from harness.cassettes.format import (
    AnyRecord,
    Chunks,
    EndRecord,
    EnvelopeRecord,
    HeadersRecord,
    InteractionRecord,
    ListRecord,
    PartRecord,
    Payload,
    ResponseRecord,
)
from harness.cassettes.matching import address_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.cassettes.matching import Part, Request

_Place = list[int | str]


class _Node:
    """A beginning that some list has had: its items lead on to longer ones."""

    __slots__ = ("next", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.next: dict[int, _Node] = {}


class Encoder:
    """Encodes the interactions of one cassette in order; remembers what it has stored.

    Everything passed in must be free of secrets already.

    Args:
        base_url: The header's; requests to the same host need not name it again.
    """

    def __init__(self, base_url: str = "") -> None:
        self._origin = address_of("", base_url)[3]
        self._part_ids: dict[bytes, int] = {}
        self._envelope_ids: dict[bytes, int] = {}
        self._headers_ids: dict[bytes, int] = {}
        self._lists: dict[str, _Node] = {}
        self._said: dict[str, _Place] = {}
        self.interactions = 0

    def encode(  # noqa: PLR0913 - all but two are keyword-only
        self,
        request: Request,
        response: ResponseRecord,
        *,
        latency_seconds: float,
        caller: tuple[str, str] = ("", ""),
        request_headers: Mapping[str, list[str]] | None = None,
        cost_usd: float | None = None,
        before: int = 0,
    ) -> bytes:
        """The lines of one more interaction; see `CassetteWriter.write` for the arguments."""
        number = self.interactions + 1
        out: list[bytes] = []
        envelope = self._envelope(request, request_headers or {}, out)
        known = self._part_ids
        lists = {
            name: self._list(
                name, number, [known.get(part.digest) or self._part(part, out) for part in parts]
            )
            for name, parts in request.shape.lists.items()
        }
        headers = self._headers(response.headers, out)
        folder = Folder(self._said.get)
        body = _folded_payload(response.body, folder)
        record = InteractionRecord(
            number=number,
            agent=caller[0],
            purpose=caller[1],
            envelope=envelope,
            lists=lists,
            status=response.status,
            reason=response.reason,
            headers=headers,
            body=body,
            chunks=_rounded(response.chunks),
            latency_seconds=round(latency_seconds, 6),
            cost_usd=cost_usd,
            before=before,
            replies=tuple(folder.replies),
            lines=len(folder.lines),
        )
        out.append(_encoded(record, folder))
        self.interactions = number
        self._remember(number, response.body.json)
        return b"".join(out)

    def end(self) -> bytes:
        """The last line."""
        return _encoded(EndRecord(interactions=self.interactions), Folder())

    def _remember(self, number: int, value: Any) -> None:
        """Note the texts of a response, so that later requests quote them."""
        if value is not msgspec.UNSET:
            for text, path in texts_in(value):
                self._said.setdefault(text, [number, *path])

    def _part(self, part: Part, out: list[bytes]) -> int:
        """Store a part that is new; returns its number."""
        number = self._part_ids[part.digest] = len(self._part_ids) + 1
        folder = Folder(self._said.get)
        value = _raw(folder.fold(part.value))
        record = PartRecord(
            id=number, value=value, replies=tuple(folder.replies), lines=len(folder.lines)
        )
        out.append(_encoded(record, folder))
        return number

    def _envelope(
        self, request: Request, headers: Mapping[str, list[str]], out: list[bytes]
    ) -> int:
        shape = request.shape
        origin = "" if request.origin == self._origin else request.origin
        address = [request.method, request.path, request.query, origin, shape.kind]
        key = msgspec.json.encode([address, shape.fields, headers])
        known = self._envelope_ids.get(key)
        if known is None:
            known = self._envelope_ids[key] = len(self._envelope_ids) + 1
            folder = Folder(self._said.get)
            fields = _raw(folder.fold(shape.fields))
            record = EnvelopeRecord(
                id=known,
                method=request.method,
                path=request.path,
                query=request.query,
                origin=origin,
                body=shape.kind,
                fields=fields,
                headers=dict(headers),
                replies=tuple(folder.replies),
                lines=len(folder.lines),
            )
            out.append(_encoded(record, folder))
        return known

    def _headers(self, headers: Mapping[str, list[str]], out: list[bytes]) -> int:
        if not headers:
            return 0
        key = msgspec.json.encode(headers, order="deterministic")
        known = self._headers_ids.get(key)
        if known is None:
            known = self._headers_ids[key] = len(self._headers_ids) + 1
            out.append(_encoded(HeadersRecord(id=known, values=dict(headers)), Folder()))
        return known

    def _list(self, name: str, number: int, ids: Sequence[int]) -> ListRecord:
        """Refer to the first list that had the longest beginning in common."""
        node = self._lists.setdefault(name, _Node(0))
        keep = 0
        for part in ids:
            longer = node.next.get(part)
            if longer is None:
                break
            node = longer
            keep += 1
        like = node.number
        for part in ids[keep:]:
            node.next[part] = node = _Node(number)
        return ListRecord(like=like, keep=keep, add=tuple(ids[keep:]))


def _folded_payload(payload: Payload, folder: Folder) -> Payload:
    if payload.json is not msgspec.UNSET:
        return Payload(json=folder.fold(payload.json), style=payload.style)
    if payload.events is not msgspec.UNSET:
        folder.lines += [msgspec.json.encode(event) for event in payload.events]
        return Payload(events=len(payload.events), style=payload.style)
    if payload.text is not msgspec.UNSET:
        return Payload(text=folder.fold(payload.text))
    return payload


def _rounded(chunks: Chunks) -> Chunks:
    return tuple((size, round(seconds, 4)) for size, seconds in chunks)


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _encoded(record: AnyRecord, folder: Folder) -> bytes:
    return b"\n".join([msgspec.json.encode(record), *folder.lines, b""])
