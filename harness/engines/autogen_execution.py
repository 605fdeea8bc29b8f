"""Answer exactly as AutoGen would for code that the sample's sandbox runs.

AutoGen has two ways of running code. With a plain dictionary as configuration it calls
``run_code`` per block; with an executor object it hands over all blocks at once. They differ
in exit codes, in languages, in how a time-out reads, and in what of the outputs agents get to
see; they are told what the way they were configured for would have told them. Both stop at
the first block that fails. Where AutoGen's own executor would raise, so does this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.engines import autogen_own_execution as own
from harness.engines.autogen_blocks import (
    OUTSIDE_TEXT,
    SHELLS,
    TIMEOUT_TEXT,
    CodeRunner,
    Told,
    made_up_name,
    program_of,
)
from harness.model.transcript import CodeExecution

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.engines.autogen_scope import SampleState, Scope
    from harness.engines.autogen_termination import Observer
    from harness.protocols import Execution


def replace_run_code(
    original: Callable[..., Any], scope: Scope, agent: Any, code: str, **options: Any
) -> tuple[int, str, Any]:
    """Instead of ``run_code``: run one block of the dictionary way in the sandbox."""
    language = program_of(options.get("lang"))
    if scope.sample.assignment.sandbox.leaves_code_to_team:
        return own.run_code(original, scope.sample, agent, code, **options)
    given = options.get("filename")
    filename = given or made_up_name(language, code)
    runner = CodeRunner(scope.sample, agent, options.get("work_dir"), options.get("timeout"))
    if runner.is_outside(filename):
        return runner.refuse(language, code, OUTSIDE_TEXT), OUTSIDE_TEXT, None
    with runner.crashes_recorded(language, code):
        (runner.folder / filename).parent.mkdir(parents=True, exist_ok=True)
    hidden = (runner.shown(filename), filename) if given is None else (runner.shown("") + "/",)
    told = runner.run(language, code, filename, lambda done: _told_by_dictionary(done, hidden))
    if given is None:
        # AutoGen removes files it named itself.
        (runner.folder / filename).unlink(missing_ok=True)
    return told.exit_code, told.text, None


def _told_by_dictionary(done: Execution, hidden: tuple[str, ...]) -> Told:
    """Only one of the two outputs; of a failure, without the paths it was run by."""
    if done.timed_out:
        return Told(exit_code=1, text=TIMEOUT_TEXT)
    if done.exit_code == 0:
        return Told(exit_code=0, text=done.stdout)
    text = done.stderr
    for path in hidden:
        text = text.replace(path, "")
    return Told(exit_code=done.exit_code, text=text)


def observe_blocks(scope: Scope, agent: Any, code_blocks: Any, *_args: Any) -> Observer:
    """Around the dictionary way: record a block that AutoGen itself turns down."""
    recorder = scope.sample.recorder
    before = len(recorder.events)
    exit_code, logs = yield
    ran = [event for event in recorder.events[before:] if isinstance(event, CodeExecution)]
    is_turned_down = exit_code != 0 and all(event.exit_code == 0 for event in ran)
    if is_turned_down and len(ran) < len(code_blocks):
        language, code = code_blocks[len(ran)]
        runner = CodeRunner(scope.sample, agent, None, None)
        runner.refuse(language, code, logs.rsplit("\n", 1)[-1])


def observe_executor_reply(scope: Scope, agent: Any, *_args: Any, **_kwargs: Any) -> Observer:
    """Around the executor way: put the sandbox in the executor's place for this one reply."""
    executor = agent._code_executor
    if scope.sample.assignment.sandbox.leaves_code_to_team:
        agent._code_executor = own.ObservedExecutor(scope.sample, agent, executor)
    else:
        agent._code_executor = SandboxExecutor(scope.sample, agent, executor)
    try:
        yield
    finally:
        agent._code_executor = executor


class SandboxExecutor:
    """Stands in for a code executor: extracts code as it does, runs it in the sandbox."""

    def __init__(self, sample: SampleState, agent: Any, executor: Any) -> None:
        """Take an executor's place.

        Args:
            sample: The running sample.
            agent: The agent that has the executor.
            executor: AutoGen's.
        """
        self._executor = executor
        self._runner = CodeRunner(
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
            told = self._run_block(block.language.lower(), block.code)
            exit_code = told.exit_code
            if told.text == OUTSIDE_TEXT:
                return CodeResult(exit_code=exit_code, output=told.text)
            output += told.text
            if exit_code != 0:
                break
        return CodeResult(exit_code=exit_code, output=output)

    def _run_block(self, language: str, code: str) -> Told:
        from autogen.code_utils import PYTHON_VARIANTS
        from autogen.coding.utils import silence_pip

        sanitize = getattr(self._executor, "sanitize_command", None)
        if sanitize is not None:
            # Raises on commands AutoGen holds to be dangerous, which ends the conversation.
            sanitize(language, code)
        code = silence_pip(code, language)
        language = "python" if language in PYTHON_VARIANTS else language
        if language != "python" and language not in SHELLS:
            return self._save(language, code)
        filename = self._filename(language, code)
        if filename is None:
            return self._refused(language, code)
        if not self._executes(language):
            return self._save(language, code)
        done = self._runner.run(program_of(language), code, filename, _told_by_executor)
        # A time-out begins a line of its own, whatever came before it.
        return Told(exit_code=124, text=f"\n{TIMEOUT_TEXT}") if done.text == TIMEOUT_TEXT else done

    def _refused(self, language: str, code: str) -> Told:
        return Told(exit_code=self._runner.refuse(language, code, OUTSIDE_TEXT), text=OUTSIDE_TEXT)

    def _executes(self, language: str) -> bool:
        policies = getattr(self._executor, "execution_policies", None)
        return policies is None or bool(policies.get(language, False))

    def _save(self, language: str, code: str) -> Told:
        """Answer for a language that is only stored, or not known at all."""
        policies = getattr(self._executor, "execution_policies", {})
        if policies.get(language) is not False:
            text = f"unknown language {language}"
            return Told(exit_code=self._runner.refuse(language, code, text), text=f"\n{text}")
        filename = self._filename(language, code)
        if filename is None:
            return self._refused(language, code)
        with self._runner.crashes_recorded(language, code):
            (self._runner.folder / filename).write_text(code, encoding="utf-8")
        return Told(exit_code=0, text=f"Code saved to {self._runner.shown(filename)}\n")

    def _filename(self, language: str, code: str) -> str | None:
        """The name its first line asks for, or a made-up one; None if that is outside."""
        from autogen.coding.utils import _get_file_name_from_content

        try:
            with self._runner.crashes_recorded(language, code):
                named: str | None = _get_file_name_from_content(code, self._runner.folder)
        except ValueError:
            return None
        return named or made_up_name(language, code)

    def _write_functions(self) -> None:
        """Store the functions the user gave the executor where the agents import them from."""
        functions = getattr(self._executor, "_functions", None)
        if functions:
            from autogen.coding.func_with_reqs import _build_python_functions_file

            module = self._runner.folder / f"{self._executor._functions_module}.py"
            module.write_text(_build_python_functions_file(functions), encoding="utf-8")


def _told_by_executor(done: Execution) -> Told:
    """Both outputs, the errors first."""
    if done.timed_out:
        return Told(exit_code=124, text=TIMEOUT_TEXT)
    return Told(exit_code=done.exit_code, text=done.stderr + done.stdout)
