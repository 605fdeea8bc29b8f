"""Cassettes in memory, and where they are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from harness.cassettes.payload import content_of
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.cassettes.format import CassetteHeader, Payload
    from harness.cassettes.matching import Request
    from harness.model.sample import SampleKey

PARTIAL_SUFFIX = ".partial"
_PLAIN_NAME = re.compile(r"[^/\\\0]+")


@dataclass(frozen=True)
class Interaction:
    """One recorded request with its response.

    Attributes:
        number: Position in the cassette, from 1.
        agent: Who made the call; "" if nobody said.
        purpose: Why it was made; "" if nobody said.
        request: What was asked.
        status: HTTP status code.
        reason: HTTP reason phrase.
        headers: Response headers that were kept, names in lower case.
        payload: Response body as stored.
        latency_seconds: Time from sending the request to having read the response.
    """

    number: int
    agent: str
    purpose: str
    request: Request
    status: int
    reason: str
    headers: Mapping[str, list[str]]
    payload: Payload
    latency_seconds: float

    @cached_property
    def content(self) -> bytes:
        """Response body, exactly as received, decompressed, secrets removed."""
        return content_of(self.payload)


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
