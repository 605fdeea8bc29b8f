"""Re-recording only what changed: the part that still fits is replayed, the rest goes out."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from harness.cassettes.asking import RequestReader
from harness.cassettes.cassette import PARTIAL_SUFFIX
from harness.cassettes.format import ResponseRecord
from harness.cassettes.ignoring import Ignoring
from harness.cassettes.matching import Index, Request, Shape, part_of
from harness.cassettes.reader import load_cassette
from harness.cassettes.recording import RecordSession, kept_open
from harness.cassettes.redaction import NO_RULES, Redactor
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.cassettes.cassette import Cassette, Interaction
    from harness.cassettes.charging import Charging
    from harness.cassettes.format import CassetteHeader
    from harness.cassettes.session import Sent
    from harness.model.scenario import SecretRules

_DIGESTS = ("config_digest", "scenario_digest", "conversation_digest", "facets", "ignored")


@dataclass(frozen=True)
class Earlier:
    """What an update starts from.

    Attributes:
        cassette: The finished cassette, or the fullest unfinished recording.
        leftovers: Unfinished recordings of the same sample, this one's among them.
    """

    cassette: Cassette
    leftovers: tuple[Path, ...]


def find_earlier(path: Path, ignored: tuple[str, ...] = ()) -> Earlier | None:
    """What was recorded of a sample so far: an unfinished recording wins over a finished one.

    An unfinished recording is newer: finishing one removes or renames it.

    Args:
        path: Path of the sample's cassette.
        ignored: What matching is to overlook now, whatever it was when recorded.

    Raises:
        CassetteError: If the finished cassette is damaged.
    """
    leftovers = tuple(sorted(path.parent.glob(f"{_escaped(path.name)}{PARTIAL_SUFFIX}*")))
    readable = [cassette for one in leftovers if (cassette := _loaded(one, ignored))]
    fullest = max(readable, key=lambda one: len(one.interactions), default=None)
    if fullest is not None and fullest.interactions:
        return Earlier(fullest, leftovers)
    if path.exists():
        return Earlier(load_cassette(path, ignored=ignored), leftovers)
    return None


def _escaped(name: str) -> str:
    import glob

    return glob.escape(name)


def _loaded(path: Path, ignored: tuple[str, ...]) -> Cassette | None:
    try:
        return load_cassette(path, ignored=ignored)
    except CassetteError:
        return None  # Torn before its first line was whole: there is nothing in it to go on with.


class UpdateSession(RecordSession):
    """Replays what still fits; from the first request that does not, everything goes out.

    Args:
        path: Where the finished cassette goes.
        header: First line, as a new recording would have it.
        redactor: Knows the secrets that must not be written.
        earlier: What was recorded before.
        charging: Prices calls and keeps them below a sum; None for neither.

    Raises:
        CassetteError: If it was recorded from another source, or cannot be written.
    """

    def __init__(
        self,
        path: Path,
        header: CassetteHeader,
        redactor: Redactor,
        earlier: Earlier,
        *,
        charging: Charging | None = None,
    ) -> None:
        recorded = earlier.cassette.header
        _require_source(path, recorded, header)
        self._wanted = header
        if earlier.cassette.interactions:
            header = msgspec.structs.replace(
                header, recorded_at=recorded.recorded_at, updated_at=header.recorded_at
            )
        super().__init__(path, header, redactor, charging=charging, overwrite=True)
        self._earlier = earlier
        self._index = Index(earlier.cassette.interactions)
        self._finder = RequestReader(Ignoring(header.ignored))
        self.diverged_at = 0

    def replayed(self, sent: Sent) -> Interaction | None:
        """The recorded answer, copied to the new cassette; None from the first divergence on."""
        with self._lock:
            if self.diverged_at or not self.is_open:
                return None
            request = sent.request(self._finder)
            found = self._index.take(request)
            if found is None:
                self.diverged_at = self.asked + 1
                return None
            self._count_call()
            self._copy(found)
            self.kept += 1
            self.served += 1
        self._note_latency(found.latency_seconds)
        return found

    def _copy(self, interaction: Interaction) -> None:
        self._writer.write(
            _exactly(interaction.request),
            ResponseRecord(
                status=interaction.status,
                reason=interaction.reason,
                headers=dict(interaction.headers),
                body=interaction.payload,
                chunks=interaction.chunks,
            ),
            latency_seconds=interaction.latency_seconds,
            caller=(interaction.agent, interaction.purpose),
            request_headers=interaction.request_headers,
            cost_usd=interaction.cost_usd,
        )

    @property
    def is_unchanged(self) -> bool:
        """Whether the finished cassette answers everything and describes what was run."""
        recorded = self._earlier.cassette.header
        return (
            self._earlier.cassette.is_complete
            # A disk that was full at the end leaves a complete recording without its name.
            and self._earlier.cassette.path == self.path
            and not self.diverged_at
            and not self._index.unplayed_count
            and all(getattr(recorded, name) == getattr(self._wanted, name) for name in _DIGESTS)
        )

    def _finish(self) -> None:
        if self.is_unchanged:
            self._writer.discard()
            return
        self._writer.finish()
        if not self._index.unplayed_count:
            # Everything in it stands in the finished cassette now.
            self._remove_leftover()

    def _remove_leftover(self) -> None:
        path = self._earlier.cassette.path
        if path in self._earlier.leftovers:
            # The writer took the name of the newest one.
            leftover = path if path.exists() else self._writer.set_aside
            if leftover is not None:
                leftover.unlink(missing_ok=True)


def _exactly(request: Request) -> Request:
    """A request whose parts differ even where that is ignored, so that each is written."""
    if not request.ignoring:
        return request
    shape = request.shape
    lists = {
        name: tuple(part_of(part.value) for part in parts) for name, parts in shape.lists.items()
    }
    exact = Shape(shape.kind, shape.fields, lists)
    return Request(request.method, request.path, request.query, exact, origin=request.origin)


def _require_source(path: Path, recorded: CassetteHeader, header: CassetteHeader) -> None:
    if recorded.source != header.source:
        raise CassetteError(
            f"{path}: it was recorded from {recorded.source}, and an update from {header.source} "
            "would mix the two in one conversation. Record it anew with: harness record --overwrite"
        )


@contextmanager
def updating(
    path: Path,
    header: CassetteHeader,
    earlier: Earlier,
    *,
    charging: Charging | None = None,
    secrets: SecretRules = NO_RULES,
) -> Iterator[UpdateSession]:
    """Replay the requests that were recorded before, record the others.

    Args:
        path: Where the finished cassette goes; what is there is replaced when the block
            ends without an exception and something changed.
        header: First line.
        earlier: What was recorded before; see `find_earlier`.
        charging: Prices calls and keeps them below a sum; None for neither.
        secrets: The user's own rules for what must not be written.

    Raises:
        CassetteError: If the cassette cannot be written or is from another source.
    """
    redactor = Redactor.from_environment(os.environ, secrets)
    redactor.require_clean_name(path)
    session = UpdateSession(path, header, redactor, earlier, charging=charging)
    with kept_open(session):
        yield session
