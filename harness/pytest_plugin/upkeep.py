"""Which cassettes a session played, and which of them want looking after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.model.sample import SCRIPTED_SOURCE, TESTS
from harness.pytest_plugin.conversations import name_of
from harness.reports.numbers import usd
from harness.reports.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from harness.model.sample import CassetteUse, SampleResult
    from harness.pytest_plugin.state import State

_MOST_NAMES = 10


@dataclass(frozen=True, kw_only=True)
class Upkeep:
    """The state of the cassettes.

    Attributes:
        headline: One line of counts.
        stale: Paths of those recorded with other settings, and what changed.
        unplayed: Paths of those that hold calls nobody asked for, and how many.
        orphaned: Paths of those that no test plays.
    """

    headline: str
    stale: tuple[str, ...]
    unplayed: tuple[str, ...]
    orphaned: tuple[str, ...]

    @property
    def is_wanting(self) -> bool:
        """Whether --harness-strict fails."""
        return bool(self.stale or self.unplayed or self.orphaned)

    @property
    def lines(self) -> list[str]:
        """A line for each cassette out of order."""
        groups = {"stale": self.stale, "unplayed": self.unplayed, "orphaned": self.orphaned}
        return [line for name, paths in groups.items() for line in _listed(name, paths)]


def _listed(name: str, paths: tuple[str, ...]) -> Iterator[str]:
    for path in paths[:_MOST_NAMES]:
        yield f"{name}: {path}"
    if len(paths) > _MOST_NAMES:
        yield f"{name}: and {len(paths) - _MOST_NAMES} more"


def upkeep_of(state: State, results: Sequence[SampleResult]) -> Upkeep:
    """Look at what the samples of a session played, and at what lies in the folder besides."""
    played = [r.cassette for r in results if r.mode == "replay" and r.cassette]
    recordings = [r for r in results if r.mode == "record" and r.cassette is not None]
    recorded = sum(r.status == "completed" for r in recordings)
    stale = tuple(f"{use.path} ({', '.join(use.stale)})" for use in played if use.stale)
    # A sample that did not complete asked for less: its error is what to look at.
    unplayed = tuple(
        f"{r.cassette.path} ({r.cassette.unplayed} recorded calls that nobody asked for)"
        for r in results
        if r.mode == "replay" and r.status == "completed" and r.cassette and r.cassette.unplayed
    )
    orphaned = tuple(_orphans(state, results))
    counts = [f"{counted(len(played), 'cassette')} played"]
    counts += [f"{recorded} recorded"] if recorded else []
    failed = len(recordings) - recorded
    counts += [f"{failed} recording{'s' if failed > 1 else ''} not finished"] if failed else []
    counts += [f"{len(stale)} stale", f"{len(unplayed)} unplayed", f"{len(orphaned)} orphaned"]
    headline = f"{', '.join(counts)}; {_saved(played)} saved"
    return Upkeep(headline=headline, stale=stale, unplayed=unplayed, orphaned=orphaned)


def _saved(played: Sequence[CassetteUse]) -> str:
    """What the replayed calls cost when they were recorded; the scripted provider is free."""
    real = [use for use in played if not use.source.startswith(SCRIPTED_SOURCE)]
    costs = [use.cost_usd for use in real if use.cost_usd is not None]
    unknown = len(real) - len(costs)
    note = f" (and what {unknown} without a price cost)" if unknown else ""
    return f"{usd(sum(costs))}{note}"


def _orphans(state: State, results: Sequence[SampleResult]) -> Iterator[str]:
    """Cassettes of tests that are gone, and of names that a test no longer uses."""
    root = state.settings.cassettes_root / TESTS
    if not root.is_dir():
        return
    gone = _Gone(state, results)
    for path in sorted(root.glob("*/*/*.jsonl")):
        scenario, config = path.parent.parent.name, path.parent.name
        test, _, name = scenario.rpartition(".")
        if gone.is_gone(test, config, name, path.stem):
            yield _shown(path, state)


class _Gone:
    """Knows which tests there are; says "gone" only of what it can know.

    Args:
        state: The session.
        results: Of the tests that ran.
    """

    def __init__(self, state: State, results: Sequence[SampleResult]) -> None:
        self._root = state.config.rootpath
        self._tests = {name_of(nodeid) for nodeid in state.tests}
        self._played = {str(result.key) for result in results}
        # Of a test that failed half-way it is not known what it would have played.
        self._ran: dict[tuple[str, str], bool] = {}
        for result in results:
            about = result.key.scenario.rpartition(".")[0], result.key.config
            is_complete = result.status == "completed"
            self._ran[about] = self._ran.get(about, True) and is_complete
        chosen = state.config.getoption("lf", default=False) or any(
            "::" in str(argument) for argument in state.config.args
        )
        modules = {nodeid.partition("::")[0] for nodeid in state.tests}
        self._whole = set() if chosen else {name_of(f"{each}::")[0] for each in modules}

    def is_gone(self, test: str, config: str, name: str, epoch: str) -> bool:
        """Whether no test plays the cassette any more."""
        if (test, config) in self._tests:
            is_played = f"{TESTS}/{test}.{name}/{config}/{epoch}" in self._played
            return self._ran.get((test, config), False) and not is_played
        if any(test.startswith(module) for module in self._whole):
            return True
        return not self._has_module(test)

    def _has_module(self, test: str) -> bool:
        parts = test.split(".")
        paths = (self._root.joinpath(*parts[:count]) for count in range(1, len(parts)))
        return any(path.with_name(f"{path.name}.py").is_file() for path in paths)


def _shown(path: Path, state: State) -> str:
    root = state.config.rootpath
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
