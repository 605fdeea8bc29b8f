"""Hunt for conversations that break a team, and shrink each to its shortest.

Hypothesis draws the moves, one at a time and only as the team asks for them, so shrinking
works on the conversation itself: a move that does not matter goes, one that matters becomes
the plainest that still shows the failure.
"""

from __future__ import annotations

import itertools
import secrets
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cassettes import offline
from harness.errors import EnvironmentFault, HarnessError
from harness.fuzzing.choosing import Drawn, Replayed
from harness.fuzzing.playing import Stage
from harness.fuzzing.workspace import fixtures_copied

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.fuzzing.moves import Move
    from harness.fuzzing.played import Played
    from harness.fuzzing.settings import FuzzSettings, Subject
    from harness.fuzzing.violation import Violation

_INSTALL = 'pip install "conversation-harness[fuzz]"'


@dataclass(frozen=True)
class Finding:
    """The shortest conversation found that breaks one invariant."""

    violation: Violation
    played: Played


@dataclass(frozen=True, kw_only=True)
class Hunt:
    """What came of fuzzing one team.

    Attributes:
        findings: One for each way it broke; empty if it survived.
        conversations: Conversations tried.
        first: How many of them it took to break the team; None if it survived.
        shrinking: Conversations played besides, to shrink what was found.
        seed: Where the search started.
        seconds: Wall-clock time.
    """

    findings: tuple[Finding, ...]
    conversations: int
    first: int | None
    shrinking: int
    seed: int
    seconds: float


class Broken(AssertionError):
    """A conversation that broke an invariant; one subclass for each of them."""


class _Search:
    """One search in progress."""

    def __init__(self, subject: Subject, settings: FuzzSettings, workspace: Path) -> None:
        self._stage = Stage(subject, settings, workspace)
        self._settings = settings
        self._kinds: dict[str, type[Broken]] = {}
        self.findings: dict[str, Finding] = {}
        self.known: frozenset[str] = frozenset()
        self.conversations = 0
        self.shrinking = 0

    def try_one(self, pick: Callable[[Sequence[Any]], Any]) -> None:
        """Play one conversation.

        Raises:
            Broken: If it breaks an invariant.
        """
        played = self._stage.play(Drawn(pick, self._settings), known=self.known)
        if set(self.findings) - self.known:
            self.shrinking += 1
        else:
            self.conversations += 1
        violation = played.violation
        if violation is None:
            return
        self._keep(Finding(violation, played))
        # Hypothesis tells failures apart by type: shrinking one must not end at another.
        name = violation.invariant
        kind = self._kinds.setdefault(name, type("Broken", (Broken,), {"__module__": __name__}))
        raise kind(violation.reason)

    def _keep(self, finding: Finding) -> None:
        name = finding.violation.invariant
        known = self.findings.get(name)
        if known is None or _size(finding) <= _size(known):
            self.findings[name] = finding


def _size(finding: Finding) -> tuple[int, int]:
    """How much there is to read: events up to the evidence, then moves in all."""
    return (finding.violation.index, len(finding.played.moves))


def hunt(subject: Subject, settings: FuzzSettings) -> Hunt:
    """Fuzz a team.

    Args:
        subject: The team.
        settings: How long, and what must hold.

    Raises:
        EnvironmentFault: If Hypothesis is not installed.
        HarnessError: If the team cannot be played, or answers the same moves differently.
    """
    seed = secrets.randbits(32) if settings.seed is None else settings.seed
    subject.engine.preload()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="harness-fuzz-") as folder, offline(label=subject.name):
        search = _Search(subject, settings, fixtures_copied(subject.scenario, Path(folder)))
        first = _search(search, settings.examples, seed, subject.name)
    return Hunt(
        findings=tuple(search.findings.values()),
        conversations=search.conversations,
        first=first,
        shrinking=search.shrinking,
        seed=seed,
        seconds=time.perf_counter() - started,
    )


def _search(search: _Search, examples: int, seed: int, name: str) -> int | None:
    """Hunt in rounds: what one has found, the next overlooks, to find what it may hide."""
    first: int | None = None
    for round_number in itertools.count():
        _run(search, examples - search.conversations, seed + round_number, name)
        found = frozenset(search.findings)
        if found == search.known:
            return first
        first = first or search.conversations
        if search.conversations >= examples:
            return first
        search.known = found
    raise AssertionError("a count does not end")


def _run(search: _Search, examples: int, seed: int, name: str) -> None:
    try:
        import hypothesis
        from hypothesis import strategies as st
        from hypothesis.errors import Flaky
    except ImportError:
        raise EnvironmentFault(
            f"Fuzzing needs Hypothesis, which is not installed. Run: {_INSTALL}"
        ) from None
    menus: dict[int, tuple[Any, Any]] = {}

    def strategy(menu: Sequence[Any]) -> Any:
        # Menus are cached where they are made: the same object is the same menu.
        if id(menu) not in menus:
            menus[id(menu)] = (menu, st.integers(0, len(menu) - 1))
        return menus[id(menu)][1]

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        report_multiple_bugs=True,
        print_blob=False,
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
    )
    @hypothesis.given(st.data())
    def conversation(data: Any) -> None:
        draw = data.conjecture_data.draw
        search.try_one(lambda menu: menu[draw(strategy(menu))])

    try:
        conversation()
    except (Broken, ExceptionGroup) as error:
        _raise_others(error)
    except Flaky as error:
        raise HarnessError(
            f"{name}: the same words led this team to different conversations, so no failure can "
            "be shrunk or repeated. Does it keep state between conversations, read the clock or "
            f"draw random numbers of its own? {str(error).splitlines()[0]}"
        ) from None


def _raise_others(error: BaseException) -> None:
    """Let out of a group what is no finding."""
    for each in getattr(error, "exceptions", ()):
        if not isinstance(each, Broken):
            raise each


def replay(subject: Subject, settings: FuzzSettings, moves: Sequence[Move]) -> Finding | None:
    """Play saved moves again.

    Args:
        subject: The team as it is now.
        settings: What must hold.
        moves: The conversation; when they are used up, everybody comes to the point.

    Returns:
        What it breaks now; None if everything holds.
    """
    with tempfile.TemporaryDirectory(prefix="harness-fuzz-") as folder, offline(label=subject.name):
        workspace = fixtures_copied(subject.scenario, Path(folder))
        played = Stage(subject, settings, workspace).play(Replayed(moves, settings))
    return Finding(played.violation, played) if played.violation else None
