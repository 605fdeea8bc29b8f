"""Which of two warm interpreters a block is forked from: a bare one, or one with libraries.

Forking an interpreter that has pandas and matplotlib costs twice as much as forking a bare one,
and starting it nearly a second. So it is used, and started, only for blocks that could import
these libraries.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.sandboxes.workspace import regular_files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# What is read of the Python files beside a block.
_MOST_BYTES = 1 << 20


def preload_for(
    preload: tuple[str, ...], sources: Iterable[str], workspace: Path
) -> tuple[str, ...]:
    """The modules that should be imported before a block runs: all of them, or none.

    A block that gets to such a library without it being named in the workspace, through
    another library, runs all the same: it only imports it itself.

    Args:
        preload: What the suite wants to be imported.
        sources: Source of the block, and of files that are added for it.
        workspace: Whose Python files the block may import.
    """
    packages = sorted({module.partition(".")[0] for module in preload})
    if not packages:
        return ()
    named = re.compile(rf"\b(?:{'|'.join(map(re.escape, packages))})\b")
    if any(named.search(source) for source in sources):
        return preload
    return preload if any(named.search(text) for text in _modules_in(workspace)) else ()


def _modules_in(workspace: Path) -> Iterable[str]:
    left = _MOST_BYTES
    for file in regular_files(workspace):
        if not file.relative.endswith(".py") or left <= 0:
            continue
        try:
            with file.open() as handle:
                content = handle.read(left)
        except OSError:  # Made unreadable: the block cannot import it either.
            continue
        left -= len(content)
        yield content.decode("utf-8", "replace")
