"""What differs between two requests: every place, by its JSON path."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import msgspec

from harness.cassettes.ignoring import normal
from harness.cassettes.windows import Parting, parting, place, window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.cassettes.matching import Part, Request

# The lists that hold what was said, in the order they are read: Anthropic's system
# prompt, then the conversation of chat completions, Gemini and the responses API.
CONVERSATION = ("system", "messages", "contents", "input")
TOOLS = ("tools", "functions")
_PLAIN_KEY = re.compile(r"\w[\w-]*")
_VALUE_LIMIT = 120
SHORT = 60  # a text up to this length needs no position, and no line of its own


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()


@dataclass(frozen=True)
class Difference:
    """One place where two requests differ.

    Attributes:
        path: JSON path into the body; "method", "path" or "query" for what is not in it.
        recorded: Value in the cassette; `ABSENT` if there is none.
        asked: Value of the request; `ABSENT` if there is none.
        parting: Where two texts part; None for all else.
        list_name: The request's list it stands in, such as "messages"; "" if in none.
        position: Which item of that list, from 0.
    """

    path: str
    recorded: Any
    asked: Any
    parting: Parting | None = None
    list_name: str = ""
    position: int = -1

    @property
    def is_real(self) -> bool:
        """Whether more differs than what is volatile or was removed as a secret."""
        return self.parting is None or self.parting.is_real

    @property
    def volatile(self) -> frozenset[str]:
        """Rules whose words differ there; see `harness.cassettes.windows.Parting`."""
        return self.parting.volatile if self.parting else frozenset()

    def __str__(self) -> str:
        return self.in_lines(" ")

    def in_lines(self, start: str) -> str:
        """Where it is, what was recorded, what was asked.

        Args:
            start: What comes before each of the latter two, a space or the start of a line;
                where both are short, they are on the line of their place all the same.
        """
        if self.parting is None:
            path, recorded, asked = self.path, _shown(self.recorded), _shown(self.asked)
        else:
            path, recorded, asked = self._windows(self.parting)
        between = start if len(recorded) + len(asked) > SHORT else " "
        return f"{path}:{between}recorded {recorded},{between}asked {asked}"

    def _windows(self, parting: Parting) -> tuple[str, str, str]:
        """Place of two texts, and both around where they part."""
        one, other = parting.recorded, parting.asked
        if not self.is_real:
            one = other = parting.start
        is_ended = other == len(self.asked)
        where = place(self.recorded, one) if is_ended else place(self.asked, other)
        is_short = max(len(self.recorded), len(self.asked)) <= SHORT
        path = self.path if is_short else f"{self.path}, {where}"
        return path, window(self.recorded, one), window(self.asked, other)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _VALUE_LIMIT else f"{text[:_VALUE_LIMIT]}…"


def differences(recorded: Request, asked: Request) -> list[Difference]:
    """Where two requests differ, what the cassette's rules ignore left out.

    Returns:
        Address, then fields, then lists; within a list by position.
    """
    found = [
        Difference(name, getattr(recorded, name), getattr(asked, name))
        for name in ("method", "path", "query")
        if getattr(recorded, name) != getattr(asked, name)
    ]
    found += leaves("$", fields_of(recorded), fields_of(asked))
    one, other = recorded.shape.lists, asked.shape.lists
    names = dict.fromkeys((*CONVERSATION, *one, *other))
    for name in names:
        if not asked.ignoring.drops(name):
            found += _in_lists(name, one.get(name, ()), other.get(name, ()), asked)
    return found


def fields_of(request: Request) -> Any:
    """The body without its lists, as matching sees it."""
    fields = normal(request.shape.fields)
    if not request.ignoring:
        return fields
    return msgspec.json.decode(request.ignoring.fields(fields))


def leaves(path: str, recorded: Any, asked: Any) -> Iterator[Difference]:
    """Every place where two values differ."""
    if isinstance(recorded, dict) and isinstance(asked, dict):
        for key in dict.fromkeys((*recorded, *asked)):
            yield from leaves(
                f"{path}{_step(key)}", recorded.get(key, ABSENT), asked.get(key, ABSENT)
            )
    elif isinstance(recorded, list) and isinstance(asked, list):
        pairs = zip_longest(recorded, asked, fillvalue=ABSENT)
        for index, (one, other) in enumerate(pairs):
            yield from leaves(f"{path}[{index}]", one, other)
    elif isinstance(recorded, str) and isinstance(asked, str):
        if recorded != asked:
            yield Difference(path, recorded, asked, parting(recorded, asked))
    # To Python, true equals 1; to a request it does not.
    elif recorded != asked or isinstance(recorded, bool) != isinstance(asked, bool):
        yield Difference(path, recorded, asked)


def _step(key: str) -> str:
    """A key as a step of a JSON path; quoted unless it is a plain name."""
    return f".{key}" if _PLAIN_KEY.fullmatch(key) else f"['{key}']"


def _in_lists(
    name: str, recorded: Sequence[Part], asked: Sequence[Part], request: Request
) -> Iterator[Difference]:
    if name in TOOLS:
        yield from _in_tools(name, recorded, asked, request)
        return
    for position, (one, other) in enumerate(zip_longest(recorded, asked)):
        if one is not None and other is not None and one.digest == other.digest:
            continue
        found = leaves(
            f"$.{name}[{position}]", value_of(name, one, request), value_of(name, other, request)
        )
        for difference in sorted(found, key=_by_content):
            yield replace(difference, list_name=name, position=position)


def _by_content(difference: Difference) -> bool:
    """What a message says comes before who said it."""
    return not isinstance(difference.parting, Parting) or ".content" not in difference.path


def _in_tools(
    name: str, recorded: Sequence[Part], asked: Sequence[Part], request: Request
) -> Iterator[Difference]:
    """Compare tools by name, as one that is added moves all that follow."""
    ones, others = _by_name(recorded), _by_name(asked)
    for tool in dict.fromkeys((*ones, *others)):
        one, other = ones.get(tool), others.get(tool)
        if one is not None and other is not None and one[1].digest == other[1].digest:
            continue
        position = (other or one or (0,))[0]
        yield from (
            replace(found, list_name=name, position=position)
            for found in leaves(
                f"$.{name}[{position}]",
                value_of(name, one and one[1], request),
                value_of(name, other and other[1], request),
            )
        )
    if list(ones) != list(others) and ones.keys() == others.keys():
        yield Difference(f"$.{name} (order)", list(ones), list(others), list_name=name)


def _by_name(parts: Sequence[Part]) -> Mapping[str, tuple[int, Part]]:
    return {tool_name(part.value) or f"#{index}": (index, part) for index, part in enumerate(parts)}


def tool_name(value: Any) -> str:
    """Name of a tool as OpenAI or Anthropic describe one; "" if it has none."""
    inner = value.get("function", value) if isinstance(value, dict) else None
    name = inner.get("name") if isinstance(inner, dict) else None
    return name if isinstance(name, str) else ""


def value_of(name: str, part: Part | None, request: Request) -> Any:
    """An item of a list as matching sees it; `ABSENT` if there is none."""
    if part is None:
        return ABSENT
    if not request.ignoring:
        return part.value
    return msgspec.json.decode(request.ignoring.part(name, part.value))
