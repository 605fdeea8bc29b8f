"""YAML text to values that know their file, line and key, and nothing else.

No tag is ever constructed, keys may not repeat, and documents that grow
without bound (alias bombs, endless nesting) are refused. Plain scalars follow
YAML 1.2: ``yes``, ``off``, ``12:30`` and ``2024-01-01`` are text.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import yaml
from yaml.composer import Composer
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader as TextReader
from yaml.reader import ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1_000_000
MAX_VALUES = 20_000
MAX_DEPTH = 40

_MERGE = "<<"

Content: TypeAlias = "bool | int | float | str | tuple[Value, ...] | Mapping[str, Value] | None"


@dataclass(frozen=True, order=True)
class Fault:
    """One mistake: line (from 1), key path ("" for the whole file) and what is wrong.

    Attributes:
        file: Where it is, as shown, when that is not the YAML file that was read.
    """

    line: int
    key: str
    text: str
    file: str = ""


@dataclass(frozen=True, eq=False)
class Source:
    """A YAML file of a suite, and the mistakes found in it so far.

    Attributes:
        path: The file, absolute.
        root: The suite's folder; references may not leave it.
        faults: Grows while the file is read.
    """

    path: Path
    root: Path
    faults: list[Fault] = field(default_factory=list)

    @cached_property
    def folder(self) -> Path:
        """The folder the file is in; its relative paths start there."""
        return self.path.parent

    def report(self, text: str, *, line: int = 1, key: str = "", file: str = "") -> None:
        """Keep one mistake, of another file (as it is shown) if one is given."""
        self.faults.append(Fault(line, key, text, file))

    def lines(self) -> Iterator[str]:
        """Every mistake as ``path:line: key: what``, in line order, each once."""
        shown = shown_path(self.path)
        for fault in sorted(set(self.faults)):
            key = f"{fault.key}: " if fault.key else ""
            yield printable(f"{fault.file or shown}:{fault.line}: {key}{fault.text}")


@dataclass(frozen=True, eq=False)
class Value:
    """One YAML value: its content and where it stands.

    Attributes:
        source: The file.
        line: Line number, from 1.
        key: Path to it, e.g. ``matrix.temperature[1]``; "" for the whole document.
        content: A scalar, a tuple of values or a mapping of values.
    """

    source: Source
    line: int
    key: str
    content: Content


class Invalid(Exception):
    """A value that is not what it should be; containers catch it and read on."""

    def __init__(self, value: Value, text: str) -> None:
        self.value = value
        self.text = text
        super().__init__(text)

    def report(self) -> None:
        """Keep it among the faults of the file the value is in."""
        self.value.source.report(self.text, line=self.value.line, key=self.value.key)


class InvalidFile(Invalid):
    """A mistake in a file that a value refers to, which is where the reader must look."""

    def __init__(self, value: Value, path: Path, line: int, text: str) -> None:
        self.path = path
        self.line = line
        super().__init__(value, text)

    def report(self) -> None:
        """Keep it under its own file's name."""
        self.value.source.report(self.text, line=self.line, file=shown_path(self.path))


def shown_path(path: Path | str) -> str:
    """A path for people: relative to the current directory when inside it."""
    try:
        relative = os.path.relpath(path)
    except (OSError, ValueError):
        return str(path)
    return str(path) if relative.startswith(os.pardir) else relative


def read_document(source: Source) -> Value | None:
    """Read a source's file.

    Returns:
        The whole document; None when there is none to speak of, in which case
        the reasons are among the source's faults.
    """
    text = _text_of(source)
    node = _composed(source, text) if text is not None else None
    if node is None:
        if not source.faults:
            source.report("the file is empty")
        return None
    try:
        return _Expansion(source).value(node, key="", depth=0)
    except Invalid as error:
        error.report()
        return None


def _text_of(source: Source) -> str | None:
    try:
        data = source.path.read_bytes()
    except OSError as error:
        source.report(f"the file cannot be read: {error.strerror or error}")
        return None
    if len(data) > MAX_BYTES:
        source.report(f"the file has {len(data)} bytes; at most {MAX_BYTES} are read")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        source.report(f"the file is not UTF-8: byte {data[error.start]:#04x}", line=line)
        return None


class _Resolver(BaseResolver):
    """Tags of plain scalars, after the core schema of YAML 1.2."""


def _resolves(tag: str, pattern: str, first: str) -> None:
    # PyYAML looks scalars up by their first character, the empty scalar under "".
    starts = [*first, ""] if tag == "null" else list(first)
    _Resolver.add_implicit_resolver(
        f"tag:yaml.org,2002:{tag}", re.compile(rf"(?:{pattern})\Z"), starts
    )


_resolves("null", r"~|null|Null|NULL|", "~nN")
_resolves("bool", r"true|True|TRUE|false|False|FALSE", "tTfF")
_resolves("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789")
_resolves(
    "float",
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    "-+.0123456789",
)


class _Loader(TextReader, Scanner, Parser, Composer, _Resolver):
    """Composes nodes; it has no constructor, so no tag can ever make an object."""

    def __init__(self, text: str) -> None:
        TextReader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        _Resolver.__init__(self)


def _composed(source: Source, text: str) -> Node | None:
    loader = None
    try:
        loader = _Loader(text)
        node: Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        source.report(_syntax(error), line=mark.line + 1 if mark else 1)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        shown = ascii(chr(error.character))
        source.report(f"not YAML: the character {shown} is not allowed", line=line)
    except RecursionError:
        source.report("nested too deeply to be read")
    except (ValueError, OverflowError) as error:
        # PyYAML lets these out for an escape such as "\UFFFFFFFF".
        line = loader.line + 1 if loader else 1
        source.report(f"not YAML: an escape names no character ({error})", line=line)
    else:
        return node
    return None


def _syntax(error: yaml.MarkedYAMLError) -> str:
    said = " ".join(part for part in (error.context, error.problem) if part)
    tab = "; indent with spaces, not tabs" if "'\\t'" in said else ""
    return f"not YAML: {said}{tab}"


class _Expansion:
    """Turns composed nodes into values, following aliases within bounds."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._count = 0

    def value(self, node: Node, *, key: str, depth: int) -> Value:
        place = Value(self._source, node.start_mark.line + 1, key, None)
        self._count += 1
        if self._count > MAX_VALUES:
            raise Invalid(place, f"more than {MAX_VALUES} values, aliases counted in full")
        if depth > MAX_DEPTH:
            raise Invalid(place, f"nested more than {MAX_DEPTH} deep")
        return Value(self._source, place.line, key, self._content(node, place, depth))

    def _content(self, node: Node, place: Value, depth: int) -> Content:
        if isinstance(node, ScalarNode):
            return _scalar(node, place)
        kind = "seq" if isinstance(node, SequenceNode) else "map"
        if node.tag != f"tag:yaml.org,2002:{kind}":
            raise Invalid(place, _no_tag(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, place, depth)
        return tuple(
            self.value(item, key=f"{place.key}[{position}]", depth=depth + 1)
            for position, item in enumerate(node.value)
        )

    def _mapping(self, node: MappingNode, place: Value, depth: int) -> dict[str, Value]:
        own: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        for key_node, value_node in node.value:
            name = _key(key_node, place)
            key = (
                joined(place.key, name if name.strip() else repr(name))
                if name != _MERGE
                else place.key
            )
            value = self.value(value_node, key=key, depth=depth + 1)
            at_key = Value(self._source, key_node.start_mark.line + 1, key, value.content)
            if name == _MERGE:
                merged = {**_merged(value), **merged}
            elif name in own:
                Invalid(at_key, f"given twice; the first is on line {own[name].line}").report()
            else:
                # The key's line: a reader looks for the key, and a block value starts below it.
                own[name] = at_key
        return {**merged, **own}


def printable(text: str) -> str:
    """Text for one line of a terminal: control characters, line ends too, as escapes."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def joined(*parts: str) -> str:
    """Parts of a key path joined by dots, empty ones left out."""
    return ".".join(part for part in parts if part)


def _merged(value: Value) -> dict[str, Value]:
    parts = value.content if isinstance(value.content, tuple) else (value,)
    merged: dict[str, Value] = {}
    for part in parts:
        if not isinstance(part.content, Mapping):
            raise Invalid(part, "only a mapping can be merged with '<<'")
        merged = {**part.content, **merged}
    return merged


def _key(node: Node, place: Value) -> str:
    if not isinstance(node, ScalarNode):
        raise Invalid(place, "a key must be a word, not a list or mapping")
    return _encodable(node.value, place)


def _scalar(node: ScalarNode, place: Value) -> bool | int | float | str | None:
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if kind == "str":
        return _encodable(node.value, place)
    if kind == "null":
        return None
    if kind == "bool" and node.value.lower() in ("true", "false"):
        return bool(node.value.lower() == "true")
    if kind in ("int", "float"):
        return _number(kind, node.value, place)
    raise Invalid(place, _no_tag(node))


def _number(kind: str, text: str, place: Value) -> int | float:
    try:
        number = _whole(text) if kind == "int" else float(text.lower().replace(".inf", "inf"))
    except ValueError:
        raise Invalid(place, f"{text[:40]!r} is not a number") from None
    if not -(2**63) <= number < 2**63 or not math.isfinite(number):
        raise Invalid(place, f"{text[:40]} is not a number that can be stored")
    return number


def _whole(text: str) -> int:
    base = {"0x": 16, "0o": 8}.get(text[:2], 10)
    # Python itself refuses to convert thousands of digits, with advice of no use here.
    if len(text) > 100:
        return 2**64
    return int(text, base)


def _encodable(text: str, place: Value) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid(place, "the text holds half of a surrogate pair") from None
    return text


def _no_tag(node: Node) -> str:
    tag = node.tag.replace("tag:yaml.org,2002:", "!!")
    return f"the tag {tag[:60]!r} is not supported; write plain values without tags"
