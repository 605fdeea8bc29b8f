"""What stands behind the interactions of a cassette: records, decoded when somebody asks."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from harness.cassettes.folding import text_at, unfold
from harness.cassettes.format import Payload
from harness.cassettes.matching import Part, Request, Shape, head_of, key_of, part_of
from harness.cassettes.multipart import with_fixed_boundary
from harness.cassettes.payload import UNWRITABLE, bad_event, content_of
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.cassettes.format import EnvelopeRecord, InteractionRecord, ListRecord, PartRecord
    from harness.cassettes.ignoring import Ignoring

# Lines that belong to a record: texts, and events as lists.
Lines = list[Any]
_DIGEST_BYTES = 16


class _Envelope:
    """A decoded envelope."""

    __slots__ = ("fields", "has_room", "head", "record")

    def __init__(self, record: EnvelopeRecord, fields: Any, ignoring: Ignoring) -> None:
        self.record = record
        self.fields = fields
        # Lists belong into a JSON object.
        self.has_room = record.body == "json" and (fields is None or isinstance(fields, dict))
        shape = Shape(record.body, fields)
        self.head = head_of((record.method, record.path, record.query), shape, ignoring)


class Tape:
    """The records of one cassette by number, each with its lines and its place in the file.

    Attributes:
        path: The file.
        ignoring: What the keys of its requests overlook.
        has_masks: Whether the placeholder of a removed secret occurs anywhere.
        parts: Parts by number.
        envelopes: Envelopes by number.
        headers: Response headers by number.
        entries: Interactions, in order.
        lengths: How many items a list of an interaction has, by number and name.
    """

    def __init__(self, path: Path, ignoring: Ignoring, *, has_masks: bool) -> None:
        self.path = path
        self.ignoring = ignoring
        self.has_masks = has_masks
        self.parts: dict[int, tuple[PartRecord, Lines, int]] = {}
        self.envelopes: dict[int, tuple[EnvelopeRecord, Lines, int]] = {}
        self.headers: dict[int, Mapping[str, list[str]]] = {0: {}}
        self.entries: list[tuple[InteractionRecord, Lines, int]] = []
        self.lengths: dict[tuple[int, str], int] = {}
        self._parts: dict[tuple[int, str], Part] = {}
        self._envelopes: dict[int, _Envelope] = {}
        self._hashers: dict[tuple[int, str], Any] = {}
        self._payloads: dict[int, Payload] = {}

    def request(self, number: int) -> Request:
        """The request of an interaction; its body is taken apart when somebody asks."""
        head = self._envelope(self.entries[number - 1][0].envelope).record
        request = Request(
            head.method,
            head.path,
            head.query,
            lambda: self._shape(number),
            origin=head.origin,
            ignoring=self.ignoring,
            digest=self.key(number),
        )
        request.removed = head.removed
        return request

    def key(self, number: int) -> bytes:
        """The key of an interaction's request."""
        record = self.entries[number - 1][0]
        envelope = self._envelope_of(number)
        lists = {name: self._hasher(number, name).digest() for name in record.lists}
        return key_of(envelope.head, lists, self.ignoring)

    def payload(self, number: int) -> Payload:
        """The response body of an interaction, its texts put back."""
        known = self._payloads.get(number)
        if known is None:
            record, lines, line = self.entries[number - 1]
            known = self._payloads[number] = self._unfolded_payload(record.body, lines, line)
        return known

    def content(self, number: int) -> bytes:
        """The response body of an interaction as bytes."""
        payload = self.payload(number)
        try:
            return content_of(payload)
        except UNWRITABLE as fault:
            what = str(fault)
        record, lines, line = self.entries[number - 1]
        if record.body.events is not msgspec.UNSET:
            line += bad_event(lines, record.body.style)
        self.fail(line, f"the response body cannot be restored: {what}")

    def _unfolded_payload(self, body: Payload, lines: Lines, line: int) -> Payload:
        if body.json is not msgspec.UNSET:
            return Payload(json=self._unfolded(body.json, lines, line), style=body.style)
        if body.events is not msgspec.UNSET:
            return Payload(events=lines, style=body.style)
        if body.text is not msgspec.UNSET:
            text = self._unfolded(body.text, lines, line)
            if not isinstance(text, str):
                self.fail(line, "the text of the response is neither a string nor lines")
            return Payload(text=text)
        return body

    def _envelope(self, number: int) -> _Envelope:
        known = self._envelopes.get(number)
        if known is None:
            record, lines, line = self.envelopes[number]
            fields = self._unfolded(self._decoded(record.fields, line), lines, line)
            if record.body != "json":
                self._check_opaque(record.body, fields, line)
                encoding = "latin-1" if record.body == "bytes" else "utf-8"
                body = fields.encode(encoding, "surrogatepass")
                fields = with_fixed_boundary(body).decode(encoding, "surrogatepass")
            known = self._envelopes[number] = _Envelope(record, fields, self.ignoring)
        return known

    def _check_opaque(self, kind: str, fields: Any, line: int) -> None:
        is_whole = isinstance(fields, str)
        if not is_whole or (kind == "bytes" and max(fields, default="") > "\xff"):
            what = "a string" if kind == "text" else "a string with one character per byte"
            self.fail(line, f"the fields of a request whose body is {kind} must be {what}")

    def _envelope_of(self, number: int) -> _Envelope:
        record, _, line = self.entries[number - 1]
        envelope = self._envelope(record.envelope)
        if record.lists and not envelope.has_room:
            self.fail(
                line, f"it has lists, but the body of envelope {record.envelope} is no object"
            )
        return envelope

    def _shape(self, number: int) -> Shape:
        record = self.entries[number - 1][0]
        envelope = self._envelope_of(number)
        lists = {
            name: tuple([self._part(part, name) for part in self._ids(number, name)])
            for name in record.lists
        }
        return Shape(envelope.record.body, envelope.fields, lists)

    def _part(self, number: int, name: str) -> Part:
        known = self._parts.get((number, name))
        if known is None:
            record, lines, line = self.parts[number]
            value = self._unfolded(self._decoded(record.value, line), lines, line)
            known = part_of(value, name, self.ignoring)
            if known.is_masked and record.removed != "text":
                is_masked = record.removed != "nothing"
                known = Part(value, known.digest, is_masked=is_masked, removed=record.removed)
            self._parts[number, name] = known
        return known

    def _list(self, number: int, name: str) -> ListRecord:
        return self.entries[number - 1][0].lists[name]

    def _ids(self, number: int, name: str) -> list[int]:
        """The parts of a list, gathered from the lists it continues, newest first."""
        reference = self._list(number, name)
        pieces, needed = [reference.add], reference.keep
        while needed:
            reference = self._list(reference.like, name)
            pieces.append(reference.add[: max(needed - reference.keep, 0)])
            needed = min(needed, reference.keep)
        return [number for piece in reversed(pieces) for number in piece]

    def _hasher(self, number: int, name: str) -> Any:
        """A hash of the digests of a list's parts, made from that of the list it continues."""
        todo = []
        hasher = None
        while hasher is None:
            hasher = self._hashers.get((number, name))
            if hasher is not None:
                break
            todo.append(number)
            reference = self._list(number, name)
            if not reference.keep:
                hasher = hashlib.blake2b(digest_size=_DIGEST_BYTES)
            elif reference.keep < self.lengths[reference.like, name]:
                ids = self._ids(reference.like, name)[: reference.keep]
                digests = b"".join([self._part(part, name).digest for part in ids])
                hasher = hashlib.blake2b(digests, digest_size=_DIGEST_BYTES)
            else:
                number = reference.like
        for number in reversed(todo):
            hasher = hasher.copy()
            added = self._list(number, name).add
            hasher.update(b"".join([self._part(part, name).digest for part in added]))
            self._hashers[number, name] = hasher
        return hasher

    def _decoded(self, raw: msgspec.Raw, line: int) -> Any:
        try:
            return msgspec.json.decode(raw)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as fault:
            self.fail(line, f"the line is not a cassette record: {fault}")

    def _unfolded(self, value: Any, lines: Lines, line: int) -> Any:
        rest = iter(lines)
        with suppress(RuntimeError, StopIteration, TypeError, ValueError, RecursionError):
            try:
                result = unfold(value, rest, self._reply)
            except LookupError as missing:
                self.fail(line, f"it quotes a reply that is not there: {missing}")
            if next(rest, None) is None:
                return result
        self.fail(line, "the texts that follow are not the ones its markers name")

    def _reply(self, place: list[Any]) -> str:
        """A text that a response said."""
        number, *path = place or [0]
        if type(number) is not int or not 1 <= number <= len(self.entries):
            raise LookupError(place)
        return text_at(self.payload(number).json, path)

    def fail(self, line: int, what: str) -> NoReturn:
        """Report damage.

        Raises:
            CassetteError: Always.
        """
        raise CassetteError(
            f"{self.path}:{line}: {what}. "
            "Restore the file, or record it again with: harness record --overwrite"
        )
