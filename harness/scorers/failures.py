"""Say in one line why a user's check raised: what, with which values, and where."""

from __future__ import annotations

import ast
import inspect
import linecache
import os
import reprlib
import traceback
from itertools import islice
from types import ModuleType
from typing import TYPE_CHECKING, Any

from harness.model.team import FinishedSample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_MAX_VALUES = 6
_VALUE_CHARACTERS = 80


def explain_assertion(error: AssertionError, check: Callable[..., Any]) -> str:
    """The assertion's message, or else its source and the values of the names in it.

    Args:
        error: As caught, with its traceback.
        check: The check it came out of, whose file is the place worth naming.
    """
    place = _Place.of(error, check)
    message = str(error).strip()
    if message or place is None:
        return f"{message or 'The assertion failed'}{_at(place)}"
    statement = place.assertion()
    if statement is None:
        return f"The assertion failed{_at(place)}"
    values = ", ".join(f"{name} = {value}" for name, value in place.values(statement))
    return f"{ast.unparse(statement)}{', where ' + values if values else ''}{_at(place)}"


def explain_exception(error: BaseException, check: Callable[..., Any]) -> str:
    """Type, message and place of an exception; the place is in the check's file if it was there."""
    message = " ".join(str(error).split())
    said = f": {message}" if message else ""
    place = _Place.of(error, check)
    return f"{type(error).__qualname__}{said}{f' ({place.path})' if place else ''}"


class _Place:
    """The frame of a traceback that is worth showing."""

    def __init__(self, frame: FrameType, summary: traceback.FrameSummary) -> None:
        self._frame = frame
        self._summary = summary

    @classmethod
    def of(cls, error: BaseException, check: Callable[..., Any]) -> _Place | None:
        """The innermost frame in the check's own file, or else the innermost of all."""
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        summaries = traceback.extract_tb(error.__traceback__)
        places = [cls(*pair) for pair in zip(frames, summaries, strict=True)]
        home = getattr(getattr(inspect.unwrap(check), "__code__", None), "co_filename", None)
        own = [place for place in places if place._summary.filename == home]
        candidates = own or places
        return candidates[-1] if candidates else None

    def __str__(self) -> str:
        # The file's name only: the folder differs between machines, the score must not.
        return f"{os.path.basename(self._summary.filename)}:{self._summary.lineno}"

    @property
    def path(self) -> str:
        """File and line as an editor opens them: relative to the current folder when inside it."""
        file = self._summary.filename
        relative = os.path.relpath(file)
        shown = file if relative.startswith(os.pardir) else relative
        return f"{shown}:{self._summary.lineno}"

    def assertion(self) -> ast.Assert | None:
        """The assert statement that failed; None if its file cannot be read."""
        try:
            tree = ast.parse("".join(linecache.getlines(self._summary.filename)))
        except SyntaxError:
            return None
        line = self._summary.lineno or 0
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert) and node.lineno <= line <= (node.end_lineno or 0):
                return node
        return None

    def values(self, tree: ast.AST) -> Iterator[tuple[str, str]]:
        """Values of the local names in a statement, as far as they fit in a sentence."""
        names = dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
        known = {name: self._frame.f_locals[name] for name in names if name in self._frame.f_locals}
        shown = ((name, _shown(value)) for name, value in known.items())
        yield from islice(((name, text) for name, text in shown if text), _MAX_VALUES)


def _shown(value: object) -> str:
    """The value in a few words; "" for what has none, such as a function or a whole sample."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = _VALUE_CHARACTERS
    try:
        text = " ".join(short.repr(value).split())
    except Exception as error:  # The repr is the user's code too.
        return f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
    # Addresses and folders differ from run to run, and say nothing.
    is_opaque = isinstance(value, FinishedSample | ModuleType) or " at 0x" in text
    return "" if is_opaque or callable(value) else text


def _at(place: _Place | None) -> str:
    return f" ({place})" if place else ""
