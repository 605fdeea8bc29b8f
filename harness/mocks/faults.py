"""Faults that mocks inject on purpose, and who is told when one is delivered."""

from __future__ import annotations

import random
import string
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from harness.mocks.replies import MockReply

# Called with agent, kind and detail of every fault delivered in this context.
FaultListener = Callable[[str, str, str], object]

_LISTENER: ContextVar[FaultListener | None] = ContextVar("harness_fault_listener", default=None)


def raising(error: Exception) -> MockReply:
    """A reply that raises error instead of answering."""
    return MockReply(error=error, fault="exception")


def empty() -> MockReply:
    """A reply without any text."""
    return MockReply("", fault="empty")


def garbage(seed: int = 0, length: int = 200) -> MockReply:
    """A reply of random printable characters, the same for the same seed.

    Args:
        seed: Chooses the characters.
        length: Number of characters, >= 1.
    """
    characters = string.ascii_letters + string.digits + string.punctuation + " \n"
    # Noise for a test, not a secret.
    text = "".join(random.Random(seed).choices(characters, k=length))
    return MockReply(text, fault="garbage")


def slow(seconds: float, text: str = "") -> MockReply:
    """A reply that comes only after seconds of real waiting."""
    return MockReply(text, latency_seconds=seconds, fault="latency")


@contextmanager
def faults_reported_to(listener: FaultListener) -> Iterator[None]:
    """Tell listener of every fault that mocks deliver inside."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def deliver(reply: MockReply, agent: str) -> MockReply:
    """Let a reply take effect: report its fault, wait, and raise its error.

    Args:
        reply: What the mock answers.
        agent: Name of the agent that gets the answer.

    Returns:
        The reply, if it does not raise.
    """
    kind = reply.fault or ("exception" if reply.error is not None else None)
    listener = _LISTENER.get()
    if kind is not None and listener is not None:
        listener(agent, kind, _detail(reply))
    if reply.latency_seconds > 0:
        time.sleep(reply.latency_seconds)
    if reply.error is not None:
        raise reply.error
    return reply


def _detail(reply: MockReply) -> str:
    if reply.error is not None:
        return f"raises {type(reply.error).__name__}: {reply.error}"
    if reply.latency_seconds > 0:
        return f"answers after {reply.latency_seconds:g} s"
    return f"answers {len(reply.text)} characters"
