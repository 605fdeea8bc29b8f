"""Interactions of a YAML recording.

The file is read event by event and one interaction at a time is built of them,
into plain data only: a tag that asks for anything else is refused, so nothing in
a file is ever run. What is built is counted, references included, because a file
of a few hundred bytes can stand for gigabytes.
"""

from __future__ import annotations

import binascii
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from harness.cassettes.exchange import limits
from harness.cassettes.exchange.documents import check_version, refuse_unknown, unreadable
from harness.cassettes.exchange.foreign import Place
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_YAML = "tag:yaml.org,2002:"
_TEXTS = frozenset(
    {"str", "timestamp", "merge", "value", "python/str", "python/unicode"},
)
_LISTS = frozenset({"seq", "python/list", "python/tuple"})
# Old vcrpy wrote the bodies of requests in these ways; they are read as data, nothing is called.
_BUFFER = "python/object/new:_io.BytesIO"
_ITERATOR = "python/object/apply:builtins.iter"
_MAPPINGS = frozenset({"map", "python/dict", _BUFFER, _ITERATOR})


def yaml_items(path: Path) -> Iterator[tuple[Place, Any]]:
    """Build a recording's interactions, one at a time; see `documents.read_items`."""
    import yaml

    try:
        with path.open("rb") as file:
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(file)
            try:
                yield from _Builder(path, loader).items()
            finally:
                loader.dispose()
    except OSError as fault:
        raise CassetteError(unreadable(path, fault)) from None
    except (yaml.YAMLError, UnicodeError) as fault:
        mark = getattr(fault, "problem_mark", None)
        problem = getattr(fault, "problem", None) or getattr(fault, "reason", None) or fault
        Place(path, mark.line + 1 if mark else 1).fail(f"the YAML cannot be read: {problem}")


class _Builder:
    """Builds plain data of a loader's events, within limits."""

    # Any: PyYAML's loaders and events have no common types to speak of.
    def __init__(self, path: Path, loader: Any) -> None:
        import yaml

        self._yaml = yaml
        self._path = path
        self._loader = loader
        self._constructor = yaml.constructor.SafeConstructor()
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._unfinished: set[str] = set()
        self._depth = 0
        self._aliased = 0
        self._values = 0
        self._bytes = 0

    def items(self) -> Iterator[tuple[Place, Any]]:
        events = self._yaml.events
        self._next()
        if not isinstance(self._next(), events.DocumentStartEvent):
            Place(self._path, 1).fail("the file is empty")
        top = self._next()
        if not isinstance(top, events.MappingStartEvent):
            refuse_unknown(self._place(top))
        found = False
        while not isinstance(event := self._next(), events.MappingEndEvent):
            self._values = self._bytes = 0
            key = self._build(event)
            value = self._next()
            if key == "interactions":
                if found:
                    self._fail(event, 'there are two lists of "interactions"')
                found = True
                yield from self._interactions(value)
            else:
                content = self._build(value)
                if key == "version":
                    check_version(self._place(value), content)
        self._next()
        if not found:
            refuse_unknown(self._place(top))
        if not isinstance(event := self._next(), events.StreamEndEvent):
            self._fail(event, "a second YAML document follows; a recording is one")

    def _interactions(self, start: Any) -> Iterator[tuple[Place, Any]]:
        if not isinstance(start, self._yaml.events.SequenceStartEvent):
            refuse_unknown(self._place(start))
        while not isinstance(event := self._next(), self._yaml.events.SequenceEndEvent):
            self._values = self._bytes = 0
            yield self._place(event), self._build(event)

    def _next(self) -> Any:
        return self._loader.get_event()

    def _build(self, event: Any) -> Any:
        """The value that begins with an event."""
        events = self._yaml.events
        if isinstance(event, events.AliasEvent):
            return self._alias(event)
        before = self._values + self._bytes + self._aliased
        self._count(event)
        if event.anchor:
            self._unfinished.add(event.anchor)
        value = self._scalar(event) if isinstance(event, events.ScalarEvent) else self._nest(event)
        if event.anchor:
            self._unfinished.discard(event.anchor)
            weight = self._values + self._bytes + self._aliased - before
            self._anchors[event.anchor] = value, weight
        return value

    def _nest(self, event: Any) -> Any:
        self._depth += 1
        if self._depth > limits.DEPTH:
            self._fail(event, f"the values are nested more than {limits.DEPTH} deep")
        if isinstance(event, self._yaml.events.MappingStartEvent):
            value = self._mapping(event)
        else:
            value = self._sequence(event)
        self._depth -= 1
        return value

    def _count(self, event: Any) -> None:
        self._values += 1
        self._bytes += len(getattr(event, "value", ""))
        if self._values > limits.INTERACTION_VALUES or self._bytes > limits.INTERACTION_BYTES:
            self._fail(
                event,
                "the interaction is too large: up to "
                f"{limits.INTERACTION_BYTES // limits.MEGABYTE} MB of text and "
                f"{limits.INTERACTION_VALUES:,} values are read",
            )

    def _alias(self, event: Any) -> Any:
        if event.anchor in self._unfinished:
            self._fail(event, f"the reference *{event.anchor} leads to itself")
        if event.anchor not in self._anchors:
            self._fail(event, f"the reference *{event.anchor} leads nowhere")
        value, weight = self._anchors[event.anchor]
        self._aliased += weight + 1
        if self._aliased > limits.ALIASED:
            self._fail(
                event,
                "the references in this file stand for more than "
                f"{limits.ALIASED:,} values and characters, which no recording needs",
            )
        return value

    def _sequence(self, event: Any) -> list[Any]:
        self._require(event, self._tag(event, "seq"), _LISTS)
        items = []
        while not isinstance(item := self._next(), self._yaml.events.SequenceEndEvent):
            items.append(self._build(item))
        return items

    def _mapping(self, event: Any) -> Any:
        tag = self._require(event, self._tag(event, "map"), _MAPPINGS)
        mapping = {}
        while not isinstance(item := self._next(), self._yaml.events.MappingEndEvent):
            key = self._build(item)
            if isinstance(key, list | dict):
                self._fail(item, "a mapping has a key that is no text")
            mapping[key] = self._build(self._next())
        if tag == _BUFFER:
            return _first(mapping.get("state"))
        if tag == _ITERATOR:
            return _first(mapping.get("args"))
        return mapping

    def _scalar(self, event: Any) -> Any:
        text = event.value
        tag = self._tag(event, "str")
        if tag in _TEXTS:
            return text
        if tag == "null":
            return None
        with suppress(ValueError, LookupError, OverflowError):
            if tag in ("binary", "python/bytes"):
                return binascii.a2b_base64(text)
            if tag == "bool":
                return self._constructor.bool_values[text.lower()]
            if tag in ("int", "float") and len(text) <= limits.DIGITS:
                read = getattr(self._constructor, f"construct_yaml_{tag}")
                return read(self._yaml.ScalarNode(f"{_YAML}{tag}", text))
            if tag not in ("int", "float"):
                self._refuse_tag(event, tag)
        self._fail(event, f"{text[:60]!r} cannot be read as {tag}")

    def _tag(self, event: Any, default: str) -> str:
        """What a value is, without YAML's own prefix."""
        tag = event.tag
        if tag in (None, "!"):
            if default != "str":
                return default
            tag = self._loader.resolve(self._yaml.ScalarNode, event.value, event.implicit)
        return str(tag).removeprefix(_YAML)

    def _require(self, event: Any, tag: str, allowed: frozenset[str]) -> str:
        if tag not in allowed:
            self._refuse_tag(event, tag)
        return tag

    def _refuse_tag(self, event: Any, tag: str) -> NoReturn:
        shown = f"!!{tag}" if event.tag.startswith(_YAML) else tag
        self._fail(
            event,
            f"the tag {shown[:80]} asks for something other than plain data. Nothing of it was "
            "run; if you trust the file, take the tag out",
        )

    def _place(self, event: Any) -> Place:
        return Place(self._path, event.start_mark.line + 1)

    def _fail(self, event: Any, what: str) -> NoReturn:
        self._place(event).fail(what)


def _first(values: Any) -> Any:
    """The content of a buffer or iterator that was written with the arguments to make it."""
    return values[0] if isinstance(values, list) and values else None
