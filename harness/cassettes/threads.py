"""Threads inherit the session of whoever started them.

A new thread begins with an empty context, and AutoGen's asynchronous path runs
model calls in an executor without passing its own. Work handed to an executor or
a pool of threads belongs to who handed it over, whoever started the worker. What
reaches a thread in another way, such as ``_thread.start_new_thread`` or a queue
that a thread from before the session reads, belongs to no session: a replay
refuses its requests.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context, copy_context
from functools import wraps
from multiprocessing.pool import ThreadPool
from typing import TYPE_CHECKING, Any

from harness.cassettes.scope import CURRENT
from harness.errors import SampleInterrupt

if TYPE_CHECKING:
    from collections.abc import Callable


# Every way of handing work to a ThreadPool that does not go by way of another.
_POOL_METHODS = (
    "apply_async",
    "map",
    "map_async",
    "starmap",
    "starmap_async",
    "imap",
    "imap_unordered",
)


def install_threads() -> None:
    """Patch how threads start and how executors and pools are given work; call it once."""
    _patch_thread_start()
    _patch_executor_submit()
    for name in _POOL_METHODS:
        setattr(ThreadPool, name, _handing_on(getattr(ThreadPool, name)))


def _patch_thread_start() -> None:
    original = threading.Thread.start

    @wraps(original)
    def start(self: threading.Thread) -> None:
        if CURRENT.get() is not None and "run" not in vars(self):
            vars(self)["run"] = _in_context(self, self.run, copy_context())
        original(self)

    threading.Thread.start = start  # type: ignore[method-assign]


def _in_context(
    thread: threading.Thread, run: Callable[[], None], context: Context
) -> Callable[[], None]:
    def run_in_context() -> None:
        # Break the cycle from the thread to itself: Thread.run drops its target, too.
        vars(thread).pop("run", None)
        context.run(run)

    return run_in_context


def _patch_executor_submit() -> None:
    original: Any = ThreadPoolExecutor.submit  # a generic method: untypable as a variable

    @wraps(original)
    def submit(
        self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        # Always, not only inside a session: the worker may have been started by
        # one, and must not run later work as if it belonged to that.
        future: Future[Any] = original(self, copy_context().run, fn, *args, **kwargs)
        return future

    ThreadPoolExecutor.submit = submit  # type: ignore[method-assign, assignment]


def _handing_on(original: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a thread pool whose work runs in the context it was handed over in."""

    @wraps(original)
    def method(self: ThreadPool, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        context = copy_context()

        def work(*given: Any, **named: Any) -> Any:
            try:
                # A copy for each piece of work: several may run at once.
                return context.copy().run(func, *given, **named)
            except SampleInterrupt as interrupt:
                # A worker of a pool survives an Exception only, and who waits for a dead
                # one waits for good. The session remembers what it was.
                raise RuntimeError(str(interrupt)) from interrupt

        return original(self, work, *args, **kwargs)

    return method
