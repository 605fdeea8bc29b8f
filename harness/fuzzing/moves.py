"""Moves: what the world around a team did in one conversation, as data that can be kept.

A team is code; what it cannot know beforehand are the words of its models, faults of their
provider, what became of code it ran, what a human typed, and the task. Those, in order, are
a whole conversation: the same moves lead the same team to the same conversation again.
"""

from __future__ import annotations

from typing import Literal

from harness.model.requests import ToolCall
from harness.model.structs import Strict as _Strict

# What a message is meant to do to the conversation, whatever the team makes of it.
Means = Literal["end", "go_on", "either"]


class Opened(_Strict, frozen=True, kw_only=True, tag="opened"):
    """The task the conversation opened with."""

    task: str


class Said(_Strict, frozen=True, kw_only=True, tag="said"):
    """One reply of a model.

    Attributes:
        agent: On whose behalf it was asked.
        purpose: Why it was asked.
        kind: What kind of reply this is, e.g. "code" or "closing word quoted".
        text: The content; None for ``content: null``.
        tool_calls: Tools it calls.
        finish_reason: As a provider says it; None for what follows from the rest.
        means: Whether whoever says this wants the conversation to end; "either" if a
            reader could take it both ways.
        approves: Whether it approves what was shown; None if it is no verdict.
    """

    agent: str
    purpose: str = "reply"
    kind: str
    text: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    means: Means = "either"
    approves: bool | None = None


class Ran(_Strict, frozen=True, kw_only=True, tag="ran"):
    """What became of a piece of code: made up, the code was not run."""

    exit_code: int
    output: str
    timed_out: bool = False


class Typed(_Strict, frozen=True, kw_only=True, tag="typed"):
    """What a human answered; "" skips, "exit" ends."""

    agent: str
    reply: str


class Failed(_Strict, frozen=True, kw_only=True, tag="failed"):
    """What went wrong with one request to a provider.

    Attributes:
        agent: On whose behalf it was made.
        fault: Name of the fault; None if nothing went wrong.
    """

    agent: str
    fault: str | None = None


Move = Opened | Said | Ran | Typed | Failed
