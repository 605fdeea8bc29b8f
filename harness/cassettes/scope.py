"""Which session answers here: the one place that holds process-wide state.

`CURRENT` is the session of the running context. `ACTIVE` knows every open
session, so that a context nobody prepared can be refused, not sent live,
while any replay is open.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

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


class ActiveSessions:
    """The open sessions of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._replays: tuple[Session, ...] = ()

    @property
    def replays(self) -> tuple[Session, ...]:
        """Every replay that is open in any context."""
        return self._replays

    def enter(self, session: Session) -> None:
        """Count a session as open."""
        if session.mode == "replay":
            with self._lock:
                self._replays = (*self._replays, session)

    def leave(self, session: Session) -> None:
        """Count a session as closed."""
        with self._lock:
            self._replays = tuple(kept for kept in self._replays if kept is not session)


CURRENT: ContextVar[Session | None] = ContextVar("harness_cassette_session", default=None)
CALLER: ContextVar[Caller | None] = ContextVar("harness_cassette_caller", default=None)
ACTIVE = ActiveSessions()


def current_session() -> Session | None:
    """The session of this context, or None."""
    return CURRENT.get()


def replays_concerned() -> tuple[Session, ...]:
    """The replays that network access from this context would violate.

    A context without a session concerns every open replay: it may be a thread
    or a task that belongs to any of them.
    """
    session = CURRENT.get()
    if session is None:
        return ACTIVE.replays
    return (session,) if session.mode == "replay" else ()


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
