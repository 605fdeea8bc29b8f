"""A process kept off the network, with or without a cassette."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.cassettes.scope import ACTIVE, REPLAY_ADVICE

if TYPE_CHECKING:
    from collections.abc import Iterator


class Attempts:
    """The connections that were attempted, and refused, in an offline block.

    Attributes:
        label: What the block is called in messages.
        advice: Why it is kept offline, and what to do about it.
        sockets_opened: How many, those refused by a replay inside the block included.
        first_refusal: The text the first one was refused with; "" if there was none.
    """

    def __init__(self, label: str, advice: str = REPLAY_ADVICE) -> None:
        self.label = label
        self.advice = advice
        self.sockets_opened = 0
        self.first_refusal = ""
        self._lock = threading.Lock()

    def count_socket(self, refusal: str) -> None:
        """Note an attempt to open a connection."""
        with self._lock:
            self.sockets_opened += 1
            self.first_refusal = self.first_refusal or refusal


@contextmanager
def offline(*, label: str = "offline", advice: str = REPLAY_ADVICE) -> Iterator[Attempts]:
    """Refuse every connection of this process while the block lasts.

    It holds in all threads, for module-level code, checks and scorers alike; only a
    context that records a cassette is let through. A replay may be nested inside:
    what it refuses, both count. An attempt raises `SocketBlocked`, and stays counted
    if somebody swallows that. See `harness.cassettes.guard` for what is not covered.

    Args:
        label: What to call the block in messages, e.g. the sample's key.
        advice: Why the block is kept offline ("because ..."), and what to do about it.
    """
    from harness.cassettes.guard import install_guard

    install_guard()
    attempts = Attempts(label, advice)
    ACTIVE.enter_offline(attempts)
    try:
        yield attempts
    finally:
        ACTIVE.leave_offline(attempts)
