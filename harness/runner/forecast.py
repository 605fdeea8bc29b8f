"""What a recording would do and cost, found out without recording: files read, samples replayed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.cassettes import cassette_path, find_earlier
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from harness.cassettes import Cassette
    from harness.model.sample import SampleKey, SampleResult
    from harness.runner.plan import Catalogue

Kind = Literal["new", "anew", "from", "unchanged"]


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What recording one sample would do.

    Attributes:
        key: The sample.
        kind: "new" for one without cassette, "anew" for one to be replaced, "from" for one
            that goes on from a call, "unchanged".
        kept: Recorded calls that would be replayed.
        calls: About how many calls would be recorded; None if nothing tells.
        cost_usd: About what they would cost in US dollars; None if nothing tells.
        basis: What `calls` and `cost_usd` are taken from, in words.
    """

    key: SampleKey
    kind: Kind
    kept: int = 0
    calls: int | None = None
    cost_usd: float | None = None
    basis: str = ""


@dataclass(frozen=True)
class _Size:
    """Calls and cost of a recording."""

    calls: int
    cost_usd: float | None


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

    def earlier(self, key: SampleKey) -> Cassette | None:
        """What an update of the sample would start from; None without anything readable."""
        if key not in self._known:
            path = cassette_path(self._root, key)
            try:
                found = find_earlier(path, self._catalogue.scenario(key).ignored)
            except CassetteError:
                found = None
            self._known[key] = found.cassette if found else None
        return self._known[key]


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


def forecast_update(results: Mapping[SampleKey, SampleResult], archive: Archive) -> list[Forecast]:
    """Forecast updates from how far each recording was replayed.

    Args:
        results: Of the replay, by sample.
        archive: What is recorded so far.
    """
    return [_update(result, archive) for result in results.values()]


def _whole(key: SampleKey, everything: Sequence[SampleKey], archive: Archive) -> Forecast:
    own = archive.earlier(key)
    if own is not None and own.is_complete:
        size = _size(own, 0)
        basis = "as recorded before"
        return Forecast(key=key, kind="anew", calls=size.calls, cost_usd=size.cost_usd, basis=basis)
    typical, basis = _typical(key, everything, archive)
    if typical is None:
        return Forecast(key=key, kind="new", basis="nothing like it is recorded")
    return Forecast(
        key=key, kind="new", calls=typical.calls, cost_usd=typical.cost_usd, basis=basis
    )


def _update(result: SampleResult, archive: Archive) -> Forecast:
    use, earlier = result.cassette, archive.earlier(result.key)
    if use is None or earlier is None:
        return Forecast(key=result.key, kind="new", basis="nothing like it is recorded")
    if result.status == "completed" and not use.misses:
        return Forecast(key=result.key, kind="unchanged", kept=use.served)
    size = _size(earlier, use.served)
    if not earlier.is_complete:
        basis = "it was cut short, so at least these"
        calls = max(size.calls, 1)
        return Forecast(key=result.key, kind="from", kept=use.served, calls=calls, basis=basis)
    return Forecast(
        key=result.key,
        kind="from",
        kept=use.served,
        calls=max(size.calls, 1),
        cost_usd=size.cost_usd,
        basis="as recorded before",
    )


def _size(cassette: Cassette, kept: int) -> _Size:
    """What a recording holds beyond its first calls."""
    rest = cassette.interactions[kept:]
    costs = [interaction.cost_usd for interaction in rest if interaction.cost_usd is not None]
    is_priced = len(costs) == len(rest) and rest
    return _Size(len(rest), sum(costs) if is_priced else None)


def _typical(
    key: SampleKey, everything: Sequence[SampleKey], archive: Archive
) -> tuple[_Size | None, str]:
    """The mean of the recordings most like a sample's."""
    likenesses: tuple[tuple[str, Callable[[SampleKey], bool]], ...] = (
        (
            "other epochs",
            lambda other: (other.scenario, other.config) == (key.scenario, key.config),
        ),
        ("other configs", lambda other: other.scenario == key.scenario),
        ("other scenarios", lambda other: True),
    )
    siblings = [other for other in everything if other.suite == key.suite and other != key]
    for name, is_like in likenesses:
        cassettes = [archive.earlier(other) for other in siblings if is_like(other)]
        sizes = [_size(one, 0) for one in cassettes if one is not None and one.is_complete]
        if sizes:
            costs = [size.cost_usd for size in sizes if size.cost_usd is not None]
            mean = sum(costs) / len(costs) if costs else None
            calls = round(sum(size.calls for size in sizes) / len(sizes))
            return _Size(calls, mean), f"the mean of {len(sizes)} {name}"
    return None, ""
