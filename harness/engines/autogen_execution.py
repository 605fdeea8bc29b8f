"""Run the agents' code in the sample's sandbox, and answer exactly as AutoGen would.

AutoGen has two ways of running code. With a plain dictionary as configuration it calls
``run_code`` per block; with an executor object it hands over all blocks at once. They
differ in exit codes, in languages, in how a time-out reads; agents are told what the way
they were configured for would have told them. Both stop at the first block that fails.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from harness.model.transcript import CodeExecution
from harness.protocols import Execution

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.engines.autogen_scope import SampleState, Scope
    from harness.engines.autogen_termination import Observer

_SHELLS = frozenset({"bash", "shell", "sh"})
_TIMEOUT_TEXT = "Timeout"
# Where a sandbox says the workspace is, so that no answer depends on the machine.
_SHOWN_WORKSPACE = "/workspace"
_OUTSIDE = "Filename is not in the workspace"


def replace_run_code(
    _original: Callable[..., Any], scope: Scope, agent: Any, code: str, **options: Any
) -> tuple[int, str, None]:
    """Instead of ``run_code``: run one block of the dictionary way in the sandbox."""
    language = _program(options.get("lang"))
    given = options.get("filename")
    filename = given or _made_up_name(language, code)
    runner = _CodeRunner(scope.sample, agent, options.get("work_dir"), options.get("timeout"))
    if runner.is_outside(filename):
        return runner.refuse(language, code, _OUTSIDE), _OUTSIDE, None
    done = runner.run(language, code, filename, timeout_exit_code=1)
    if given is None:
        # AutoGen removes files it named itself.
        (runner.folder / filename).unlink(missing_ok=True)
    return done.exit_code, done.output, None


def observe_blocks(scope: Scope, agent: Any, code_blocks: Any, *_args: Any) -> Observer:
    """Around the dictionary way: record a block that AutoGen itself turns down."""
    recorder = scope.sample.recorder
    before = len(recorder.events)
    exit_code, logs = yield
    ran = [event for event in recorder.events[before:] if isinstance(event, CodeExecution)]
    is_turned_down = exit_code != 0 and all(event.exit_code == 0 for event in ran)
    if is_turned_down and len(ran) < len(code_blocks):
        language, code = code_blocks[len(ran)]
        runner = _CodeRunner(scope.sample, agent, None, None)
        runner.refuse(language, code, logs.rsplit("\n", 1)[-1])


def observe_executor_reply(scope: Scope, agent: Any, *_args: Any, **_kwargs: Any) -> Observer:
    """Around the executor way: put the sandbox in the executor's place for this one reply."""
    executor = agent._code_executor
    agent._code_executor = SandboxExecutor(scope.sample, agent, executor)
    try:
        yield
    finally:
        agent._code_executor = executor


class SandboxExecutor:
    """Stands in for a code executor: extracts code as it does, runs it in the sandbox."""

    def __init__(self, sample: SampleState, agent: Any, executor: Any) -> None:
        self._executor = executor
        self._runner = _CodeRunner(
            sample, agent, getattr(executor, "work_dir", None), getattr(executor, "timeout", None)
        )

    @property
    def code_extractor(self) -> Any:
        """The executor's own extractor."""
        return self._executor.code_extractor

    def execute_code_blocks(self, code_blocks: list[Any]) -> Any:
        """Run blocks until one fails, as AutoGen's command line executors do."""
        from autogen.coding.base import CodeResult

        self._write_functions()
        output, exit_code = "", 0
        for block in code_blocks:
            exit_code, text = self._run_block(block.language.lower(), block.code)
            if text == _OUTSIDE:
                return CodeResult(exit_code=exit_code, output=text)
            output += text
            if exit_code != 0:
                break
        return CodeResult(exit_code=exit_code, output=output)

    def _run_block(self, language: str, code: str) -> tuple[int, str]:
        from autogen.code_utils import PYTHON_VARIANTS
        from autogen.coding.utils import silence_pip

        sanitize = getattr(self._executor, "sanitize_command", None)
        if sanitize is not None:
            # Raises on commands AutoGen holds to be dangerous, which ends the conversation.
            sanitize(language, code)
        code = silence_pip(code, language)
        language = "python" if language in PYTHON_VARIANTS else language
        if language != "python" and language not in _SHELLS:
            return self._save(language, code)
        filename = self._filename(language, code)
        if filename is None:
            return self._runner.refuse(language, code, _OUTSIDE), _OUTSIDE
        if not self._executes(language):
            return self._save(language, code)
        done = self._runner.run(_program(language), code, filename, timeout_exit_code=124)
        return done.exit_code, f"\n{done.output}" if done.timed_out else done.output

    def _executes(self, language: str) -> bool:
        policies = getattr(self._executor, "execution_policies", None)
        return policies is None or bool(policies.get(language, False))

    def _save(self, language: str, code: str) -> tuple[int, str]:
        """Answer for a language that is only stored, or not known at all."""
        policies = getattr(self._executor, "execution_policies", {})
        if policies.get(language) is not False:
            text = f"unknown language {language}"
            return self._runner.refuse(language, code, text), f"\n{text}"
        filename = self._filename(language, code)
        if filename is None:
            return self._runner.refuse(language, code, _OUTSIDE), _OUTSIDE
        target = self._runner.folder / filename
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(code, encoding="utf-8")
        return 0, f"Code saved to {_SHOWN_WORKSPACE}/{filename}\n"

    def _filename(self, language: str, code: str) -> str | None:
        """The name its first line asks for, or a made-up one; None if that is outside."""
        from autogen.coding.utils import _get_file_name_from_content

        try:
            named: str | None = _get_file_name_from_content(code, self._runner.folder)
        except ValueError:
            return None
        return named or _made_up_name(language, code)

    def _write_functions(self) -> None:
        """Store the functions the user gave the executor where the agents import them from."""
        functions = getattr(self._executor, "_functions", None)
        if functions:
            from autogen.coding.func_with_reqs import _build_python_functions_file

            module = self._runner.folder / f"{self._executor._functions_module}.py"
            module.write_text(_build_python_functions_file(functions), encoding="utf-8")


class _CodeRunner:
    """Runs blocks for one agent and records them as the agents see them."""

    def __init__(self, sample: SampleState, agent: Any, work_dir: Any, timeout: Any) -> None:
        self._sample = sample
        self._agent = agent.name
        limit = sample.assignment.scenario.limits.code_seconds
        self._timeout_seconds = min(limit, float(timeout)) if timeout else limit
        self.folder = _folder(sample.assignment.workspace, work_dir)

    def is_outside(self, filename: str) -> bool:
        """Whether the file would be stored outside the folder."""
        target = (self.folder / filename).resolve()
        return not target.is_relative_to(self.folder.resolve())

    def run(self, language: str, code: str, filename: str, *, timeout_exit_code: int) -> Execution:
        """Run a block in the sandbox; the result reads as AutoGen's own would."""
        (self.folder / filename).parent.mkdir(parents=True, exist_ok=True)
        done = self._sample.assignment.sandbox.run(
            self.folder,
            code,
            language=language,
            filename=filename,
            timeout_seconds=self._timeout_seconds,
        )
        if done.timed_out:
            done = Execution(
                exit_code=timeout_exit_code,
                output=_TIMEOUT_TEXT,
                duration_seconds=done.duration_seconds,
                timed_out=True,
            )
        self._record(language, code, done)
        return done

    def refuse(self, language: str, code: str, reason: str) -> int:
        """Record a block that was not run, and return its exit code."""
        self._record(language, code, Execution(exit_code=1, output=reason, duration_seconds=0.0))
        return 1

    def _record(self, language: str, code: str, done: Execution) -> None:
        self._sample.recorder.code_execution(
            agent=self._agent,
            language=language,
            code=code,
            exit_code=done.exit_code,
            output=done.output,
            duration_seconds=done.duration_seconds,
            timed_out=done.timed_out,
            sandbox=self._sample.assignment.sandbox.label,
        )


def _folder(workspace: Path, work_dir: Any) -> Path:
    """The folder to run in: the configured one if it is inside the workspace, else that.

    A relative one is meant to be inside.
    """
    if work_dir is None:
        return workspace
    folder: Path = (workspace / work_dir).resolve()
    if not folder.is_relative_to(workspace.resolve()):
        return workspace
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _program(language: str | None) -> str:
    """What runs a language, as AutoGen chooses it."""
    if language not in _SHELLS:
        return "python"
    return "bash" if language == "bash" else "sh"


def _made_up_name(language: str, code: str) -> str:
    # AutoGen names unnamed files so; agents see the name in tracebacks.
    digest = hashlib.md5(code.encode(), usedforsecurity=False).hexdigest()
    return f"tmp_code_{digest}.{'py' if language == 'python' else language}"
