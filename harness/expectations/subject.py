"""What an expectation is about, and how it fails."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError
from harness.expectations.view import Line, View, as_text
from harness.model.sample import SampleResult
from harness.model.team import FinishedSample
from harness.model.transcript import Transcript

if TYPE_CHECKING:
    from harness.model.sample import Artefact
    from harness.model.score import Score, Unscored


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A conversation, with what else is known of it.

    Attributes:
        transcript: The conversation.
        name: What it is called; "" if nothing says.
        artefacts: Files it left; None if that is not known.
        cost: What the cost scorer said; None if it was not asked.
    """

    transcript: Transcript
    name: str = ""
    artefacts: tuple[Artefact, ...] | None = None
    cost: Score | Unscored | None = None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Why an expectation does not hold.

    Attributes:
        text: One paragraph: what was expected, and what was there.
        evidence: Indices of the events that show it; none shows the last turns.
        is_secret: Whether the events hold what must not be shown.
    """

    text: str
    evidence: tuple[int, ...] = ()
    is_secret: bool = False


class ExpectationFailed(AssertionError):
    """An expectation does not hold.

    Attributes:
        headline: What was expected, and what was there.
        harness_view: The turns that show it.
        transcript: The whole conversation.
        is_shown_apart: Whether somebody else shows the turns; str() is the headline alone then.
    """

    # Where it is public; the name is printed with every failure.
    __module__ = "harness.expectations"

    def __init__(self, headline: str, view: View, transcript: Transcript) -> None:
        self.headline = headline
        self.harness_view = view
        self.transcript = transcript
        self.is_shown_apart = False
        super().__init__(headline)

    def __str__(self) -> str:
        if self.is_shown_apart:
            return self.headline
        return f"{self.headline}\n{as_text(self.harness_view)}"


def subject_of(value: Any) -> Subject:  # whatever a test holds
    """What is known of a transcript, a sample's result, a finished sample or a conversation.

    Raises:
        HarnessError: If it is none of these.
    """
    if isinstance(value, Transcript):
        return Subject(transcript=value)
    if isinstance(value, SampleResult):
        costs = [score for score in value.scores if score.scorer == "cost"]
        return Subject(
            transcript=value.transcript,
            name=str(value.key),
            artefacts=value.artefacts,
            cost=costs[0] if costs else None,
        )
    if isinstance(value, FinishedSample):
        from harness.sandboxes.artefacts import collect_artefacts

        artefacts = collect_artefacts(value.workspace, value.fixtures)
        return Subject(transcript=value.transcript, name=str(value.key), artefacts=artefacts)
    if isinstance(getattr(value, "transcript", None), Transcript):
        # What `conversation.record` gives: it has its result once its block is over.
        is_over = getattr(value, "is_over", False)
        return subject_of(value.result) if is_over else Subject(transcript=value.transcript)
    raise HarnessError(
        f"expect() takes a transcript, a sample or a recorded conversation; it got a "
        f"{type(value).__name__}."
    )


def whole(name: str) -> View:
    """How to read all of it."""
    return [Line(f"Read it whole: harness show {name}", "bold")] if name else []


def misnamed(transcript: Transcript, agent: str) -> str:
    """A hint for a name that no agent of a conversation has; "" for one that takes part."""
    known = {message.speaker for message in transcript.messages}
    known |= {message.recipient for message in transcript.messages if message.recipient}
    known |= {call.agent for call in transcript.model_calls if call.agent}
    ending = transcript.termination_event
    known |= {ending.agent} if ending is not None and ending.agent else set()
    if agent in known or not known:
        return ""
    near = difflib.get_close_matches(agent, sorted(known), n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f" No agent is called {agent!r}; there are: {', '.join(sorted(known))}.{hint}"
