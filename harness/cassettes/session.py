"""Sessions: one cassette being replayed or recorded, in one context."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NoReturn

from harness.cassettes.matching import Index, Request, request_of
from harness.cassettes.misses import Asked, explain, explain_finished
from harness.cassettes.payload import decompressed
from harness.cassettes.reader import load_cassette
from harness.cassettes.redaction import Redactor
from harness.cassettes.scope import ACTIVE, CALLER, CURRENT
from harness.cassettes.scrub import Scrubber
from harness.cassettes.writer import CassetteWriter
from harness.errors import CassetteError, CassetteMiss, SampleInterrupt
from harness.model.sample import CassetteUse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from harness.cassettes.cassette import Cassette, Interaction
    from harness.cassettes.format import CassetteHeader


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

    def request(self) -> Request:
        """The request as matching sees it."""
        encodings = self.headers.get("content-encoding", "")
        body = decompressed(self.body, encodings) if encodings else self.body
        return request_of(self.method, self.url, self.body if body is None else body)


@dataclass(frozen=True)
class Received:
    """A response as an HTTP client got it: status, reason, headers and raw body."""

    status: int
    reason: str
    headers: Mapping[str, list[str]]
    body: bytes


class Session:
    """What replays and recordings have in common: who asked, and how often.

    Attributes:
        mode: "replay" or "record".
        path: The cassette.
        header: The cassette's header.
        label: What the cassette is called in messages.
        asked: Requests made.
        served: Requests answered from the cassette, or recorded.
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
            unplayed=self.unplayed,
            sockets_opened=self.sockets_opened,
        )

    def count_socket(self, refusal: str) -> None:
        """Note an attempt to open a connection; the text is the caller's to raise."""
        with self._lock:
            self.sockets_opened += 1

    def _count_call(self) -> Asked:
        caller = CALLER.get()
        agent, purpose = (caller.agent, caller.purpose) if caller else ("", "")
        self.asked += 1
        self._calls[agent] += 1
        return Asked(agent, purpose, self.asked, self._calls[agent])

    def _note_latency(self, seconds: float) -> None:
        self._latency_seconds = seconds
        if caller := CALLER.get():
            caller.latency_seconds = seconds


class ReplaySession(Session):
    """Answers requests from a cassette, each interaction once; refuses all others."""

    mode = "replay"

    def __init__(self, cassette: Cassette, label: str = "") -> None:
        super().__init__(cassette.path, cassette.header, label)
        self._cassette = cassette
        self._index = Index(cassette.interactions)

    @property
    def unplayed(self) -> int:
        """Recorded interactions that nobody has asked for yet."""
        return len(self._index.unplayed)

    def answer(self, sent: Sent) -> Interaction:
        """The recorded answer to a request.

        Raises:
            CassetteMiss: If there is none left, or the session has ended.
        """
        request = sent.request()
        with self._lock:
            call = self._count_call()
            interaction = self._index.take(request) if self.is_open else None
            if interaction is None:
                self._miss(request, call)
            self.served += 1
        self._note_latency(interaction.latency_seconds)
        return interaction

    def refuse_stray(self, sent: Sent) -> str:
        """Note a request from a context that belongs to no session; returns the explanation."""
        with self._lock:
            call = self._count_call()
            text = explain(self.label, self._cassette, self._index, sent.request(), call)
            text = (
                f"{text} The request came from a thread or task that belongs to no sample, "
                "so it was refused although it may be recorded: start it inside the sample."
            )
            self._misses.append(text)
        return text

    def _miss(self, request: Request, call: Asked) -> NoReturn:
        if self.is_open:
            text = explain(self.label, self._cassette, self._index, request, call)
        else:
            text = explain_finished(self.label, request, call)
        self._misses.append(text)
        raise CassetteMiss(text)


class RecordSession(Session):
    """Lets requests through and writes them, with their answers, to a cassette.

    Args:
        path: Where the finished cassette goes.
        header: First line.
        redactor: Knows the secrets that must not be written.
        overwrite: Whether an existing cassette may be replaced.

    Raises:
        CassetteError: If the cassette exists or cannot be written.
    """

    mode = "record"

    def __init__(
        self, path: Path, header: CassetteHeader, redactor: Redactor, *, overwrite: bool = False
    ) -> None:
        super().__init__(path, header)
        self._scrubber = Scrubber(redactor)
        self._writer = CassetteWriter(path, self._scrubber.header(header), overwrite=overwrite)
        self._unanswered: set[str] = set()

    @property
    def is_sound(self) -> bool:
        """Whether every request got an answer in the end.

        One that ended in a connection error has none: a replay would miss there.
        """
        return not self._unanswered

    def begin(self, sent: Sent) -> float:
        """Note that a request goes out; returns the time for `keep`.

        Raises:
            SampleInterrupt: If the recording has ended, as the answer would be lost.
        """
        if not self.is_open:
            raise SampleInterrupt(
                f"{self.label}: a request was made after the recording had ended, by a thread "
                "or task that outlived its sample, or because the recording could not go on."
            )
        with self._lock:
            self._count_call()
            self._unanswered.add(sent.request().digest)
        return time.perf_counter()

    def keep(self, sent: Sent, received: Received, *, began: float) -> None:
        """Write an interaction.

        Raises:
            SampleInterrupt: If it cannot be written; an ordinary exception would
                make the client ask, and pay, again.
        """
        seconds = time.perf_counter() - began
        try:
            with self._lock:
                self._write(sent, received, seconds)
        except Exception as fault:
            self.is_open = False
            raise SampleInterrupt(
                f"{self.label}: interaction {self.served + 1} could not be written, so the "
                f"recording stopped: {type(fault).__name__}: {fault}"
            ) from fault
        self._note_latency(seconds)

    def _write(self, sent: Sent, received: Received, seconds: float) -> None:
        request = sent.request()
        self._scrubber.learn(sent.headers)
        self._writer.write(
            self._scrubber.request(request),
            self._scrubber.response(
                received.status, received.reason, received.headers, received.body
            ),
            latency_seconds=seconds,
            caller=self._scrubber.caller(CALLER.get()),
            request_headers=self._scrubber.request_headers(sent.headers),
        )
        self.served += 1
        self._unanswered.discard(request.digest)

    def close(self, *, is_clean: bool) -> None:
        """Finish the file, or leave it partial.

        Args:
            is_clean: Whether the sample ran to its end.
        """
        with self._lock:
            was_open, self.is_open = self.is_open, False
            if is_clean and was_open and self.is_sound:
                self._writer.finish()
            else:
                self._writer.abandon()


@contextmanager
def replaying(path: Path, *, label: str = "", sample: str | None = None) -> Iterator[ReplaySession]:
    """Answer every request of this context from a cassette; nothing reaches the network.

    Args:
        path: The cassette.
        label: What to call it in messages; its path by default.
        sample: Key of the sample it must have been recorded for; None to play any.

    Raises:
        CassetteError: If the cassette is missing, damaged, of another version, or
            of another sample.
    """
    from harness.cassettes.installation import install

    install()
    session = ReplaySession(load_cassette(path), label)
    _require_sample(session, sample)
    try:
        with _entered(session):
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
def recording(
    path: Path, header: CassetteHeader, *, overwrite: bool = False
) -> Iterator[RecordSession]:
    """Let every request of this context through, and record it.

    The cassette gets its name when the block ends without an exception and every
    request was answered. Otherwise ``<path>.partial`` keeps what was recorded.

    Args:
        path: Where the finished cassette goes.
        header: First line.
        overwrite: Whether an existing cassette may be replaced.

    Raises:
        CassetteError: If the cassette exists or cannot be written.
    """
    from harness.cassettes.installation import install

    install()
    redactor = Redactor.from_environment(os.environ)
    session = RecordSession(path, header, redactor, overwrite=overwrite)
    is_clean = False
    try:
        with _entered(session):
            yield session
        is_clean = True
    finally:
        session.close(is_clean=is_clean)


@contextmanager
def _entered(session: Session) -> Iterator[None]:
    """Make a session the current one of this context."""
    token = CURRENT.set(session)
    ACTIVE.enter(session)
    try:
        yield
    finally:
        ACTIVE.leave(session)
        CURRENT.reset(token)
