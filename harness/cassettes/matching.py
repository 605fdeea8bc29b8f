"""Which recorded interaction answers a request: by what it says, never by order alone.

The key of a request is a digest of method, path, query and canonical JSON
body; host and port are no part of it. Interactions with the same key wait in a
queue and are served in recorded order, each once.

Secrets are replaced before anything is written, and the environment that knew
them may be gone at replay. So where a recorded request holds the placeholder,
and nothing matches exactly, the placeholder stands for any text.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import msgspec

from harness.cassettes.redaction import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.cassettes.cassette import Interaction

_MASK = PLACEHOLDER.encode()
Kind = Literal["json", "text", "bytes"]


@dataclass(frozen=True, slots=True)
class Part:
    """An item of a request's list: a message or a tool."""

    value: Any
    digest: str
    is_masked: bool


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


@dataclass(frozen=True)
class Request:
    """A request as matching sees it.

    Attributes:
        method: Upper case.
        path: Path of the URL, percent-decoded.
        query: Query of the URL, sorted.
        shape: The body.
    """

    method: str
    path: str
    query: str = ""
    shape: Shape = field(default_factory=Shape)

    @cached_property
    def digest(self) -> str:
        """The key: equal for requests that say the same, whatever their key order."""
        lists = {name: [part.digest for part in parts] for name, parts in self.shape.lists.items()}
        head = [self.method, self.path, self.query, self.shape.kind]
        return _digest(_canonical([*head, _normal(self.shape.fields), lists]))

    @property
    def is_masked(self) -> bool:
        """Whether it holds the placeholder of a removed secret anywhere."""
        if any(part.is_masked for parts in self.shape.lists.values() for part in parts):
            return True
        return _MASK in _canonical([self.path, self.query, self.shape.fields])


def request_of(method: str, url: str, body: bytes) -> Request:
    """Take a request apart.

    Args:
        method: HTTP method.
        url: Absolute URL.
        body: Body as sent, content-encoding undone.
    """
    address = urlsplit(url)
    query = query_text(parse_qsl(address.query, keep_blank_values=True)) if address.query else ""
    return Request(method.upper(), unquote(address.path) or "/", query, shape_of(body))


def query_text(pairs: Iterable[tuple[str, str]]) -> str:
    """A query in its canonical form: sorted, the placeholder left readable."""
    return urlencode(sorted(pairs), safe="[]")


def shape_of(body: bytes) -> Shape:
    """Take a request body apart."""
    if not body:
        return Shape()
    try:
        value = msgspec.json.decode(body)
        return _json_shape(value)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _opaque_shape(body)


def _json_shape(value: Any) -> Shape:
    if not isinstance(value, dict):
        return Shape(fields=value)
    lists = {
        key: tuple(part_of(item) for item in items)
        for key, items in value.items()
        if isinstance(items, list) and items and all(isinstance(item, dict) for item in items)
    }
    return Shape(fields={key: item for key, item in value.items() if key not in lists}, lists=lists)


def _opaque_shape(body: bytes) -> Shape:
    try:
        return Shape(kind="text", fields=body.decode())
    except UnicodeDecodeError:
        return Shape(kind="bytes", fields=body.decode("latin-1"))


def part_of(value: Any) -> Part:
    """Make a part, with its digest."""
    encoded = _canonical(value)
    return Part(value, _digest(encoded), _MASK in encoded)


def _canonical(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _normal(value: Any) -> Any:
    """Write whole floats as integers: AutoGen versions differ in 0 and 0.0."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _normal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_normal(item) for item in value]
    return value


class Index:
    """Finds and hands out interactions; not thread-safe by itself."""

    def __init__(self, interactions: Iterable[Interaction]) -> None:
        self._queues: dict[str, deque[Interaction]] = {}
        self._masked: list[Interaction] = []
        self._unplayed: dict[int, Interaction] = {}
        for interaction in interactions:
            digest = interaction.request.digest
            self._queues.setdefault(digest, deque()).append(interaction)
            self._unplayed[interaction.number] = interaction
            if interaction.request.is_masked:
                self._masked.append(interaction)

    @property
    def unplayed(self) -> tuple[Interaction, ...]:
        """What has not been handed out, in recorded order."""
        return tuple(self._unplayed.values())

    def is_unplayed(self, interaction: Interaction) -> bool:
        """Whether it can still be handed out."""
        return interaction.number in self._unplayed

    def take(self, request: Request) -> Interaction | None:
        """Hand out the next interaction recorded for this request; None if there is none."""
        return self._take_equal(request) or self._take_masked(request)

    def _take_equal(self, request: Request) -> Interaction | None:
        queue = self._queues.get(request.digest)
        while queue:
            interaction = queue.popleft()
            if self._unplayed.pop(interaction.number, None):
                return interaction
        return None

    def _take_masked(self, request: Request) -> Interaction | None:
        for interaction in self._masked:
            if self.is_unplayed(interaction) and fits(interaction.request, request):
                return self._unplayed.pop(interaction.number)
        return None


def fits(recorded: Request, asked: Request) -> bool:
    """Whether asked is what was recorded, a placeholder standing for any text."""
    return (
        recorded.method == asked.method
        and recorded.shape.kind == asked.shape.kind
        and _fits_text(recorded.path, asked.path)
        and _fits_text(recorded.query, asked.query)
        and _fits_lists(recorded.shape.lists, asked.shape.lists)
        and _fits(_normal(recorded.shape.fields), _normal(asked.shape.fields))
    )


def _fits_lists(
    recorded: Mapping[str, Sequence[Part]], asked: Mapping[str, Sequence[Part]]
) -> bool:
    return recorded.keys() == asked.keys() and all(
        len(parts) == len(asked[name]) and all(map(_fits_part, parts, asked[name]))
        for name, parts in recorded.items()
    )


def _fits_part(recorded: Part, asked: Part) -> bool:
    if recorded.digest == asked.digest:
        return True
    return recorded.is_masked and _fits(recorded.value, asked.value)


def _fits(recorded: Any, asked: Any) -> bool:
    if isinstance(recorded, str):
        return _fits_text(recorded, asked if isinstance(asked, str) else str(asked))
    if isinstance(recorded, dict):
        return isinstance(asked, dict) and _fits_dict(recorded, asked)
    if isinstance(recorded, list):
        return (
            isinstance(asked, list)
            and len(recorded) == len(asked)
            and all(map(_fits, recorded, asked))
        )
    return type(recorded) is type(asked) and bool(recorded == asked)


def _fits_dict(recorded: dict[str, Any], asked: dict[str, Any]) -> bool:
    if len(recorded) != len(asked):
        return False
    rest = {key: value for key, value in asked.items() if key not in recorded}
    for key, value in recorded.items():
        if key in asked:
            partner = key
        else:
            found = [other for other in rest if _fits_text(key, other)]
            if not found:
                return False
            partner = found[0]
            del rest[partner]
        if not _fits(value, asked[partner]):
            return False
    return True


def _fits_text(recorded: str, asked: str) -> bool:
    """Compare texts; each placeholder stands for one character or more."""
    if recorded == asked:
        return True
    first, *rest = recorded.split(PLACEHOLDER)
    if not rest or not asked.startswith(first):
        return False
    position, last = len(first), rest.pop()
    for piece in rest:
        position = asked.find(piece, position + 1)
        if position < 0:
            return False
        position += len(piece)
    return asked.endswith(last) and len(asked) - len(last) > position


def shared_length(first: Iterable[object], second: Iterable[object]) -> int:
    """How many items two sequences begin with in common."""
    length = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        length += 1
    return length
