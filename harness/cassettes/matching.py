"""Which recorded interaction answers a request: by what it says, never by order alone.

The key of a request is a digest of method, path, query and canonical JSON
body; host and port are no part of it. Interactions with the same key wait in a
queue and are served in the order they were asked, each once.

A cassette is taken in as far as requests reach: each interaction's key is
computed when the search first comes to it, so that a replay in recorded order
costs the same per call however long the cassette is.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import msgspec

from harness.cassettes.ignoring import NOTHING, Ignoring, canonical, normal
from harness.cassettes.multipart import with_fixed_boundary
from harness.cassettes.nesting import refuse_deep
from harness.cassettes.placeholders import fits, has_placeholder
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from harness.cassettes.cassette import Interaction
    from harness.cassettes.format import Kind, Removed


class Part:
    """An item of a request's list: a message or a tool.

    Attributes:
        value: The item.
        digest: Equal for items that say the same, what is ignored aside.
        is_masked: Whether it holds the placeholder of a removed secret.
        removed: What that stands for; "text" without one.
    """

    __slots__ = ("digest", "is_masked", "removed", "value")

    def __init__(
        self, value: Any, digest: bytes, *, is_masked: bool, removed: Removed = "text"
    ) -> None:
        self.value = value
        self.digest = digest
        self.is_masked = is_masked
        self.removed: Removed = removed


@dataclass(frozen=True)
class Shape:
    """A request body, taken apart: lists of objects are parts, the rest is fields.

    Attributes:
        kind: What the body is; for "text" and "bytes", `fields` is one string, for
            "bytes" with one character per byte.
        fields: What is not in `lists`.
        lists: Top-level lists whose items are all objects, such as messages and tools.
    """

    kind: Kind = "json"
    fields: Any = None
    lists: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)


class Request:
    """A request as matching sees it.

    Args:
        method: Upper case.
        path: Path of the URL, percent-decoded.
        query: Query of the URL, sorted.
        shape: The body, or a function that takes it apart when somebody asks.
        origin: Scheme, host and port of the URL; no part of the key.
        ignoring: What the key overlooks.
        digest: The key, if the caller knows it.

    Attributes:
        removed: What a placeholder stands for in what is not in its lists.
    """

    __slots__ = (
        "_digest",
        "_shape",
        "ignoring",
        "method",
        "origin",
        "path",
        "query",
        "removed",
    )

    def __init__(  # noqa: PLR0913 - four are positional
        self,
        method: str,
        path: str,
        query: str = "",
        shape: Shape | Callable[[], Shape] | None = None,
        *,
        origin: str = "",
        ignoring: Ignoring = NOTHING,
        digest: bytes = b"",
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.origin = origin
        self.ignoring = ignoring
        self._shape = shape or Shape()
        self._digest = digest
        self.removed: Removed = "text"

    @property
    def shape(self) -> Shape:
        """The body, taken apart."""
        if not isinstance(self._shape, Shape):
            self._shape = self._shape()
        return self._shape

    @property
    def digest(self) -> bytes:
        """The key: equal for requests that say the same, whatever their key order."""
        if not self._digest:
            shape = self.shape
            lists = {
                name: digest_of(b"".join([part.digest for part in parts]))
                for name, parts in shape.lists.items()
            }
            head = head_of((self.method, self.path, self.query), shape, self.ignoring)
            self._digest = key_of(head, lists, self.ignoring)
        return self._digest

    @property
    def is_masked(self) -> bool:
        """Whether it holds the placeholder of a removed secret anywhere."""
        if any(part.is_masked for parts in self.shape.lists.values() for part in parts):
            return True
        return self.removed != "nothing" and has_placeholder(
            canonical([self.path, self.query, self.shape.fields])
        )


def request_of(method: str, url: str, body: bytes, ignoring: Ignoring = NOTHING) -> Request:
    """Take a request apart.

    Args:
        method: HTTP method.
        url: Absolute URL.
        body: Body as sent, content-encoding undone.
        ignoring: What the key overlooks.
    """
    method, path, query, origin = address_of(method, url)
    return Request(method, path, query, shape_of(body, ignoring), origin=origin, ignoring=ignoring)


def address_of(method: str, url: str) -> tuple[str, str, str, str]:
    """Method, path, query and origin as a request holds them."""
    address = urlsplit(url)
    query = query_text(parse_qsl(address.query, keep_blank_values=True)) if address.query else ""
    host = address.netloc.rpartition("@")[2]
    origin = f"{address.scheme}://{host}" if host else ""
    return method.upper(), unquote(address.path) or "/", query, origin


def query_text(pairs: Iterable[tuple[str, str]]) -> str:
    """A query in its canonical form: sorted, the placeholder left readable."""
    return urlencode(sorted(pairs), safe="[]")


def shape_of(body: bytes, ignoring: Ignoring = NOTHING) -> Shape:
    """Take a request body apart."""
    if not body:
        return Shape()
    try:
        value = msgspec.json.decode(body)
        refuse_deep(value, body)
        return _json_shape(value, ignoring)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _opaque_shape(body)


def _json_shape(value: Any, ignoring: Ignoring) -> Shape:
    if not isinstance(value, dict):
        return Shape(fields=value)
    lists = {
        key: tuple(part_of(item, key, ignoring) for item in items)
        for key, items in value.items()
        if isinstance(items, list) and items and all(isinstance(item, dict) for item in items)
    }
    return Shape(fields={key: item for key, item in value.items() if key not in lists}, lists=lists)


def _opaque_shape(body: bytes) -> Shape:
    body = with_fixed_boundary(body)
    try:
        return Shape(kind="text", fields=body.decode())
    except UnicodeDecodeError:
        return Shape(kind="bytes", fields=body.decode("latin-1"))


def part_of(value: Any, name: str = "", ignoring: Ignoring = NOTHING) -> Part:
    """Make a part, with its digest.

    Args:
        value: The item.
        name: Name of the list it stands in.
        ignoring: What the digest overlooks.
    """
    encoded = ignoring.part(name, value) if ignoring else canonical(value)
    if b".0" in encoded:  # a whole float, or a text: both cost no more than another look
        value_of_key = normal(value)
        encoded = ignoring.part(name, value_of_key) if ignoring else canonical(value_of_key)
    return Part(value, digest_of(encoded), is_masked=has_placeholder(encoded))


def digest_of(data: bytes) -> bytes:
    """16 bytes, equal for equal data."""
    return hashlib.blake2b(data, digest_size=16).digest()


def head_of(address: tuple[str, str, str], shape: Shape, ignoring: Ignoring) -> bytes:
    """What of a key comes from all but the lists."""
    method, path, query = address
    head = canonical([method, ignoring.text(path), ignoring.text(query), shape.kind])
    return head + ignoring.fields(normal(shape.fields))


def key_of(head: bytes, lists: Mapping[str, bytes], ignoring: Ignoring) -> bytes:
    """The key of a request.

    Args:
        head: See `head_of`.
        lists: By name, the digest of its parts' digests, joined.
        ignoring: What the key overlooks.
    """
    pieces = [head]
    for name in sorted(lists):
        if not ignoring or not ignoring.drops(name):
            pieces += [b"\0", name.encode(), b"\0", lists[name]]
    return digest_of(b"".join(pieces))


_BATCH = 32


class Index:
    """Finds and hands out interactions; not thread-safe by itself.

    Args:
        interactions: What can be handed out, in recorded order.
        is_repeating: Whether the last of several answers is handed out again when all are used.
    """

    def __init__(self, interactions: Sequence[Interaction], *, is_repeating: bool = False) -> None:
        self._interactions = interactions
        self._is_repeating = is_repeating
        self._taken_in = 0
        self._queues: dict[bytes, deque[Interaction]] = {}
        self._last: dict[bytes, Interaction] = {}
        self._masked: list[Interaction] = []
        self._played: set[int] = set()
        if any(interaction.before for interaction in interactions):
            self._take_in_until(b"")

    @property
    def unplayed(self) -> tuple[Interaction, ...]:
        """What has not been handed out, in recorded order."""
        return tuple(entry for entry in self._interactions if entry.number not in self._played)

    @property
    def unplayed_count(self) -> int:
        """How many have not been handed out."""
        return len(self._interactions) - len(self._played)

    def is_unplayed(self, interaction: Interaction) -> bool:
        """Whether it has not been handed out."""
        return interaction.number not in self._played

    def take(self, request: Request) -> Interaction | None:
        """Hand out the next interaction recorded for this request; None if there is none."""
        found = self._take_equal(request.digest) or self._take_masked(request)
        if found is None and self._is_repeating:
            return self._last.get(request.digest)
        return found

    def _take_equal(self, digest: bytes) -> Interaction | None:
        while True:
            queue = self._queues.get(digest)
            while queue:
                interaction = queue.popleft()
                if interaction.number not in self._played:
                    self._played.add(interaction.number)
                    self._last[digest] = interaction
                    return interaction
            if not self._take_in_until(digest):
                return None

    def _take_in_until(self, digest: bytes) -> bool:
        # Several at a time: that is faster than each when its turn comes.
        found = False
        while not found:
            for _ in range(_BATCH):
                try:
                    added = self._take_in()
                except CassetteError:
                    if found:
                        return True  # The damage is further on: told when its turn comes.
                    raise
                if added is None:
                    return found
                found = found or added == digest
        return True

    def _take_in(self) -> bytes | None:
        """Take in one more interaction; returns its key, None if there is no more."""
        if self._taken_in >= len(self._interactions):
            return None
        interaction = self._interactions[self._taken_in]
        digest, is_masked = interaction.key, interaction.is_masked
        self._taken_in += 1
        queue = self._queues.setdefault(digest, deque())
        place = len(queue)
        if interaction.before:
            place = sum(entry.number < interaction.before for entry in queue)
        queue.insert(place, interaction)
        if is_masked:
            self._masked.append(interaction)
        return digest

    def _take_masked(self, request: Request) -> Interaction | None:
        for interaction in self._masked:
            if self.is_unplayed(interaction) and fits(interaction.request, request):
                self._played.add(interaction.number)
                self._last[request.digest] = interaction
                return interaction
        return None


def shared_length(first: Iterable[object], second: Iterable[object]) -> int:
    """How many items two sequences begin with in common."""
    length = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        length += 1
    return length
