"""Which session answers here: the one place that holds process-wide state.

`CURRENT` is the session of the running context. `ACTIVE` knows every open
session, so that a context nobody prepared can be refused, not sent live
past a replay or a recording.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.cassettes.session import Session


@dataclass(slots=True)
class Caller:
    """Who makes the model calls of a context; shared by the threads started in it.

    Attributes:
        agent: Name of the agent.
        purpose: Why it calls.
        latency_seconds: Latency of the newest interaction answered for it.
    """

    agent: str
    purpose: str
    latency_seconds: float = 0.0


class ConnectionLost(ConnectionResetError):
    """Answers a request by losing the connection; HTTP clients see their own error."""


class NoAnswer(TimeoutError):
    """Answers a request by nothing, until the client has waited long enough."""


REPLAY_ADVICE = (
    "because a replay never uses the network. "
    "If the sample needs this connection, run it live: harness run --live"
)


class Watcher(Protocol):
    """Somebody who forbids the network and counts who tried it all the same."""

    @property
    def label(self) -> str:
        """What it is called in messages."""

    @property
    def advice(self) -> str:
        """Why it forbids the network, and what to do about it: two sentences."""

    def count_socket(self, refusal: str) -> None:
        """Note an attempt to open a connection, and the text it was refused with."""


class ActiveSessions:
    """The open sessions of this process, and who else keeps it offline."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: tuple[Session, ...] = ()
        self._replays: tuple[Session, ...] = ()
        self._offline: tuple[Watcher, ...] = ()

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Every session that is open in any context."""
        return self._sessions

    @property
    def replays(self) -> tuple[Session, ...]:
        """Every replay that is open in any context."""
        return self._replays

    def enter(self, session: Session) -> None:
        """Count a session as open."""
        with self._lock:
            self._sessions = (*self._sessions, session)
            if session.mode == "replay":
                self._replays = (*self._replays, session)

    def leave(self, session: Session) -> None:
        """Count a session as closed."""
        with self._lock:
            self._sessions = tuple(kept for kept in self._sessions if kept is not session)
            self._replays = tuple(kept for kept in self._replays if kept is not session)

    @property
    def offline(self) -> tuple[Watcher, ...]:
        """Every open block that keeps the whole process offline."""
        return self._offline

    def enter_offline(self, watcher: Watcher) -> None:
        """Keep the process offline."""
        with self._lock:
            self._offline = (*self._offline, watcher)

    def leave_offline(self, watcher: Watcher) -> None:
        """Stop doing so on account of this watcher."""
        with self._lock:
            self._offline = tuple(kept for kept in self._offline if kept is not watcher)


CURRENT: ContextVar[Session | None] = ContextVar("harness_cassette_session", default=None)
CALLER: ContextVar[Caller | None] = ContextVar("harness_cassette_caller", default=None)
ACTIVE = ActiveSessions()


def current_session() -> Session | None:
    """The session of this context, or None."""
    return CURRENT.get()


def watchers_concerned() -> tuple[Watcher, ...]:
    """Who forbids this context the network, innermost first.

    A context without a session concerns every open replay: it may be a thread
    or a task that belongs to any of them. An offline block concerns all
    contexts but those that record.
    """
    session = CURRENT.get()
    if session is None:
        return (*ACTIVE.replays, *ACTIVE.offline)
    return (session, *ACTIVE.offline) if session.mode == "replay" else ()


@contextmanager
def calling(agent: str, purpose: str) -> Iterator[Caller]:
    """Name who makes the model calls inside, so that a miss can name agent and call.

    Args:
        agent: Name of the agent.
        purpose: Why it calls, as in `harness.model.transcript.Purpose`.
    """
    caller = Caller(agent, purpose)
    token = CALLER.set(caller)
    try:
        yield caller
    finally:
        CALLER.reset(token)
