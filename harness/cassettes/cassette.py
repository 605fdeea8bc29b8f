"""Cassettes in memory, and where they are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.cassettes.pieces import refitted
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.cassettes.format import CassetteHeader, Chunks, InteractionRecord, Payload
    from harness.cassettes.matching import Request
    from harness.cassettes.tape import Tape
    from harness.model.sample import SampleKey

PARTIAL_SUFFIX = ".partial"
_PLAIN_NAME = re.compile(r"[^/\\\0]+")


class Interaction:
    """One recorded request with its response; decoded when somebody asks.

    Attributes:
        number: Position in the cassette, from 1.
    """

    __slots__ = ("_content", "_record", "_request", "_tape", "number")

    def __init__(self, tape: Tape, record: InteractionRecord) -> None:
        self._tape = tape
        self._record = record
        self._request: Request | None = None
        self._content: bytes | None = None
        self.number = record.number

    @property
    def agent(self) -> str:
        """Who made the call; "" if nobody said."""
        return self._record.agent

    @property
    def purpose(self) -> str:
        """Why it was made; "" if nobody said."""
        return self._record.purpose

    @property
    def request(self) -> Request:
        """What was asked.

        Raises:
            CassetteError: If the file is damaged there.
        """
        if self._request is None:
            self._request = self._tape.request(self.number)
        return self._request

    @property
    def key(self) -> bytes:
        """The request's key, without the request; see `harness.cassettes.matching`."""
        return self._tape.key(self.number)

    @property
    def request_headers(self) -> Mapping[str, list[str]]:
        """Request headers that were kept, names in lower case."""
        return self._tape.envelopes[self._record.envelope][0].headers

    @property
    def is_masked(self) -> bool:
        """Whether the request holds the placeholder of a removed secret."""
        return self._tape.has_masks and self.request.is_masked

    @property
    def status(self) -> int:
        """HTTP status code."""
        return self._record.status

    @property
    def reason(self) -> str:
        """HTTP reason phrase."""
        return self._record.reason

    @property
    def headers(self) -> Mapping[str, list[str]]:
        """Response headers that were kept, names in lower case."""
        return self._tape.headers[self._record.headers]

    @property
    def payload(self) -> Payload:
        """Response body in its readable form."""
        return self._tape.payload(self.number)

    @property
    def content(self) -> bytes:
        """Response body, exactly as received, decompressed, secrets removed."""
        if self._content is None:
            self._content = self._tape.content(self.number)
        return self._content

    @property
    def chunks(self) -> Chunks:
        """Size in bytes, and seconds since the request, of each piece of a streamed body.

        The sizes add up to the content's, also where somebody has edited that.
        """
        chunks = self._record.chunks
        return refitted(chunks, self.content) if chunks else chunks

    @property
    def latency_seconds(self) -> float:
        """Time from sending the request to having read the response."""
        return self._record.latency_seconds

    @property
    def cost_usd(self) -> float | None:
        """US dollars, as priced when recorded; None without a price."""
        return self._record.cost_usd

    @property
    def before(self) -> int:
        """The interaction with the same request asked after this one but answered before; or 0."""
        return self._record.before


@dataclass(frozen=True)
class Cassette:
    """A cassette: its header and its interactions in recorded order.

    Attributes:
        path: File it was read from.
        header: First line.
        interactions: Every recorded interaction.
        is_complete: False for a recording that was cut short.
    """

    path: Path
    header: CassetteHeader
    interactions: tuple[Interaction, ...]
    is_complete: bool = True


def partial_path(path: Path) -> Path:
    """Where a cassette is while it is being recorded."""
    return path.with_name(path.name + PARTIAL_SUFFIX)


def cassette_path(root: Path, key: SampleKey) -> Path:
    """Where the cassette of a sample is.

    Args:
        root: Folder of all cassettes.
        key: The sample.

    Raises:
        CassetteError: If a name in the key would lead out of the folder.
    """
    for name in (key.suite, key.scenario, key.config):
        if not _PLAIN_NAME.fullmatch(name) or name in (".", ".."):
            raise CassetteError(
                f"{key}: {name!r} cannot be part of a cassette's path: a suite, scenario or "
                "config name must be a plain file name without slashes. Rename it."
            )
    return root / key.suite / key.scenario / key.config / f"{key.epoch}.jsonl"
