"""Interactions of a JSON recording."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from harness.cassettes.exchange import limits
from harness.cassettes.exchange.documents import check_version, refuse_unknown, unreadable
from harness.cassettes.exchange.foreign import Place
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_STRUCTURE = re.compile(rb"[\[{,]")
_POSITION = re.compile(r"\(byte (\d+)\)")


class _Document(msgspec.Struct):
    """The top of a recording; what of it is not named is skipped."""

    interactions: list[msgspec.Raw]
    version: Any = 1


def json_items(path: Path) -> Iterator[tuple[Place, Any]]:
    """Decode a recording's interactions, one at a time; see `documents.read_items`."""
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise CassetteError(unreadable(path, fault)) from None
    data = data.removeprefix(b"\xef\xbb\xbf")
    top = Place(path, 1)
    try:
        document = msgspec.json.decode(data, type=_Document)
    except msgspec.ValidationError:
        refuse_unknown(top)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
        _damaged(path, data, fault)
    check_version(top, document.version)
    line, position = 1, 0
    for raw in document.interactions:
        item = bytes(raw)
        # The item is looked for from where the last one ended, so this is one pass in all.
        start = max(data.find(item, position), position)
        line += data.count(b"\n", position, start)
        place = Place(path, line)
        _check_size(place, item)
        try:
            yield place, msgspec.json.decode(item)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
            place.fail(f"the JSON cannot be read: {fault}")
        line += item.count(b"\n")
        position = start + len(item)


def _check_size(place: Place, item: bytes) -> None:
    if len(item) > limits.INTERACTION_BYTES:
        place.fail(
            f"the interaction has {len(item) / limits.MEGABYTE:.0f} MB; "
            f"up to {limits.INTERACTION_BYTES // limits.MEGABYTE} MB are read"
        )
    # Most of a large interaction is text; only if counting everything is too much, count well.
    if sum(item.count(mark) for mark in (b"[", b"{", b",")) <= limits.INTERACTION_VALUES:
        return
    values = sum(1 for _ in _STRUCTURE.finditer(_STRING.sub(b"", item)))
    if values > limits.INTERACTION_VALUES:
        place.fail(
            f"the interaction consists of {values:,} values; "
            f"up to {limits.INTERACTION_VALUES:,} are read"
        )


def _damaged(path: Path, data: bytes, fault: Exception) -> NoReturn:
    found = _POSITION.search(str(fault))
    line = data.count(b"\n", 0, int(found[1])) + 1 if found else 1
    if not found:
        line = data.count(b"\n") + 1
    Place(path, line).fail(f"the JSON cannot be read: {fault}")
