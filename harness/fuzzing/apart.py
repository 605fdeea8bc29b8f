"""Conversations held apart: in a forked process, from which a team takes nothing along.

A hunt forks once. If it loses that process, it starts over with the search on this side, and
forks again for each conversation that its team ends together with the process. It must be a
fork: the team of a test is a function inside it, with its fixtures, that no other process
could import. Where there is no fork, all is done in this process.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
import warnings
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import psutil

from harness.fuzzing import losses
from harness.fuzzing.exceptions import raise_sent
from harness.fuzzing.holding import hold, hold_all
from harness.fuzzing.journal import Journal
from harness.fuzzing.pipes import (
    ASK,
    FOUND,
    RAISED,
    STOP,
    Lower,
    Upper,
    choices_in,
    linked,
)
from harness.fuzzing.playing import Stage
from harness.fuzzing.workspace import fixtures_copied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from harness.fuzzing.choosing import Pick
    from harness.fuzzing.moves import Move
    from harness.fuzzing.played import Finding
    from harness.fuzzing.settings import FuzzSettings, Subject

T = TypeVar("T")

# Whether the process is still there is asked this often; its pipe may be held by another.
_LOOK_SECONDS = 0.1
# Time to end by itself after a good hunt, to be gone once its pipe is closed, and to say where
# it is before it is ended.
_LEAVE_SECONDS, _GONE_SECONDS, _STACK_SECONDS = 2.0, 0.5, 2.0
_STACK_LOOK_SECONDS = 0.01


class Lost(Exception):
    """A process was lost with a conversation in it.

    Attributes:
        finding: The conversation.
        before: What had been found before it, one for each invariant.
    """

    def __init__(self, finding: Finding, before: dict[str, Finding]) -> None:
        super().__init__(finding.violation.reason)
        self.finding = finding
        self.before = before


class Company(Protocol):
    """Holds the conversations of a hunt."""

    def work(self, work: Callable[[Company], T], seconds: float) -> T:
        """Do a work of many conversations, at full speed.

        Args:
            work: Given somebody who holds conversations, at no cost for each of them.
            seconds: Wall-clock limit of one conversation.

        Raises:
            Lost: If the process was lost; the work is undone.
        """

    def play(
        self, script: Pick | Sequence[Move], known: frozenset[str], seconds: float
    ) -> Finding | None:
        """As `Stage.play`; a lost process is a finding.

        Args:
            script: See there.
            known: See there.
            seconds: Wall-clock limit.
        """

    def keep(self, finding: Finding) -> None:
        """Have a finding outlive the process, should it be lost."""


class _Here:
    """Holds them in this process, which can neither outlive a team nor interrupt it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def work(self, work: Callable[[Company], T], seconds: float) -> T:
        """Do it here."""
        return work(self)

    def play(
        self, script: Pick | Sequence[Move], known: frozenset[str], seconds: float
    ) -> Finding | None:
        """Play it, however long it takes."""
        return self._stage.play(script, known)

    def keep(self, finding: Finding) -> None:
        """Write it down, if anybody else will read it."""
        self._stage.keep(finding)


@contextmanager
def company(subject: Subject, settings: FuzzSettings, folder: Path) -> Iterator[Company]:
    """Somebody to hold conversations while the block lasts.

    Args:
        subject: The team.
        settings: What is said and demanded.
        folder: An empty folder.
    """
    workspace, temporary = folder / "workspace", folder / "tmp"
    for each in (workspace, temporary):
        each.mkdir()
    fixtures_copied(subject.scenario, workspace)
    if not hasattr(os, "fork"):
        yield _Here(Stage(subject, settings, workspace))
        return
    with (
        closing(Journal()) as journal,
        closing(_Apart(Stage(subject, settings, workspace, journal), journal, temporary)) as apart,
    ):
        yield apart


class _Child:
    """A forked process and the pipes to it."""

    def __init__(self, pid: int, upper: Upper) -> None:
        self.pid = pid
        self.upper = upper
        self.status: int | None = None
        self._is_reaped = False

    def is_running(self, seconds: float = 0.0) -> bool:
        """Whether it still is, after so many seconds at most."""
        until = time.monotonic() + seconds
        while not self._is_reaped:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # Somebody else has waited for it.
                pid, status = self.pid, None
            if pid:
                self.status, self._is_reaped = status, True
            elif time.monotonic() >= until:
                return True
            else:
                time.sleep(0.001)
        return False

    def end(self) -> None:
        """Kill it, with what it started."""
        started = _descendants(self.pid)
        for pid in (self.pid, *started):
            _kill(pid)
        self.is_running(_LEAVE_SECONDS)


class _Apart:
    """Holds them in a forked process."""

    def __init__(self, stage: Stage, journal: Journal, temporary: Path) -> None:
        self._stage = stage
        self._journal = journal
        self._temporary = temporary
        self._child: _Child | None = None
        self._is_idle = True

    def work(self, work: Callable[[Company], T], seconds: float) -> T:
        """Do it in a process of its own."""
        here = _Here(self._stage)
        self._journal.begin()
        child = self._child = self._fork(
            lambda lower: hold_all(lambda: work(here), lower, self._journal, self._temporary)
        )
        try:
            message = self._next(child, lambda: seconds - self._journal.age_seconds)
        except (EOFError, TimeoutError) as loss:
            lost = self._finding(child, loss, seconds)
            raise Lost(lost, self._journal.read_findings()) from None
        self.close()
        done: T = _outcome(*message)
        return done

    def play(
        self, script: Pick | Sequence[Move], known: frozenset[str], seconds: float
    ) -> Finding | None:
        """Play it in a process of its own, or that of the one before."""
        child = self._child = self._child or self._fork(
            lambda lower: hold(self._stage, lower, self._journal, self._temporary)
        )
        self._is_idle = False
        until = time.monotonic() + seconds
        pick, moves = (script, None) if callable(script) else (None, tuple(script))
        try:
            child.upper.order(pickle.dumps((moves, known)))
            while (message := self._next(child, _left(until)))[0] == ASK and pick is not None:
                child.upper.pick(self._picked(pick, choices_in(message[1]), child, until))
        except (EOFError, BrokenPipeError, TimeoutError) as loss:
            return self._finding(child, loss, seconds)
        self._is_idle = True
        found: Finding | None = _outcome(*message)
        return found

    def keep(self, finding: Finding) -> None:
        """Nothing: this side is not lost."""

    def _finding(self, child: _Child, loss: Exception, seconds: float) -> Finding:
        """What is told of a process that was lost."""
        stage, journal = self._stage, self._journal
        if isinstance(loss, TimeoutError):
            self._ask_where(child)
            self._end()
            return losses.hang(stage.name, stage.engine, journal, seconds)
        # One that has become another program, or has closed all files, is still there.
        status = None if child.is_running(_GONE_SECONDS) else child.status
        self._end()
        return losses.death(stage.name, stage.engine, journal, status)

    def _picked(self, pick: Pick, choices: int, child: _Child, until: float) -> int:
        try:
            return int(pick(range(choices)))
        except BaseException:
            self._stop(child, until)
            raise

    def _stop(self, child: _Child, until: float) -> None:
        """Bring the process back from a conversation that is wanted no more."""
        try:
            kind = ASK
            while kind == ASK:  # A team that overhears it is told again.
                child.upper.pick(STOP)
                kind, _ = self._next(child, _left(until))
            self._is_idle = True
        except (EOFError, BrokenPipeError, TimeoutError):
            self._end()

    def _next(self, child: _Child, seconds_left: Callable[[], float]) -> tuple[bytes, bytes]:
        while True:
            left = seconds_left()
            message = child.upper.receive(max(0.0, min(left, _LOOK_SECONDS)))
            if message is not None:
                return message
            if left <= 0:
                raise TimeoutError
            # Its pipe stays open where a process that it started holds it, too.
            if not child.is_running():
                raise EOFError

    def _ask_where(self, child: _Child) -> None:
        until = time.monotonic() + _STACK_SECONDS
        # Written frame by frame. The second begins only when the first is complete.
        for asked in (1, 2):
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGUSR1)
            while self._journal.count_stacks() < asked and time.monotonic() < until:
                time.sleep(_STACK_LOOK_SECONDS)

    def _fork(self, work: Callable[[Lower], None]) -> _Child:
        upper, lower = linked()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # Or both processes would write what waits in it.
        pid = _forked()
        if pid:
            for descriptor in lower:
                os.close(descriptor)
            return _Child(pid, Upper(*upper))
        status = 1
        try:
            for descriptor in upper:
                os.close(descriptor)
            work(Lower(*lower))
            status = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            # Never back into what the other process was doing.
            os._exit(status)

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.upper.close()
            child.end()

    def close(self) -> None:
        """Let the process end, or end it."""
        child = self._child
        if child is not None and self._is_idle:
            child.upper.hang_up()
            child.is_running(_LEAVE_SECONDS)
        self._end()


def _left(until: float) -> Callable[[], float]:
    return lambda: until - time.monotonic()


def _outcome(kind: bytes, content: bytes) -> Any:
    if kind == FOUND:
        return pickle.loads(content)
    assert kind == RAISED
    raise_sent(content)


def _forked() -> int:
    with warnings.catch_warnings():
        # Newer Pythons warn of threads. One that holds a lock which a team needs is rare, and
        # the conversation then ends at its limit.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _descendants(pid: int) -> list[int]:
    try:
        return [each.pid for each in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []


def _kill(pid: int) -> None:
    for kill in (os.killpg, os.kill):
        # Not every process leads a group.
        with suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
