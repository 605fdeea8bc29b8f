"""Text of others as inert Markdown, and tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.reports.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

# Underscores inside words mean nothing, and our names are full of them.
_SPECIAL = re.compile(r"([\\`*\[\]<>|~&!$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
# GitHub links addresses, mentions and issue numbers even in escaped text.
_LINKED = re.compile(r"(@|#(?=\d)|:(?=//)|(?i:www)(?=\.)|mailto(?=:))")
_JOINER = "\N{WORD JOINER}"


def escaped(text: str, width: int = 1000) -> str:
    """Text of others as one line of inert Markdown: no markup, no HTML, no mention, no link."""
    return _LINKED.sub(rf"\1{_JOINER}", _SPECIAL.sub(r"\\\1", one_line(text, width)))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table whose first column is text, and whose others are mostly numbers."""
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]
