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
from harness.errors import CassetteError, SampleInterrupt
from harness.model.sample import SCRIPTED_SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from harness.cassettes.cassette import Cassette, Interaction
    from harness.cassettes.charging import Charging
    from harness.cassettes.format import CassetteHeader
    from harness.cassettes.session import Sent
    from harness.model.scenario import SecretRules

_FAILED = 400
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
    """What was recorded of a sample so far: an unfinished recording wins over an older one.

    One that was set aside when the sample was recorded anew is older than that.

    Args:
        path: Path of the sample's cassette.
        ignored: What matching is to overlook now, whatever it was when recorded.

    Raises:
        CassetteError: If the finished cassette is damaged.
    """
    leftovers = tuple(sorted(path.parent.glob(f"{_escaped(path.name)}{PARTIAL_SUFFIX}*")))
    finished = load_cassette(path, ignored=ignored) if path.exists() else None
    readable = [cassette for one in leftovers if (cassette := _loaded(one, ignored))]
    newer = [one for one in readable if finished is None or _time(one) >= _time(finished)]
    fullest = max(newer, key=lambda one: len(answers_of(one)), default=None)
    if fullest is not None and answers_of(fullest):
        return Earlier(fullest, leftovers)
    return None if finished is None else Earlier(finished, leftovers)


def _time(cassette: Cassette) -> str:
    """When it was last written, as ISO 8601 in UTC."""
    return cassette.header.updated_at or cassette.header.recorded_at


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
        CassetteError: If it cannot be written.
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
        self._wanted = header
        if earlier.cassette.interactions:
            header = msgspec.structs.replace(
                header, recorded_at=recorded.recorded_at, updated_at=header.recorded_at
            )
            if recorded.source != header.source:
                # Whoever would be asked now gave none of what is kept.
                header = msgspec.structs.replace(
                    header, source=recorded.source, base_url=recorded.base_url
                )
        super().__init__(path, header, redactor, charging=charging, overwrite=True)
        self._earlier = earlier
        self._index = Index(answers_of(earlier.cassette))
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
                self._require_one_source()
                return None
            self._count_call()
            self._copy(found)
            self.kept += 1
            self.served += 1
        self._note_latency(found.latency_seconds)
        return found

    def _require_one_source(self) -> None:
        """Refuse to go on with another provider than the one that gave what is kept.

        Raises:
            SampleInterrupt: If it is another.
        """
        if self.header.source != self._wanted.source:
            self.is_open = False
            raise SampleInterrupt(mixing(self.path, self.header.source, self._wanted.source))

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

    def _abandon(self) -> None:
        if self.served > self.kept:
            super()._abandon()
            return
        # Nothing new is in it: what it was made from says as much, and more.
        self._writer.discard()
        if self._writer.set_aside is not None:
            name = self.path.name + PARTIAL_SUFFIX
            self._writer.set_aside.rename(self.path.with_name(name))

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


def answers_of(cassette: Cassette) -> Sequence[Interaction]:
    """What an update has to start from: all but the refusals that cut a recording short."""
    found = cassette.interactions
    if not cassette.is_complete:
        while found and found[-1].status >= _FAILED:
            found = found[:-1]
    return found


def mixing(path: Path, recorded: str, asked: str) -> str:
    """Say that an update would ask another provider than the one that was recorded."""
    flag = " --scripted" if recorded == SCRIPTED_SOURCE else ""
    return (
        f"{path}: it was recorded from {recorded}, and an update from {asked} would mix the two "
        f"in one conversation. Update it from there (harness record --update{flag}), or record "
        "it anew with: harness record --overwrite"
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
        CassetteError: If the cassette cannot be written.
        SampleInterrupt: If another source would have to be asked for more.
    """
    redactor = Redactor.from_environment(os.environ, secrets)
    redactor.require_clean_name(path)
    session = UpdateSession(path, header, redactor, earlier, charging=charging)
    with kept_open(session):
        yield session
