"""CPU time of what a benchmark does: the fastest of several rounds, as noise only ever adds.

What is compared is measured in turns. A machine that is slow for a while, as one that others share
may be, then slows some rounds of every side and never all rounds of one. It may be slow for longer
than a measurement takes, though, and what needs memory suffers more than what does not. So while a
claim does not hold, there are more turns, up to an end: what is really slower than claimed stays so
in every round, and fails.
"""

from __future__ import annotations

import time
from statistics import mean
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import Any


class Measured(Protocol):
    """Something that can be done again, and keeps what its fastest round took."""

    def round(self) -> None: ...


# Wall time. The least is for what is quick, the most for claims that do not hold yet.
LEAST_SECONDS, MOST_SECONDS = 3.0, 60.0


def in_turns(
    measured: Mapping[Measured, int],
    *,
    turns: int,
    holds: Callable[[], bool] = lambda: True,
    most_seconds: float = MOST_SECONDS,
) -> None:
    """Measures all of them in every turn, each as many rounds as it is given with.

    Args:
        measured: What to measure, with its rounds to each turn.
        turns: How many, at least: there are more where that is over too soon.
        holds: Whether what is claimed holds for the fastest rounds so far; there are more turns
            until it does.
        most_seconds: How long a claim that does not hold is measured for.
    """
    began, held = time.monotonic(), 0
    while True:
        for each, rounds in measured.items():
            for _ in range(rounds):
                each.round()
        held += 1
        taken = time.monotonic() - began
        if held >= turns and taken >= LEAST_SECONDS and (holds() or taken >= most_seconds):
            return


class Timed:
    """Seconds of an action that measures itself; each round counts.

    Attributes:
        seconds: Of the fastest round so far.
        all_seconds: Of every round, in order.
    """

    def __init__(self, action: Callable[[], float]) -> None:
        self._action = action
        self.all_seconds: list[float] = []

    @property
    def seconds(self) -> float:
        return min(self.all_seconds)

    def round(self) -> None:
        self.all_seconds.append(self._action())


class Action:
    """The CPU time of an action; its first run, which may fill caches, does not count.

    Attributes:
        seconds: Of the fastest round so far.
    """

    def __init__(self, action: Callable[[], object]) -> None:
        self.seconds = float("inf")
        self._action = action
        self._is_warm = False

    def round(self) -> None:
        if not self._is_warm:
            self._action()
            self._is_warm = True
        self.seconds = min(self.seconds, _seconds(self._action))


class Steps:
    """The CPU time of a series of steps, block by block.

    Each block counts with its fastest round. So a long series has no fewer chances to be
    undisturbed than a short one.

    Attributes:
        per_step: CPU seconds per step, of each block so far.
    """

    def __init__(
        self,
        entered: Callable[[], AbstractContextManager[Callable[[Any], object]]],
        steps: Sequence[Any],
        *,
        block: int,
    ) -> None:
        """Takes what to do.

        Args:
            entered: Prepares a round, out of the measured time; yields what does a step.
            steps: What to do, in order.
            block: Steps to a block; the number of steps is a multiple of it.
        """
        assert len(steps) % block == 0
        self._entered = entered
        self._blocks = [steps[start : start + block] for start in range(0, len(steps), block)]
        self._block = block
        self.per_step = [float("inf")] * len(self._blocks)

    @property
    def mean(self) -> float:
        """CPU seconds per step of the whole series."""
        return mean(self.per_step)

    def round(self) -> None:
        with self._entered() as step:
            for number, items in enumerate(self._blocks):
                taken = _seconds_of_block(step, items) / self._block
                self.per_step[number] = min(self.per_step[number], taken)


def _seconds(action: Callable[[], object]) -> float:
    began = time.process_time()
    action()
    return time.process_time() - began


def _seconds_of_block(step: Callable[[Any], object], items: Iterable[Any]) -> float:
    began = time.process_time()
    for item in items:
        step(item)
    return time.process_time() - began
