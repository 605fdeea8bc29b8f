"""Stand in for AutoGen's executor objects: extract and answer as they do, run in the sandbox.

`CommandLine` answers as ``LocalCommandLineCodeExecutor`` does, and for executors of the
team's own making; `Container` as ``DockerCommandLineCodeExecutor``; `Notebook` in the words of
the Jupyter executors, but every block is a script of its own: no variable lives on to the next.
"""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from harness.engines.autogen_blocks import (
    OUTSIDE_TEXT,
    SHELLS,
    TIMEOUT_TEXT,
    CodeRunner,
    Told,
    made_up_name,
    program_of,
)

if TYPE_CHECKING:
    from harness.engines.autogen_scope import SampleState
    from harness.protocols import Execution

_POWER_SHELLS = frozenset({"pwsh", "powershell", "ps1"})
_NOTEBOOK_TIMEOUT = "ERROR: Timeout waiting for output from code block."


def stand_in(sample: SampleState, agent: Any, executor: Any) -> _StandIn:
    """What takes an executor's place.

    Args:
        sample: The running sample.
        agent: The agent that has the executor.
        executor: AutoGen's, or the team's own.
    """
    # By name: importing the classes needs what their users installed for them.
    names = {each.__name__ for each in type(executor).__mro__}
    if "DockerCommandLineCodeExecutor" in names:
        return Container(sample, agent, executor)
    if names & {"JupyterCodeExecutor", "EmbeddedIPythonCodeExecutor"}:
        return Notebook(sample, agent, executor)
    return CommandLine(sample, agent, executor)


class _StandIn(ABC):
    """Stands in for an executor for one reply."""

    def __init__(self, sample: SampleState, agent: Any, executor: Any) -> None:
        self._executor = executor
        self._runner = CodeRunner(
            sample, agent, self._setting("work_dir"), self._setting("timeout")
        )

    def _setting(self, name: str) -> Any:
        # Of a notebook whose libraries are missing even properties raise.
        own = vars(self._executor).get(f"_{name}")
        return getattr(self._executor, name, None) if own is None else own

    @property
    def code_extractor(self) -> Any:
        """The executor's own extractor."""
        return self._executor.code_extractor

    def execute_code_blocks(self, code_blocks: list[Any]) -> Any:
        """Run blocks until one fails, as AutoGen's command line executors do."""
        from autogen.coding.base import CodeResult

        self._prepare()
        output, exit_code = "", 0
        for block in code_blocks:
            told = self._run_block(block.language.lower(), block.code)
            exit_code = told.exit_code
            output = told.text if told.is_all else output + told.before + told.text
            if exit_code != 0:
                break
        return CodeResult(exit_code=exit_code, output=output)

    def _prepare(self) -> None:  # noqa: B027 - most have nothing to do
        """Do what the executor does before its first block."""

    @abstractmethod
    def _run_block(self, language: str, code: str) -> Told:
        """Run or refuse one block, in the executor's words."""

    def _save(self, language: str, code: str, filename: str) -> Told:
        """Answer for a language that is only stored."""
        with self._runner.crashes_recorded(language, code):
            self._runner.check_name(filename)
            (self._runner.folder / filename).write_text(code, encoding="utf-8")
        return Told(exit_code=0, text=f"Code saved to {self._runner.shown(filename)}\n")

    def _run(self, language: str, code: str, filename: str) -> Told:
        """Run a language that the sandbox has; raise where AutoGen finds no program for it."""
        if language == "python" or language in SHELLS:
            return self._runner.run(program_of(language), code, filename, _told_by_executor)
        with self._runner.crashes_recorded(language, code):
            self._runner.check_name(filename)
            (self._runner.folder / filename).write_text(code, encoding="utf-8")
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), _program(language))

    def _named(self, language: str, code: str) -> str | None:
        """The name the first line of code asks for, "" for none; None if that is outside."""
        from autogen.coding.utils import _get_file_name_from_content

        try:
            return _get_file_name_from_content(code, self._runner.folder) or ""
        except ValueError:
            self._runner.refuse(language, code, OUTSIDE_TEXT)
            return None


class CommandLine(_StandIn):
    """Answers as ``LocalCommandLineCodeExecutor``."""

    def _run_block(self, language: str, code: str) -> Told:
        from autogen.code_utils import PYTHON_VARIANTS
        from autogen.coding.utils import silence_pip

        self._check_command(language, code)
        code = silence_pip(code, language)
        language = "python" if language in PYTHON_VARIANTS else language
        if language not in self._of_class("SUPPORTED_LANGUAGES"):
            text = f"unknown language {language}"
            exit_code = self._runner.refuse(language, code, text)
            return Told(exit_code=exit_code, text=text, before="\n")
        filename = self._named(language, code)
        if filename is None:
            return Told(exit_code=1, text=OUTSIDE_TEXT, is_all=True)
        filename = filename or made_up_name(language, code)
        policies = self._setting("execution_policies")
        if policies is None:
            policies = self._of_class("DEFAULT_EXECUTION_POLICY")
        if not policies.get(language, False):
            return self._save(language, code, filename)
        return self._run(language, code, filename)

    def _of_class(self, name: str) -> Any:
        from autogen.coding import LocalCommandLineCodeExecutor

        return getattr(self._executor, name, getattr(LocalCommandLineCodeExecutor, name))

    def _check_command(self, language: str, code: str) -> None:
        """Let AutoGen raise on what it holds to be dangerous, which ends the conversation."""
        check = getattr(self._executor, "sanitize_command", None)
        if check is None:
            return
        try:
            check(language, code)
        except ValueError as error:
            self._runner.refuse(language, code, str(error))
            raise

    def _prepare(self) -> None:
        """Store the functions the user gave the executor where the agents import them from."""
        functions = getattr(self._executor, "_functions", None)
        if functions:
            from autogen.coding.func_with_reqs import _build_python_functions_file

            module = self._runner.folder / f"{self._executor._functions_module}.py"
            module.write_text(_build_python_functions_file(functions), encoding="utf-8")


class Container(_StandIn):
    """Answers as ``DockerCommandLineCodeExecutor``, whose container gathers both outputs as one.

    In which order a container would have them is not known; the errors come first, as they do
    from a Python program that prints little.
    """

    def _run_block(self, language: str, code: str) -> Told:
        from autogen.coding.utils import silence_pip

        language = self._executor.LANGUAGE_ALIASES.get(language, language)
        if language not in self._executor.DEFAULT_EXECUTION_POLICY:
            text = f"Unsupported language {language}\n"
            return Told(exit_code=self._runner.refuse(language, code, text), text=text)
        code = silence_pip(code, language)
        filename = self._named(language, code)
        if filename is None:
            return Told(exit_code=1, text=OUTSIDE_TEXT)
        filename = filename or made_up_name(language, code, suffix=language)
        if not self._executor.execution_policies.get(language, False):
            return self._save(language, code, filename)
        return self._run(language, code, filename)


class Notebook(_StandIn):
    """Answers in the words of ``JupyterCodeExecutor``; blocks do not share variables."""

    def execute_code_blocks(self, code_blocks: list[Any]) -> Any:
        """Run blocks until one fails; of a failure only that block is told."""
        from autogen.coding.base import CodeResult

        outputs = []
        for block in code_blocks:
            told = self._run_block(block.language, block.code)
            if told.exit_code != 0:
                return CodeResult(exit_code=1, output=told.text)
            outputs.append(told.text)
        return CodeResult(exit_code=0, output="\n".join(outputs))

    def _run_block(self, language: str, code: str) -> Told:
        from autogen.coding.utils import silence_pip

        code = silence_pip(code, language)
        return self._runner.run("python", code, made_up_name("python", code), _told_by_notebook)


def _program(language: str) -> str:
    """What AutoGen looks for to run a language; none of it is in a sandbox.

    Raises:
        NotImplementedError: If AutoGen knows of nothing.
    """
    from autogen.code_utils import _cmd

    # AutoGen would look for it on this machine.
    return "pwsh" if language in _POWER_SHELLS else str(_cmd(language))


def _told_by_executor(done: Execution) -> Told:
    """Both outputs, the errors first; a time-out begins a line of its own."""
    if done.timed_out:
        return Told(exit_code=124, text=TIMEOUT_TEXT, before="\n")
    return Told(exit_code=done.exit_code, text=done.stderr + done.stdout)


def _told_by_notebook(done: Execution) -> Told:
    if done.timed_out:
        return Told(exit_code=1, text=f"ERROR: {_NOTEBOOK_TIMEOUT}")
    if done.exit_code != 0:
        return Told(exit_code=1, text=f"ERROR: {done.stderr}")
    return Told(exit_code=0, text=done.stdout + done.stderr)
