"""Have a sample's checks judged by a process of their own, and believe only its verdicts.

The process is a cell of the sandbox, see `harness.protocols.Sandbox.check`. A check that ends
it, hangs or is killed is a broken check, never one that passed; those after it run in another.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from harness.errors import CheckError, HarnessError, SocketBlocked, SuiteError
from harness.protocols import Program
from harness.runner import check_messages as messages
from harness.suites.document import shown_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from harness.model.scenario import PythonReference, Scenario
    from harness.model.score import CheckResult
    from harness.model.team import FinishedSample
    from harness.protocols import Execution, Sandbox
    from harness.runner.task import Task

_ENTRY = "harness.runner.check_program:main"
_SUITE_FILE = "suite.yaml"
# What is left of the sample's time for everything after the checks.
_MARGIN_SHARE, _MOST_MARGIN_SECONDS = 0.1, 2.0
_MOST_SAID = 300
_NO_VERDICT = "said something that is no verdict"


@dataclass
class Experience:
    """What earlier samples taught about a file with checks.

    Attributes:
        names: The checks in it, once it was loaded.
        imported: Modules worth preloading, because the checks imported them.
    """

    names: tuple[str, ...] = ()
    imported: set[str] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Runs the checks of one sample.

    Attributes:
        checks: The file with the checks.
        scenario: The sample's scenario.
        label: The sample's key, for messages.
        sandbox: Where they run, and where the code they want to run does.
        is_offline: Whether connections of the checks are an error.
        deadline: Value of the monotonic clock by which all of them must have ended.
        experience: What is known of the checks; added to.
    """

    checks: PythonReference
    scenario: Scenario
    label: str
    sandbox: Sandbox
    is_offline: bool
    deadline: float
    experience: Experience

    @classmethod
    def of(
        cls, task: Task, checks: PythonReference, sandbox: Sandbox, experience: Experience
    ) -> Judge:
        """For a task that starts now."""
        wall = task.scenario.limits.wall_seconds
        margin = min(_MARGIN_SHARE * wall, _MOST_MARGIN_SECONDS)
        return cls(
            checks=checks,
            scenario=task.scenario,
            label=str(task.key),
            sandbox=sandbox,
            is_offline=task.mode not in ("record", "live"),
            deadline=time.monotonic() + wall - margin,
            experience=experience,
        )

    def require_checks(self) -> None:
        """Load the file once, in a process of its own, so that mistakes are known early.

        Raises:
            SuiteError: If it cannot be imported, or has no check.
            SocketBlocked: If importing it attempts a connection that is refused.
        """
        if self.experience.names:
            return
        with tempfile.TemporaryDirectory(prefix="harness-checks-") as empty:
            self._converse(Path(empty), _Conversation(self, None, ()))

    def __call__(self, sample: FinishedSample) -> Sequence[CheckResult | CheckError]:
        """Run every check.

        Returns:
            A verdict for each, or why there is none, in the order of the file.

        Raises:
            SocketBlocked: If a check attempted a connection that is refused.
        """
        outcomes: dict[str, CheckResult | CheckError] = {}
        names = self.experience.names
        while waiting := tuple(name for name in names if name not in outcomes):
            if self.seconds_left <= 0:
                late = CheckError(f"check_{waiting[0]} did not run: no time was left for it")
                outcomes[waiting[0]] = late
                continue
            talk = _Conversation(self, sample, waiting)
            ended = self._converse(sample.workspace, talk)
            outcomes.update(talk.outcomes)
            if talk.running is not None:
                said = _how(ended, self.scenario) if talk.ill_said is None else talk.ill_said
                outcomes[talk.running] = CheckError(f"check_{talk.running} {said}")
        return tuple(outcomes[name] for name in names)

    @property
    def seconds_left(self) -> float:
        """Until the deadline."""
        return self.deadline - time.monotonic()

    def _converse(self, workspace: Path, talk: _Conversation) -> Execution:
        """Start a process and talk with it until it ends.

        Raises:
            SuiteError: If it ends before the checks are loaded, or they cannot be.
            SocketBlocked: If a connection was attempted that is refused.
        """
        program = Program(
            entry=_ENTRY,
            readable=_readable(self.scenario),
            preload=tuple(
                name for name in self.scenario.sandbox.preload if name in self.experience.imported
            ),
            timeout_seconds=max(self.seconds_left, 1.0),
            limits=self.scenario.limits.code,
        )
        ended = self.sandbox.check(workspace, program, talk)
        if talk.refused is not None:
            raise SocketBlocked(talk.refused)
        if talk.faults:
            raise SuiteError(talk.faults)
        if not talk.is_loaded:
            how = talk.ill_said or _how(ended, self.scenario)
            raise SuiteError([f"{shown_path(self.checks.path)}:1: importing this file {how}"])
        return ended


class _Conversation:
    """What is said to one process and by it, and what came of it.

    Attributes:
        outcomes: For every check that answered.
        running: The check that has not answered, when it is over.
        is_loaded: Whether the checks could be loaded.
        faults: Why not.
        refused: The text a connection was refused with, if one was attempted.
        ill_said: What was wrong with what it said, if it ended because of that.
    """

    def __init__(self, judge: Judge, sample: FinishedSample | None, names: tuple[str, ...]) -> None:
        self._judge = judge
        self._sample = sample
        self._names = names
        self.outcomes: dict[str, CheckResult | CheckError] = {}
        self.running: str | None = None
        self.is_loaded = False
        self.faults: tuple[str, ...] = ()
        self.refused: str | None = None
        self.ill_said: str | None = None

    def __call__(self, connection: Connection, root: str) -> None:
        """Talk until everything is known or the process has ended."""
        try:
            if self._is_briefed(connection, root):
                self._ask_all(connection)
        except (EOFError, OSError):  # It has ended; how is known later.
            return
        except msgspec.DecodeError:
            self.ill_said = _NO_VERDICT

    def _is_briefed(self, connection: Connection, root: str) -> bool:
        brief = messages.Brief(
            checks=self._judge.checks,
            label=self._judge.label,
            folder=os.getcwd(),
            search_path=tuple(_search_path()),
            is_offline=self._judge.is_offline,
            interest=self._judge.scenario.sandbox.preload,
            workspace=root,
            sample=None if self._sample is None else _parts(self._sample),
        )
        messages.send(connection, brief)
        answer = messages.receive(connection)
        if isinstance(answer, messages.Loaded):
            self.is_loaded = True
            self._judge.experience.names = self._judge.experience.names or answer.names
        elif isinstance(answer, messages.NotLoaded):
            self.faults = answer.faults
        elif isinstance(answer, messages.Interrupted):
            self.refused = answer.reason
        else:
            self.ill_said = _NO_VERDICT
        return self.is_loaded

    def _ask_all(self, connection: Connection) -> None:
        for name in self._names:
            self.running = name
            self._ask(connection, name)
            self.running = None
            if self.refused is not None:
                return

    def _ask(self, connection: Connection, name: str) -> None:
        messages.send(connection, messages.Ask(name))
        answer = messages.receive(connection)
        while isinstance(answer, messages.RunPython):
            messages.send(connection, self._ran(answer))
            answer = messages.receive(connection)
        if isinstance(answer, messages.Judged):
            self.outcomes[name] = answer.result
            self._judge.experience.imported.update(answer.imported)
        elif isinstance(answer, messages.Broken):
            error = CheckError(answer.reason)
            if answer.traceback:
                error.add_note(answer.traceback)
            self.outcomes[name] = error
        elif isinstance(answer, messages.Interrupted):
            self.refused = answer.reason
        else:
            raise msgspec.DecodeError(_NO_VERDICT)

    def _ran(self, asked: messages.RunPython) -> messages.Ran | messages.Refused:
        assert self._sample is not None
        try:
            execution = self._sample.run_python(
                asked.code,
                files=asked.files,
                timeout_seconds=max(min(asked.timeout_seconds, self._judge.seconds_left), 0.1),
            )
        except (HarnessError, OSError) as error:
            return messages.Refused(str(error))
        return messages.Ran(execution)


def _parts(sample: FinishedSample) -> messages.SampleParts:
    return messages.SampleParts(
        key=sample.key,
        scenario=sample.scenario,
        config=sample.config,
        transcript=sample.transcript,
        status=sample.status,
        failure=sample.failure,
        prices=dict(sample.prices),
        priced_at=sample.priced_at,
        fixtures=sample.fixtures,
        sandbox=sample.sandbox.label,
        is_isolated=sample.sandbox.is_isolated,
    )


def _how(ended: Execution, scenario: Scenario) -> str:
    """How a process ended without having said what it was asked."""
    said = " ".join(ended.stdout.split())[-_MOST_SAID:]
    return _ending(ended, scenario) + (f"; it printed: {said}" if said else "")


def _ending(ended: Execution, scenario: Scenario) -> str:
    if ended.timed_out:
        return "did not end in time and was ended"
    if ended.limit is not None:
        return f"was ended by its limit on {ended.limit} ({_allowed(ended.limit, scenario)})"
    if ended.exit_code < 0:
        name = signal.strsignal(-ended.exit_code) or "unknown"
        return f"ended the process it ran in (signal {-ended.exit_code}: {name})"
    return f"ended the process it ran in (exit code {ended.exit_code})"


def _allowed(limit: str, scenario: Scenario) -> str:
    limits = scenario.limits.code
    return {
        "memory": f"{limits.memory_mb} MiB",
        "processes": f"{limits.processes} processes and threads",
        "files": f"{2 * limits.files} files and folders",
        "disk": f"{2 * limits.disk_mb} MiB of files",
        "output": f"{64 * limits.output_kb} KiB of output",
    }.get(limit, "see limits in scenario.yaml")


def _readable(scenario: Scenario) -> tuple[str, ...]:
    """The suite's folder, and where modules of the user's may be."""
    folder = Path(scenario.folder)
    suite = folder.parent if (folder.parent / _SUITE_FILE).is_file() else folder
    found = [str(suite), *_search_path(), *_editable_folders()]
    # Whoever runs the harness in one of these does not mean to show all of it.
    private = {"/", tempfile.gettempdir(), "/tmp", "/dev/shm", "/workspace"}
    for home in (os.path.expanduser("~"), "/home/agent"):
        private |= {home, *map(str, Path(home).parents)}
    paths = (one for path in found for one in (path, os.path.realpath(path)))
    return tuple(dict.fromkeys(path for path in paths if path not in private))


def _search_path() -> list[str]:
    """This process's import path, with full paths."""
    return [
        os.path.abspath(path) for path in dict.fromkeys(sys.path) if os.path.exists(path or ".")
    ]


def _editable_folders() -> list[str]:
    """Folders of packages that setuptools installed in place, outside of the import path."""
    finders = [module for name, module in sys.modules.items() if name.startswith("__editable__")]
    return [path for finder in finders for path in getattr(finder, "MAPPING", {}).values()]
