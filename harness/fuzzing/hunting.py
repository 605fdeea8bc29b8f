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
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cassettes import offline
from harness.errors import EnvironmentFault, HarnessError
from harness.fuzzing.apart import Lost, company
from harness.fuzzing.losses import DEATH, HANG

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.fuzzing.apart import Company
    from harness.fuzzing.choosing import Pick
    from harness.fuzzing.moves import Move
    from harness.fuzzing.played import Finding
    from harness.fuzzing.settings import FuzzSettings, Subject

# Each death costs a fork, each hang its time.
_MOST_DEATHS, _MOST_HANGS = 250, 12
_SHORT_SECONDS, _TIMES_SLOWEST = 1.0, 5
_INSTALL = 'pip install "conversation-harness[fuzz]"'


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
        cut: Why it tried fewer conversations than it was told to; empty if it tried them all.
    """

    findings: tuple[Finding, ...]
    conversations: int
    first: int | None
    shrinking: int
    seed: int
    seconds: float
    cut: str = ""


class Broken(AssertionError):
    """A conversation that broke an invariant; one subclass for each of them."""


class _Exhausted(BaseException):
    """The search cannot go on; no `Exception`, of which Hypothesis would look for a plainer one."""


class _Search:
    """One search in progress."""

    def __init__(
        self, held: Company, settings: FuzzSettings, seconds: float, hang: Finding | None
    ) -> None:
        self._held = held
        self._settings = settings
        self._seconds = seconds
        self._slowest = 0.0
        self._kinds: dict[str, type[Broken]] = {}
        self._lost: Counter[str] = Counter()
        self._first_hang = hang
        self.findings: dict[str, Finding] = {}
        self.known: frozenset[str] = frozenset()
        self.conversations = 0
        self.shrinking = 0
        self.error: HarnessError | None = None

    def try_one(self, pick: Pick) -> None:
        """Play one conversation.

        Raises:
            Broken: If it breaks an invariant.
        """
        if self.is_exhausted:
            raise _Exhausted
        try:
            finding = self._play(pick)
        except HarnessError as error:  # Not to be shrunk.
            self.error = error
            raise _Exhausted from None
        if set(self.findings) - self.known:
            self.shrinking += 1
        else:
            self.conversations += 1
        if finding is None or finding.violation.invariant in self.known:
            return
        self._keep(finding)
        # Hypothesis tells failures apart by type: shrinking one must not end at another.
        name = finding.violation.invariant
        kind = self._kinds.setdefault(name, type("Broken", (Broken,), {"__module__": __name__}))
        raise kind(finding.violation.reason)

    @property
    def is_exhausted(self) -> bool:
        """Whether so many processes were lost that the search ends."""
        return self._lost[HANG] >= _MOST_HANGS or self._lost[DEATH] >= _MOST_DEATHS

    @property
    def cut(self) -> str:
        """Why the search ended before all its conversations were tried; empty if it did not."""
        if self.conversations >= self._settings.examples:
            return ""
        if self._lost[HANG] >= _MOST_HANGS:
            return f"it ended there, since {self._lost[HANG]} had hung"
        if self._lost[DEATH] >= _MOST_DEATHS:
            return f"it ended there, since {self._lost[DEATH]} had ended the process"
        return "it came upon no other that it had not tried"

    def _play(self, script: Pick | Sequence[Move]) -> Finding | None:
        seconds = self._seconds
        if self._first_hang is not None:
            # One is known. Its shorter forms, and what the next rounds overlook, are not worth
            # the same wait: several times what a conversation that ended took is enough.
            seconds = min(seconds, max(_SHORT_SECONDS, _TIMES_SLOWEST * self._slowest))
        started = time.monotonic()
        finding = self._held.play(script, self.known, seconds)
        invariant = "" if finding is None else finding.violation.invariant
        if invariant in (DEATH, HANG):
            self._lost[invariant] += 1
        else:
            self._slowest = max(self._slowest, time.monotonic() - started)
        if invariant == HANG and self._first_hang is None:
            self._first_hang = finding
        return finding

    def has_lost(self) -> bool:
        """Whether this round has lost a process: a fact, whether it comes out so again or not."""
        return bool({DEATH, HANG} & (set(self.findings) - self.known))

    def confirm(self) -> None:
        """Give the shortest hang all the time it may take; if it ends then, tell the first."""
        found = self.findings.get(HANG)
        if found is None or self._first_hang is None or found is self._first_hang:
            return
        again = self._held.play(found.played.moves, frozenset(), self._seconds)
        is_one = again is not None and again.violation.invariant == HANG
        self.findings[HANG] = again if again is not None and is_one else self._first_hang

    def _keep(self, finding: Finding) -> None:
        name = finding.violation.invariant
        known = self.findings.get(name)
        if known is None or _size(finding) <= _size(known):
            self.findings[name] = finding
            self._held.keep(finding)


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
    _require_hypothesis()
    with _held(subject, settings) as held:
        done = _hunted(held, subject, settings, seed)
    return replace(done, seconds=time.perf_counter() - started)


def _hunted(held: Company, subject: Subject, settings: FuzzSettings, seed: int) -> Hunt:
    seconds = settings.seconds_for(subject.scenario)

    def begun(held: Company, hang: Finding | None = None) -> _Search:
        return _Search(held, settings, seconds, hang)

    try:
        return held.work(lambda here: _searched(begun(here), settings, seed, subject.name), seconds)
    except Lost as loss:
        lost, before = loss.finding, loss.before
    # The same search, which gets to the same conversation, but outlives it, to shrink it.
    search = begun(held, lost if lost.violation.invariant == HANG else None)
    try:
        again = _searched(search, settings, seed, subject.name)
    except HarnessError:
        # It did not come out the same.
        again = _summed(search, None, seed)
    found = {each.violation.invariant: each for each in again.findings}
    return replace(
        again,
        # Whether it came out the same or not, it did happen.
        findings=tuple({**before, lost.violation.invariant: lost, **found}.values()),
        first=again.first or again.conversations,
    )


def _searched(search: _Search, settings: FuzzSettings, seed: int, name: str) -> Hunt:
    first = _search(search, settings.examples, seed, name)
    search.confirm()
    return _summed(search, first, seed)


def _summed(search: _Search, first: int | None, seed: int) -> Hunt:
    return Hunt(
        findings=tuple(search.findings.values()),
        conversations=search.conversations,
        first=first,
        shrinking=search.shrinking,
        seed=seed,
        seconds=0.0,
        cut=search.cut,
    )


@contextmanager
def _held(subject: Subject, settings: FuzzSettings) -> Iterator[Company]:
    with (
        tempfile.TemporaryDirectory(prefix="harness-fuzz-") as folder,
        offline(label=subject.name),
        company(subject, settings, Path(folder)) as held,
    ):
        yield held


def _search(search: _Search, examples: int, seed: int, name: str) -> int | None:
    """Hunt in rounds: what one has found, the next overlooks, to find what it may hide."""
    first: int | None = None
    for round_number in itertools.count():
        _run(search, examples - search.conversations, seed + round_number, name)
        found = frozenset(search.findings)
        if found == search.known:
            return first
        first = first or search.conversations
        if search.is_exhausted or search.conversations >= examples:
            return first
        search.known = found
    raise AssertionError("a count does not end")


def _require_hypothesis() -> None:
    """Load it before anything is forked: once, and not for each hunt."""
    try:
        import hypothesis  # noqa: F401 - only loaded
    except ImportError:
        raise EnvironmentFault(
            f"Fuzzing needs Hypothesis, which is not installed. Run: {_INSTALL}"
        ) from None


def _run(search: _Search, examples: int, seed: int, name: str) -> None:
    import hypothesis
    from hypothesis import strategies as st
    from hypothesis.errors import Flaky

    strategies: dict[int, Any] = {}

    def strategy(choices: int) -> Any:
        if choices not in strategies:
            strategies[choices] = st.integers(0, choices - 1)
        return strategies[choices]

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
        search.try_one(lambda menu: menu[draw(strategy(len(menu)))])

    try:
        conversation()
    except (Broken, ExceptionGroup) as error:
        _raise_others(error)
    except _Exhausted:
        if search.error is not None:
            raise search.error from None
    except Flaky as error:
        # To Hypothesis it is odd, too, that an exhausted search asks for nothing.
        if search.is_exhausted or search.has_lost():
            return
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
    subject.engine.preload()
    seconds = settings.seconds_for(subject.scenario)
    with _held(subject, settings) as held:
        return held.play(moves, frozenset(), seconds)
