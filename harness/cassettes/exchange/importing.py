"""Writing a foreign recording as a cassette, through the parts that a recording uses."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.cassettes.costs import cost_of_response
from harness.cassettes.exchange.addresses import base_url_of, checked, origin_of, url_of
from harness.cassettes.exchange.documents import READABLE
from harness.cassettes.exchange.encodings import plain_body
from harness.cassettes.exchange.formats import read_recording
from harness.cassettes.exchange.targets import check_target, make_folder, written
from harness.cassettes.format import CassetteHeader
from harness.cassettes.matching import request_of
from harness.cassettes.payload import content_of
from harness.cassettes.redaction import PLACEHOLDER, Redactor
from harness.cassettes.scripted import is_scripted_reply
from harness.cassettes.scrub import Scrubber
from harness.cassettes.writer import CassetteWriter
from harness.errors import CassetteError
from harness.model.sample import SCRIPTED_SOURCE

if TYPE_CHECKING:
    from pathlib import Path

    from harness.cassettes.exchange.foreign import ForeignInteraction, Headers, Place
    from harness.cassettes.matching import Request

_MARK = PLACEHOLDER.encode()
_COMMAND = "harness cassette import --overwrite"


@dataclass(frozen=True)
class Imported:
    """A foreign recording that has become a cassette.

    Attributes:
        source: The recording.
        path: The cassette.
        format: Whose format it was in, e.g. "vcrpy".
        interactions: How many it has.
        priced: How many of them have a known cost.
        cost_usd: What those cost in US dollars, at the prices of that day.
        redacted: How many lost a secret, in request or response.
        hosts: Whom the requests went to, the most frequent first.
        is_time_from_file: Whether the recording says when it was made; otherwise the
            file's own time of change stands for it.
    """

    source: Path
    path: Path
    format: str
    interactions: int
    priced: int
    cost_usd: float
    redacted: int
    hosts: tuple[str, ...]
    is_time_from_file: bool


@dataclass
class _Survey:
    """What the header of the cassette needs to know of the whole recording."""

    source: Path
    recorded_at: str | None = None
    is_scripted: bool = False
    formats: Counter[str] = field(default_factory=Counter)
    bases: Counter[str] = field(default_factory=Counter)
    origins: Counter[str] = field(default_factory=Counter)

    def take(self, place: Place, name: str, interaction: ForeignInteraction) -> None:
        url = checked(interaction.url, place)
        self.formats[name] += 1
        self.origins[origin_of(url)] += 1
        self.bases[base_url_of(url)] += 1
        self.recorded_at = self.recorded_at or interaction.recorded_at
        _, content = plain_body(interaction.response_headers, interaction.response_body, place)
        self.is_scripted = self.is_scripted or is_scripted_reply(content)

    def header(self) -> CassetteHeader:
        main = self.origins.most_common(1)[0][0]
        bases = [base for base, _ in self.bases.most_common() if origin_of(base) == main]
        longest = [base for base in bases if base != main]
        return CassetteHeader(
            recorded_at=self.recorded_at or _changed_at(self.source),
            source=SCRIPTED_SOURCE if self.is_scripted else urlsplit(main).netloc,
            base_url=longest[0] if longest else main,
            imported_from=self.source.name,
        )


def import_recording(
    source: Path, target: Path, *, overwrite: bool = False, redactor: Redactor | None = None
) -> Imported:
    """Make a cassette of a foreign recording; all of it or nothing.

    Response bodies are stored decompressed, otherwise byte for byte; secrets are
    replaced. The file is read twice: first to check it and to know what the
    first line of the cassette says, then to write.

    Args:
        source: Recording of vcrpy, pydantic-ai or go-vcr.
        target: Where the cassette goes.
        overwrite: Whether a cassette that is there may be replaced.
        redactor: Knows the secrets; by default the shapes of keys and the
            environment's.

    Raises:
        CassetteError: If the recording cannot be read or the cassette not be written.
    """
    check_target(source, target, overwrite=overwrite, command=_COMMAND)
    survey = _Survey(source)
    for place, name, interaction in read_recording(source):
        survey.take(place, name, interaction)
    if not survey.formats:
        raise CassetteError(f"{source}:1: the recording holds no interactions. {READABLE}.")
    make_folder(target)
    redactor = redactor or Redactor.from_environment(os.environ)
    header = survey.header()
    with written(target):
        copy = _Copy(target, header, redactor, overwrite=overwrite)
        try:
            for place, _, interaction in read_recording(source):
                copy.write(place, interaction)
            copy.finish(sum(survey.formats.values()))
        except BaseException:
            copy.discard()
            raise
    return Imported(
        source=source,
        path=target,
        format=", ".join(sorted(survey.formats)),
        interactions=copy.interactions,
        priced=copy.priced,
        cost_usd=copy.cost_usd,
        redacted=copy.redacted,
        hosts=tuple(urlsplit(origin).netloc for origin, _ in survey.origins.most_common()),
        is_time_from_file=survey.recorded_at is not None,
    )


class _Copy:
    """The cassette being written, and what is counted meanwhile."""

    def __init__(
        self, target: Path, header: CassetteHeader, redactor: Redactor, *, overwrite: bool
    ) -> None:
        self._scrubber = Scrubber(redactor)
        self._recorded_at = header.recorded_at
        self._writer = CassetteWriter(target, self._scrubber.header(header), overwrite=overwrite)
        self.interactions = 0
        self.priced = 0
        self.cost_usd = 0.0
        self.redacted = 0

    def write(self, place: Place, interaction: ForeignInteraction) -> None:
        """Append an interaction.

        Raises:
            CassetteError: If it cannot be kept whole.
        """
        try:
            self._write(place, interaction)
        except RecursionError:
            place.fail("a body holds JSON that is nested too deeply to be kept")

    def _write(self, place: Place, interaction: ForeignInteraction) -> None:
        url = checked(interaction.url, place)
        sent_headers = {
            name.lower(): ", ".join(values) for name, values in interaction.request_headers.items()
        }
        _, sent = plain_body(interaction.request_headers, interaction.request_body, place)
        headers, content = plain_body(
            interaction.response_headers, interaction.response_body, place
        )
        self._scrubber.learn(sent_headers)
        asked = request_of(interaction.method, url, sent)
        request = self._scrubber.request(asked)
        request.origin = self._address(url, asked, request)
        response = self._scrubber.response(interaction.status, interaction.reason, headers, content)
        stored = content_of(response.body)
        if stored != content and _MARK not in stored:
            place.fail(
                "the response body would not come back byte for byte from a cassette; "
                "this is a bug in harness, please report it"
            )
        had_password = "@" in urlsplit(interaction.url).netloc
        self.redacted += had_password or asked.digest != request.digest or stored != content
        cost = self._cost(asked, interaction.status, headers, content)
        self._writer.write(
            request,
            response,
            latency_seconds=interaction.latency_seconds,
            request_headers=self._scrubber.request_headers(sent_headers),
            cost_usd=cost,
        )
        self.interactions += 1

    def _address(self, url: str, asked: Request, request: Request) -> str:
        """What to keep of a URL beside path and query: its origin, or all of it.

        Paths are kept percent-decoded and queries sorted, so some URLs cannot be put
        together again, such as Bedrock's "/model/name%3A0/invoke". They are kept
        whole, unless there is a secret in them.
        """
        if url_of(origin_of(url), asked.path, asked.query) == url:
            return request.origin
        is_clean = (request.path, request.query) == (asked.path, asked.query)
        return url if is_clean and self._scrubber.text(url) == url else request.origin

    def _cost(
        self, request: Request, status: int, headers: Headers, content: bytes
    ) -> float | None:
        cost = cost_of_response(
            request,
            status,
            headers,
            content,
            at=self._recorded_at,
        )
        if cost is not None:
            self.priced += 1
            self.cost_usd += cost
        return cost

    def finish(self, expected: int) -> None:
        """Give the cassette its name.

        Raises:
            CassetteError: If the recording changed while it was read.
        """
        if self.interactions != expected:
            raise CassetteError(
                f"The recording had {expected} interactions when it was checked and "
                f"{self.interactions} when it was written: it changed meanwhile. Import it again."
            )
        self._writer.finish()

    def discard(self) -> None:
        """Remove what was written; the recording still has it all."""
        self._writer.discard()


def _changed_at(path: Path) -> str:
    moment = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return moment.isoformat(timespec="seconds")
