"""Version 1 of the cassette file: read by writing it as the present version.

It had no envelopes, header sets, replies or counts of lines. Request and
response stood whole in the interaction, and each text of several lines
followed its record, in the order of its markers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from harness.cassettes.encoder import Encoder
from harness.cassettes.folding import unfold
from harness.cassettes.format import CassetteHeader, Payload, ResponseRecord, encode_header
from harness.cassettes.matching import Part, Request, Shape, part_of
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _Torn(Exception):
    """The file ends inside a record."""


def upgraded(path: Path, data: bytes) -> bytes:
    """The content of a version 1 cassette as the present version.

    Args:
        path: What errors call it.
        data: Content of the file; a torn end stays torn.

    Raises:
        CassetteError: If it is damaged.
    """
    return _Upgrade(path, data).run()


class _Upgrade:
    """Reads version 1 and writes the present one."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        self._lines = data.split(b"\n")
        self._torn = self._lines.pop()
        self._line = 0
        self._encoder = Encoder()
        self._parts: dict[int, Part] = {}
        self._lists: dict[tuple[int, str], tuple[Part, ...]] = {}

    def run(self) -> bytes:
        out: list[bytes] = []
        place = 0
        try:
            while self._line < len(self._lines):
                place = self._line
                out.append(self._next())
        except (LookupError, TypeError, AttributeError, ValueError, RecursionError) as fault:
            self._fail(place + 1, fault)
        except _Torn:
            self._torn = b"{"
        return b"".join([*out, self._torn])

    def _next(self) -> bytes:
        record = self._decoded()
        kind = record.pop("kind")
        if kind == "header":
            if self._line > 1:
                raise ValueError("there is a second header")
            return encode_header(msgspec.convert({**record, "schema_version": 2}, CassetteHeader))
        value = self._whole(record)
        if kind == "part":
            if value["id"] in self._parts:
                raise ValueError(f"part {value['id']} is defined twice")
            self._parts[value["id"]] = part_of(value["value"])
            return b""
        if kind == "interaction":
            return self._interaction(value)
        if kind == "end":
            return msgspec.json.encode({"kind": kind, **value}) + b"\n"
        raise ValueError(f"there is no kind {kind!r}")

    def _decoded(self) -> dict[str, Any]:
        record: dict[str, Any] = msgspec.json.decode(self._lines[self._line], type=dict[str, Any])
        self._line += 1
        return record

    def _whole(self, record: dict[str, Any]) -> dict[str, Any]:
        value: dict[str, Any] = unfold(record, self._texts(), _no_reply)
        return value

    def _texts(self) -> Iterator[str]:
        while self._line < len(self._lines):
            line = self._lines[self._line]
            self._line += 1
            yield msgspec.json.decode(line, type=str)
        raise _Torn

    def _interaction(self, value: dict[str, Any]) -> bytes:
        number = self._encoder.interactions + 1
        if value["number"] != number:
            raise ValueError(f"interaction {value['number']} stands where {number} was expected")
        asked, answered = value["request"], value["response"]
        lists = {
            name: self._list(number, name, reference)
            for name, reference in asked.get("lists", {}).items()
        }
        shape = Shape(asked.get("kind", "json"), asked.get("fields"), lists)
        request = Request(asked["method"], asked["path"], asked.get("query", ""), shape)
        return self._encoder.encode(
            request,
            ResponseRecord(
                status=answered["status"],
                reason=answered.get("reason", ""),
                headers=answered.get("headers", {}),
                body=msgspec.convert(answered.get("body", {}), Payload),
            ),
            latency_seconds=value["latency_seconds"],
            caller=(value.get("agent", ""), value.get("purpose", "")),
            request_headers=asked.get("headers"),
        )

    def _list(self, number: int, name: str, reference: dict[str, Any]) -> tuple[Part, ...]:
        like, keep = reference.get("like", 0), reference.get("keep", 0)
        earlier = self._lists[like, name] if like else ()
        if not 0 <= keep <= len(earlier):
            raise ValueError(f"{name} keeps {keep} items of interaction {like}")
        added = [self._parts[part] for part in reference.get("add", ())]
        result = self._lists[number, name] = (*earlier[:keep], *added)
        return result

    def _fail(self, line: int, fault: Exception) -> NoReturn:
        what = f"{type(fault).__name__}: {fault}"
        raise CassetteError(
            f"{self._path}:{line}: the line is not a record of a version 1 cassette: {what}. "
            "Restore the file, or record it again with: harness record --overwrite"
        ) from None


def _no_reply(place: list[Any]) -> str:
    raise LookupError(f"version 1 has no $reply, but there is {place!r}")
