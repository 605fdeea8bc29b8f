"""What a recording would do and cost, found out without recording: files read, samples replayed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from harness.cassettes import cassette_path, find_earlier
from harness.cassettes.costs import cost_of_usage, usage_of_response
from harness.cassettes.earlier import answers_of
from harness.cassettes.updating import mixing
from harness.errors import CassetteError
from harness.reports.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from harness.cassettes import Cassette, Interaction
    from harness.cassettes.usage import CallUsage
    from harness.model.sample import SampleKey, SampleResult
    from harness.runner.plan import Catalogue

Kind = Literal["new", "anew", "from", "unchanged", "refused"]
_FAILED = 400


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What recording one sample would do.

    Attributes:
        key: The sample.
        kind: "new" for one without cassette, "anew" for one to be replaced, "from" for one
            that goes on from a call, "unchanged", "refused" for one that could not be recorded.
        kept: Recorded calls that would be replayed.
        calls: About how many calls would be recorded; None if nothing tells.
        cost_usd: About what they would cost in US dollars; None if nothing tells.
        basis: What `calls` and `cost_usd` are taken from, in words; why it is refused.
        why: What of the earlier recording no longer fits, in words; what an agent wrote may
            stand in them.
    """

    key: SampleKey
    kind: Kind
    kept: int = 0
    calls: int | None = None
    cost_usd: float | None = None
    basis: str = ""
    why: str = ""


@dataclass(frozen=True)
class _Size:
    """Calls and cost of a recording, and what they are taken from."""

    calls: int
    cost_usd: float | None
    basis: str


class Archive:
    """What is recorded so far of the samples of a plan; files are read once.

    Args:
        root: Folder of the cassettes.
        catalogue: Knows the scenarios.
    """

    def __init__(self, root: Path, catalogue: Catalogue) -> None:
        self._root = root
        self._catalogue = catalogue
        self._known: dict[SampleKey, Cassette | None] = {}
        self._faults: dict[SampleKey, str] = {}

    def earlier(self, key: SampleKey) -> Cassette | None:
        """What an update of the sample would start from; None without anything readable."""
        if key not in self._known:
            path = cassette_path(self._root, key)
            found = None
            try:
                found = find_earlier(path, self._catalogue.scenario(key).ignored)
            except CassetteError as fault:
                self._faults[key] = str(fault)
            self._known[key] = found.cassette if found else None
        return self._known[key]

    def fault(self, key: SampleKey) -> str:
        """Why an update of the sample could not even start; "" if it could."""
        self.earlier(key)
        return self._faults.get(key, "")

    def size(self, cassette: Cassette, key: SampleKey, kept: int = 0) -> _Size:
        """What a recording holds beyond its first calls, at the prices of a sample's model.

        Args:
            cassette: The recording, of that sample or one like it.
            key: The sample to be recorded.
            kept: How many calls not to count.
        """
        model = self._catalogue.config(key).model
        recorded = cassette.header.facets.get("model") or model
        prices = self._catalogue.suite(key).prices
        costs = []
        for interaction in cassette.interactions[kept:]:
            usage = _usage(interaction, cassette.header.source)
            if usage is not None and recorded != model and usage.asked == recorded:
                usage = replace(usage, asked=model, model=model, unpriced=())
            if interaction.status < _FAILED:
                costs.append(None if usage is None else cost_of_usage(usage, prices=prices))
        known = [cost for cost in costs if cost is not None]
        cost_usd = sum(known) if costs and len(known) == len(costs) else None
        is_other = recorded != model
        basis = f"the tokens recorded with {recorded}" if is_other else "as recorded before"
        return _Size(len(cassette.interactions) - kept, cost_usd, basis)


def _usage(interaction: Interaction, host: str) -> CallUsage | None:
    return usage_of_response(
        interaction.request,
        interaction.status,
        interaction.headers,
        interaction.content,
        host=host,
    )


def forecast_whole(
    keys: Iterable[SampleKey], everything: Sequence[SampleKey], archive: Archive
) -> list[Forecast]:
    """Forecast recordings that start from nothing.

    Args:
        keys: Samples to record whole.
        everything: Samples whose recordings may tell how long and dear such a one is.
        archive: What is recorded so far.
    """
    return [_whole(key, everything, archive) for key in keys]


def forecast_refused(keys: Iterable[SampleKey], archive: Archive) -> list[Forecast]:
    """Tell of updates that could not start.

    Args:
        keys: Samples with a fault.
        archive: Knows the faults.
    """
    return [Forecast(key=key, kind="refused", basis=archive.fault(key)) for key in keys]


def forecast_update(
    results: Mapping[SampleKey, SampleResult], archive: Archive, sources: Mapping[str, str]
) -> list[Forecast]:
    """Forecast updates from how far each recording was replayed.

    Args:
        results: Of the replay, by sample.
        archive: What is recorded so far.
        sources: Who would be asked, by suite.
    """
    return [_update(result, archive, sources[result.key.suite]) for result in results.values()]


def _whole(key: SampleKey, everything: Sequence[SampleKey], archive: Archive) -> Forecast:
    own = archive.earlier(key)
    if own is not None and own.is_complete:
        return _forecast(key, "anew", archive.size(own, key))
    typical = _typical(key, everything, archive)
    if typical is None:
        return Forecast(key=key, kind="new", basis="nothing like it is recorded")
    return _forecast(key, "new", typical)


def _forecast(key: SampleKey, kind: Kind, size: _Size, kept: int = 0) -> Forecast:
    return Forecast(
        key=key,
        kind=kind,
        kept=kept,
        calls=max(size.calls, 1),
        cost_usd=size.cost_usd,
        basis=size.basis,
    )


def _update(result: SampleResult, archive: Archive, source: str) -> Forecast:
    use, earlier = result.cassette, archive.earlier(result.key)
    if use is None or earlier is None:
        return Forecast(key=result.key, kind="new", basis="nothing like it is recorded")
    if result.status == "completed" and not use.misses:
        return Forecast(key=result.key, kind="unchanged", kept=use.served)
    header = earlier.header
    if earlier.interactions and header.source != source:
        reason = mixing(earlier.path, header.source, source)
        return Forecast(key=result.key, kind="refused", basis=reason)
    kept = min(use.served, len(answers_of(earlier)))
    if not earlier.is_complete:
        size = _Size(len(earlier.interactions) - kept, None, "it was cut short, so at least these")
        return _forecast(result.key, "from", size, kept)
    size = archive.size(earlier, result.key, kept)
    return replace(_forecast(result.key, "from", size, kept), why=_why(result))


def _why(result: SampleResult) -> str:
    """The cause that a miss names, without where and what next; else the error."""
    if result.cassette is not None and result.cassette.misses:
        told = result.cassette.misses[0].partition(": no recorded answer for ")[2]
        cause = told.partition("\n")[0].partition(": ")[2]
        return one_line(cause.removesuffix("."))
    return one_line(result.failure.message) if result.failure else ""


def _typical(key: SampleKey, everything: Sequence[SampleKey], archive: Archive) -> _Size | None:
    """The mean of the recordings most like a sample's."""
    likenesses: tuple[tuple[str, Callable[[SampleKey], bool]], ...] = (
        ("epoch", lambda other: (other.scenario, other.config) == (key.scenario, key.config)),
        ("config", lambda other: other.scenario == key.scenario),
        ("scenario", lambda other: True),
    )
    siblings = [other for other in everything if other.suite == key.suite and other != key]
    for name, is_like in likenesses:
        cassettes = [archive.earlier(other) for other in siblings if is_like(other)]
        sizes = [archive.size(one, key) for one in cassettes if one and one.is_complete]
        if sizes:
            costs = [size.cost_usd for size in sizes if size.cost_usd is not None]
            mean = sum(costs) / len(costs) if costs else None
            calls = round(sum(size.calls for size in sizes) / len(sizes))
            several = f"the mean of {len(sizes)} other {name}s"
            return _Size(calls, mean, f"as in 1 other {name}" if len(sizes) == 1 else several)
    return None
