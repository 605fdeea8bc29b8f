"""Written parts: short texts in a file that a provider script composes its answers from.

A parts file is plain text. A line ``@@ slot/variant key=value`` opens a part; the lines
up to the next one are its text. Anything before the first part is a remark::

    @@ total/good
    total = sum(prices)
    @@ total/skips_first rate=0.2 error="does not match"
    total = sum(prices[1:])

A template names slots on lines of their own, ``<<total>>``, and may hold ``<<name>>``
anywhere for a value. Because the parts are fixed texts, a script can also tell from
code in the conversation which variants it was made of, and so needs no memory of its own.
"""

from __future__ import annotations

import difflib
import functools
import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.errors import ScriptError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SLOT_LINE = re.compile(r"^([ \t]*)<<(\w+)>>[ \t]*$", re.MULTILINE)
_VALUE = re.compile(r"<<(\w+)>>")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One text.

    Attributes:
        slot: What it can fill in a template.
        variant: Unique among the parts of its slot.
        text: Without the final line break.
        notes: The ``key=value`` pairs of its opening line.
    """

    slot: str
    variant: str
    text: str
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Slot and variant, as in the file."""
        return f"{self.slot}/{self.variant}"

    def number(self, key: str, default: float = 0.0) -> float:
        """A note as a number."""
        return float(self.notes.get(key, default))


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of one file, in file order."""

    source: str
    parts: tuple[Part, ...]

    def of(self, slot: str) -> tuple[Part, ...]:
        """Every part of a slot, in file order; empty for an unknown slot."""
        return tuple(part for part in self.parts if part.slot == slot)

    def get(self, name: str) -> Part:
        """The part called ``slot/variant``.

        Raises:
            ScriptError: If there is none.
        """
        for part in self.parts:
            if part.name == name:
                return part
        near = difflib.get_close_matches(name, [part.name for part in self.parts], n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ScriptError(f"{self.source}: there is no part {name!r}.{hint}")

    def compose(
        self, template: str, chosen: Mapping[str, str], values: Mapping[str, object] | None = None
    ) -> str:
        """Fill a template's slots and values.

        Args:
            template: Name of the part that is the template.
            chosen: Variant by slot. A slot that is not named here is left out.
            values: Text for each ``<<name>>`` that is not a slot.

        Returns:
            The text. Parts take the indentation of their slot's line.
        """

        def filled(match: re.Match[str]) -> str:
            slot = match[2]
            if not self.of(slot):
                return match[0]
            if slot not in chosen:
                return ""
            return _indented(self.get(f"{slot}/{chosen[slot]}").text, match[1])

        text = _SLOT_LINE.sub(filled, self.get(template).text)
        given = values or {}
        text = _VALUE.sub(lambda match: str(given.get(match[1], match[0])), text)
        return re.sub(r"\n{4,}", "\n\n\n", text).strip("\n")

    def recognise(self, text: str) -> dict[str, str]:
        """Variant by slot of the parts that a composed text contains.

        Indentation does not matter; of several variants of a slot the longest counts.
        A part with ``<<values>>`` is recognised whatever they are; templates are not.
        """
        flat = _flat(text)
        found: dict[str, Part] = {}
        for part in sorted(self.parts, key=lambda part: len(part.text), reverse=True):
            is_new = part.slot not in found and part.text.strip()
            if is_new and not self._is_template(part) and _pattern(part.text).search(flat):
                found[part.slot] = part
        return {part.slot: part.variant for part in self.parts if part in found.values()}

    def _is_template(self, part: Part) -> bool:
        return any(self.of(match[2]) for match in _SLOT_LINE.finditer(part.text))


@functools.cache
def read_parts(path: Path) -> Parts:
    """Read a parts file.

    Raises:
        ScriptError: If it is missing, a part's name has no slot, or two share a name.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScriptError(f"{path}: the parts cannot be read: {error.strerror}.") from None
    parts: list[Part] = []
    for number, chunk in _chunks(text):
        part = _part(f"{path}:{number}", chunk)
        if any(part.name == other.name for other in parts):
            raise ScriptError(f"{path}:{number}: there are two parts {part.name!r}.")
        parts.append(part)
    return Parts(source=str(path), parts=tuple(parts))


def _chunks(text: str) -> list[tuple[int, list[str]]]:
    """(line number, lines) of each part, its opening line first."""
    chunks: list[tuple[int, list[str]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("@@ "):
            chunks.append((number, [line]))
        elif chunks:
            chunks[-1][1].append(line)
    return chunks


def _part(where: str, lines: list[str]) -> Part:
    name, *notes = shlex.split(lines[0].removeprefix("@@ ")) or [""]
    slot, slash, variant = name.partition("/")
    if not slash or not variant or any("=" not in note for note in notes):
        raise ScriptError(
            f"{where}: a part opens with '@@ slot/variant key=value', not {lines[0]!r}."
        )
    pairs = dict(note.split("=", 1) for note in notes)
    return Part(slot=slot, variant=variant, text="\n".join(lines[1:]).strip("\n"), notes=pairs)


def _indented(text: str, indent: str) -> str:
    return "\n".join(f"{indent}{line}" if line else line for line in text.split("\n"))


def _flat(text: str) -> str:
    """Text without indentation and blank lines, each line ended."""
    return "".join(f"{line.strip()}\n" for line in text.splitlines() if line.strip())


@functools.cache
def _pattern(text: str) -> re.Pattern[str]:
    pieces = _VALUE.split(_flat(text))
    escaped = [re.escape(piece) for piece in pieces[::2]]
    return re.compile("^" + ".*".join(escaped), re.MULTILINE)
