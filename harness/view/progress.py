"""How far a run is: counts and times derived from its log, nothing read here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from harness.logs import FinishedRow, Work
    from harness.model.run import RunHeader
    from harness.model.sample import SampleKey

State = Literal["running", "stopped", "complete"]
OUTCOMES = ("pass", "fail", "error", "miss")
# With fewer samples, a guess at the time left would be worth nothing.
_ENOUGH_TO_GUESS = 3


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Outcomes of some of a run's samples.

    Attributes:
        planned: Samples planned.
        outcomes: Number of samples by outcome.
        cost_usd: Sum of the known costs; None if no sample has one.
    """

    planned: int
    outcomes: Counter[str]
    cost_usd: float | None

    @property
    def done(self) -> int:
        """Samples with a result."""
        return self.outcomes.total()

    @property
    def troubles(self) -> int:
        """Errors and misses."""
        return self.outcomes["error"] + self.outcomes["miss"]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A run as it stood at one moment.

    Attributes:
        name: The run log's name without suffix, by which it is found.
        header: Its header.
        rows: Its finished samples, in the order they finished.
        work: What is being done on it; None if no process works on it.
    """

    name: str
    header: RunHeader
    rows: tuple[FinishedRow, ...]
    work: Work | None

    @property
    def state(self) -> State:
        """Running if a process works on it, else complete or stopped on the way."""
        if self.work is not None:
            return "running"
        return "complete" if self.tally.done >= self.tally.planned else "stopped"

    @property
    def tally(self) -> Tally:
        """Outcomes of all samples."""
        return tally(self.header.plan, self.rows)

    def by_config(self) -> dict[tuple[str, str], Tally]:
        """Outcomes by suite and config, in the order of the plan."""
        planned: dict[tuple[str, str], list[SampleKey]] = {}
        rows: dict[tuple[str, str], list[FinishedRow]] = {}
        for key in self.header.plan:
            planned.setdefault((key.suite, key.config), []).append(key)
        for row in self.rows:
            rows.setdefault((row.key.suite, row.key.config), []).append(row)
        names = dict.fromkeys([*planned, *rows])
        return {name: tally(planned.get(name, ()), rows.get(name, ())) for name in names}

    def seconds_running(self, now: datetime) -> float | None:
        """Seconds since somebody began, or went on with, the run; None if nobody does."""
        return seconds_since(self.work.started_at, now) if self.work else None

    def seconds_left(self, now: datetime) -> float | None:
        """A guess from the pace so far; None if there is too little to tell."""
        elapsed = self.seconds_running(now)
        if self.work is None or elapsed is None or self.work.finished < _ENOUGH_TO_GUESS:
            return None
        left = max(self.tally.planned - self.tally.done, 0)
        return elapsed / self.work.finished * left


def tally(plan: Iterable[SampleKey], rows: Iterable[FinishedRow]) -> Tally:
    """Count some finished samples.

    Args:
        plan: Those that were planned.
        rows: Those that finished; a log may hold more than were planned.
    """
    rows = tuple(rows)
    costs = [row.cost_usd for row in rows if row.cost_usd is not None]
    return Tally(
        planned=max(sum(1 for _ in plan), len(rows)),
        outcomes=Counter(row.outcome for row in rows),
        cost_usd=sum(costs) if costs else None,
    )


def seconds_since(moment: str, now: datetime) -> float | None:
    """Seconds from an ISO 8601 time until now, at least 0; None if it is no such time."""
    from datetime import datetime as parser

    try:
        return max((now - parser.fromisoformat(moment)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None
