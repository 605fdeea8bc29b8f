"""Answer exactly as AutoGen would for code that the sample's sandbox runs.

AutoGen has two ways of running code. With a plain dictionary as configuration it calls
``run_code`` per block; with an executor object it hands over all blocks at once (see
`harness.engines.autogen_executors`). They differ in exit codes, in languages, in how a
time-out reads, and in what of the outputs agents get to see; they are told what the way they
were configured for would have told them. Both stop at the first block that fails. Where
AutoGen's own executor would raise, so does this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.engines import autogen_own_execution as own
from harness.engines.autogen_blocks import (
    OUTSIDE_TEXT,
    TIMEOUT_TEXT,
    CodeRunner,
    Told,
    made_up_name,
    program_of,
)
from harness.engines.autogen_executors import stand_in
from harness.model.transcript import CodeExecution

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.engines.autogen_scope import Scope
    from harness.engines.autogen_termination import Observer
    from harness.protocols import Execution


def replace_run_code(
    original: Callable[..., Any], scope: Scope, agent: Any, code: str, **options: Any
) -> tuple[int, str, Any]:
    """Instead of ``run_code``: run one block of the dictionary way in the sandbox."""
    if scope.sample.assignment.sandbox.leaves_code_to_team:
        return own.run_code(original, scope.sample, agent, code, **options)
    language = program_of(options.get("lang"))
    given = options.get("filename")
    filename = made_up_name(options.get("lang") or language, code) if given is None else given
    runner = CodeRunner(scope.sample, agent, options.get("work_dir"), options.get("timeout"))
    if runner.is_outside(filename):
        return runner.refuse(language, code, OUTSIDE_TEXT), OUTSIDE_TEXT, None
    path = runner.folder / filename
    with runner.crashes_recorded(language, code):
        path.parent.mkdir(parents=True, exist_ok=True)
    shown = runner.shown(filename)
    script = _Script(
        shown=shown, name=filename, folder="" if given is None else shown.removesuffix(filename)
    )
    tell = script.told_by_container if options.get("use_docker") else script.told_by_dictionary
    told = runner.run(language, code, filename, tell)
    if given is None:
        # AutoGen removes files it named itself, and fails if the block did so before.
        with runner.crashes_recorded(language, code):
            path.unlink()
    return told.exit_code, told.text, None


@dataclass(frozen=True, kw_only=True)
class _Script:
    """A block's file, as the words of AutoGen depend on it.

    Attributes:
        shown: Its path as outputs call it.
        name: Its name, as AutoGen was given it or made it up.
        folder: Its folder, if the agents named the file; else empty.
    """

    shown: str
    name: str
    folder: str

    def told_by_dictionary(self, done: Execution) -> Told:
        """Only one of the two outputs; of a failure, without the paths it was run by."""
        if done.timed_out:
            return Told(exit_code=1, text=TIMEOUT_TEXT)
        if done.exit_code == 0:
            return Told(exit_code=0, text=done.stdout)
        text = done.stderr
        for path in (self.folder,) if self.folder else (self.shown, self.name):
            text = text.replace(path, "")
        return Told(exit_code=done.exit_code, text=text)

    def told_by_container(self, done: Execution) -> Told:
        """Both outputs, as the log of a container has them."""
        if done.timed_out:
            return Told(exit_code=1, text=TIMEOUT_TEXT)
        text = done.stderr + done.stdout
        if done.exit_code != 0:
            text = text.replace(self.folder or self.shown, "")
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
        agent._code_executor = stand_in(scope.sample, agent, executor)
    try:
        yield
    finally:
        agent._code_executor = executor
