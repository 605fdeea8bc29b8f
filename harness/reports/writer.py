"""Lines and tables for a terminal, or plain text for anything else.

Text passes `visible` here and nowhere else, so nothing an agent wrote can
move the cursor, change a colour or hide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from harness.reports.text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console


class Writer:
    """Writes to a stream; rich is imported only if the stream is a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._console: Console | None = None
        if stream.isatty():
            from rich.console import Console

            self._console = Console(file=stream, highlight=False, markup=False, emoji=False)

    def line(self, text: str = "", style: str = "", indent: int = 0) -> None:
        """Write text, one or more lines, each indented."""
        self.parts([(text, style)], indent)

    def prose(self, text: str, style: str = "", indent: int = 0) -> None:
        """Write a sentence; a terminal wraps it between words."""
        if self._console is None:
            self.line(text, indent=indent)
            return
        from rich.padding import Padding
        from rich.text import Text

        self._console.print(Padding(Text(self._safe(text), style=style), (0, 0, 0, indent)))

    def parts(self, parts: Sequence[tuple[str, str]], indent: int = 0) -> None:
        """Write one line put together from (text, style) parts."""
        shown = [(self._safe(text), style) for text, style in parts]
        pad = " " * indent
        shown = [(text.replace("\n", f"\n{pad}"), style) for text, style in shown]
        if self._console is None:
            print(pad + "".join(text for text, _ in shown), file=self._stream)
            return
        from rich.text import Text

        self._console.print(Text.assemble(pad, *shown), soft_wrap=True)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table; the first column is left-aligned, the others to the right."""
        cells = [[self._safe(cell) for cell in row] for row in (head, *rows)]
        if self._console is None:
            widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
            for row in cells:
                first, *others = zip(row, widths, strict=True)
                padded = [first[0].ljust(first[1])] + [cell.rjust(w) for cell, w in others]
                print("  ".join(padded).rstrip(), file=self._stream)
            return
        self._rich_table(cells[0], cells[1:])

    def _rich_table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        from rich.table import Table
        from rich.text import Text

        assert self._console is not None
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for position, name in enumerate(head):
            table.add_column(Text(name), justify="right" if position else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
        self._console.print(table)

    def _safe(self, text: str) -> str:
        encoding = self._stream.encoding or "utf-8"
        return visible(text).encode(encoding, "replace").decode(encoding)


_STYLES = {
    "better": "green",
    "worse": "red",
    "no difference shown": "dim",
    "inconclusive": "dim",
    "not comparable": "bold red",
}
