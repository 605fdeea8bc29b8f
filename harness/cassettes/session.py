"""Sessions: one cassette being replayed or recorded, in one context."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.cassettes.forks import REFUSALS, refused
from harness.cassettes.misses import Asked
from harness.cassettes.payload import decompressed
from harness.cassettes.scope import ACTIVE, CALLER, CURRENT, REPLAY_ADVICE
from harness.model.sample import CassetteUse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from harness.cassettes.asking import RequestReader
    from harness.cassettes.cassette import Interaction
    from harness.cassettes.format import CassetteHeader, Chunks
    from harness.cassettes.matching import Request


@dataclass(frozen=True)
class Sent:
    """A request as an HTTP client made it.

    Attributes:
        method: HTTP method.
        url: Absolute URL.
        headers: Names in lower case.
        body: Body as sent.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    def request(self, reader: RequestReader) -> Request:
        """The request as matching sees it."""
        encodings = self.headers.get("content-encoding", "")
        body = decompressed(self.body, encodings) if encodings else self.body
        return reader.read(self.method, self.url, self.body if body is None else body)


@dataclass(frozen=True)
class Received:
    """A response as an HTTP client got it.

    Attributes:
        status: HTTP status code.
        reason: HTTP reason phrase.
        headers: Names as sent.
        body: Raw body.
        chunks: Size in bytes, and seconds since the request, of each piece the raw body
            arrived in; empty if nobody noted them.
    """

    status: int
    reason: str
    headers: Mapping[str, list[str]]
    body: bytes
    chunks: Chunks = ()


@dataclass(frozen=True)
class Given:
    """A response that is made up; it has what a recorded interaction has for a client.

    Attributes:
        status: HTTP status code.
        headers: Names in lower case.
        content: Raw body.
        reason: HTTP reason phrase.
        chunks: Sizes and times of its pieces; empty for one piece.
        latency_seconds: How long the provider took.
        cost_usd: US dollars; None without a price.
        is_cut: Whether the connection is lost after the content.
    """

    status: int
    headers: Mapping[str, list[str]]
    content: bytes
    reason: str = ""
    chunks: Chunks = ()
    latency_seconds: float = 0.0
    cost_usd: float | None = None
    is_cut: bool = False


class Session(ABC):
    """What replays and recordings have in common: who asked, and how often.

    Attributes:
        mode: "replay" or "record".
        advice: Why a replay refuses connections, and what to do about it.
        path: The cassette.
        header: The cassette's header.
        label: What the cassette is called in messages.
        asked: Requests made.
        served: Requests answered from the cassette, or recorded.
        kept: Of the served, those that an update took from the earlier recording.
        sockets_opened: Connections attempted, and refused, during a replay.
    """

    mode: Literal["replay", "record"]
    advice = REPLAY_ADVICE

    def __init__(self, path: Path, header: CassetteHeader, label: str = "") -> None:
        self.path = path
        self.header = header
        self.label = label or str(path)
        self.asked = 0
        self.served = 0
        self.sockets_opened = 0
        self.kept = 0
        self.is_open = True
        self._process = os.getpid()
        self._refused_before = REFUSALS.count
        self._misses: list[str] = []
        self._calls: Counter[str] = Counter()
        self._latency_seconds = 0.0
        self._lock = threading.Lock()

    @property
    def misses(self) -> tuple[str, ...]:
        """Explanations of the requests that could not be answered."""
        self._note_forks()
        return tuple(self._misses)

    @property
    def unplayed(self) -> int:
        """Recorded interactions that nobody has asked for yet."""
        return 0

    @property
    def served_cost_usd(self) -> float | None:
        """US dollars that the served interactions cost when recorded; None if unknown."""
        return None

    @property
    def last_latency_seconds(self) -> float:
        """Recorded latency of the interaction last answered to this caller."""
        caller = CALLER.get()
        return caller.latency_seconds if caller else self._latency_seconds

    def use(self, display_path: str) -> CassetteUse:
        """How the cassette was used so far.

        Args:
            display_path: The cassette's path as reports show it.
        """
        self._note_forks()
        return CassetteUse(
            path=display_path,
            source=self.header.source,
            recorded_at=self.header.recorded_at,
            asked=self.asked,
            served=self.served,
            misses=self.misses,
            kept=self.kept,
            unplayed=self.unplayed,
            sockets_opened=self.sockets_opened,
            cost_usd=self.served_cost_usd,
        )

    def count_socket(self, refusal: str) -> None:
        """Note an attempt to open a connection; the text is the caller's to raise."""
        if self._is_forked:
            REFUSALS.note()
            return
        with self._lock:
            self.sockets_opened += 1

    @abstractmethod
    def refuse_stray(self, sent: Sent) -> str:
        """Note a request from a context that belongs to no session; returns the explanation."""

    @property
    def _is_forked(self) -> bool:
        """Whether this is a copy of the session, in a process that was forked from it."""
        return os.getpid() != self._process

    def _refuse_forked(self) -> str:
        REFUSALS.note()
        return refused(self)

    def _note_forks(self) -> None:
        """Take over what was refused in forked processes."""
        if self.is_open and not self._is_forked:
            with self._lock:
                count = REFUSALS.count
                new, self._refused_before = count - self._refused_before, count
                self.asked += new
                self._misses += [refused(self)] * new

    def _count_call(self) -> None:
        caller = CALLER.get()
        self.asked += 1
        self._calls[caller.agent if caller else ""] += 1

    def _last_call(self) -> Asked:
        """Who made the call counted last, in this context, and the how-manieth it is."""
        caller = CALLER.get()
        agent, purpose = (caller.agent, caller.purpose) if caller else ("", "")
        return Asked(agent, purpose, self.asked, self._calls[agent])

    def _note_latency(self, seconds: float) -> None:
        self._latency_seconds = seconds
        if caller := CALLER.get():
            caller.latency_seconds = seconds


class AnsweringSession(Session):
    """A session whose requests never go out.

    Attributes:
        pace: What recorded times are multiplied by when a stream is replayed; 0 not to wait.
        skips_waits: Whether clients are told not to wait before they ask again.
    """

    mode = "replay"
    pace = 0.0
    skips_waits = True

    @abstractmethod
    def answer(self, sent: Sent) -> Interaction | Given:
        """The answer to a request."""


@contextmanager
def entered(session: Session) -> Iterator[None]:
    """Make a session the current one of this context."""
    token = CURRENT.set(session)
    ACTIVE.enter(session)
    try:
        yield
    finally:
        ACTIVE.leave(session)
        CURRENT.reset(token)
