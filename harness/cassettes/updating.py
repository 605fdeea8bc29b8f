"""Re-recording only what changed: the part that still fits is replayed, the rest goes out."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from harness.cassettes.asking import RequestReader
from harness.cassettes.earlier import Earlier, Sources, is_covered, remove_covered
from harness.cassettes.format import ResponseRecord
from harness.cassettes.ignoring import Ignoring
from harness.cassettes.matching import Part, Request, Shape, part_of
from harness.cassettes.reader import load_cassette
from harness.cassettes.recording import RecordSession, kept_open
from harness.cassettes.redaction import NO_RULES, Redactor
from harness.errors import SampleInterrupt
from harness.model.sample import SCRIPTED_SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness.cassettes.cassette import Cassette, Interaction
    from harness.cassettes.charging import Charging
    from harness.cassettes.format import CassetteHeader
    from harness.cassettes.session import Sent
    from harness.model.scenario import SecretRules

_DIGESTS = ("config_digest", "scenario_digest", "conversation_digest", "facets", "ignored")


class UpdateSession(RecordSession):
    """Replays what still fits; from the first request that does not, everything goes out.

    Args:
        path: Where the finished cassette goes.
        header: First line, as a new recording would have it.
        redactor: Knows the secrets that must not be written.
        earlier: What was recorded before.
        charging: Prices calls and keeps them below a sum; None for neither.
        name_source: See `RecordSession`.

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
        name_source: Callable[[str], str] | None = None,
    ) -> None:
        recorded = earlier.cassette.header
        if name_source is not None and not header.source:
            header = msgspec.structs.replace(header, source=recorded.source)
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
        super().__init__(
            path, header, redactor, charging=charging, overwrite=True, name_source=name_source
        )
        self._earlier = earlier
        self._sources = Sources(earlier.recordings or (earlier.cassette,))
        self._finder = RequestReader(Ignoring(header.ignored))
        self.diverged_at = 0

    def replayed(self, sent: Sent) -> Interaction | None:
        """The recorded answer, copied to the new cassette; None from the first divergence on."""
        if self._is_forked:
            return None
        with self._lock:
            if self.diverged_at or not self.is_open:
                return None
            request = sent.request(self._finder)
            found = self._sources.take(request)
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
        finished = self._finished
        if finished is None or self.diverged_at or self.kept != len(finished.interactions):
            return False
        recorded = finished.header
        written = load_cassette(self._writer.partial, ignored=self.header.ignored)
        return is_covered(finished, written) and all(
            getattr(recorded, name) == getattr(self._wanted, name) for name in _DIGESTS
        )

    @property
    def _finished(self) -> Cassette | None:
        recordings = self._earlier.recordings or (self._earlier.cassette,)
        # A disk that was full at the end leaves a complete recording without its name.
        named = (one for one in recordings if one.is_complete and one.path == self.path)
        return next(named, None)

    def _finish(self) -> None:
        if self.is_unchanged:
            self._writer.discard()
        else:
            self._writer.finish(source=self._source())
        self._remove_covered(self.path)

    def _abandon(self) -> None:
        if self.served > self.kept:
            super()._abandon()
            self._remove_covered(self._writer.partial)
            return
        # Nothing new is in it: what it was made from says as much, and more.
        self._writer.undo()

    def _remove_covered(self, by: Path) -> None:
        """Remove the earlier unfinished recordings that say nothing more than this one."""
        aside = self._writer.set_aside
        leftovers = {*self._earlier.leftovers, *([aside] if aside else [])}
        remove_covered(sorted(leftovers), by, self.header.ignored)


def _exactly(request: Request) -> Request:
    """A request whose parts differ even where that is ignored, so that each is written."""
    if not request.ignoring:
        return request
    shape = request.shape
    lists = {
        name: tuple(
            Part(
                part.value,
                part_of(part.value).digest,
                is_masked=part.is_masked,
                removed=part.removed,
            )
            for part in parts
        )
        for name, parts in shape.lists.items()
    }
    exact = Request(
        request.method,
        request.path,
        request.query,
        Shape(shape.kind, shape.fields, lists),
        origin=request.origin,
    )
    exact.removed = request.removed
    return exact


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
    name_source: Callable[[str], str] | None = None,
) -> Iterator[UpdateSession]:
    """Replay the requests that were recorded before, record the others.

    Args:
        path: Where the finished cassette goes; what is there is replaced when the block
            ends without an exception and something changed.
        header: First line.
        earlier: What was recorded before; see `harness.cassettes.find_earlier`.
        charging: Prices calls and keeps them below a sum; None for neither.
        secrets: The user's own rules for what must not be written.
        name_source: See `RecordSession`.

    Raises:
        CassetteError: If the cassette cannot be written.
        SampleInterrupt: If another source would have to be asked for more.
    """
    redactor = Redactor.from_environment(os.environ, secrets)
    redactor.require_clean_name(path)
    session = UpdateSession(
        path, header, redactor, earlier, charging=charging, name_source=name_source
    )
    with kept_open(session):
        yield session
