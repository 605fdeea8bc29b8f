"""How far a run is: counts and times derived from the rows of its log, nothing read here.

Whole rows and plans are not kept: a folder may hold many runs of many thousand samples.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.logs import FinishedRow, Work
    from harness.model.run import RunHeader

State = Literal["running", "stopped", "complete"]
OUTCOMES = ("pass", "fail", "unjudged", "error", "miss")
TROUBLES = ("error", "miss")
LATEST_ROWS = 20
LATEST_TROUBLES = 10
# With fewer samples, a guess at the time left would be worth nothing.
_ENOUGH_TO_GUESS = 3

# Suite and config.
Name = tuple[str, str]


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
        return sum(self.outcomes[outcome] for outcome in TROUBLES)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A run as it stood at one moment.

    Attributes:
        name: The run log's name without suffix, by which it is found.
        header: Its header, without the plan.
        tally: Outcomes of all samples.
        by_config: The same by suite and config, in the order of the plan.
        latest: Its last samples, newest first.
        troubles: Its last errors and misses, newest first.
        work: What is being done on it; None if no process works on it.
    """

    name: str
    header: RunHeader
    tally: Tally
    by_config: dict[Name, Tally]
    latest: tuple[FinishedRow, ...]
    troubles: tuple[FinishedRow, ...]
    work: Work | None

    @property
    def state(self) -> State:
        """Running if a process works on it, else complete or stopped on the way."""
        if self.work is not None:
            return "running"
        return "complete" if self.tally.done >= self.tally.planned else "stopped"

    def seconds_running(self, now: datetime) -> float | None:
        """Seconds since somebody began, or went on with, the run; None if nobody does."""
        return seconds_since(self.work.started_at, now) if self.work else None

    def seconds_left(self, now: datetime) -> float | None:
        """A guess from the pace so far; None if there is too little to tell."""
        elapsed = self.seconds_running(now)
        if self.work is None or elapsed is None or self.work.finished < _ENOUGH_TO_GUESS:
            return None
        return elapsed / self.work.finished * (self.tally.planned - self.tally.done)


class Counting:
    """Counts a run's samples as they finish.

    Args:
        header: The run's header.
    """

    def __init__(self, header: RunHeader) -> None:
        self._header = replace(header, plan=())
        self._planned = Counter((key.suite, key.config) for key in header.plan)
        self._outcomes: dict[Name, Counter[str]] = {name: Counter() for name in self._planned}
        self._costs: dict[Name, float] = {}
        self._latest: deque[FinishedRow] = deque(maxlen=LATEST_ROWS)
        self._troubles: deque[FinishedRow] = deque(maxlen=LATEST_TROUBLES)
        self.last_number = 0

    def add(self, rows: Iterable[FinishedRow]) -> None:
        """Count the rows that came after the last one."""
        for row in rows:
            name = (row.key.suite, row.key.config)
            self._outcomes.setdefault(name, Counter())[row.outcome] += 1
            if row.cost_usd is not None:
                self._costs[name] = self._costs.get(name, 0.0) + row.cost_usd
            self._latest.appendleft(row)
            if row.outcome in TROUBLES:
                self._troubles.appendleft(row)
            self.last_number = row.number

    def progress(self, name: str, work: Work | None) -> Progress:
        """What was counted so far; later rows do not change it."""
        by_config = {
            each: _tally(self._planned[each], [outcomes], [self._costs.get(each)])
            for each, outcomes in self._outcomes.items()
        }
        return Progress(
            name=name,
            header=self._header,
            tally=_tally(
                self._planned.total(), self._outcomes.values(), list(self._costs.values())
            ),
            by_config=by_config,
            latest=tuple(self._latest),
            troubles=tuple(self._troubles),
            work=work,
        )


def _tally(planned: int, outcomes: Iterable[Counter[str]], costs: Iterable[float | None]) -> Tally:
    total = sum(outcomes, Counter())
    known = [cost for cost in costs if cost is not None]
    return Tally(
        # A log may hold more than was planned.
        planned=max(planned, total.total()),
        outcomes=total,
        cost_usd=sum(known) if known else None,
    )


def seconds_since(moment: str, now: datetime) -> float | None:
    """Seconds from an ISO 8601 time until now, at least 0; None if it is no such time."""
    try:
        return max((now - datetime.fromisoformat(moment)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None
