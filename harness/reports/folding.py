"""Lines that fit a width: folded between words, counted in the cells a terminal draws."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# A text and its style.
Part = tuple[str, str]

_TAB = 4
_LEAST = 8
_BREAKABLE = "/-_.,;:)"
_WORDY = 4  # spaces that a line of prose has at least
# A line of prose: no part of a list, a table, a quotation or code, which begin otherwise.
_PROSE = re.compile(r"(?![-*+•>|#]|\d+[.)]\s|```|~~~)\S")


def cells(text: str) -> int:
    """How many cells of a terminal a text takes: two for most of Chinese, none for an accent."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def folded(parts: Sequence[Part], width: int | None) -> list[list[Part]]:
    """Split into lines of at most that many cells, each with its styles.

    What goes on in the next line is indented as its line is. A word is only broken if it is
    longer than a line, after punctuation if possible.

    Args:
        parts: Texts that may hold newlines, with their styles.
        width: Cells of a line; None leaves lines as they are.
    """
    lines: list[list[Part]] = [[]]
    for text, style in parts:
        first, *others = text.split("\n")
        lines[-1].append((first, style))
        lines.extend([(other, style)] for other in others)
    if width is None:
        return lines
    return [row for line in lines for row in _rows(line, max(width, _LEAST))]


def unbroken(lines: Sequence[str], width: int | None) -> list[str]:
    """Put together again what was broken by hand into lines too wide to show.

    Folded as they are, such lines would leave the end of each on a line of its own. Only breaks
    that the length of a line explains are undone, and only between lines of prose: the next word
    would have made it the longest of its paragraph.

    Args:
        lines: Of a text.
        width: Cells of a line; None leaves lines as they are.
    """
    if width is None:
        return list(lines)
    found: list[str] = []
    paragraph: list[str] = []
    for line in [*lines, ""]:
        if _PROSE.match(line):
            paragraph.append(line)
            continue
        found += _joined(paragraph, width)
        paragraph = []
        found.append(line)
    return found[:-1]


def _joined(paragraph: Sequence[str], width: int) -> list[str]:
    longest = max(map(cells, paragraph), default=0)
    if longest <= width:
        return list(paragraph)
    joined = [paragraph[0]]
    for before, line in pairwise(paragraph):
        is_full = cells(before) + 1 + cells(line.split(" ", 1)[0]) > longest
        if is_full and before.count(" ") >= _WORDY:
            joined[-1] = f"{joined[-1].rstrip()} {line}"
        else:
            joined.append(line)
    return joined


def _rows(line: Sequence[Part], width: int) -> Iterator[list[Part]]:
    parts = [(text.expandtabs(_TAB), style) for text, style in line]
    flat = "".join(text for text, _ in parts)
    if cells(flat) <= width:
        yield parts
        return
    pad = " " * min(len(flat) - len(flat.lstrip(" ")), width // 2)
    start = 0
    while start < len(flat):
        margin = pad if start else ""
        end = start + _fitting(flat[start:], width - len(margin))
        # Spaces at the very end of the line stay, if there is room for them.
        is_last = end == len(flat) and cells(flat[start:end]) <= width - len(margin)
        shown = end if is_last else start + len(flat[start:end].rstrip(" "))
        yield [(margin, ""), *_between(parts, start, shown)]
        start = end


def _fitting(text: str, width: int) -> int:
    """How many characters of the text go on a line, the spaces after it included."""
    most = _most(text, width)
    if most == len(text):
        return most
    if text[most] == " ":
        return most + _spaces(text, most)
    space = text.rfind(" ", 0, most)
    if space > 0 and text[:space].strip(" "):
        return space + 1
    broken = max(text.rfind(mark, most // 2, most) for mark in _BREAKABLE)
    return broken + 1 if broken > 0 else most


def _most(text: str, width: int) -> int:
    """How many characters have room, at least one."""
    piece = text[: width + 1]
    if piece.isascii():
        return max(1, min(width, len(text)))
    taken = count = 0
    for character in text:
        taken += cells(character)
        if taken > width:
            break
        count += 1
    return max(1, count)


def _spaces(text: str, start: int) -> int:
    rest = text[start:]
    return len(rest) - len(rest.lstrip(" "))


def _between(parts: Sequence[Part], start: int, end: int) -> Iterator[Part]:
    """The parts of a line from one position to another."""
    position = 0
    for text, style in parts:
        piece = text[max(0, start - position) : max(0, end - position)]
        if piece:
            yield piece, style
        position += len(text)


def padded(text: str, width: int, *, to_the_right: bool = False) -> str:
    """The text with spaces up to a number of cells."""
    space = " " * max(0, width - cells(text))
    return space + text if to_the_right else text + space


def column_widths(
    cells_of: Sequence[Sequence[str]], width: int | None, *, between: int = 2
) -> list[int]:
    """How wide the columns of a table are drawn: the widest are folded until all have room.

    Args:
        cells_of: The rows, head included.
        width: Cells of a line; None for no limit.
        between: Cells between two columns.
    """
    widths = [max(map(cells, column), default=0) for column in zip(*cells_of, strict=True)]
    if width is None:
        return widths
    room = width - between * (len(widths) - 1)
    while sum(widths) > room and max(widths) > _LEAST:
        widest = widths.index(max(widths))
        others = [each for position, each in enumerate(widths) if position != widest]
        wanted = max(
            _LEAST, room - sum(others), max((w for w in others if w < widths[widest]), default=0)
        )
        widths[widest] = min(widths[widest] - 1, wanted)
    return widths
