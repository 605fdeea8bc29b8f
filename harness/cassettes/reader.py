"""Reading cassette files, strictly: damage is reported with its line."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

import msgspec

from harness.cassettes.cassette import PARTIAL_SUFFIX, Cassette, Interaction
from harness.cassettes.format import (
    LINES,
    SCHEMA_VERSION,
    AnyRecord,
    CassetteHeader,
    EndRecord,
    InteractionRecord,
    ListRecord,
    PartRecord,
    RequestRecord,
    unfold,
)
from harness.cassettes.matching import Part, Request, Shape, part_of
from harness.cassettes.payload import check_payload, negative_count
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MARKER = f'{LINES}"'.encode()


def load_cassette(path: Path) -> Cassette:
    """Read a cassette.

    A file ending in ``.partial`` is a recording that was killed: its last,
    torn record is left out. Any other file must be complete.

    Raises:
        CassetteError: If it is missing, cut off, damaged or of another version.
    """
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise CassetteError(_unreadable(path, fault)) from None
    return _Reader(path, data).read()


def _unreadable(path: Path, fault: OSError) -> str:
    partial = path.with_name(path.name + PARTIAL_SUFFIX)
    if isinstance(fault, FileNotFoundError):
        left = f" A recording that was cut short is in {partial}." if partial.exists() else ""
        return f"{path}: there is no such cassette.{left} Record it with: harness record"
    return f"{path}: the cassette cannot be read: {fault.strerror or fault}."


@lru_cache(maxsize=1)
def _decoder() -> msgspec.json.Decoder[AnyRecord]:
    return msgspec.json.Decoder(AnyRecord)


class _Version(msgspec.Struct):
    """What of a header every version has."""

    kind: str
    schema_version: int


class _Torn(Exception):
    """The file ends inside a record."""


class _Reader:
    """Reads one cassette; keeps the parts and lists that later records refer to."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        self._lines = data.split(b"\n")
        # A whole file ends in a newline, so what follows the last one is torn.
        self._has_torn_line = bool(self._lines.pop())
        self._line = 0  # how many lines were read
        self._place = 1  # the line that a fault is reported with
        self._parts: dict[int, Part] = {}
        self._interactions: list[Interaction] = []
        self._end: EndRecord | None = None

    def read(self) -> Cassette:
        header = self._read_header()
        try:
            for record in self._records():
                self._take(record)
            if self._has_torn_line:
                raise _Torn
        except _Torn:
            self._place = len(self._lines) + self._has_torn_line
            self._refuse_unless_partial("the file ends in the middle of a record")
        if self._end is None:
            self._place = len(self._lines)
            self._refuse_unless_partial("the file stops before its last line, kind 'end'")
        return Cassette(self._path, header, tuple(self._interactions), self._end is not None)

    def _read_header(self) -> CassetteHeader:
        if not self._lines:
            self._fail("there is no complete first line, so this is not a cassette")
        line = self._lines[0]
        try:
            version = msgspec.json.decode(line, type=_Version)
        except (msgspec.MsgspecError, UnicodeError):
            self._fail("the first line is not the header of a cassette")
        if version.schema_version != SCHEMA_VERSION:
            self._fail(
                f"schema_version is {version.schema_version}; this release reads "
                f"{SCHEMA_VERSION}. Update the harness, or record the cassette again"
            )
        record = next(self._records())
        if not isinstance(record, CassetteHeader):
            self._fail(f"the first line must be a header, not {version.kind!r}")
        return record

    def _records(self) -> Iterator[AnyRecord]:
        while self._line < len(self._lines):
            line = self._lines[self._line]
            self._line += 1
            self._place = self._line
            if _MARKER in line:
                yield self._decode_folded(line)
            else:
                yield self._decode(line)

    def _decode(self, line: bytes) -> AnyRecord:
        try:
            return _decoder().decode(line)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as fault:
            self._fail(f"the line is not a cassette record: {fault}")

    def _decode_folded(self, line: bytes) -> AnyRecord:
        try:
            value = unfold(msgspec.json.decode(line), self._texts())
            record: AnyRecord = msgspec.convert(value, AnyRecord)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as fault:
            self._fail(f"the line is not a cassette record: {fault}")
        return record

    def _texts(self) -> Iterator[str]:
        """The lines of text that follow a record."""
        while self._line < len(self._lines):
            line = self._lines[self._line]
            self._line += 1
            try:
                yield msgspec.json.decode(line, type=str)
            except (msgspec.MsgspecError, UnicodeError) as fault:
                self._place = self._line
                self._fail(f"a line of a text was expected, a JSON string: {fault}")
        raise _Torn

    def _take(self, record: AnyRecord) -> None:
        if self._end is not None:
            self._fail("there is a record after the last line, kind 'end'")
        if isinstance(record, PartRecord):
            self._take_part(record)
        elif isinstance(record, InteractionRecord):
            self._take_interaction(record)
        elif isinstance(record, EndRecord):
            self._take_end(record)
        else:
            self._fail("there is a second header")

    def _take_part(self, record: PartRecord) -> None:
        if record.id in self._parts:
            self._fail(f"part {record.id} is defined twice")
        self._parts[record.id] = part_of(record.value)

    def _take_interaction(self, record: InteractionRecord) -> None:
        expected = len(self._interactions) + 1
        if record.number != expected:
            self._fail(f"interaction {record.number} stands where {expected} was expected")
        if not 0 <= record.latency_seconds < math.inf:
            self._fail(f"latency_seconds is {record.latency_seconds:g}; it cannot be below 0")
        if fault := negative_count(record.response.body):
            self._fail(f"the usage in the response counts {fault}; it cannot be below 0")
        interaction = Interaction(
            number=record.number,
            agent=record.agent,
            purpose=record.purpose,
            request=self._request(record.request),
            status=record.response.status,
            reason=record.response.reason,
            headers=record.response.headers,
            payload=record.response.body,
            latency_seconds=record.latency_seconds,
        )
        try:
            check_payload(record.response.body)
        except ValueError as fault:
            self._fail(f"the response body cannot be restored: {fault}")
        self._interactions.append(interaction)

    def _take_end(self, record: EndRecord) -> None:
        if record.interactions != len(self._interactions):
            self._fail(
                f"the cassette says it has {record.interactions} interactions, "
                f"but {len(self._interactions)} stand before"
            )
        self._end = record

    def _request(self, record: RequestRecord) -> Request:
        lists = {name: self._list(name, reference) for name, reference in record.lists.items()}
        shape = Shape(kind=record.kind, fields=record.fields, lists=lists)
        return Request(record.method, record.path, record.query, shape)

    def _list(self, name: str, reference: ListRecord) -> tuple[Part, ...]:
        earlier: tuple[Part, ...] = ()
        if reference.like:
            earlier = self._earlier(name, reference)
        try:
            added = [self._parts[number] for number in reference.add]
        except KeyError as missing:
            self._fail(f"{name} refers to part {missing}, which is not defined before")
        return (*earlier, *added)

    def _earlier(self, name: str, reference: ListRecord) -> tuple[Part, ...]:
        if not 1 <= reference.like <= len(self._interactions):
            self._fail(f"{name} continues interaction {reference.like}, which is not before")
        earlier = self._interactions[reference.like - 1].request.shape.lists.get(name, ())
        if len(earlier) < reference.keep:
            self._fail(
                f"{name} keeps {reference.keep} items of interaction {reference.like}, "
                f"which has {len(earlier)}"
            )
        return earlier[: reference.keep]

    def _refuse_unless_partial(self, what: str) -> None:
        if self._path.suffix != PARTIAL_SUFFIX:
            self._fail(f"{what}; it was cut off")

    def _fail(self, what: str) -> NoReturn:
        raise CassetteError(
            f"{self._path}:{self._place}: {what}. "
            "Restore the file, or record it again with: harness record --overwrite"
        )
