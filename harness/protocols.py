"""The seams of the product: what an engine, scorer, sandbox, reporter or run store must offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from harness.model.team import TeamContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from harness.capture import Recorder
    from harness.model.comparison import Comparison
    from harness.model.run import RunHeader, RunLog
    from harness.model.sample import Mode, SampleKey, SampleResult
    from harness.model.scenario import AgentConfig, Scenario
    from harness.model.score import Score, Unscored
    from harness.model.team import Endpoint, FinishedSample, Team


@dataclass(frozen=True, kw_only=True)
class Execution:
    """Outcome of running one piece of code.

    Attributes:
        exit_code: 0 is success; 124 when the time limit ended it.
        output: stdout and stderr together, machine-dependent text normalised.
        duration_seconds: Wall-clock time.
        timed_out: Whether the time limit ended it.
    """

    exit_code: int
    output: str
    duration_seconds: float
    timed_out: bool = False


@runtime_checkable
class Sandbox(Protocol):
    """Runs code the agents wrote. One instance serves one worker process."""

    name: ClassVar[str]

    @property
    def label(self) -> str:
        """What it contains here, for headers and reports, e.g. "process (NOT ISOLATED)"."""

    def run(
        self, workspace: Path, code: str, *, language: str, filename: str, timeout_seconds: float
    ) -> Execution:
        """Run code with workspace as working directory.

        Args:
            workspace: Folder of the sample; what the code writes stays there.
            code: Source text.
            language: "python", "sh" or "bash".
            filename: File name inside the workspace to store the source under.
            timeout_seconds: Wall-clock limit; the whole process tree is killed after it.
        """

    def run_in_copy(
        self,
        workspace: Path,
        code: str,
        *,
        files: Mapping[str, str],
        timeout_seconds: float,
    ) -> Execution:
        """Run Python in a throw-away copy of workspace with files added or replaced."""


class ModelScript(Protocol):
    """Answers model calls in process; see `harness.mocks`."""

    def reply(self, agent: str, purpose: str, messages: Sequence[Mapping[str, Any]]) -> Any:
        """The reply to one call: text, or a `harness.mocks.MockReply`."""


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Everything an engine needs to run one sample.

    Attributes:
        key: Which sample.
        scenario: The scenario.
        config: The config.
        workspace: Folder the agents' code runs in; the engine makes nothing elsewhere.
        endpoint: Where model requests go.
        build_team: The user's factory.
        sandbox: Runs the agents' code.
        recorder: Receives every event; it keeps the partial transcript if the engine fails.
        mode: How model calls are answered.
        script: Answers model calls in process instead of the provider, if given.
    """

    key: SampleKey
    scenario: Scenario
    config: AgentConfig
    workspace: Path
    endpoint: Endpoint
    build_team: Callable[[TeamContext], Team]
    sandbox: Sandbox
    recorder: Recorder
    mode: Mode
    script: ModelScript | None = None

    @property
    def context(self) -> TeamContext:
        """What the team factory gets."""
        return TeamContext(
            scenario=self.scenario,
            config=self.config,
            epoch=self.key.epoch,
            workspace=self.workspace,
            endpoint=self.endpoint,
        )


class Engine(Protocol):
    """Drives one framework's team through one sample."""

    name: ClassVar[str]

    def version(self) -> str:
        """Distribution and version of the framework, e.g. "autogen 0.14.1".

        Raises:
            EnvironmentFault: If the framework is missing or installed twice.
        """

    def preload(self) -> None:
        """Import what every sample needs, once per worker process."""

    def run(self, assignment: Assignment) -> None:
        """Run the conversation, recording every event and, last, the termination.

        An ordinary exception of the framework or the team becomes a termination
        with reason "error"; a `SampleInterrupt` other than `LimitReached` passes through.
        """


class CapturingEngine(Engine, Protocol):
    """An engine that also records conversations which the user's own code starts."""

    def capturing(self, assignment: Assignment) -> AbstractContextManager[None]:
        """Record what conversations the block holds and, last, the termination.

        What is raised inside goes on outwards, limits included. The assignment's team
        and endpoint are not used.
        """


class Scorer(Protocol):
    """Reads a finished sample. A dataclass whose fields are its options in YAML."""

    name: ClassVar[str]

    def score(self, sample: FinishedSample) -> Score | Unscored:
        """Judge or measure; absence is an Unscored with its reason."""


class Reporter(Protocol):
    """Renders a run log and its comparison. Reads nothing but its arguments."""

    name: ClassVar[str]
    suffix: ClassVar[str]

    def render(self, log: RunLog, comparison: Comparison) -> str:
        """The whole report as text."""


class RunStore(Protocol):
    """Keeps one run: append, and read back at any moment."""

    def append(self, result: SampleResult) -> None:
        """Keep a finished sample durably before returning."""

    def read_header(self) -> RunHeader:
        """The header."""

    def read_samples(self) -> Iterable[SampleResult]:
        """Every sample kept so far."""

    def close(self) -> None:
        """Release the file."""
