"""Leave code to AutoGen's own executor, as the suite asked, and record what it says."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.engines.autogen_blocks import TIMEOUT_TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.engines.autogen_scope import SampleState

_TIMEOUT_EXIT_CODE = 124


def run_code(
    original: Callable[..., Any], sample: SampleState, agent: Any, code: str, **options: Any
) -> tuple[int, str, Any]:
    """Run one block of the dictionary way as AutoGen does, and record it."""
    recorded = _Recorded(sample, agent, options.get("lang") or "", code)
    with recorded.crashes():
        exit_code, logs, image = original(agent, code, **options)
    recorded.ended(exit_code, logs, timed_out=exit_code != 0 and logs == TIMEOUT_TEXT)
    return exit_code, logs, image


class ObservedExecutor:
    """Passes everything on to the team's executor and records its results."""

    def __init__(self, sample: SampleState, agent: Any, executor: Any) -> None:
        """Stand before an executor.

        Args:
            sample: The running sample.
            agent: The agent that has it.
            executor: The team's.
        """
        self._sample = sample
        self._agent = agent
        self._executor = executor

    @property
    def code_extractor(self) -> Any:
        """The executor's own extractor."""
        return self._executor.code_extractor

    def execute_code_blocks(self, code_blocks: list[Any]) -> Any:
        """Run blocks; the executor tells one result for all, so one event is recorded."""
        code = "\n\n".join(block.code for block in code_blocks)
        language = code_blocks[0].language if code_blocks else ""
        recorded = _Recorded(self._sample, self._agent, language, code)
        with recorded.crashes():
            result = self._executor.execute_code_blocks(code_blocks)
        code_of_timeout = result.exit_code == _TIMEOUT_EXIT_CODE
        is_late = code_of_timeout and result.output.endswith(TIMEOUT_TEXT)
        recorded.ended(result.exit_code, result.output, timed_out=is_late)
        return result


class _Recorded:
    """One run that is recorded when it has ended."""

    def __init__(self, sample: SampleState, agent: Any, language: str, code: str) -> None:
        self._sample = sample
        self._agent = agent.name
        self._language = language
        self._code = code
        self._started = time.monotonic()

    def ended(self, exit_code: int, output: str, **more: Any) -> None:
        self._sample.recorder.code_execution(
            agent=self._agent,
            language=self._language,
            code=self._code,
            exit_code=exit_code,
            output=output,
            duration_seconds=time.monotonic() - self._started,
            sandbox=self._sample.assignment.sandbox.label,
            **more,
        )

    @contextmanager
    def crashes(self) -> Iterator[None]:
        """Record an exception of the executor, too."""
        try:
            yield
        except Exception as error:
            self.ended(1, "", infrastructure=f"{type(error).__name__}: {error}")
            raise
