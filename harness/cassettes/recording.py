"""Recording sessions: requests go out, and what comes back is written at once."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec

from harness.cassettes.asking import RequestReader
from harness.cassettes.ignoring import Ignoring
from harness.cassettes.payload import content_of
from harness.cassettes.redaction import NO_RULES, Redactor
from harness.cassettes.scope import CALLER, CURRENT, Caller
from harness.cassettes.scripted import is_scripted_reply
from harness.cassettes.scrub import Scrubber
from harness.cassettes.session import Session, entered
from harness.cassettes.writer import CassetteWriter
from harness.errors import SampleInterrupt
from harness.model.sample import SCRIPTED_SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
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
        caller: Who asked; None if nobody said.
        runner: Thread and task that asked.
    """

    request: Request
    key: bytes
    order: int
    reserved_usd: float
    clock: float
    caller: Caller | None
    runner: tuple[int, object]

    def is_retry_of(self, other: Began) -> bool:
        """Whether this is the same call, made again because the other got no answer.

        Two equal requests are one call if one agent's call made both, or, where nobody
        said who calls, one thread or task, which did not wait for the first any more.
        """
        if self.order <= other.order:
            return False
        if self.caller is not None and other.caller is not None:
            return self.caller is other.caller
        return self.runner == other.runner


def _runner() -> tuple[int, object]:
    # If nobody has loaded it yet, no task is running.
    asyncio = sys.modules.get("asyncio")
    loop = asyncio._get_running_loop() if asyncio is not None else None
    task = asyncio.current_task(loop) if asyncio is not None and loop is not None else None
    return threading.get_ident(), task


class Stream(Protocol):
    """A streamed answer on its way to the client."""

    @property
    def is_settled(self) -> bool:
        """Whether all that will come has come."""

    def read_rest(self) -> None:
        """Read what the client began to read and left, if that can be done here."""


class RecordSession(Session):
    """Lets requests through and writes them, with their answers, to a cassette.

    Args:
        path: Where the finished cassette goes.
        header: First line.
        redactor: Knows the secrets that must not be written.
        charging: Prices calls and keeps them below a sum; None for neither.
        overwrite: Whether an existing cassette may be replaced.
        name_source: Tells where an answer comes from by the URL that was asked, for a
            header that does not know its source beforehand.

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
        name_source: Callable[[str], str] | None = None,
    ) -> None:
        super().__init__(path, header)
        self._name_source = name_source
        # One URL of each host, in the order they were asked first; "" of a scripted provider.
        self._hosts: dict[str, str] = {}
        self._scrubber = Scrubber(redactor, is_raw=True)
        self._writer = CassetteWriter(path, self._scrubber.header(header), overwrite=overwrite)
        self._charging = charging
        self._reader = RequestReader()
        ignoring = Ignoring(header.ignored)
        # What is ignored is still written as it was: hence a second look only if there is any.
        self._keys = RequestReader(ignoring) if ignoring else None
        self._unanswered: dict[bytes, list[Began]] = {}
        self._streams: list[Stream] = []
        self._written: dict[bytes, list[tuple[int, int]]] = defaultdict(list)

    @property
    def is_sound(self) -> bool:
        """Whether every request got an answer in the end.

        One that ended in a connection error has none: a replay would miss there. Nor has
        one that was refused, because it came from outside the sample.
        """
        self._note_forks()
        return self._is_sound

    @property
    def _is_sound(self) -> bool:
        return not self._unanswered and not self._misses

    def refuse_stray(self, sent: Sent) -> str:
        """Note a request from a context that belongs to no session; returns the explanation."""
        return self._refuse(
            f"{sent.method} {sent.url} was made by a thread or task that belongs to no sample, so "
            "it was refused: it would be missing in the cassette. Start it inside the sample."
        )

    def refuse_unseen(self, sent: Sent) -> str:
        """Note a request that goes past vcrpy; returns the explanation."""
        return self._refuse(
            f"{sent.method} {sent.url} was made with a connection class that was taken from "
            "http.client before recording was prepared, so it was refused: it would be missing in "
            "the cassette. Call harness.cassettes.install() before that import, or use "
            "http.client.HTTPConnection by that name."
        )

    def _refuse(self, what: str) -> str:
        if self._is_forked:
            return self._refuse_forked()
        text = self._scrubber.text(f"{self.label}: {what}")
        with self._lock:
            self._count_call()
            self._misses.append(text)
        return text

    def replayed(self, sent: Sent) -> Interaction | None:
        """The recorded answer a request gets instead of going out; a plain recording has none."""
        return None

    def begin(self, sent: Sent) -> Began:
        """Note that a request goes out; returns what `keep` needs.

        Raises:
            SampleInterrupt: If the recording has ended, as the answer would be lost, or
                the money is spent, or the recording is another process's.
        """
        if self._is_forked:
            raise SampleInterrupt(self._refuse_forked())
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
            self._hosts.setdefault(urlsplit(sent.url).netloc, sent.url)
            caller, clock = CALLER.get(), time.perf_counter()
            began = Began(request, key, self.asked, reserved, clock, caller, _runner())
            self._unanswered.setdefault(key, []).append(began)
            return began

    def hold(self, stream: Stream) -> None:
        """Note that an answer is a stream, which the client may leave unread."""
        with self._lock:
            self._streams = [one for one in self._streams if not one.is_settled]
            self._streams.append(stream)

    def note_artefacts(self, digests: Mapping[str, str]) -> None:
        """Keep digests by path of what the agents' code left, for replays to compare with."""
        with self._lock:
            if self.is_open:
                self._writer.note_artefacts(
                    {self._scrubber.text(path): digest for path, digest in digests.items()}
                )

    def _key(self, sent: Sent, request: Request) -> bytes:
        return sent.request(self._keys).digest if self._keys else request.digest

    def keep(self, sent: Sent, received: Received, *, began: Began) -> None:
        """Write an interaction.

        Raises:
            SampleInterrupt: If it cannot be written, or the recording has ended; an
                ordinary exception would make the client ask, and pay, again.
        """
        if self._is_forked:
            raise SampleInterrupt(self._refuse_forked())
        seconds = time.perf_counter() - began.clock
        with self._lock:
            if not self.is_open:
                raise SampleInterrupt(
                    f"{self.label}: an answer came when the recording had ended already, or "
                    "could not go on, so it was not kept."
                )
            try:
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
        if self._is_scripted(sent, content_of(response.body)):
            request.origin = ""  # Its port is another one each time, and nobody else's.
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
        self._settle(began)

    def _settle(self, began: Began) -> None:
        """Note that a request, and what failed before of the same call, has an answer."""
        waiting = self._unanswered.pop(began.key, [])
        waiting = [one for one in waiting if one is not began and not began.is_retry_of(one)]
        if waiting:
            self._unanswered[began.key] = waiting

    def _is_scripted(self, sent: Sent, content: bytes) -> bool:
        """Whether the scripted provider answered, whose words must not pass for a model's."""
        is_scripted = is_scripted_reply(content)
        if self._name_source is not None:
            if is_scripted:
                self._hosts[urlsplit(sent.url).netloc] = ""
            return is_scripted
        if is_scripted and self.header.source != SCRIPTED_SOURCE:
            self.header = msgspec.structs.replace(self.header, source=SCRIPTED_SOURCE)
            self._writer.name_source(SCRIPTED_SOURCE)
        return self.header.source == SCRIPTED_SOURCE

    def close(self, *, is_clean: bool) -> None:
        """Finish the file, or leave it partial.

        Args:
            is_clean: Whether the sample ran to its end.

        Raises:
            CassetteError: If it cannot be finished; the partial file keeps what it has.
        """
        if self._is_forked:
            self._writer.abandon()  # A copy of the file's handle; the file is the parent's.
            return
        for stream in tuple(self._streams) if is_clean else ():
            stream.read_rest()
        self._note_forks()
        with self._lock:
            was_open, self.is_open = self.is_open, False
            if is_clean and was_open and self._is_sound:
                self._finish()
            else:
                self._abandon()

    def _abandon(self) -> None:
        if self._writer.interactions:
            self._writer.abandon()
        else:
            self._writer.undo()

    def _finish(self) -> None:
        self._writer.finish(source=self._source())

    def _source(self) -> str:
        """Where the answers came from, if the header does not say; else ""."""
        if self._name_source is None:
            return ""
        # What is asked for it is asked by this recording: no replay beside it forbids that.
        token = CURRENT.set(self)
        try:
            hosts = self._hosts.values()
            asked = [self._name_source(url) if url else SCRIPTED_SOURCE for url in hosts]
        finally:
            CURRENT.reset(token)
        names = filter(None, [*self.header.source.split(", "), *asked])
        source = ", ".join(dict.fromkeys(names))
        self.header = msgspec.structs.replace(self.header, source=source)
        return source


@contextmanager
def recording(
    path: Path,
    header: CassetteHeader,
    *,
    overwrite: bool = False,
    charging: Charging | None = None,
    secrets: SecretRules = NO_RULES,
    name_source: Callable[[str], str] | None = None,
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
        name_source: See `RecordSession`.

    Raises:
        CassetteError: If the cassette exists or cannot be written.
    """
    redactor = Redactor.from_environment(os.environ, secrets)
    redactor.require_clean_name(path)
    with kept_open(
        RecordSession(
            path,
            header,
            redactor,
            charging=charging,
            overwrite=overwrite,
            name_source=name_source,
        )
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
