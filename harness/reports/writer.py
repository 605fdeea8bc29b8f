"""Lines and tables for a terminal, or plain text for anything else.

Text passes `visible` here and nowhere else, so nothing an agent wrote can
move the cursor, change a colour or hide.
"""

from __future__ import annotations

import os
from itertools import zip_longest
from typing import TYPE_CHECKING, TextIO

from harness.reports.folding import column_widths, folded, padded, unbroken
from harness.reports.text import visible

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rich.console import Console

    from harness.reports.folding import Part

_USUAL_WIDTH = 80


class Writer:
    """Writes to a stream; rich is imported only if the stream is a terminal.

    A terminal's lines are folded to its width. Those of a file or a pipe stay whole, for
    those who search them, unless COLUMNS says how wide they may be.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._console: Console | None = None
        self._width = _columns()
        if stream.isatty():
            from rich.console import Console

            self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
            self._width = self._console.width

    @property
    def columns(self) -> int:
        """How wide a page is laid out."""
        return self._width or _USUAL_WIDTH

    def line(self, text: str = "", style: str = "", indent: int = 0, hanging: int = 0) -> None:
        """Write text, one or more lines, each indented; see `parts`."""
        self.parts([(text, style)], indent, hanging)

    def prose(self, text: str, style: str = "", indent: int = 0) -> None:
        """Write a sentence."""
        self.line(text, style, indent)

    def paragraphs(self, lines: Sequence[str], indent: int = 0) -> None:
        """Write lines of prose; what was broken by hand for a wider page is broken anew."""
        width = self._width and self._width - indent
        for line in unbroken([self.safe(line) for line in lines], width):
            self.line(line, indent=indent)

    def verbatim(self, text: str) -> None:
        """Write text whose lines stay whole, as of JSON that is copied from the screen."""
        for line in self.safe(text).split("\n"):
            self._print([(line, "")])

    def parts(self, parts: Sequence[Part], indent: int = 0, hanging: int = 0) -> None:
        """Write one line put together from (text, style) parts.

        Args:
            parts: The texts and their styles.
            indent: Cells before every line.
            hanging: Cells more before every line but the first.
        """
        width = self._width and self._width - indent - hanging
        shown = [(self.safe(text), style) for text, style in parts]
        for position, row in enumerate(folded(shown, width)):
            self._print([(" " * (indent + (hanging if position else 0)), ""), *row])

    def table(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        words: Collection[int] = (0,),
    ) -> None:
        """Write a table.

        Args:
            head: The first row.
            rows: The others.
            words: Columns that are left-aligned, from 0; the others are aligned to the right.
        """
        texts = [[self.safe(cell) for cell in row] for row in (head, *rows)]
        widths = column_widths(texts, self._width)
        for position, row in enumerate(texts):
            self._row(row, widths, "" if position else "bold", words)

    def side_by_side(self, left: Sequence[Part], right: Sequence[Part], most: int) -> None:
        """Write two texts in two columns.

        Args:
            left: Of the left column.
            right: Of the right one.
            most: Lines of each; what is longer ends in an ellipsis.
        """
        rule = self.rule
        width = (self.columns - len(rule) - 2) // 2
        columns = [self.clipped(side, width, most) for side in (left, right)]
        for one, other in zip_longest(*columns, fillvalue=[]):
            space = padded("", width - _length(one))
            self._print([("  ", ""), *one, (space, ""), (rule, "dim"), *other])

    def clipped(self, parts: Sequence[Part], width: int, most: int) -> list[list[Part]]:
        """The first lines of a text, folded; an ellipsis for the rest."""
        lines = folded([(self.safe(text), style) for text, style in parts], width)
        return lines if len(lines) <= most else [*lines[: most - 1], [("…", "dim")]]

    def rows(self, rows: Sequence[Sequence[Part]], indent: int = 0) -> None:
        """Write lines that are folded already."""
        for row in rows:
            self._print([(" " * indent, ""), *row])

    @property
    def rule(self) -> str:
        """What stands between two columns."""
        return " │ " if self.safe("│") == "│" else " | "

    def safe(self, text: str) -> str:
        """Text of others made inert, and fit for the stream."""
        encoding = self._stream.encoding or "utf-8"
        return visible(text).encode(encoding, "replace").decode(encoding)

    def _row(
        self, row: Sequence[str], widths: Sequence[int], style: str, words: Collection[int]
    ) -> None:
        lines = [
            ["".join(text for text, _ in line) for line in folded([(cell, "")], width)]
            for cell, width in zip(row, widths, strict=True)
        ]
        for cells_of_line in zip_longest(*lines, fillvalue=""):
            parts: list[Part] = []
            for position, (text, width) in enumerate(zip(cells_of_line, widths, strict=True)):
                kept = style or _STYLES.get(row[position], "")
                parts.append((padded(text, width, to_the_right=position not in words), kept))
                parts.append(("  ", ""))
            self._print(_stripped(parts))

    def _print(self, parts: Sequence[Part]) -> None:
        if self._console is None:
            print("".join(text for text, _ in parts).rstrip(), file=self._stream)
            return
        from rich.text import Text

        self._console.print(Text.assemble(*_stripped(parts)), soft_wrap=True)


def _columns() -> int | None:
    """The width that COLUMNS gives; None if it gives none."""
    text = os.environ.get("COLUMNS", "")
    return int(text) if text.isdecimal() and int(text) > 0 else None


def _length(parts: Sequence[Part]) -> int:
    from harness.reports.folding import cells

    return sum(cells(text) for text, _ in parts)


def _stripped(parts: Sequence[Part]) -> list[Part]:
    """The parts of a line without the spaces at its end."""
    kept = list(parts)
    while kept and not kept[-1][0].strip(" "):
        kept.pop()
    if kept:
        kept[-1] = (kept[-1][0].rstrip(" "), kept[-1][1])
    return kept


_STYLES = {
    "better": "green",
    "worse": "red",
    "pass": "green",
    "fail": "red",
    "error": "bold red",
    "miss": "bold magenta",
    "no difference shown": "dim",
    "inconclusive": "dim",
    "not comparable": "bold red",
}
