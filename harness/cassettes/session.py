"""Sessions: one cassette being replayed or recorded, in one context."""

from __future__ import annotations

import os
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NoReturn

from harness.cassettes.asking import RequestReader
from harness.cassettes.ignoring import Ignoring
from harness.cassettes.matching import Index
from harness.cassettes.misses import Asked, as_stray, explain, explain_finished
from harness.cassettes.payload import decompressed
from harness.cassettes.reader import load_cassette
from harness.cassettes.redaction import NO_RULES, Redactor
from harness.cassettes.scope import ACTIVE, CALLER, CURRENT
from harness.cassettes.scrub import Scrubber
from harness.errors import CassetteError, CassetteMiss
from harness.model.sample import CassetteUse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from harness.cassettes.cassette import Cassette, Interaction
    from harness.cassettes.format import CassetteHeader, Chunks
    from harness.cassettes.matching import Request
    from harness.model.scenario import SecretRules


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


class Session:
    """What replays and recordings have in common: who asked, and how often.

    Attributes:
        mode: "replay" or "record".
        path: The cassette.
        header: The cassette's header.
        label: What the cassette is called in messages.
        asked: Requests made.
        served: Requests answered from the cassette, or recorded.
        kept: Of the served, those that an update took from the earlier recording.
        sockets_opened: Connections attempted, and refused, during a replay.
    """

    mode: Literal["replay", "record"]

    def __init__(self, path: Path, header: CassetteHeader, label: str = "") -> None:
        self.path = path
        self.header = header
        self.label = label or str(path)
        self.asked = 0
        self.served = 0
        self.sockets_opened = 0
        self.kept = 0
        self.is_open = True
        self._misses: list[str] = []
        self._calls: Counter[str] = Counter()
        self._latency_seconds = 0.0
        self._lock = threading.Lock()

    @property
    def misses(self) -> tuple[str, ...]:
        """Explanations of the requests that could not be answered."""
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
        with self._lock:
            self.sockets_opened += 1

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


class ReplaySession(Session):
    """Answers requests from a cassette, each interaction once; refuses all others.

    Args:
        cassette: What answers.
        label: What to call it in messages.
        is_repeating: Whether the last answer to a request is given again when it is asked
            more often than it was recorded.
        pace: What recorded times are multiplied by when a stream is replayed; 0 not to wait.
        secrets: The user's own rules for what no message may show.
        command: What a miss names to record the cassette again; "" for ``harness record``.
    """

    mode = "replay"

    def __init__(
        self,
        cassette: Cassette,
        label: str = "",
        *,
        is_repeating: bool = False,
        pace: float = 0.0,
        secrets: SecretRules = NO_RULES,
        command: str = "",
    ) -> None:
        super().__init__(cassette.path, cassette.header, label)
        self._command = command
        self.pace = pace
        self._secrets = secrets
        self._cassette = cassette
        self._index = Index(cassette.interactions, is_repeating=is_repeating)
        self._reader = RequestReader(Ignoring(cassette.header.ignored))
        self._served_cost_usd: float | None = 0.0

    @property
    def unplayed(self) -> int:
        """Recorded interactions that nobody has asked for yet."""
        return self._index.unplayed_count

    @property
    def served_cost_usd(self) -> float | None:
        """US dollars that the served interactions cost when recorded; None if unknown."""
        return self._served_cost_usd if self.served else None

    def answer(self, sent: Sent) -> Interaction:
        """The recorded answer to a request.

        Raises:
            CassetteMiss: If there is none left, or the session has ended.
        """
        with self._lock:
            request = sent.request(self._reader)
            self._count_call()
            interaction = self._index.take(request) if self.is_open else None
            if interaction is None:
                self._miss(request, self._last_call())
            self.served += 1
            cost, total = interaction.cost_usd, self._served_cost_usd
            self._served_cost_usd = None if cost is None or total is None else total + cost
        self._note_latency(interaction.latency_seconds)
        return interaction

    def refuse_stray(self, sent: Sent) -> str:
        """Note a request from a context that belongs to no session; returns the explanation."""
        with self._lock:
            self._count_call()
            request = sent.request(self._reader)
            text = as_stray(self._explain(request, self._last_call()))
            self._misses.append(text)
        return text

    def _miss(self, request: Request, call: Asked) -> NoReturn:
        text = self._explain(request, call)
        self._misses.append(text)
        raise CassetteMiss(text)

    def _explain(self, request: Request, call: Asked) -> str:
        # Cleaned first: of a secret that a message cuts in two, no half would be known.
        redactor = Redactor.from_environment(os.environ, self._secrets)
        request = Scrubber(redactor).request(request)
        if self.is_open:
            text = explain(
                self.label, self._cassette, self._index, request, call, command=self._command
            )
        else:
            text = explain_finished(self.label, request, call)
        return redactor.text(text)


@contextmanager
def replaying(  # noqa: PLR0913 - all but one are keyword-only
    path: Path,
    *,
    label: str = "",
    sample: str | None = None,
    is_repeating: bool = False,
    pace: float = 0.0,
    secrets: SecretRules = NO_RULES,
    ignored: tuple[str, ...] | None = None,
    command: str = "",
) -> Iterator[ReplaySession]:
    """Answer every request of this context from a cassette; nothing reaches the network.

    Args:
        path: The cassette.
        label: What to call it in messages; its path by default.
        sample: Key of the sample it must have been recorded for; None to play any.
        is_repeating: Whether the last answer to a request is given again when it is asked
            more often than it was recorded; otherwise that is a miss.
        pace: 1.0 replays a stream as fast as it was recorded, 0.5 twice as fast, 0 at once.
        secrets: The user's own rules for what no message may show.
        ignored: Rules for what matching overlooks; None for those in the cassette.
        command: What a miss names to record the cassette again; "" for ``harness record``.

    Raises:
        CassetteError: If the cassette is missing, damaged, of another version, or
            of another sample.
    """
    from harness.cassettes.installation import install

    install()
    session = ReplaySession(
        load_cassette(path, ignored=ignored),
        label,
        is_repeating=is_repeating,
        pace=pace,
        secrets=secrets,
        command=command,
    )
    _require_sample(session, sample)
    try:
        with entered(session):
            yield session
    finally:
        session.is_open = False


def _require_sample(session: Session, sample: str | None) -> None:
    recorded = session.header.sample
    if sample is None or recorded in ("", sample):
        return
    raise CassetteError(
        f"{session.label}:1: this cassette was recorded for {recorded}, not for {sample}; "
        "replaying it here would count one recording twice. Record this sample with: "
        f"{_record_command(sample)}, or, if you renamed things, change "
        '"sample" in its first line.'
    )


def _record_command(sample: str) -> str:
    # The key of a sample, as `harness.model.sample.SampleKey` writes it.
    names = sample.split("/")
    if len(names) != 4:
        return "harness record --overwrite"
    suite, scenario, config, epoch = names
    chosen = f"-k {scenario} --config {config} --epoch {epoch}"
    return f"harness record {suite} {chosen} --overwrite"


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
