"""One conversation as lines on a terminal."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from harness.model.imported import NOT_TOLD, end_of
from harness.model.outcomes import outcome_of
from harness.model.score import Score, Unscored
from harness.model.transcript import (
    AnyEvent,
    CodeExecution,
    ExceptionInfo,
    Fault,
    HumanInput,
    Message,
    ModelCall,
    SpeakerSelection,
    Termination,
    ToolInvocation,
    ToolResult,
)
from harness.reports import executions, numbers
from harness.reports.text import one_line, outcome_words
from harness.reports.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.model.requests import RequestMessage
    from harness.model.sample import SampleResult
    from harness.reports.folding import Part

_COLOURS = ("blue", "green", "yellow", "magenta", "cyan", "red")
_TRACEBACK_LINES = 3
_SURELY_SENT = 200  # characters beyond which a message that holds an output is that output
_COMMAND = "To record it again: "  # begins the last sentence of a miss
# What AutoGen wraps around the output of code when it sends it.
_WRAPPER = re.compile(r"exitcode: -?\d+ \([^()]*\)\s*Code output:")
_OUTCOMES = {
    "pass": "bold green",
    "fail": "bold red",
    "unjudged": "bold",
    "error": "bold red",
    "miss": "bold magenta",
}


def print_transcript(
    result: SampleResult, stream: TextIO, *, show_hidden: bool = False, title: str = ""
) -> None:
    """Print a sample's conversation: who said what, code, outputs, why it ended, scores.

    Args:
        result: The sample.
        stream: Coloured if it is a terminal, else plain text.
        show_hidden: Whether to print what is not part of the conversation: the
            hidden model calls (speaker selection, summaries) with their replies, of
            every prompt what is new in it and not said above, and tracebacks in full.
        title: What its scenario is called, where its name tells nothing.
    """
    page = _Page(Writer(stream), result, show_hidden=show_hidden)
    writer = page.writer
    if title:
        writer.prose(one_line(title, 160), "bold")
    _verdict(page)
    for event in result.transcript.events:
        _PRINTERS[type(event)](page, event)
    if not result.transcript.termination and end_of(result) != NOT_TOLD:
        writer.line()
        writer.line("Here the record ends; why is said at the top.", "red")
    if result.failure and result.status != "miss":
        _traceback(page, result.failure)
    hidden = sum(call.purpose != "reply" for call in result.transcript.model_calls)
    if hidden and not show_hidden:
        writer.line(f"Hidden model calls: {hidden}. Print them with --hidden.", "dim")


def print_verdict(result: SampleResult, stream: TextIO) -> None:
    """Print what became of a sample: its outcome, why it ended, its scores."""
    _verdict(_Page(Writer(stream), result))


def _verdict(page: _Page) -> None:
    page.writer.parts([(str(page.result.key), "bold"), ("  ", ""), _outcome(page.result)])
    _why(page)
    _differing(page)
    _scores(page)


@dataclass
class _Page:
    """What the printers of the events share."""

    writer: Writer
    result: SampleResult
    show_hidden: bool = False
    turn: int = 0
    texts: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    asked: dict[tuple[str, str], tuple[RequestMessage, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        speakers = dict.fromkeys(self.result.transcript.speakers)
        self._styles = {
            name: f"bold {_COLOURS[position % len(_COLOURS)]}"
            for position, name in enumerate(speakers)
        }
        cost = self.result.score_of("cost")
        self.costs: dict[str, float] = dict(cost.details.get("by_call", {})) if cost else {}

    def who(self, name: str) -> tuple[str, str]:
        return name, self._styles.get(name, "bold")

    def said_above(self, text: str) -> str:
        """The text without the failure's message, which is printed once, at the top."""
        failure = self.result.failure
        if not failure or not failure.message or failure.message not in text:
            return text
        name = failure.type.rpartition(".")[2]
        known = re.compile(rf"(?:(?:[\w.]+\.)?{re.escape(name)}: )?{re.escape(failure.message)}")
        return known.sub("(said above)", text)

    def quote(self, text: str) -> None:
        self.writer.line(text.rstrip("\n") or "(nothing)", indent=6)


def _outcome(result: SampleResult) -> tuple[str, str]:
    return outcome_words(result.outcome).upper(), _OUTCOMES[result.outcome]


def _why(page: _Page) -> None:
    """Why it ended, said here and nowhere else: a miss explains itself at length."""
    end, failure = page.result.transcript.termination_event, page.result.failure
    if failure:
        kind = "" if page.result.status == "miss" else f"{failure.type}: "
        what, command, how = failure.message.partition(_COMMAND)
        page.writer.line(f"Did not complete: {kind}{what.rstrip()}", "red")
        if how:
            page.writer.line(f"{command}{how}", "bold")
    elif end:
        agent = f" ({end.agent})" if end.agent else ""
        page.writer.line(f"Ended by {end.reason}{agent}: {end.detail}", hanging=2)
    elif page.result.mode == "imported":
        page.writer.line("The file does not tell how the conversation ended.")
    else:
        page.writer.line("The conversation did not end; this is all that was recorded.", "red")


def _differing(page: _Page) -> None:
    """Files that are not what they were when the cassette was recorded."""
    use = page.result.cassette
    if use and use.differing:
        text = f"Files other than when this was recorded: {', '.join(use.differing)}"
        page.writer.line(text, "yellow")


def _scores(page: _Page) -> None:
    is_complete = page.result.status == "completed"
    if not is_complete and page.result.scores:
        note = "The sample did not complete; these scores judge what there was of it:"
        page.writer.line(note, "dim", indent=2)
    for score in page.result.scores:
        _score(page, score, is_complete=is_complete)


def _score(page: _Page, score: Score | Unscored, *, is_complete: bool) -> None:
    writer, reason = page.writer, page.said_above(score.reason)
    style = "" if is_complete else "dim"
    if isinstance(score, Unscored):
        writer.line(f"{score.scorer}: unscored: {reason}", style, indent=2, hanging=2)
        return
    value = {"share": numbers.percent, "usd": numbers.usd}.get(score.unit, numbers.number)
    verdict = {True: ", pass", False: ", fail", None: ""}[score.passed]
    if score.details.get("checks"):
        reason = reason.partition("; failed: ")[0]  # the checks are listed below it
    text = f"{score.scorer}: {value(score.value)}{verdict}: {reason}"
    shown = "red" if score.passed is False and is_complete else style
    writer.line(text, shown, indent=2, hanging=2)
    for check in score.details.get("checks", ()):
        mark = "pass" if check.get("passed") else "FAIL"
        reason = f": {check['reason']}" if check.get("reason") else ""
        writer.line(f"{mark} {check.get('name', '')}{reason}", style, indent=4, hanging=5)


def _traceback(page: _Page, error: ExceptionInfo) -> None:
    """The traceback in full if asked for, else the lines that name the place and the error."""
    lines = error.traceback.rstrip().splitlines()
    left_out = 0 if page.show_hidden else max(0, len(lines) - _TRACEBACK_LINES)
    if left_out:
        text = f"(traceback, {left_out} lines above left out; print them with --hidden)"
        page.writer.line(text, "dim", indent=4)
    if lines:
        page.quote("\n".join(lines[left_out:]))


def _number(event: AnyEvent) -> Part:
    """The number of an event, by which scores, the report and --json refer to it, too."""
    return f"#{event.index} ", "dim"


def _message(page: _Page, event: Message) -> None:
    page.turn += 1
    page.writer.line()
    turn = f" to {event.recipient}, turn {page.turn}"
    page.writer.parts([_number(event), page.who(event.speaker), (turn, "dim")])
    if is_repeated(event.content, page.outputs):
        page.writer.line("(the output above)", "dim", indent=4)
    elif event.content:
        _content(page.writer, event.content.rstrip("\n"))
    for call in event.tool_calls:
        page.writer.line(f"calls tool {call.name}({call.arguments})", "dim", indent=4)
    page.outputs.clear()
    page.texts.append(event.content)


def _content(writer: Writer, content: str) -> None:
    """What was said; in code, what goes on in the next line is indented to tell it from code."""
    is_code = False
    is_prose = not _WRAPPER.match(content)
    prose: list[str] = []
    for line in content.split("\n"):
        is_fence = line.lstrip().startswith("```")
        if is_prose and not is_code and not is_fence:
            prose.append(line)
            continue
        writer.paragraphs(prose, 4)
        prose.clear()
        writer.line(line, "dim" if is_fence else "", 4, hanging=4 if is_code else 0)
        is_code ^= is_fence
    writer.paragraphs(prose, 4)


def is_repeated(content: str, outputs: list[str]) -> bool:
    """Whether a message only sends what the code printed and what is on the page already."""
    said = [text.strip() for text in outputs]
    if not said or any(text not in content for text in said):
        return False
    if any(said) and len(content) > _SURELY_SENT:
        return True
    wrapper = _WRAPPER.match(content)
    if wrapper is None:
        return False
    rest = content[wrapper.end() :]
    for text in said:
        rest = rest.replace(text, "", 1)
    return not rest.strip()


def _model_call(page: _Page, event: ModelCall) -> None:
    if event.purpose != "reply" and not page.show_hidden:
        return
    usage = event.usage
    counts = usage and f"{usage.prompt_tokens} prompt, {usage.completion_tokens} completion tokens"
    counts = counts or "no token counts"
    cost = page.costs.get(str(event.index))
    text = (
        f"#{event.index} {event.purpose} call for {event.agent}: {event.model_requested}, "
        f"{counts}, {'cost unknown' if cost is None else numbers.usd(cost)}, "
        f"{event.latency_seconds:.2f} s, "
        f"{event.error.type if event.error else event.finish_reason}"
    )
    page.writer.line(text, "dim", indent=4)
    if page.show_hidden:
        _prompt(page, event)
    # The reply of an ordinary call is a message of the conversation.
    if event.purpose != "reply":
        page.writer.line("reply:", "dim", indent=4)
        page.quote(event.error.message if event.error else event.reply)
    elif event.error and page.said_above(event.error.message) == event.error.message:
        page.quote(event.error.message)


def _prompt(page: _Page, event: ModelCall) -> None:
    """Of its messages those that the call before of this agent for this purpose had not sent."""
    request = page.result.transcript.request_of(event)
    if not request:
        if event.purpose != "reply":
            page.writer.line("prompt, last message:", "dim", indent=4)
            page.quote(event.prompt)
        return
    earlier = page.asked.get((event.agent, event.purpose))
    page.asked[event.agent, event.purpose] = request
    new = [message for message in request if message not in (earlier or ())]
    unsaid = [message for message in new if message.content not in page.texts]
    since = f", {len(new)} of them new since its call before" if earlier else ""
    above = f"; {len(new) - len(unsaid)} said above" if len(new) > len(unsaid) else ""
    size = f"{len(request)} message{'s' if len(request) > 1 else ''}"
    page.writer.line(f"prompt of {size}{since}{above}{':' if unsaid else ''}", "dim", indent=4)
    for message in unsaid:
        calls = (f"calls tool {call.name}({call.arguments})" for call in message.tool_calls)
        text = "\n".join(part for part in (message.content, *calls) if part)
        page.quote(f"{message.role}: {text}")


def _code(page: _Page, event: CodeExecution) -> None:
    page.writer.line()
    style = "green" if outcome_of(event).is_success else "red"
    ran = f" ran {event.language}: "
    said = executions.status(event)
    parts = [_number(event), page.who(event.agent), (ran, "dim"), (said, style)]
    page.writer.parts(parts, indent=4)
    for note in executions.notes(event):
        page.writer.line(note, "dim", indent=6)
    if not any(event.code.strip() in text for text in page.texts):
        for line in event.code.rstrip("\n").split("\n"):
            page.writer.line(line, indent=6, hanging=4)
        page.writer.line("output:", "dim", indent=4)
    page.quote(event.output)
    page.outputs.append(event.output)


def _tool_call(page: _Page, event: ToolInvocation) -> None:
    text = f"{event.agent} calls tool {event.name}({event.arguments})"
    page.writer.parts([_number(event), (text, "")], indent=4)


def _tool_result(page: _Page, event: ToolResult) -> None:
    text = f"tool {event.name} {'failed' if event.is_error else 'answered'}:"
    page.writer.parts([_number(event), (text, "")], indent=4)
    page.quote(event.content)


def _selection(page: _Page, event: SpeakerSelection) -> None:
    chosen = event.selected or "nobody"
    text = f"#{event.index} {event.manager or 'group chat'} chose {chosen} ({event.method})"
    page.writer.line(text, "dim", indent=4)


def _human(page: _Page, event: HumanInput) -> None:
    text = f"{event.agent} asked the human: {event.prompt}"
    page.writer.parts([_number(event), (text, "")], indent=4)
    page.quote(event.reply or "(skipped)")


def _fault(page: _Page, event: Fault) -> None:
    text = f"#{event.index} injected fault: {event.kind} for {event.agent}: {event.detail}"
    page.writer.line(text, "yellow", indent=4)


def _termination(page: _Page, event: Termination) -> None:
    page.writer.line()
    agent = f" ({event.agent})" if event.agent else ""
    text = f"Ended by {event.reason}{agent}: {page.said_above(event.detail)}"
    page.writer.parts([_number(event), (text, "bold")])
    if event.exception and page.result.failure is None:
        _traceback(page, event.exception)


# The event type picks the printer, so each is only ever called with its own type.
_PRINTERS: dict[type[AnyEvent], Callable[[_Page, Any], None]] = {
    Message: _message,
    ModelCall: _model_call,
    CodeExecution: _code,
    ToolInvocation: _tool_call,
    ToolResult: _tool_result,
    SpeakerSelection: _selection,
    HumanInput: _human,
    Fault: _fault,
    Termination: _termination,
}
