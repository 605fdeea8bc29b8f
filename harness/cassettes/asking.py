"""Reading the requests of a session fast: what was asked before is not computed again.

A chat sends its whole history with every request. So each item of a list is
looked up by its bytes as sent, and only a new one is decoded and digested.
Where a list begins with all of an earlier one, only what follows is looked at.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

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
from harness.cassettes.nesting import MOST_LEVELS, refuse_deep

_Raw = msgspec.Raw
# Bytes that tell the chats of a session apart; where they do not, it only takes longer.
_BEGINNING = 200


@lru_cache(maxsize=1)
def _decoders() -> tuple[msgspec.json.Decoder[dict[str, _Raw]], msgspec.json.Decoder[list[_Raw]]]:
    return msgspec.json.Decoder(dict[str, _Raw]), msgspec.json.Decoder(list[_Raw])


class _NoParts(Exception):
    """A list that is not one of objects alone."""


class RequestReader:
    """Takes the requests of one session apart; not thread-safe by itself.

    Args:
        ignoring: What the keys overlook.
    """

    def __init__(self, ignoring: Ignoring = NOTHING) -> None:
        self._ignoring = ignoring
        self._addresses: dict[tuple[str, str], tuple[str, str, str, str]] = {}
        self._parts: dict[str, dict[bytes, Part]] = {}
        self._growing: dict[tuple[str, bytes], tuple[bytes, tuple[Part, ...]]] = {}
        self._heads: dict[tuple[object, ...], tuple[bytes, dict[str, Any]]] = {}

    def read(self, method: str, url: str, body: bytes) -> Request:
        """The request, its key computed; see `harness.cassettes.matching.request_of`."""
        address = self._addresses.get((method, url))
        if address is None:
            address = self._addresses[method, url] = address_of(method, url)
        ignoring = self._ignoring
        method, path, query, origin = address
        try:
            head, fields, lists = self._taken_apart(address, body)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            shape = shape_of(body, ignoring)
            return Request(method, path, query, shape, origin=origin, ignoring=ignoring)
        digests = {
            name: digest_of(b"".join([part.digest for part in parts]))
            for name, parts in lists.items()
        }
        return Request(
            method,
            path,
            query,
            Shape(fields=fields, lists=lists),
            origin=origin,
            ignoring=ignoring,
            digest=key_of(head, digests, ignoring),
        )

    def _taken_apart(
        self, address: tuple[str, str, str, str], body: bytes
    ) -> tuple[bytes, dict[str, Any], dict[str, tuple[Part, ...]]]:
        """What of the key comes from all but the lists; the fields; the lists.

        Raises:
            msgspec.MsgspecError: If the body is no JSON object.
        """
        objects, _ = _decoders()
        lists: dict[str, tuple[Part, ...]] = {}
        rest: dict[str, bytes] = {}
        for name, raw in objects.decode(body).items():
            sent = bytes(raw)
            if sent.startswith(b"[") and (parts := self._list(name, sent)):
                lists[name] = parts
            else:
                rest[name] = sent
        # The same settings come with every request, whatever is said.
        key = (*address, *rest.items())
        known = self._heads.get(key)
        if known is None:
            fields = {name: msgspec.json.decode(sent) for name, sent in rest.items()}
            refuse_deep(fields, b"".join(rest.values()))
            head = head_of(address[:3], Shape(fields=fields), self._ignoring)
            known = self._heads[key] = (head, fields)
        return (*known, lists)

    def _list(self, name: str, sent: bytes) -> tuple[Part, ...]:
        """The parts of a list as sent; none if it is empty or holds anything but objects."""
        _, arrays = _decoders()
        beginning = (name, sent[:_BEGINNING])
        text, parts = self._growing.get(beginning, (b"", ()))
        if text and sent.startswith(text) and sent[len(text) : len(text) + 1] == b",":
            # The outer decoder has read all of it, so what follows the comma is items.
            sent_items = arrays.decode(b"[" + sent[len(text) + 1 :])
        else:
            parts, sent_items = (), arrays.decode(sent)
        try:
            parts += self._known(name, sent_items)
        except _NoParts:
            return ()
        self._growing[beginning] = (sent[:-1].rstrip(), parts)
        return parts

    def _known(self, name: str, items: list[_Raw]) -> tuple[Part, ...]:
        known = self._parts.setdefault(name, {})
        result = []
        for item in items:
            sent = bytes(item)
            part = known.get(sent)
            if part is None:
                if not sent.startswith(b"{"):
                    raise _NoParts
                value = msgspec.json.decode(sent)
                if len(sent) > MOST_LEVELS:  # asked here as well: most items are short
                    refuse_deep(value, sent)
                part = known[sent] = part_of(value, name, self._ignoring)
            result.append(part)
        return tuple(result)
