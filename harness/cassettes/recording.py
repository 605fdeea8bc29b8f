"""Recording sessions: requests go out, and what comes back is written at once."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from harness.cassettes.asking import RequestReader
from harness.cassettes.cassette import partial_path
from harness.cassettes.ignoring import Ignoring
from harness.cassettes.redaction import NO_RULES, Redactor
from harness.cassettes.scope import CALLER
from harness.cassettes.scrub import Scrubber
from harness.cassettes.session import Session, entered
from harness.cassettes.writer import CassetteWriter
from harness.errors import CassetteError, SampleInterrupt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.cassettes.cassette import Interaction
    from harness.cassettes.charging import Charging
    from harness.cassettes.format import CassetteHeader
    from harness.cassettes.matching import Request
    from harness.cassettes.session import Received, Sent
    from harness.model.scenario import SecretRules


_S = TypeVar("_S", bound="RecordSession")


@dataclass(frozen=True, slots=True)
class Began:
    """A request on its way.

    Attributes:
        request: The request, taken apart.
        key: What matching will know it by.
        order: Which request of the session it is, from 1.
        reserved_usd: US dollars set aside for it.
        clock: When it was sent, as `time.perf_counter` tells.
    """

    request: Request
    key: bytes
    order: int
    reserved_usd: float
    clock: float


class RecordSession(Session):
    """Lets requests through and writes them, with their answers, to a cassette.

    Args:
        path: Where the finished cassette goes.
        header: First line.
        redactor: Knows the secrets that must not be written.
        charging: Prices calls and keeps them below a sum; None for neither.
        overwrite: Whether an existing cassette may be replaced.

    Raises:
        CassetteError: If the cassette exists or cannot be written.
    """

    mode = "record"

    def __init__(
        self,
        path: Path,
        header: CassetteHeader,
        redactor: Redactor,
        *,
        charging: Charging | None = None,
        overwrite: bool = False,
    ) -> None:
        super().__init__(path, header)
        self._scrubber = Scrubber(redactor)
        self._writer = CassetteWriter(path, self._scrubber.header(header), overwrite=overwrite)
        self._charging = charging
        self._reader = RequestReader()
        ignoring = Ignoring(header.ignored)
        # What is ignored is still written as it was: hence a second look only if there is any.
        self._keys = RequestReader(ignoring) if ignoring else None
        self._unanswered: Counter[bytes] = Counter()
        self._written: dict[bytes, list[tuple[int, int]]] = defaultdict(list)

    @property
    def is_sound(self) -> bool:
        """Whether every request got an answer in the end.

        One that ended in a connection error has none: a replay would miss there.
        """
        return not self._unanswered

    def replayed(self, sent: Sent) -> Interaction | None:
        """The recorded answer a request gets instead of going out; a plain recording has none."""
        return None

    def begin(self, sent: Sent) -> Began:
        """Note that a request goes out; returns what `keep` needs.

        Raises:
            SampleInterrupt: If the recording has ended, as the answer would be lost, or
                the money is spent.
        """
        if not self.is_open:
            raise SampleInterrupt(
                f"{self.label}: a request was made after the recording had ended, by a thread "
                "or task that outlived its sample, or because the recording could not go on."
            )
        with self._lock:
            request = sent.request(self._reader)
            key = self._key(sent, request)
            reserved = self._charging.reserve(request, len(sent.body)) if self._charging else 0.0
            self._count_call()
            # A retry of the same request settles the one that failed.
            self._unanswered[key] += 1
            return Began(request, key, self.asked, reserved, time.perf_counter())

    def _key(self, sent: Sent, request: Request) -> bytes:
        return sent.request(self._keys).digest if self._keys else request.digest

    def keep(self, sent: Sent, received: Received, *, began: Began) -> None:
        """Write an interaction.

        Raises:
            SampleInterrupt: If it cannot be written; an ordinary exception would
                make the client ask, and pay, again.
        """
        seconds = time.perf_counter() - began.clock
        try:
            with self._lock:
                self._write(sent, received, seconds, began)
        except Exception as fault:
            self.is_open = False
            raise SampleInterrupt(
                f"{self.label}: interaction {self.served + 1} could not be written, so the "
                f"recording stopped: {type(fault).__name__}: {self._scrubber.text(str(fault))}"
            ) from fault
        self._note_latency(seconds)

    def _write(self, sent: Sent, received: Received, seconds: float, began: Began) -> None:
        self._scrubber.learn(sent.headers)
        response = self._scrubber.response(
            received.status, received.reason, received.headers, received.body, received.chunks
        )
        request = self._scrubber.request(began.request)
        cost = None
        if self._charging is not None:
            cost = self._charging.settle(request, response, began.reserved_usd)
        earlier = self._written[began.key]
        number = self._writer.write(
            request,
            response,
            latency_seconds=seconds,
            caller=self._scrubber.caller(CALLER.get()),
            request_headers=self._scrubber.request_headers(sent.headers),
            cost_usd=cost,
            before=min((one for order, one in earlier if order > began.order), default=0),
        )
        earlier.append((began.order, number))
        self.served += 1
        del self._unanswered[began.key]

    def close(self, *, is_clean: bool) -> None:
        """Finish the file, or leave it partial.

        Args:
            is_clean: Whether the sample ran to its end.

        Raises:
            CassetteError: If it cannot be finished; the partial file keeps what it has.
        """
        with self._lock:
            was_open, self.is_open = self.is_open, False
            if is_clean and was_open and self.is_sound:
                self._finish_or_keep()
            else:
                self._writer.abandon()

    def _finish_or_keep(self) -> None:
        try:
            self._finish()
        except OSError as fault:
            self._writer.abandon()
            raise CassetteError(
                f"{self.label}: the recording cannot be finished: {fault.strerror or fault}. "
                f"{partial_path(self.path)} keeps all of it. Make room or mend the folder, then: "
                "harness record --update"
            ) from None

    def _finish(self) -> None:
        self._writer.finish()


@contextmanager
def recording(
    path: Path,
    header: CassetteHeader,
    *,
    overwrite: bool = False,
    charging: Charging | None = None,
    secrets: SecretRules = NO_RULES,
) -> Iterator[RecordSession]:
    """Let every request of this context through, and record it.

    The cassette gets its name when the block ends without an exception and every
    request was answered. Otherwise ``<path>.partial`` keeps what was recorded.

    Args:
        path: Where the finished cassette goes.
        header: First line.
        overwrite: Whether an existing cassette may be replaced.
        charging: Prices calls and keeps them below a sum; None for neither.
        secrets: The user's own rules for what must not be written.

    Raises:
        CassetteError: If the cassette exists or cannot be written.
    """
    redactor = Redactor.from_environment(os.environ, secrets)
    redactor.require_clean_name(path)
    with kept_open(
        RecordSession(path, header, redactor, charging=charging, overwrite=overwrite)
    ) as session:
        yield session


@contextmanager
def kept_open(session: _S) -> Iterator[_S]:
    """Make a recording the session of this context, and close it at the end."""
    from harness.cassettes.installation import install

    install()
    is_clean = False
    try:
        with entered(session):
            yield session
        is_clean = True
    finally:
        session.close(is_clean=is_clean)
