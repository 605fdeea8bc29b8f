"""The process that holds conversations for another, which decides what is said in them.

A team may end the process it runs in, or never come back from a callback. Here it takes
nothing along: what it did is in the journal, and who decides sits elsewhere.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import pickle
import random
import signal
import sys
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from harness.fuzzing.exceptions import portable
from harness.fuzzing.pipes import FOUND, RAISED, STOP, STOPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from harness.fuzzing.journal import Journal
    from harness.fuzzing.pipes import Lower
    from harness.fuzzing.playing import Stage


class _Stopped(BaseException):
    """Who decides wants no more of this conversation."""


def hold_all(work: Callable[[], Any], lower: Lower, journal: Journal, temporary: Path) -> None:
    """Do a whole work by itself and send what it returns.

    Args:
        work: Holds conversations, and decides what is said in them.
        lower: The outcome goes here.
        journal: Gets what happens as it happens.
        temporary: Folder for temporary files, removed by somebody else in the end.
    """
    _prepare(journal, temporary)
    try:
        kind, content = FOUND, pickle.dumps(work())
    except BaseException as error:
        kind, content = RAISED, portable(error)
    _flush()
    lower.send(kind, content)


def hold(stage: Stage, lower: Lower, journal: Journal, temporary: Path) -> None:
    """Hold conversations until the pipe is closed, which ends the process.

    Args:
        stage: The team.
        lower: Orders come and outcomes go here.
        journal: Gets what happens as it happens.
        temporary: Folder for temporary files, removed by somebody else in the end.
    """
    _prepare(journal, temporary)

    def pick(menu: Sequence[Any]) -> Any:
        index = lower.ask(len(menu))
        if index == STOP:
            raise _Stopped
        return menu[index]

    while True:
        moves, known = pickle.loads(lower.order())
        _seed()
        try:
            finding = stage.play(pick if moves is None else moves, known)
            kind, content = FOUND, pickle.dumps(finding)
        except _Stopped:
            kind, content = STOPPED, b""
        except BaseException as error:
            kind, content = RAISED, portable(error)
        _flush()
        lower.send(kind, content)


def _flush() -> None:
    with suppress(OSError, ValueError):  # A team may have closed them.
        sys.stdout.flush()
        sys.stderr.flush()


def _prepare(journal: Journal, temporary: Path) -> None:
    # A process that is killed removes nothing itself.
    tempfile.tempdir = str(temporary)
    if sys.platform == "linux":
        from harness.sandboxes.cells.kernel import die_with_parent

        die_with_parent()
    # A signal that a team sends to its process shall do what it does, and no handler of
    # whoever started the hunt. Of a terminal, the process stays in the foreground.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    if not _is_at_a_terminal():
        os.setpgid(0, 0)
    faulthandler.enable(journal.stack)
    faulthandler.register(signal.SIGUSR1, journal.stack, all_threads=False)
    _let_exits_say_where(journal)
    # What was there before stays shared with the other process, and is not looked through.
    gc.freeze()


def _let_exits_say_where(journal: Journal) -> None:
    """Have the stack written down before the process ends itself, as a crash does."""
    leave, owner = os._exit, os.getpid()

    def leave_a_trace(status: int) -> NoReturn:
        if os.getpid() == owner:
            with suppress(OSError, ValueError):
                faulthandler.dump_traceback(journal.stack, all_threads=False)
        leave(status)

    os._exit = leave_a_trace


def _is_at_a_terminal() -> bool:
    try:
        return os.isatty(0)
    except OSError:
        return False


def _seed() -> None:
    """Let chance come out alike in every conversation, as Hypothesis does."""
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
