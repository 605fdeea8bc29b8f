"""Live progress of a run: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import textwrap
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from harness.reports.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress, TaskID

    from harness.model.sample import SampleResult

_PLAIN_SECONDS = 5.0
_MOST_TROUBLES = 5
_SHORT = 120


class Display(Protocol):
    """What a run tells while it goes on."""

    def result(self, result: SampleResult) -> None:
        """A sample finished and is in the log."""

    def tick(self) -> None:
        """Time has passed."""


@dataclass
class _Counts:
    total: int
    done: int = 0
    passed: int = 0
    errors: int = 0
    misses: int = 0
    started: float = field(default_factory=time.monotonic)

    def add(self, result: SampleResult) -> None:
        self.done += 1
        self.passed += result.is_success
        self.errors += result.status == "error"
        self.misses += result.status == "miss"

    @property
    def rate(self) -> float:
        return self.done / max(time.monotonic() - self.started, 1e-9)

    @property
    def text(self) -> str:
        failed = self.done - self.passed - self.errors - self.misses
        some = f", {failed} failed" if failed else ""
        some += f", {counted(self.errors, 'error')}" if self.errors else ""
        some += f", {self.misses} miss{'es' * (self.misses > 1)}" if self.misses else ""
        return f"{self.passed} passed{some}, {self.rate:.1f} samples/s"

    def trouble(self, result: SampleResult) -> str:
        """A line about an error or miss; empty for other results and after the first few."""
        if result.status == "completed" or self.errors + self.misses > _MOST_TROUBLES:
            return ""
        failure = result.failure
        message = failure.message.strip() if failure else "?"
        if result.status != "miss" or self.errors + self.misses > 1:
            # A miss is laid out in lines, the last of which says what to do.
            message = message.partition("\n")[0]
        if self.errors + self.misses > 1:
            # The first is told in full; more of the same would only hide it.
            message = textwrap.shorten(message, _SHORT, placeholder=" ...")
        place = f" ({failure.where})" if failure and failure.where else ""
        line = f"{result.status.upper()} {result.key}: {message}{place}"
        if self.errors + self.misses == _MOST_TROUBLES:
            line += "\n(further errors and misses are in the log and the report)"
        return line


class PlayCounts(_Counts):
    """Counts of replays that nothing judges, and whose troubles are told afterwards."""

    @property
    def text(self) -> str:
        """Played and not played, instead of passed and failed."""
        bad = self.errors + self.misses
        some = f", {bad} with errors or misses" if bad else ""
        return f"{self.done - bad} played{some}, {self.rate:.1f} samples/s"

    def trouble(self, result: SampleResult) -> str:
        """Nothing: the findings come at the end."""
        return ""


class FitCounts(PlayCounts):
    """Counts of replays that find out how far recordings still fit."""

    @property
    def text(self) -> str:
        """Those that fit entirely, and those with something to record."""
        rest = self.errors + self.misses
        some = f", {rest} to record" if rest else ""
        return f"{self.done - rest} still fit{some}, {self.rate:.1f} samples/s"


class _Plain:
    """A line every few seconds, and one for each error or miss."""

    def __init__(self, counts: _Counts) -> None:
        self._counts = counts
        self._printed = time.monotonic()

    def result(self, result: SampleResult) -> None:
        self._counts.add(result)
        if trouble := self._counts.trouble(result):
            print(trouble, flush=True)  # noqa: T201 - this is the display
        if self._counts.done == self._counts.total:
            self._print()

    def tick(self) -> None:
        if time.monotonic() - self._printed >= _PLAIN_SECONDS:
            self._print()

    def _print(self) -> None:
        self._printed = time.monotonic()
        counts = self._counts
        print(f"{counts.done}/{counts.total} samples: {counts.text}", flush=True)  # noqa: T201


class _Bar:
    """A rich progress bar with an estimate of the time left."""

    def __init__(self, progress: Progress, task: TaskID, counts: _Counts) -> None:
        self._progress = progress
        self._task = task
        self._counts = counts

    def result(self, result: SampleResult) -> None:
        from rich.text import Text

        self._counts.add(result)
        if trouble := self._counts.trouble(result):
            self._progress.console.print(Text(trouble))
        self._progress.update(self._task, advance=1, counts=self._counts.text)

    def tick(self) -> None:
        return


@contextmanager
def showing(total: int, counts: PlayCounts | None = None) -> Iterator[Display]:
    """Show progress while the block runs.

    Args:
        total: Number of samples to come.
        counts: What to tell of them; passes and failures by default.
    """
    counting = counts or _Counts(total)
    if not sys.stdout.isatty():
        yield _Plain(counting)
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[counts]}"))
    with Progress(*columns, TextColumn("ETA"), TimeRemainingColumn()) as progress:
        task = progress.add_task("samples", total=total, counts="")
        yield _Bar(progress, task, counting)
