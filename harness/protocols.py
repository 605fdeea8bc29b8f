"""The seams of the product: what an engine, scorer, sandbox, reporter or run store must offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from harness.model.execution import FileChange, LimitName  # noqa: TC001 - msgspec reads them
from harness.model.team import TeamContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from multiprocessing.connection import Connection
    from pathlib import Path

    from harness.capture import Recorder
    from harness.mocks import ScriptedHuman
    from harness.model.comparison import Comparison
    from harness.model.execution import CodeLimits
    from harness.model.imported import ImportedConversation, ImportMapping
    from harness.model.run import RunHeader, RunLog
    from harness.model.sample import Mode, SampleKey, SampleResult
    from harness.model.scenario import AgentConfig, Scenario
    from harness.model.score import Score, Unscored
    from harness.model.team import Endpoint, FinishedSample, Team


@dataclass(frozen=True, kw_only=True)
class Execution:
    """Outcome of running one piece of code.

    Attributes:
        exit_code: 0 is success; 124 when the time limit ended it; negative for a signal.
        stdout: Standard output, machine-dependent text normalised.
        stderr: Standard error, likewise; empty where both were gathered as one.
        duration_seconds: Wall-clock time.
        timed_out: Whether the time limit ended it.
        limit: The limit that ended it or that it reached, if any.
        cut_bytes: What was cut out of the middle of its outputs.
        cpu_seconds: Processor time of all its processes; None if it was not measured.
        peak_memory_bytes: Most memory in use; None if it was not measured.
        files: What it did to the files of the workspace, in order of path.
        is_remembered: Whether it is the outcome of an earlier run.
        undecodable: Position, byte and reason of the first byte that keeps its outputs from
            being UTF-8; they then have replacement characters. None if they are text.
    """

    exit_code: int
    stdout: str
    stderr: str = ""
    duration_seconds: float
    timed_out: bool = False
    limit: LimitName | None = None
    cut_bytes: int = 0
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    files: tuple[FileChange, ...] = ()
    is_remembered: bool = False
    undecodable: tuple[int, int, str] | None = None

    @property
    def output(self) -> str:
        """Standard output followed by standard error."""
        return self.stdout + self.stderr


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program of the harness that looks at a workspace in a process of its own.

    Attributes:
        entry: "module:function", called with a connection to the harness; the process ends
            when it returns.
        readable: Absolute paths it may read, besides what code of agents may.
        preload: Modules to import before the workspace is in reach.
        timeout_seconds: Wall-clock limit; all its processes are killed after it.
        limits: What else it may use.
    """

    entry: str
    readable: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    timeout_seconds: float
    limits: CodeLimits


@runtime_checkable
class Sandbox(Protocol):
    """Runs code the agents wrote. Made with `SandboxSettings`; one serves one worker process."""

    name: ClassVar[str]

    @property
    def label(self) -> str:
        """What it contains here, for headers and reports, e.g. "process (NOT ISOLATED)"."""

    @property
    def is_isolated(self) -> bool:
        """Whether code cannot reach the user's files, processes or network."""

    @property
    def leaves_code_to_team(self) -> bool:
        """Whether the team's own executor is to run the agents' code, and `run` is not asked."""

    @property
    def fault(self) -> str | None:
        """Why it does not work on this machine; None if it does."""

    @property
    def gives(self) -> tuple[str, ...]:
        """What it contains here and what it does not, a sentence each, for `harness doctor`."""

    @property
    def processes(self) -> tuple[int, ...]:
        """Ids of processes that live on between runs and are to be left alone."""

    def run(  # noqa: PLR0913 - one run has so many sides; all but two by keyword
        self,
        workspace: Path,
        code: str,
        *,
        language: str,
        filename: str,
        timeout_seconds: float,
        folder: str = "",
        limits: CodeLimits | None = None,
    ) -> Execution:
        """Run code in the workspace.

        Args:
            workspace: Folder of the sample; what the code writes stays there.
            code: Source text.
            language: "python", "sh" or "bash".
            filename: File name inside the folder to store the source under.
            timeout_seconds: Wall-clock limit; the whole process tree is killed after it.
            folder: Working directory, relative to the workspace; "" for the workspace itself.
            limits: What else it may use; the defaults if None.
        """

    def run_in_copy(
        self,
        workspace: Path,
        code: str,
        *,
        files: Mapping[str, str],
        timeout_seconds: float,
        limits: CodeLimits | None = None,
    ) -> Execution:
        """Run Python in a throw-away copy of workspace with files added or replaced.

        Its standard error is in its standard output, in the order they were written.
        """

    def check(
        self, workspace: Path, program: Program, converse: Callable[[Connection, str], None]
    ) -> Execution:
        """Run a program of the harness beside a workspace that it cannot change.

        It is contained as agents' code is, by other processes, and nothing of the workspace
        is on its import path. Where nothing is contained, it is an ordinary subprocess.

        Args:
            workspace: Folder of the sample.
            program: What to run.
            converse: Called while it runs with a connection to it, which no code of agents
                ever had, and the workspace's path as it sees it. Reading raises EOFError
                or OSError once the program has ended, by itself or by a limit.

        Returns:
            How it ended.
        """

    def close(self) -> None:
        """End what was started to run code; it starts again when it is needed."""


class ModelScript(Protocol):
    """Answers model calls in process; see `harness.mocks`."""

    def reply(self, agent: str, purpose: str, messages: Sequence[Mapping[str, Any]]) -> Any:
        """The reply to one call: text, or a `harness.mocks.MockReply`.

        A call that offers tools has their schemas in the keyword argument ``tools``.
        """


class SharedFiles(Protocol):
    """Shares the files of a user's folder with code that runs elsewhere."""

    def bring(self, work_dir: Path, folder: Path, workspace: Path) -> None:
        """Copy what is new in the user's folder to where the code is about to run."""

    def take(self, folder: Path, work_dir: Path) -> None:
        """Copy what lies where the code ran to the user's folder."""


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
        human: Answers agents that ask a human; None for the scenario's own answers.
        files: Shares the files of a user's ``work_dir`` with the agents' code; None for a
            scenario, whose code sees its fixtures.
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
    human: ScriptedHuman | None = None
    files: SharedFiles | None = None

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
    """Renders a run log and its comparison. Reads nothing but its arguments.

    A reporter that leaves out all times, so that runs that find the same render the same, may
    have a class attribute ``has_sidecar = True``: the times are written beside its file.
    """

    name: ClassVar[str]
    suffix: ClassVar[str]

    def render(self, log: RunLog, comparison: Comparison) -> str:
        """The whole report as text."""


class Importer(Protocol):
    """Reads conversations that were run elsewhere. Invents nothing that the file does not say."""

    name: ClassVar[str]

    @staticmethod
    def recognises(document: Any) -> bool:
        """Whether a decoded document looks like this format; quick, and never an error."""

    def read(
        self, where: str, text: str, document: Any, mapping: ImportMapping
    ) -> tuple[ImportedConversation, ...]:
        """The conversations of one file.

        Args:
            where: The file, for errors.
            text: What it holds.
            document: The same, decoded from JSON.
            mapping: Which field holds what.

        Raises:
            ImportFault: If it is not of this format.
        """


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
