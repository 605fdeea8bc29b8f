"""Reading cassette files, strictly: damage is reported with its line.

All lines are decoded in one go, and every number that a record refers to is
checked. Requests and texts stay folded until somebody asks for them.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from harness.cassettes.cassette import PARTIAL_SUFFIX, Cassette, Interaction, partial_path
from harness.cassettes.format import (
    SCHEMA_VERSION,
    AnyLine,
    CassetteHeader,
    EndRecord,
    EnvelopeRecord,
    HeadersRecord,
    InteractionRecord,
    ListRecord,
    PartRecord,
)
from harness.cassettes.ignoring import Ignoring
from harness.cassettes.payload import check_payload, negative_count
from harness.cassettes.placeholders import has_placeholder
from harness.cassettes.tape import Tape
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_FIRST_VERSION = 1
_TEXT_TYPES = {str}


def load_cassette(path: Path, *, ignored: Sequence[str] | None = None) -> Cassette:
    """Read a cassette.

    A file with ``.partial`` in the end of its name is a recording that was killed: its
    last, torn record is left out. Any other file must be complete.

    Args:
        path: The file.
        ignored: Rules for what matching overlooks, in place of those in the header.

    Raises:
        CassetteError: If it is missing, cut off, damaged or of another version.
    """
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise CassetteError(_unreadable(path, fault)) from None
    except MemoryError:
        raise CassetteError(f"{path}: the cassette does not fit into memory.") from None
    return read_cassette(path, data, ignored=ignored)


def read_cassette(path: Path, data: bytes, *, ignored: Sequence[str] | None = None) -> Cassette:
    """Read a cassette that is in memory; see `load_cassette`.

    Args:
        path: What errors call it.
        data: Content of the file.
        ignored: See `load_cassette`.
    """
    if _version(path, data) == _FIRST_VERSION:
        from harness.cassettes.version1 import upgraded

        data = upgraded(path, data)
    return _Reader(path, data, ignored).read()


def _unreadable(path: Path, fault: OSError) -> str:
    partial = partial_path(path)
    if isinstance(fault, FileNotFoundError):
        left = (
            f" A recording that was cut short is in {partial}; go on with it: "
            "harness record --update."
            if partial.exists()
            else ""
        )
        return f"{path}: there is no such cassette.{left} Record it with: harness record"
    return f"{path}: the cassette cannot be read: {fault.strerror or fault}."


@lru_cache(maxsize=1)
def _decoder() -> msgspec.json.Decoder[AnyLine]:
    return msgspec.json.Decoder(AnyLine)


class _Version(msgspec.Struct):
    """What of a header every version has."""

    kind: str
    schema_version: int


def _version(path: Path, data: bytes) -> int:
    end = data.find(b"\n")
    if end < 0:
        _fail(path, 1, "there is no complete first line, so this is not a cassette")
    try:
        version = msgspec.json.decode(data[:end], type=_Version)
    except (msgspec.MsgspecError, UnicodeError):
        _fail(path, 1, "the first line is not the header of a cassette")
    if version.kind != "header":
        _fail(path, 1, "the first line is not the header of a cassette")
    if version.schema_version not in (_FIRST_VERSION, SCHEMA_VERSION):
        _fail(
            path,
            1,
            f"schema_version is {version.schema_version}; this release reads {_FIRST_VERSION} "
            f"and {SCHEMA_VERSION}. Update the harness, or record the cassette again",
        )
    return version.schema_version


class _Reader:
    """Reads one cassette; a record's own lines are `_texts`, its place `_line`."""

    def __init__(self, path: Path, data: bytes, ignored: Sequence[str] | None) -> None:
        self._path = path
        # A whole file ends in a newline, so what follows the last one is torn.
        whole = data.rfind(b"\n") + 1
        self._is_torn = whole < len(data)
        self._lines = self._decoded(data[:whole] if self._is_torn else data)
        header = self._lines[0]
        if not isinstance(header, CassetteHeader):
            _fail(path, 1, "the first line is not the header of a cassette")
        self._header = header
        self._tape = Tape(path, self._ignoring(ignored), has_masks=has_placeholder(data))
        self._line = 1
        self._end: EndRecord | None = None
        self._interactions: list[Interaction] = []

    def _ignoring(self, rules: Sequence[str] | None) -> Ignoring:
        try:
            return Ignoring(self._header.ignored if rules is None else rules)
        except CassetteError as fault:
            _fail(self._path, 1, str(fault).rstrip("."))

    def _decoded(self, data: bytes) -> list[Any]:
        try:
            lines: list[Any] = _decoder().decode_lines(data)
            return lines
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            self._fail_at_bad_line(data)

    def _fail_at_bad_line(self, data: bytes) -> NoReturn:
        for number, line in enumerate(data.split(b"\n"), 1):
            try:
                _decoder().decode(line)
            except (msgspec.MsgspecError, UnicodeError, RecursionError) as fault:
                _fail(self._path, number, f"the line is not a cassette record: {fault}")
        _fail(self._path, 1, "the file is not a cassette")

    def read(self) -> Cassette:
        place, lines, count = 1, self._lines, len(self._lines)
        while place < count:
            record = lines[place]
            self._line = place + 1
            texts: Any = ()
            place += 1
            wanted = getattr(record, "lines", 0)
            if wanted:
                texts = lines[place : place + wanted]
                if not self._are_texts(record, texts, wanted):
                    break
                place += wanted
            self._take(record, texts)
        if self._is_torn:
            self._line = count + 1
            self._refuse_unless_partial("the file ends in the middle of a record")
        if self._end is None:
            self._line = count
            self._refuse_unless_partial("the file stops before its last line, kind 'end'")
        return Cassette(self._path, self._header, tuple(self._interactions), self._end is not None)

    def _are_texts(self, record: Any, texts: list[Any], wanted: int) -> bool:
        """Whether the lines of a record are there; False if the file ends within them."""
        kinds = set(map(type, texts))
        if kinds != _TEXT_TYPES:
            has_events = isinstance(record, InteractionRecord) and isinstance(
                record.body.events, int
            )
            for number, text in enumerate(texts):
                if not isinstance(text, str) and not (has_events and isinstance(text, list)):
                    self._line += number + 1
                    self._fail("a line of a text was expected, a JSON string")
        if len(texts) == wanted:
            return True
        self._is_torn = True
        return False

    def _take(self, record: Any, texts: Any) -> None:
        if self._end is not None:
            self._fail("there is a record after the last line, kind 'end'")
        if isinstance(record, PartRecord):
            self._take_numbered(record, "part", self._tape.parts, texts)
        elif isinstance(record, InteractionRecord):
            self._take_interaction(record, texts)
        elif isinstance(record, EnvelopeRecord):
            self._take_numbered(record, "envelope", self._tape.envelopes, texts)
        elif isinstance(record, HeadersRecord):
            self._refuse_twice("header set", record.id, self._tape.headers)
            self._check_names(record.values)
            self._tape.headers[record.id] = record.values
        elif isinstance(record, EndRecord):
            self._take_end(record)
        elif isinstance(record, CassetteHeader):
            self._fail("there is a second header")
        else:
            self._fail("a record was expected, and this is a line of a text")

    def _take_numbered(
        self, record: PartRecord | EnvelopeRecord, name: str, known: dict[int, Any], texts: Any
    ) -> None:
        if record.id in known:
            self._refuse_twice(name, record.id, known)
        if record.replies:
            self._check_replies(record.replies)
        known[record.id] = (record, texts, self._line)

    def _refuse_twice(self, name: str, number: int, known: dict[int, Any]) -> None:
        if number in known:
            self._fail(f"{name} {number} is defined twice")

    def _check_names(self, headers: dict[str, list[str]]) -> None:
        for name in headers:
            if not name.isascii():
                self._fail(f"{name!r} cannot be the name of a header, which is ASCII")

    def _check_replies(self, replies: tuple[int, ...]) -> None:
        for number in replies:
            if not 1 <= number <= len(self._interactions):
                self._fail(f"it quotes interaction {number}, which is not before")

    def _take_interaction(self, record: InteractionRecord, texts: Any) -> None:
        expected = len(self._interactions) + 1
        if record.number != expected:
            self._fail(f"interaction {record.number} stands where {expected} was expected")
        if not 0 <= record.latency_seconds < math.inf:
            self._fail(f"latency_seconds is {record.latency_seconds:g}; it cannot be below 0")
        if record.envelope not in self._tape.envelopes:
            self._fail(f"it refers to envelope {record.envelope}, which is not defined before")
        if record.headers not in self._tape.headers:
            self._fail(f"it refers to header set {record.headers}, which is not defined before")
        if record.replies:
            self._check_replies(record.replies)
        for name, reference in record.lists.items():
            self._check_list(record.number, name, reference)
        self._check_body(record)
        self._tape.entries.append((record, texts, self._line))
        self._interactions.append(Interaction(self._tape, record))

    def _check_body(self, record: InteractionRecord) -> None:
        body = record.body
        if body.json is not msgspec.UNSET and (fault := negative_count(body)):
            self._fail(f"the usage in the response counts {fault}; it cannot be below 0")
        if not 0 <= (record.cost_usd or 0) < math.inf:
            self._fail(f"cost_usd is {record.cost_usd}; it cannot be below 0")
        try:
            check_payload(body)
        except ValueError as fault:
            self._fail(f"the response body cannot be restored: {fault}")
        if body.events is not msgspec.UNSET and body.events != record.lines:
            self._fail(f"the response has {body.events} events, but {record.lines} lines follow")

    def _check_list(self, number: int, name: str, reference: ListRecord) -> None:
        lengths, keep = self._tape.lengths, reference.keep
        if keep or reference.like:
            if not 1 <= reference.like <= len(self._interactions):
                self._fail(f"{name} continues interaction {reference.like}, which is not before")
            length = lengths.get((reference.like, name), 0)
            if not 0 <= keep <= length:
                self._fail(
                    f"{name} keeps {keep} items of interaction {reference.like}, which has {length}"
                )
        parts = self._tape.parts
        for added in reference.add:
            if added not in parts:
                self._fail(f"{name} refers to part {added}, which is not defined before")
        lengths[number, name] = keep + len(reference.add)

    def _take_end(self, record: EndRecord) -> None:
        if record.interactions != len(self._interactions):
            self._fail(
                f"the cassette says it has {record.interactions} interactions, "
                f"but {len(self._interactions)} stand before"
            )
        self._end = record

    def _refuse_unless_partial(self, what: str) -> None:
        if PARTIAL_SUFFIX not in self._path.suffixes:
            self._fail(f"{what}; it was cut off")

    def _fail(self, what: str) -> NoReturn:
        _fail(self._path, self._line, what)


def _fail(path: Path, line: int, what: str) -> NoReturn:
    raise CassetteError(
        f"{path}:{line}: {what}. "
        "Restore the file, or record it again with: harness record --overwrite"
    )
