"""The process that runs a suite's checks; the harness talks with it (see `check_messages`).

Nothing here trusts the workspace: it is read-only where the sandbox isolates, and neither the
working directory nor on the import path.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness.cassettes import offline
from harness.errors import CheckError, HarnessError, SampleInterrupt, SuiteError
from harness.model.team import FinishedSample
from harness.runner import check_messages as messages
from harness.scorers.acceptance import run_check
from harness.suites import load_checks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from multiprocessing.connection import Connection

    from harness.cassettes.offline import Attempts
    from harness.model.execution import CodeLimits
    from harness.protocols import Execution


def main(connection: Connection) -> None:
    """Load the checks, then run those the harness asks for until it hangs up."""
    brief = messages.receive_brief(connection)
    _settle(brief)
    guard: AbstractContextManager[Attempts | None] = nullcontext()
    if brief.is_offline:
        guard = offline(label=brief.label)
    with guard as attempts:
        checks = _loaded(connection, brief, attempts)
        if checks is None or brief.sample is None:
            return
        sample = _sample(brief.sample, connection, Path(brief.workspace), checks)
        me = os.getpid()
        try:
            while isinstance(asked := messages.receive_in_process(connection), messages.Ask):
                answer = _judged(asked.name, sample, brief, attempts)
                if os.getpid() != me:
                    return  # A child that the check forked came back from it.
                _answer(connection, asked.name, answer)
        except EOFError:
            return


def _settle(brief: messages.Brief) -> None:
    sys.path[:] = brief.search_path
    try:
        os.chdir(brief.folder)
    except OSError:
        # Not in view, so nothing that is shown lies in it: paths are shown in full.
        os.chdir(os.environ["HOME"])


def _loaded(
    connection: Connection, brief: messages.Brief, attempts: Attempts | None
) -> Mapping[str, Callable[[FinishedSample], Any]] | None:
    try:
        checks = load_checks(brief.checks)
    except SuiteError as error:
        messages.send(connection, messages.NotLoaded(error.faults))
    except HarnessError as error:
        messages.send(connection, messages.NotLoaded((str(error),)))
    except SampleInterrupt as interrupt:
        messages.send(connection, messages.Interrupted(str(interrupt)))
    else:
        if attempts is not None and attempts.first_refusal:
            messages.send(connection, messages.Interrupted(attempts.first_refusal))
            return None
        messages.send(connection, messages.Loaded(tuple(checks)))
        return checks
    return None


def _sample(
    parts: messages.SampleParts,
    connection: Connection,
    workspace: Path,
    checks: Mapping[str, Callable[[FinishedSample], Any]],
) -> FinishedSample:
    return FinishedSample(
        key=parts.key,
        scenario=parts.scenario,
        config=parts.config,
        transcript=parts.transcript,
        workspace=workspace,
        sandbox=_Elsewhere(connection, parts.sandbox, parts.is_isolated),
        status=parts.status,
        failure=parts.failure,
        checks=checks,
        prices=parts.prices,
        priced_at=parts.priced_at,
        fixtures=parts.fixtures,
    )


def _judged(
    name: str, sample: FinishedSample, brief: messages.Brief, attempts: Attempts | None
) -> messages.FromProcess:
    try:
        result = run_check(name, sample.checks[name], sample)
    except CheckError as error:
        lines = traceback.format_exception(error.__cause__) if error.__cause__ else ()
        answer: messages.FromProcess = messages.Broken(reason=str(error), traceback="".join(lines))
    except SampleInterrupt as interrupt:
        answer = messages.Interrupted(str(interrupt))
    else:
        imported = tuple(module for module in brief.interest if module in sys.modules)
        answer = messages.Judged(result=result, imported=imported)
    if attempts is not None and attempts.first_refusal:
        return messages.Interrupted(attempts.first_refusal)
    return answer


def _answer(connection: Connection, name: str, answer: messages.FromProcess) -> None:
    try:
        messages.send(connection, answer)
    except (TypeError, ValueError) as error:
        reason = f"check_{name} returned a CheckResult that cannot be stored: {error}"
        messages.send(connection, messages.Broken(reason=reason))


@dataclass(frozen=True)
class _Elsewhere:
    """The sandbox as a check has it: the harness runs the code, in a fresh place."""

    connection: Connection
    label: str
    is_isolated: bool
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)
    name: ClassVar[str] = "elsewhere"
    leaves_code_to_team: ClassVar[bool] = False
    fault: ClassVar[str | None] = None
    gives: ClassVar[tuple[str, ...]] = ()
    processes: ClassVar[tuple[int, ...]] = ()

    def run_in_copy(
        self,
        workspace: Path,
        code: str,
        *,
        files: Mapping[str, str],
        timeout_seconds: float,
        limits: CodeLimits | None = None,
    ) -> Execution:
        """Have the harness run it beside the files of the sample's workspace."""
        del workspace, limits  # The harness knows them.
        asked = messages.RunPython(code=code, files=dict(files), timeout_seconds=timeout_seconds)
        with self._one_at_a_time:
            messages.send(self.connection, asked)
            answer = messages.receive_in_process(self.connection)
        if isinstance(answer, messages.Ran):
            return answer.execution
        reason = answer.reason if isinstance(answer, messages.Refused) else "the harness refused"
        raise HarnessError(reason)

    def run(self, *given: Any, **named: Any) -> Execution:
        """Not for checks: what they run must leave the workspace as it is.

        Raises:
            HarnessError: Always.
        """
        raise HarnessError("A check runs code with sample.run_python(...), in a copy.")

    def check(self, *given: Any, **named: Any) -> Execution:
        """Not for checks.

        Raises:
            HarnessError: Always.
        """
        raise HarnessError("A check cannot start another process that runs checks.")

    def close(self) -> None:
        """Nothing is open here."""
