"""Simulated time: what a client waits for passes at once.

SDKs wait by `time.sleep` or `asyncio.sleep` (openai's by the first, and by anyio on top of
the second). Both are replaced once per process by functions that ask the running context for
a clock. Only inside a model call is there one: nothing else of the team, and no sandbox,
sees its sleep shortened.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any

from harness.cassettes.scope import CALLER

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clock:
    """Time that passes without being waited for.

    Attributes:
        seconds: How much has passed.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self.seconds += max(0.0, seconds)


_CLOCK: ContextVar[Clock | None] = ContextVar("harness_fault_clock", default=None)


@contextmanager
def simulated(clock: Clock) -> Iterator[None]:
    """Let what is slept in model calls of this context pass on a clock."""
    _SLEEPS.ensure()
    token = _CLOCK.set(clock)
    try:
        yield
    finally:
        _CLOCK.reset(token)


def _clock() -> Clock | None:
    return _CLOCK.get() if CALLER.get() is not None else None


class _Sleeps:
    """Whether the sleeps of this process are replaced: they stay so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._installed = False

    def ensure(self) -> None:
        with self._lock:
            if not self._installed:
                _install()
                self._installed = True


_SLEEPS = _Sleeps()


def _install() -> None:
    real_sleep, real_async_sleep = time.sleep, asyncio.sleep

    @wraps(real_sleep)
    def sleep(seconds: Any, /) -> None:
        clock = _clock()
        if clock is None:
            real_sleep(seconds)
        else:
            clock.pass_time(seconds)

    @wraps(real_async_sleep)
    async def async_sleep(delay: float, result: Any = None) -> Any:
        clock = _clock()
        if clock is None:
            return await real_async_sleep(delay, result)
        clock.pass_time(delay)
        return await real_async_sleep(0, result)

    # By name, because their types are overloaded.
    for module, replacement in ((time, sleep), (asyncio, async_sleep)):
        vars(module)["sleep"] = replacement
