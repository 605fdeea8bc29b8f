"""What a user's Python meets: the context a team factory gets, the team it returns,
and the finished sample that checks and scorers read.

Unlike the rest of the model these hold live objects, so they are dataclasses
and never stored.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from harness.errors import CheckError
    from harness.model.faults import FaultTrial
    from harness.model.pytest_run import PytestRun
    from harness.model.sample import SampleKey, Status
    from harness.model.scenario import AgentConfig, Price, Scenario
    from harness.model.score import CheckResult
    from harness.model.transcript import ExceptionInfo, Transcript
    from harness.protocols import Execution, Sandbox


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where model requests go.

    Attributes:
        base_url: For an OpenAI-compatible provider, up to and including ``/v1``.
        api_key: Never shown in a repr; a placeholder in a replay.
        api_type: "openai" or "azure".
        api_version: For Azure.
        is_scripted: Whether it is our own scripted provider, which is told the epoch.
    """

    base_url: str
    api_key: str = field(repr=False, default="no-key-needed-in-replay")
    api_type: str = "openai"
    api_version: str | None = None
    is_scripted: bool = False


@dataclass(frozen=True, kw_only=True)
class TeamContext:
    """What a team factory may use to build the team of one sample."""

    scenario: Scenario
    config: AgentConfig
    epoch: int
    workspace: Path
    endpoint: Endpoint

    def prompt(self, agent: str) -> str:
        """The config's system prompt for an agent.

        Raises:
            HarnessError: If the config has no prompt for it.
        """
        try:
            return self.config.prompts[agent]
        except KeyError:
            raise HarnessError(self._no_prompt(agent)) from None

    def _no_prompt(self, agent: str) -> str:
        known = sorted(self.config.prompts)
        near = difflib.get_close_matches(agent, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return (
            f"{self.scenario.suite}: config {self.config.name!r} has no prompt for agent "
            f"{agent!r}; it has prompts for: {', '.join(known) or 'nobody'}.{hint}"
        )

    def llm_config(self) -> dict[str, Any]:
        """AutoGen's ``llm_config`` for this config: model, endpoint, temperature, no cache.

        Every call returns a new dictionary, because AutoGen keeps and changes what it is given.
        """
        entry: dict[str, Any] = {
            "model": self.config.model,
            "api_key": self.endpoint.api_key,
            "base_url": self.endpoint.base_url,
        }
        if self.endpoint.api_type != "openai":
            entry["api_type"] = self.endpoint.api_type
            entry["api_version"] = self.endpoint.api_version
        # AutoGen's disk cache would answer instead of the provider or the cassette.
        result: dict[str, Any] = {"config_list": [entry], "cache_seed": None}
        if self.config.temperature is not None:
            result["temperature"] = float(self.config.temperature)
        if self.config.max_tokens is not None:
            result["max_tokens"] = self.config.max_tokens
        return result


@dataclass(frozen=True, kw_only=True)
class Team:
    """The agents of one sample and who opens the conversation.

    Attributes:
        initiator: Sends the scenario's task.
        recipient: Receives it: an agent, or the manager of a group chat.
        agents: All participants, for frameworks where they cannot be found from the two.
        max_turns: As AutoGen's ``initiate_chat(max_turns=...)``.
        summary_method: As AutoGen's ``initiate_chat(summary_method=...)``.
        options: Further keyword arguments for the framework's start call.
        is_async: Whether to start with the framework's async call, which async reply
            functions need.
    """

    initiator: Any
    recipient: Any
    agents: tuple[Any, ...] = ()
    max_turns: int | None = None
    summary_method: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    is_async: bool = False


@dataclass(frozen=True, kw_only=True)
class FinishedSample:
    """A sample that has run, as scorers and acceptance checks see it.

    Attributes:
        key: Which sample.
        scenario: The scenario.
        config: The config.
        transcript: All events.
        workspace: Folder the agents' code ran in, with what it left there.
        sandbox: Runs code for checks, contained as the agents' own.
        status: "completed", or what kept it from completing.
        failure: The exception behind a status other than "completed".
        checks: The scenario's acceptance checks by name, in file order.
        prices: The suite's own prices, in US dollars per million tokens.
        priced_at: ISO 8601 time whose list prices apply (recording time, in a replay).
        fixtures: Workspace paths that were there before the agents began.
        judge: Runs the checks in a process of their own and returns the outcome of each, in
            order; None to run `checks` in this one.
        trials: What became of the conversations with faults that the scenario demands.
    """

    key: SampleKey
    scenario: Scenario
    config: AgentConfig
    transcript: Transcript
    workspace: Path
    sandbox: Sandbox
    status: Status = "completed"
    failure: ExceptionInfo | None = None
    checks: Mapping[str, Callable[[FinishedSample], Any]] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    priced_at: str | None = None
    fixtures: tuple[str, ...] = ()
    judge: Callable[[FinishedSample], Sequence[CheckResult | CheckError]] | None = None
    trials: tuple[FaultTrial, ...] = ()

    def run_python(
        self,
        code: str,
        *,
        files: Mapping[str, str] | None = None,
        timeout_seconds: float = 60.0,
    ) -> Execution:
        """Run code in the sandbox, in a throw-away copy of the workspace.

        Use it for everything that imports or runs what the agents wrote, which shares a
        process with the checks otherwise. Each call gets a fresh place, where code of agents
        runs as it did in the conversation: it cannot read the suite's folder. But `code` and
        what it imports share a process, so agents' modules can change whatever `code` can
        reach there: its exit code and all it prints are claims of theirs unless they hold
        something that the modules cannot know or change. Safest is to print what the agents'
        code computed and to compare it in the check. Where tests must run beside it, let
        them report with a random word per run, from a namespace that is no module's, name by
        name, and treat a missing report as a failure.

        Args:
            code: Python source, run as a script with the copy as working directory.
            files: Text files added to the copy first; they replace the agents' own, and
                were never anywhere that agents' code ran before.
            timeout_seconds: Wall-clock limit.

        Returns:
            Exit code and output.
        """
        return self.sandbox.run_in_copy(
            self.workspace,
            code,
            files=files or {},
            timeout_seconds=timeout_seconds,
            limits=self.scenario.limits.code,
        )

    def run_pytest(
        self,
        tests: Mapping[str, str],
        *,
        files: Mapping[str, str] | None = None,
        timeout_seconds: float = 60.0,
    ) -> PytestRun:
        """Run hidden tests by pytest beside what the agents wrote, in the sandbox.

        Unlike ``run_python`` with pytest's exit code, it cannot be passed by a ``conftest.py``,
        ini file, plugin, cache, ``pytest.py`` or ``sitecustomize.py`` of the agents', nor by a
        module that skips the tests, ends the process or prints that they passed: the tests lie
        elsewhere, no such file is read, and what counts is a report test by test, in which
        a test that is skipped or expected to fail has not passed. The tests still share a
        process with the agents' module, see ``run_python`` for what remains.

        Args:
            tests: Texts of test modules by file name, such as ``{"test_sum.py": "..."}``. They
                import the agents' modules, and their working directory is a copy of the
                workspace. They get no fixtures but their own and pytest's.
            files: Text files added to the copy first; they replace the agents' own.
            timeout_seconds: Wall-clock limit of all tests together.

        Returns:
            What became of each test; ``require_passed()`` makes it the verdict.

        Raises:
            HarnessError: If a name is none of a test module, or pytest is not installed.
        """
        from harness.model.pytest_run import run_hidden

        return run_hidden(self, tests, files=files, timeout_seconds=timeout_seconds)
