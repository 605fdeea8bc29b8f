"""Percent-encoding undone, with where everything came from."""

from __future__ import annotations

import re

_RUN = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


def is_percent_encoded(text: str) -> bool:
    """Whether any character of a text is percent-encoded."""
    return "%" in text and _RUN.search(text) is not None


def percent_decoded(text: str) -> tuple[str, list[int]]:
    """A text with its percent-encoding undone.

    Returns:
        The decoded text, and for each of its characters, and its end, the place in the
        text that was given.
    """
    pieces: list[str] = []
    places: list[int] = []
    position = 0
    for run in _RUN.finditer(text):
        pieces.append(text[position : run.start()])
        places += range(position, run.start())
        at = run.start()
        # Bytes that are no UTF-8 become lone surrogates, one each.
        for char in bytes.fromhex(run[0].replace("%", "")).decode(errors="surrogateescape"):
            pieces.append(char)
            places.append(at)
            at += 3 * len(char.encode(errors="surrogateescape"))
        position = run.end()
    pieces.append(text[position:])
    places += range(position, len(text) + 1)
    return "".join(pieces), places
