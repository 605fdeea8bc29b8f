"""Which sample AutoGen is working for right now, and where in its conversation it is.

Hooks ask `current` first. Without a scope they leave AutoGen untouched.
"""

from __future__ import annotations

import contextvars
import random
import weakref
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.engines.autogen_requests import SentMessages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.capture import Recorder
    from harness.mocks import ScriptedHuman
    from harness.model.transcript import TerminationReason
    from harness.protocols import Assignment

# Attribute by which an agent is known to belong to a sample in a thread without a context.
_MARK = "_harness_sample"


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a chat ends, as soon as something shows it."""

    reason: TerminationReason
    detail: str
    agent: str | None = None
    message_index: int | None = None


@dataclass(slots=True, eq=False)
class Frame:
    """A chat or group chat in progress.

    Attributes:
        stop: What would end it, unless another message follows.
        last_index: Index of its newest message event.
        last_speaker: Who said that message.
    """

    stop: Stop | None = None
    last_index: int | None = None
    last_speaker: Any = None


@dataclass(slots=True, eq=False, kw_only=True)
class ChatFrame(Frame):
    """One ``initiate_chat``; `turns` counts what the initiator said in it."""

    initiator: Any
    recipient: Any
    max_turns: int | None
    turns: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class GroupFrame(Frame):
    """One run of a group chat; `is_met` is the manager's newest verdict on its condition."""

    manager: Any
    max_round: int
    rounds: int = 0
    is_met: bool = False


@dataclass(slots=True, eq=False)
class Selection:
    """A choice of the next speaker in progress."""

    manager: str
    candidates: tuple[str, ...] = ()
    model_calls: int = 0


@dataclass(eq=False)
class SampleState:
    """What the hooks share while one sample runs.

    Attributes:
        assignment: What is run.
        recorder: Takes the events.
        human: Answers agents that ask one.
        is_active: Whether the sample is still running.
        replies: How many replies the scripted model has given.
        sent_messages: Reads what models are sent.
        random: Draws where AutoGen does, the same for the same sample.
        outcome: Why the outermost chat ended, once it has.
        scope: The newest scope, for threads that have none of their own.
    """

    assignment: Assignment
    recorder: Recorder
    human: ScriptedHuman
    is_active: bool = True
    replies: int = 0
    outcome: Stop | None = None
    sent_messages: SentMessages = field(default_factory=SentMessages)
    random: random.Random = field(init=False)
    scope: Scope = field(init=False)

    def __post_init__(self) -> None:
        self.scope = Scope(self)
        # Not a secret. Seeded, or a recorded random choice could not be replayed.
        self.random = random.Random(str(self.assignment.key))


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """A place in a sample's conversation.

    Attributes:
        sample: The sample.
        frame: The innermost chat in progress.
        selection: The choice of a speaker in progress; what is said in it is hidden.
        is_summary: Whether a finished chat is being summarised.
        asker: Name of the agent that is asking a human.
    """

    sample: SampleState
    frame: Frame | None = None
    selection: Selection | None = None
    is_summary: bool = False
    asker: str | None = None


_SCOPE: ContextVar[Scope | None] = ContextVar("harness_autogen_scope", default=None)


def current(agent: Any = None) -> Scope | None:
    """The scope of this context.

    A thread that was started without its parent's context has none; there, an agent
    that takes part in a running sample leads to that sample's newest scope.

    Args:
        agent: The AutoGen agent at work, if known.
    """
    scope = _SCOPE.get()
    if scope is not None:
        return scope if scope.sample.is_active else None
    mark = getattr(agent, _MARK, None)
    sample = mark() if mark is not None else None
    return sample.scope if sample is not None and sample.is_active else None


def mark(agent: Any, sample: SampleState) -> None:
    """Remember that agent takes part in sample; weakly, because agents may be deep-copied."""
    setattr(agent, _MARK, weakref.ref(sample))


@contextmanager
def entered(scope: Scope) -> Iterator[Scope]:
    """Make scope the current one."""
    sample = scope.sample
    previous = sample.scope
    token = _SCOPE.set(scope)
    sample.scope = scope
    try:
        yield scope
    finally:
        sample.scope = previous
        _SCOPE.reset(token)


class ContextExecutor(ThreadPoolExecutor):
    """Runs each call in a copy of the submitter's context, as ``asyncio.to_thread`` does."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run ``fn(*args, **kwargs)`` in a thread, in a copy of this context."""
        return super().submit(contextvars.copy_context().run, fn, *args, **kwargs)
