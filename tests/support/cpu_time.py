"""CPU time of what a benchmark does: the fastest of several rounds, as noise only ever adds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager
    from typing import Any


def fastest(action: Callable[[], object], rounds: int) -> float:
    """CPU seconds of the fastest of several rounds; one more, before, is not counted."""
    action()
    return min(_seconds(action) for _ in range(rounds))


def _seconds(action: Callable[[], object]) -> float:
    began = time.process_time()
    action()
    return time.process_time() - began


def per_step(
    entered: Callable[[], AbstractContextManager[Callable[[Any], object]]],
    steps: Sequence[Any],
    *,
    rounds: int,
    block: int,
) -> list[float]:
    """CPU seconds per step, of each block of steps.

    Each block counts with its fastest round. So a long series has no fewer chances to be
    undisturbed than a short one.

    Args:
        entered: Prepares a round, out of the measured time; yields what does a step.
        steps: What to do, in order.
        rounds: How often to do it all.
        block: Steps to a block; the number of steps is a multiple of it.
    """
    assert len(steps) % block == 0
    blocks = [steps[start : start + block] for start in range(0, len(steps), block)]
    seconds = [float("inf")] * len(blocks)
    for _ in range(rounds):
        with entered() as step:
            for number, items in enumerate(blocks):
                seconds[number] = min(seconds[number], _seconds_of_block(step, items))
    return [total / block for total in seconds]


def _seconds_of_block(step: Callable[[Any], object], items: Iterable[Any]) -> float:
    began = time.process_time()
    for item in items:
        step(item)
    return time.process_time() - began
