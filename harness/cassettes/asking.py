"""Reading the requests of a session fast: what was asked before is not computed again.

A chat sends its whole history with every request. So each item of a list is
looked up by its bytes as sent, and only a new one is decoded and digested.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from harness.cassettes.ignoring import NOTHING, Ignoring
from harness.cassettes.matching import (
    Part,
    Request,
    Shape,
    address_of,
    digest_of,
    head_of,
    key_of,
    part_of,
    shape_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_Raw = msgspec.Raw
_Items = dict[str, list[_Raw]]


@lru_cache(maxsize=1)
def _decoders() -> tuple[msgspec.json.Decoder[dict[str, _Raw]], msgspec.json.Decoder[list[_Raw]]]:
    return msgspec.json.Decoder(dict[str, _Raw]), msgspec.json.Decoder(list[_Raw])


class RequestReader:
    """Takes the requests of one session apart; not thread-safe by itself.

    Args:
        ignoring: What the keys overlook.
    """

    def __init__(self, ignoring: Ignoring = NOTHING) -> None:
        self._ignoring = ignoring
        self._parts: dict[str, dict[bytes, Part]] = {}

    def read(self, method: str, url: str, body: bytes) -> Request:
        """The request, its key computed; see `harness.cassettes.matching.request_of`."""
        method, path, query, origin = address_of(method, url)
        address = (method, path, query)
        ignoring = self._ignoring
        lists, fields = _taken_apart(body)
        if lists is None:
            shape = shape_of(body, ignoring)
            return Request(*address, shape, origin=origin, ignoring=ignoring)
        parts = {name: self._known(name, items) for name, items in lists.items()}
        head = head_of(address, Shape(fields=fields), ignoring)
        digests = {
            name: digest_of(b"".join([part.digest for part in items]))
            for name, items in parts.items()
        }
        return Request(
            *address,
            Shape(fields=fields, lists=parts),
            origin=origin,
            ignoring=ignoring,
            digest=key_of(head, digests, ignoring),
        )

    def _known(self, name: str, items: list[_Raw]) -> tuple[Part, ...]:
        known = self._parts.setdefault(name, {})
        result = []
        for item in items:
            sent = bytes(item)
            part = known.get(sent)
            if part is None:
                part = known[sent] = part_of(msgspec.json.decode(sent), name, self._ignoring)
            result.append(part)
        return tuple(result)


def _taken_apart(body: bytes) -> tuple[_Items | None, Mapping[str, object]]:
    """The lists of objects of a body and its other fields; no lists if it is no JSON object."""
    objects, arrays = _decoders()
    lists: _Items = {}
    fields = {}
    try:
        for name, raw in objects.decode(body).items():
            if bytes(raw)[:1] == b"[":
                items = arrays.decode(raw)
                if items and all(bytes(item)[:1] == b"{" for item in items):
                    lists[name] = items
                    continue
            fields[name] = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None, {}
    return lists, fields
