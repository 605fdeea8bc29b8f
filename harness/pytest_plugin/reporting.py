"""What a report of a test carries and shows: its conversations."""

from __future__ import annotations

import contextlib
import os
import shlex
import sysconfig
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import TYPE_CHECKING, Any

import pytest
from _pytest._code.code import TerminalRepr

import harness
from harness.errors import HarnessError, SampleInterrupt
from harness.expectations import ExpectationFailed
from harness.expectations.view import Line, View, view_of
from harness.model.sample import encode_sample
from harness.pytest_plugin.state import captured_of
from harness.pytest_plugin.verdicts import SampleFailed
from harness.pytest_plugin.words import in_pytests_words

if TYPE_CHECKING:
    from _pytest._io import TerminalWriter

    from harness.model.sample import SampleResult
    from harness.pytest_plugin.state import State

_LAST_TURNS = 3
# What lies between a test and what was raised by its conversation block.
_NOT_SHOWN = (str(Path(harness.__file__).parent) + os.sep, contextlib.__file__)
EXPLAINED = pytest.StashKey[bool]()


def prepare(item: pytest.Item, call: pytest.CallInfo[Any]) -> None:
    """Before pytest puts the failure into words: what is shown apart need not be said twice."""
    if call.excinfo is None:
        return
    error = call.excinfo.value
    if isinstance(error, ExpectationFailed):
        error.is_shown_apart = True
    hidden: tuple[str, ...] = _NOT_SHOWN
    if isinstance(error, HarnessError | SampleInterrupt):
        # It says what to do about the user's code; how libraries got from there to it does not.
        hidden += _libraries()
        if len(error.args) == 1:
            error.args = (in_pytests_words(str(error)),)
    error.__traceback__ = _without(hidden, error.__traceback__)
    call.excinfo = pytest.ExceptionInfo.from_exception(error)


def _libraries() -> tuple[str, ...]:
    """Folders of what is installed."""
    paths = sysconfig.get_paths()
    return tuple({paths[name] + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def _without(hidden: tuple[str, ...], entry: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of files that begin so; whole if it has no others."""
    shown: list[TracebackType] = []
    whole = entry
    while entry is not None:
        if not entry.tb_frame.f_code.co_filename.startswith(hidden):
            shown.append(entry)
        entry = entry.tb_next
    rest: TracebackType | None = None
    for each in reversed(shown):
        rest = TracebackType(rest, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return rest or whole


def completed_report(
    item: pytest.Item, call: pytest.CallInfo[Any], report: pytest.TestReport
) -> pytest.TestReport:
    """Attach the test's samples, and what of its conversations explains its failure."""
    # A report travels between processes, so it carries plain data.
    attributes: dict[str, Any] = vars(report)
    captured = captured_of(item)
    if report.when == "teardown" and captured.results:
        attributes["harness_samples"] = [encode_sample(r).decode() for r in captured.results]
    if report.failed and call.excinfo is not None:
        error = call.excinfo.value
        is_explained = item.config.stash.get(EXPLAINED, False)
        item.config.stash[EXPLAINED] = False
        if is_explained and isinstance(error, AssertionError):
            view = _commands(captured.results)
        else:
            view = _view(error, captured.results, captured.shown)
        if view:
            attributes["harness_view"] = [list(line) for line in view]
            attributes["harness_commands"] = [line.text for line in _commands(captured.results)]
        if isinstance(error, SampleFailed):
            report.longrepr = in_pytests_words(str(error))
    return report


def _view(error: BaseException, results: list[SampleResult], shown: list[SampleResult]) -> View:
    view: View | None = getattr(error, "harness_view", None)
    if view is not None:
        return list(dict.fromkeys([*view, *_commands(_same(error, results, shown))]))
    lines: View = []
    for result in results:
        if result.transcript.messages:
            lines += [Line(f"{result.key}, its last turns:", "bold")]
            lines += view_of(result.transcript, around=(), context=_LAST_TURNS)
        lines += _commands([result])
    return lines


def _same(
    error: BaseException, results: list[SampleResult], shown: list[SampleResult]
) -> list[SampleResult]:
    """The samples a failed expectation is about."""
    about = getattr(error, "transcript", None)
    pairs = zip(results, shown, strict=False)
    return [kept for kept, live in pairs if live.transcript is about or live.transcript == about]


def _commands(results: list[SampleResult]) -> View:
    return [Line(f"Read it whole: harness show {result.key}", "bold") for result in results]


def show(report: pytest.TestReport, state: State) -> None:
    """Put the conversation below the failure; called where reports are printed."""
    attributes: dict[str, Any] = vars(report)
    commands = attributes.get("harness_commands", ())
    lines = [
        Line(f"{text}{_where(state)}" if text in commands else text, style)
        for text, style in attributes["harness_view"]
    ]
    if not isinstance(report.longrepr, WithConversation):
        report.longrepr = WithConversation(report.longrepr, lines)


def _where(state: State) -> str:
    """What finds this session's run after others have run, too."""
    folder = state.settings.runs_folder
    usual = state.config.invocation_params.dir / ".harness" / "runs"
    elsewhere = "" if folder == usual else f" --runs-folder {shlex.quote(str(folder))}"
    return f" --run {state.run_id}{elsewhere}"


class WithConversation(TerminalRepr):
    """A failure as pytest puts it, and the conversation below; coloured if the terminal is."""

    def __init__(self, failure: Any, lines: View) -> None:
        self._failure = failure
        self._lines = lines
        # What pytest's short summary and other plugins look at.
        crash = getattr(failure, "reprcrash", None)
        first = str(failure).partition("\n")[0]
        self.reprcrash = crash or SimpleNamespace(path="", lineno=0, message=first)
        self.reprtraceback = getattr(failure, "reprtraceback", None)

    def toterminal(self, tw: TerminalWriter) -> None:
        """Print both."""
        if hasattr(self._failure, "toterminal"):
            self._failure.toterminal(tw)
        elif self._failure:
            tw.line(str(self._failure), red=True)
        tw.line()
        for line in self._lines:
            markup = dict.fromkeys(line.style.split(), True)
            tw.line(line.text, **markup)
