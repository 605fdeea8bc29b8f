"""Known ways to go wrong that can be told from the transcript alone, without a model.

Definition: value is the number of labels found. It measures and does not judge. The evidence of
a label are indices of events; ``details["labels"]`` has each label with its own. A result of
code is a code execution event; it failed if `harness.model.outcomes` does not call it passed.
Texts are the same if they agree but for white space.

- repeated_message: a speaker says what they said before. Evidence: both messages.
- ping_pong: two speakers say the same two messages twice in a row. Evidence: the four.
- premature_termination: a termination message ended it while the latest result of code was a
  failure. Evidence: that result and the message.
- missing_termination: it stops without a reason, or a limit ended it. Evidence: the last message.
- ignored_error: the next message of another speaker after a failed result has no code block and
  no word for an error. Evidence: the result and that message.
- claims_success: a message between a failed result and the next result says that it worked, and
  the word is not negated just before. Evidence: the result and the message.
- out_of_role: somebody who never ran code writes a result of code, or somebody who ran code
  writes a code block themselves. Evidence: the message.

These are rules of thumb on words, English ones; a label is a place to look, not a verdict.
They do not find the step that is to blame: in 40 failed AutoGen conversations whose decisive
mistake people had marked (Who&When), 2 of the 40 marked steps carried a label, where 6.6 would
if a step were drawn at random from each conversation.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from harness.model.outcomes import outcome_of
from harness.model.score import Score, Unscored
from harness.model.transcript import CodeExecution, Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.model.team import FinishedSample
    from harness.model.transcript import Transcript

_LIMITS = frozenset(
    {
        "max_consecutive_auto_reply",
        "max_turns",
        "max_round",
        "timeout",
        "cost_limit",
        "turn_limit",
    }
)
# Labels of one name whose events the reason tells; all of them are in `Score.details`.
_MOST_TOLD = 6
_BLOCK = re.compile(r"^[ \t]*```", re.MULTILINE)
_ERROR_WORD = re.compile(
    r"\b(?:error|fail|exception|traceback|issue|problem|wrong|fix|debug|correct(?:ed|ion))",
    re.IGNORECASE,
)
_SUCCESS = re.compile(
    r"(?P<negated>\b(?:not|never|un|without|cannot)\b[^.\n]{0,20}|n't[^.\n]{0,20})?"
    r"\b(?:success(?:ful|fully)?|succeeded|solved|completed|verified|works|worked)\b",
    re.IGNORECASE,
)
_RESULT = re.compile(r"^exitcode: -?\d+ \(", re.MULTILINE)


@dataclass(frozen=True)
class Label:
    """One label: its name, and the indices of the events that carry it."""

    name: str
    evidence: tuple[int, ...]


@dataclass(frozen=True)
class Labels:
    """Known ways to go wrong that show in the transcript, told without a model; does not judge."""

    name: ClassVar[str] = "labels"

    def score(self, sample: FinishedSample) -> Score | Unscored:
        """Count the labels."""
        if not sample.transcript.messages:
            return Unscored(scorer=self.name, reason="No message was exchanged.")
        found = find_labels(sample.transcript)
        return Score(
            scorer=self.name,
            value=float(len(found)),
            unit="count",
            reason=_reason(found),
            evidence=tuple(sorted({index for label in found for index in label.evidence})),
            details={"labels": [[label.name, *label.evidence] for label in found]},
        )


def find_labels(transcript: Transcript) -> tuple[Label, ...]:
    """All labels of a transcript; the module says by what rules."""
    rules = (_repeated, _ping_pong, _termination, _ignored, _claims, _out_of_role)
    return tuple(label for rule in rules for label in rule(transcript))


def _reason(found: tuple[Label, ...]) -> str:
    if not found:
        return "0 labels found."
    counts = Counter(label.name for label in found)
    told = "; ".join(f"{name} {count} ({_places(found, name)})" for name, count in counts.items())
    plural = "label" if len(found) == 1 else "labels"
    return f"{len(found)} {plural} found, with the events that carry them: {told}."


def _places(found: tuple[Label, ...], name: str) -> str:
    """The events of each label of one name, as in ``3-7, 4-5``."""
    places = ["-".join(map(str, label.evidence)) for label in found if label.name == name]
    more = [f"and {len(places) - _MOST_TOLD} more"] if len(places) > _MOST_TOLD else []
    return ", ".join(places[:_MOST_TOLD] + more)


def _said(message: Message) -> str:
    return " ".join(message.content.split())


def _repeated(transcript: Transcript) -> Iterator[Label]:
    first: dict[tuple[str, str], int] = {}
    for message in transcript.messages:
        before = first.setdefault((message.speaker, _said(message)), message.index)
        if before != message.index and _said(message):
            yield Label("repeated_message", (before, message.index))


def _ping_pong(transcript: Transcript) -> Iterator[Label]:
    messages = transcript.messages
    said = [(message.speaker, _said(message)) for message in messages]
    start = 0
    while start + 4 <= len(said):
        one, other, one_again, other_again = said[start : start + 4]
        if (one, other) == (one_again, other_again) and one[0] != other[0]:
            four = messages[start : start + 4]
            yield Label("ping_pong", tuple(message.index for message in four))
            start += 2
        start += 1


def _termination(transcript: Transcript) -> Iterator[Label]:
    last = transcript.messages[-1:]
    reason = transcript.termination
    executions = transcript.code_executions
    if reason == "termination_message" and executions and _failed(executions[-1]):
        ending = tuple(message.index for message in last)
        yield Label("premature_termination", (executions[-1].index, *ending))
    if (reason is None or reason in _LIMITS) and last:
        yield Label("missing_termination", (last[0].index,))


def _failed(execution: CodeExecution) -> bool:
    return not outcome_of(execution).is_success


def _after_failures(transcript: Transcript) -> Iterator[tuple[CodeExecution, list[Message]]]:
    """Each failed result with what others than its agent said before the next result."""
    results = [event.index for event in transcript.code_executions]
    spans = pairwise([*results, len(transcript.events)])
    for execution, (start, end) in zip(transcript.code_executions, spans, strict=True):
        if _failed(execution):
            events = transcript.events[start:end]
            messages = [event for event in events if isinstance(event, Message)]
            yield execution, [each for each in messages if each.speaker != execution.agent]


def _ignored(transcript: Transcript) -> Iterator[Label]:
    for execution, messages in _after_failures(transcript):
        for message in messages[:1]:
            if not _BLOCK.search(message.content) and not _ERROR_WORD.search(message.content):
                yield Label("ignored_error", (execution.index, message.index))


def _claims(transcript: Transcript) -> Iterator[Label]:
    for execution, messages in _after_failures(transcript):
        for message in messages:
            claims = _SUCCESS.finditer(message.content)
            if any(claim["negated"] is None for claim in claims):
                yield Label("claims_success", (execution.index, message.index))


def _out_of_role(transcript: Transcript) -> Iterator[Label]:
    executors = {execution.agent for execution in transcript.code_executions}
    for message in transcript.messages if executors else ():
        is_result = _RESULT.search(message.content) is not None
        if message.speaker in executors:
            is_strange = not is_result and _BLOCK.search(message.content) is not None
        else:
            is_strange = is_result
        if is_strange:
            yield Label("out_of_role", (message.index,))
