"""``expect(conversation)``: what a plain assert says badly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.expectations import code, endings, snapshots, speakers, tools, words
from harness.expectations.subject import ExpectationFailed, Finding, subject_of, whole
from harness.expectations.view import view_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.model.transcript import TerminationReason


def expect(conversation: Any) -> Expectation:  # four types, one of a layer above
    """Expect something of a conversation; every method raises an AssertionError, or chains.

    Example::

        expect(sample).ended("termination_message", by="user").within(turns=8).code_recovered()

    Args:
        conversation: A `Transcript`, a `SampleResult`, a `FinishedSample` (as checks get it),
            or what ``conversation.record`` gave.

    Raises:
        HarnessError: If it is none of these.
    """
    return Expectation(conversation)


class Expectation:
    """Expectations of one conversation. What is not known fails, and says why.

    A failure is an `ExpectationFailed`: one paragraph, and the turns that show it.
    """

    def __init__(self, conversation: Any) -> None:  # see expect
        self._subject = subject_of(conversation)

    def ended(
        self,
        *reasons: TerminationReason,
        by: str | None = None,
        because: str | None = None,
    ) -> Expectation:
        """Ended for one of these reasons (any, if none is given).

        Args:
            *reasons: Termination reasons, see `harness.model.transcript.TERMINATION_REASONS`.
            by: The agent whose condition, cap or answer ended it.
            because: Regular expression that the detail must hold.
        """
        __tracebackhide__ = True
        return self._require(endings.ended(self._subject, reasons, by, because))

    def within(
        self,
        *,
        turns: int | None = None,
        cost_usd: float | None = None,
        tokens: int | None = None,
    ) -> Expectation:
        """Took at most this; a call without price or usage fails.

        Args:
            turns: Messages, the opening one included.
            cost_usd: US dollars of all model calls, hidden ones included.
            tokens: Prompt and completion tokens of all model calls.
        """
        __tracebackhide__ = True
        return self._require(endings.within(self._subject, turns, cost_usd, tokens))

    def spoken_by(self, expected: Sequence[str]) -> Expectation:
        """Exactly these speakers, one per turn."""
        __tracebackhide__ = True
        return self._require(speakers.exactly(self._subject, expected))

    def spoken_in_order(self, expected: Sequence[str]) -> Expectation:
        """These speakers in this order; others may speak in between."""
        __tracebackhide__ = True
        return self._require(speakers.in_order(self._subject, expected))

    def speakers_match(self, pattern: str) -> Expectation:
        """All speakers, in order, fit a regular expression over their names.

        Args:
            pattern: Names with spaces between, ``( ) | + * ? {2,3}`` as usual, ``.`` for any
                speaker, names with spaces in double quotes; for example
                ``executor (coder reviewer)+ executor``.
        """
        __tracebackhide__ = True
        return self._require(speakers.matching(self._subject, pattern))

    def never_speaks_after(self, silent: str, after: str) -> Expectation:
        """Once `after` has spoken, `silent` says nothing any more."""
        __tracebackhide__ = True
        return self._require(speakers.silent_after(self._subject, silent, after))

    def tool_called(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        match: tools.Match = "exact",
        times: int | None = None,
    ) -> Expectation:
        """A tool was called.

        Args:
            name: The tool.
            arguments: What it was called with; None for anything.
            match: "exact"; "subset", if more arguments and items may be there; "unordered",
                if the order of lists does not count.
            times: How many such calls there are; None for one or more.
        """
        __tracebackhide__ = True
        return self._require(tools.called(self._subject, name, arguments, match, times))

    def code_ran(self, language: str | None = None) -> Expectation:
        """At least one block of code (of that language) ran and exited with 0."""
        __tracebackhide__ = True
        return self._require(code.ran(self._subject, language))

    def code_recovered(self) -> Expectation:
        """A block of code failed, and a later one exited with 0."""
        __tracebackhide__ = True
        return self._require(code.recovered(self._subject))

    def last_code_succeeded(self) -> Expectation:
        """The last block of code that ran exited with 0."""
        __tracebackhide__ = True
        return self._require(code.last_succeeded(self._subject))

    def artefact(self, path: str, *, min_bytes: int = 1) -> Expectation:
        """The agents left a file.

        Args:
            path: Its path inside the workspace, as "coding/chart.png"; ``*`` fits anything.
            min_bytes: Its least size.
        """
        __tracebackhide__ = True
        return self._require(code.left(self._subject, path, min_bytes))

    def said(self, pattern: str, *, by: str | None = None, turn: int | None = None) -> Expectation:
        """Somebody said something.

        Args:
            pattern: Regular expression, looked for anywhere in a message.
            by: Only messages of this agent.
            turn: Only this turn, from 1; -1 is the last.
        """
        __tracebackhide__ = True
        return self._require(words.said(self._subject, pattern, by, turn))

    def no_secrets(self) -> Expectation:
        """No key, token or password in any message, code, output or tool call."""
        __tracebackhide__ = True
        return self._require(words.no_secrets(self._subject))

    def no_loop(self) -> Expectation:
        """No round of messages is said three times over."""
        __tracebackhide__ = True
        return self._require(words.no_loop(self._subject))

    def follows_snapshot(self, name: str) -> Expectation:
        """The trajectory (speakers, tools, exit codes, the end) is the one that was stored.

        Args:
            name: Of the file ``snapshots/<name>.trajectory`` beside the calling file; it is
                written by ``pytest --harness-update-snapshots``.
        """
        __tracebackhide__ = True
        return self._require(snapshots.follows(self._subject, name))

    def _require(self, finding: Finding | None) -> Expectation:
        __tracebackhide__ = True
        if finding is None:
            return self
        transcript = self._subject.transcript
        clean = words.cleaner() if finding.is_secret else str
        view = view_of(transcript, around=finding.evidence, clean=clean)
        raise ExpectationFailed(finding.text, [*view, *whole(self._subject.name)], transcript)
