"""Threads inherit the session of whoever started them.

A new thread begins with an empty context, and AutoGen's asynchronous path runs
model calls in an executor without passing its own.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context, copy_context
from functools import wraps
from typing import TYPE_CHECKING, Any

from harness.cassettes.scope import CURRENT

if TYPE_CHECKING:
    from collections.abc import Callable


def install_threads() -> None:
    """Patch how threads start and executors submit; call it once."""
    _patch_thread_start()
    _patch_executor_submit()


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
