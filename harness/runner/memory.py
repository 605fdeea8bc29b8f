"""A run that is kept in memory alone, for what replays without leaving a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.model.run import RunHeader
    from harness.model.sample import SampleResult


class MemoryStore:
    """A `harness.protocols.RunStore` without a file.

    Args:
        header: What the run says of itself.
    """

    def __init__(self, header: RunHeader) -> None:
        self._header = header
        self._samples: list[SampleResult] = []

    def append(self, result: SampleResult) -> None:
        """Keep a finished sample."""
        self._samples.append(result)

    def read_header(self) -> RunHeader:
        """The header."""
        return self._header

    def read_samples(self) -> Iterable[SampleResult]:
        """Every sample kept so far."""
        return tuple(self._samples)

    def close(self) -> None:
        """Nothing to release."""
