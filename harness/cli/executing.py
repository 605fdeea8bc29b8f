"""What ``harness exec`` does once its arguments are parsed."""

from __future__ import annotations

import hashlib
import re
import runpy
import shlex
import sys
import tempfile
import threading
import traceback
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from harness.capture import exception_info
from harness.cassettes import cassette_path
from harness.cassettes.cassette import partial_path
from harness.cli.app import EXIT_GATE_FAILED, EXIT_INTERRUPTED
from harness.cli.session import gate
from harness.cli.watching import Ended, watched
from harness.errors import HarnessError, SampleInterrupt, SelectionError
from harness.model.run import RunLog
from harness.model.sample import SCRIPTS, SampleKey
from harness.model.transcript import ExceptionInfo
from harness.runner.batch import RunConfig
from harness.runner.conversation import Capture, conversing, suite_of
from harness.runner.header import new_header
from harness.runner.keys import placeholder_keys
from harness.runner.redact import redacted, redacted_text
from harness.runner.sandboxes import own_sandbox, refuse_unsafe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.model.sample import Mode, SampleResult


@dataclass(frozen=True, kw_only=True)
class ExecArguments:
    """The command line of ``harness exec``, one field per option."""

    script: Path
    args: tuple[str, ...]
    record: bool
    update: bool
    live: bool
    overwrite: bool
    max_cost: float | None
    allow_unsafe: bool
    human: tuple[str, ...]
    accept: tuple[str, ...]
    show: bool
    sandbox: str | None
    cassettes_root: Path
    runs_folder: Path
    report: Path | None
    no_report: bool

    @property
    def mode(self) -> Mode:
        """How models are asked."""
        return "live" if self.live else "record" if self.record or self.update else "replay"

    def again(self, flag: str) -> str:
        """The command line that runs the script with another flag."""
        script = [str(self.script), *self.args]
        return f"harness exec {flag} {shlex.join(script)}"


def execute(arguments: ExecArguments) -> int:
    """Run the script; returns the exit code."""
    source = _checked(arguments)
    key = key_of(arguments.script, arguments.args)
    path = cassette_path(arguments.cassettes_root, key)
    _check_cassette(arguments, path)
    with tempfile.TemporaryDirectory(prefix="harness-exec-") as scratch:
        ended = watched(lambda: _executed(arguments, source, key, Path(scratch)))
    return _verdict(ended, arguments, partial_path(path))


def _executed(arguments: ExecArguments, source: str, key: SampleKey, scratch: Path) -> int:
    keyless = placeholder_keys(source) if arguments.mode == "replay" else nullcontext()
    with closing(own_sandbox(arguments.sandbox)), keyless:
        result, code = _run(arguments, _capture(arguments, key, scratch))
    log = _logged(result, arguments)
    return _finish(log, arguments) or code


def _verdict(ended: Ended, arguments: ExecArguments, partial: Path) -> int:
    """The exit code, and a word about a recording that was cut short."""
    is_interrupted = ended.is_interrupted or ended.code == EXIT_INTERRUPTED
    if not ended.how and not is_interrupted:
        return ended.code
    if ended.how:
        click.echo(
            f"{arguments.script} ended the process it runs in ({ended.how}), so its conversation "
            "is not scored.",
            err=True,
        )
    if arguments.mode == "record" and partial.exists():
        click.echo(
            f"The recording was cut short; what there is of it is kept in {partial}. Once the "
            f"script comes to its end, go on with: {arguments.again('--update')}",
            err=True,
        )
    return EXIT_INTERRUPTED if is_interrupted else EXIT_GATE_FAILED


def _checked(arguments: ExecArguments) -> str:
    """The script's text, once the command line makes sense."""
    if sum((arguments.record, arguments.update, arguments.live)) > 1:
        raise SelectionError("--record, --update and --live exclude each other: give one.")
    if arguments.overwrite and not arguments.record:
        raise SelectionError("--overwrite goes with --record; --update keeps what still fits.")
    if arguments.max_cost is not None and arguments.mode != "record":
        raise SelectionError("--max-cost limits a recording; give --record or --update with it.")
    try:
        source = arguments.script.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SelectionError(
            f"{arguments.script}: the script cannot be read: {getattr(error, 'strerror', error)}. "
            "Give the path of a Python file, as in: harness exec two_agents.py"
        ) from None
    if arguments.mode != "replay":
        refuse_unsafe([], arguments.sandbox, allow_unsafe=arguments.allow_unsafe)
    return source


def _misplaced(arguments: ExecArguments) -> str:
    """A sentence about options of harness that were given to the script; empty without any."""
    from harness.cli.exec import command

    own = {option for parameter in command.params for option in parameter.opts}
    given = [text for text in arguments.args if text.partition("=")[0] in own]
    if not given:
        return ""
    script = arguments.script
    return (
        f" What stands after {script} goes to the script, {', '.join(dict.fromkeys(given))} too; "
        f"options of harness come before it, as in: harness exec {given[0]} {script}"
    )


def _check_cassette(arguments: ExecArguments, path: Path) -> None:
    partial = partial_path(path)
    if arguments.mode == "replay" and not path.exists() and partial.exists():
        raise SelectionError(
            f"{path}: the script has no finished cassette, but a recording that was cut short is "
            f"in {partial}. Go on with it: {arguments.again('--update')}"
            f"{_misplaced(arguments)}"
        )
    if arguments.mode == "replay" and not path.exists():
        raise SelectionError(
            f"{path}: the script has no cassette yet, and nothing goes live unasked. Record it "
            f"with: {arguments.again('--record')}{_misplaced(arguments)}"
        )
    if arguments.record and not arguments.overwrite and path.exists():
        raise SelectionError(
            f"{path}: the cassette exists and was not replaced. Keep what still fits of it with "
            f"--update, or replace it with: {arguments.again('--record --overwrite')}"
        )


def key_of(script: Path, args: tuple[str, ...]) -> SampleKey:
    """What a script's conversation is called: its arguments are its config."""
    place = script.absolute()
    here = Path.cwd()
    inside = place.relative_to(here) if place.is_relative_to(here) else Path(place.name)
    name = ".".join(inside.with_suffix("").parts)
    return SampleKey(
        suite=SCRIPTS, scenario=_plain(name), config=_plain(" ".join(args)) or "default", epoch=1
    )


def _plain(text: str) -> str:
    """A text as a file name; one that was changed for it is told apart by a digest."""
    plain = re.sub(r"[^\w.+=-]+", "-", text).strip("-.")[:60]
    if plain == text:
        return text
    return f"{plain}-{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"


def _capture(arguments: ExecArguments, key: SampleKey, scratch: Path) -> Capture:
    limit = arguments.max_cost
    return Capture(
        key=key,
        mode=arguments.mode,
        cassettes_root=arguments.cassettes_root,
        scratch=scratch / "sample",
        command=arguments.again("--update"),
        place=arguments.script.absolute(),
        overwrite=arguments.overwrite,
        update=arguments.update,
        budget=None if limit is None else (str(scratch / "budget"), limit),
        sandbox=arguments.sandbox,
        human=arguments.human,
        accept=arguments.accept,
        files=Path.cwd(),
    )


def _run(arguments: ExecArguments, capture: Capture) -> tuple[SampleResult, int]:
    """Run the script in a conversation of its own; returns the result and an exit code."""
    results: list[SampleResult] = []
    code, failure = 0, None
    try:
        with conversing(capture, results.append):
            failure = _script(arguments)
        if failure is None:
            code = _held(results[0], arguments)
    except HarnessError:
        raise
    except SampleInterrupt:
        pass  # It stands in the result, and is told from there.
    except Exception as error:
        # The script's own: shown as Python would, without our frames.
        told = _traceback(error)
        click.echo(redacted_text(told), err=True)
        failure = replace(exception_info(error, with_traceback=False), traceback=told)
    if failure is None:
        return redacted(results[0]), code
    if hint := _misplaced(arguments).strip():
        click.echo(hint, err=True)
    return redacted(_failed(results[0], failure)), EXIT_GATE_FAILED


def _failed(result: SampleResult, failure: ExceptionInfo) -> SampleResult:
    """The result of a script that did not end well, however well its conversation went."""
    return replace(result, status="error", failure=failure) if result.failure is None else result


def _held(result: SampleResult, arguments: ExecArguments) -> int:
    """The gate fails for a script that came to its end without any conversation."""
    if result.status != "completed" or not result.is_silent:
        return 0
    click.echo(
        f"{arguments.script} held no conversation: no AutoGen agent sent a message while it ran. "
        "Does it start one when it is run as a script (__name__ == '__main__')?",
        err=True,
    )
    return EXIT_GATE_FAILED


def _script(arguments: ExecArguments) -> ExceptionInfo | None:
    """Run it; returns how it ended, if by an exit code other than 0."""
    with _as_python_would(arguments):
        try:
            runpy.run_path(str(arguments.script), run_name="__main__")
            _join_threads()
        except SystemExit as stop:
            if stop.code in (None, 0):
                return None
            told = f"{arguments.script} exited with {stop.code}."
            click.echo(told, err=True)
            return ExceptionInfo(type="SystemExit", message=told)
    return None


def _join_threads() -> None:
    """Wait, as Python does at its end, for the threads that the script left to their chats."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()


@contextmanager
def _as_python_would(arguments: ExecArguments) -> Iterator[None]:
    """Give the script its own arguments, and let it import what lies beside it."""
    argv, path = sys.argv, list(sys.path)
    sys.argv = [str(arguments.script), *arguments.args]
    sys.path.insert(0, str(arguments.script.absolute().parent))
    try:
        yield
    finally:
        sys.argv, sys.path[:] = argv, path


def _traceback(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = Path(__file__).parents[1]
    ours = [i for i, frame in enumerate(frames) if Path(frame.filename).is_relative_to(own)]
    first = next((i for i in ours if frames[i].name == "_script"), -1) + 1
    # runpy's own frames follow.
    shown = [frame for frame in frames[first:] if "runpy" not in Path(frame.filename).name]
    text = "".join(traceback.format_list(shown))
    said = "".join(traceback.format_exception_only(error))
    return f"Traceback (most recent call last):\n{text}{said}".rstrip()


def _logged(result: SampleResult, arguments: ExecArguments) -> RunLog:
    from harness.logs import create_log

    suite = suite_of([result], title="Scripts run by harness exec", folder=Path.cwd())
    config = RunConfig(
        mode=arguments.mode, cassettes_root=arguments.cassettes_root, sandbox=arguments.sandbox
    )
    header = new_header([result.key], [suite], config, Path.cwd())
    store = create_log(arguments.runs_folder, header)
    try:
        store.append(result)
    finally:
        store.close()
    return RunLog(header=header, samples=(result,))


def _finish(log: RunLog, arguments: ExecArguments) -> int:
    from harness.comparison import compare_configs
    from harness.reports.console import print_transcript, print_verdict
    from harness.reports.files import write_report
    from harness.reports.upkeep import upkeep_lines

    result = log.samples[0]
    sys.stdout.flush()
    if arguments.show:
        print_transcript(result, sys.stdout)
    else:
        print_verdict(result, sys.stdout)
        click.echo(f"Read it whole: harness show {result.key} --run {log.header.run_id}")
    for line in upkeep_lines(log.samples):
        click.echo(line)
    if not arguments.no_report:
        path = arguments.report or Path("reports") / f"{log.header.run_id}.html"
        write_report("html", path, log, compare_configs(log))
        click.echo(f"Report: {path}")
    return gate(log)
