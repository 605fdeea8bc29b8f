"""Keep what AutoGen prints, logs and warns about off the terminal, and keep it off stdin."""

from __future__ import annotations

import io
import logging
import sys
import threading
import warnings
from contextlib import ExitStack, contextmanager, redirect_stdout
from typing import TYPE_CHECKING

from harness.errors import ScriptError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOGGERS = ("autogen", "ag2", "flaml")


class _Nowhere(io.TextIOBase):
    """A text stream that forgets what is written."""

    def write(self, text: str) -> int:
        return len(text)

    def writable(self) -> bool:
        return True


class _NoKeyboard(io.StringIO):
    """Stands in for stdin: an agent that reads it must not wait for ever."""

    # The stubs derive StringIO from both a binary and a text base.
    def readline(self, _size: int | None = -1, /) -> str:  # type: ignore[override]
        raise ScriptError(
            "Something in the team read from the keyboard (input() or sys.stdin), where nobody "
            "sits. Script the human's answers with human: ['', 'some text', 'exit'] in the "
            "scenario (in a test: conversation.record(human=[...]); for a script: harness exec "
            "--human 'some text' SCRIPT), and let agents ask through AutoGen's human_input_mode."
        )

    read = readline


class _Silence:
    """Process-wide, so counted: the first sample in switches it on, the last one out off."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = 0
        self._undo = ExitStack()

    def enter(self) -> None:
        with self._lock:
            self._depth += 1
            if self._depth == 1:
                self._begin()

    def leave(self) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth == 0:
                self._undo.close()

    def _begin(self) -> None:
        self._undo.enter_context(redirect_stdout(_Nowhere()))
        self._undo.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        self._undo.callback(setattr, sys, "stdin", sys.stdin)
        sys.stdin = _NoKeyboard()
        self._undo.enter_context(hushed())


@contextmanager
def hushed() -> Iterator[None]:
    """Let AutoGen's loggers print nothing inside; everything else of the process is left alone."""
    # Their handlers hold on to whatever stdout was when AutoGen was imported.
    before = [(logger, logger.disabled) for logger in _loggers()]
    for logger, _ in before:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, was_disabled in before:
            logger.disabled = was_disabled


def _loggers() -> list[logging.Logger]:
    known = logging.Logger.manager.loggerDict
    # Most are of others: asked by their beginnings, they cost next to nothing.
    names = [name for name in list(known) if name.startswith(_LOGGERS)]
    found = [known[name] for name in names if name.split(".")[0] in _LOGGERS]
    return [logger for logger in found if isinstance(logger, logging.Logger)]


_SILENCE = _Silence()


@contextmanager
def silenced() -> Iterator[None]:
    """Let nothing inside reach stdout, the warnings or AutoGen's loggers, nor read stdin."""
    _SILENCE.enter()
    try:
        yield
    finally:
        _SILENCE.leave()
