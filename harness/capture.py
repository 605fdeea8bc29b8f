"""Record the events of one sample, enforce its limits, and survive a killed worker.

An engine tells a `Recorder` everything that happens. The recorder numbers and
times the events, raises `LimitReached` when the scenario's limits are used up,
and, given a spool file, writes each event down at once so that the transcript
so far can be read back after the process is gone.
"""

from __future__ import annotations

import os
import sysconfig
import threading
import time
import traceback
from typing import IO, TYPE_CHECKING, Any, TypeVar

import msgspec

from harness.errors import LimitReached
from harness.model.requests import RequestTable
from harness.model.scenario import Limits
from harness.model.transcript import (
    AnyEvent,
    CodeExecution,
    Event,
    ExceptionInfo,
    Fault,
    HumanInput,
    Message,
    ModelCall,
    SpeakerSelection,
    Termination,
    TerminationReason,
    ToolInvocation,
    ToolResult,
    Transcript,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.model.requests import RequestMessage

E = TypeVar("E", bound=Event)

_encoder = msgspec.json.Encoder()


class Recorder:
    """Takes the events of one sample, in order; safe to call from several threads.

    A finished transcript takes no more events: whatever a stray thread reports
    after `terminate` is not kept.

    Args:
        limits: The scenario's limits; `turns` and `cost_usd` are enforced here.
        price: US dollars of a model call, None when its model has no known price.
        spool: Binary file each event is appended to at once, one JSON line each.
        clock: Seconds from any origin; must not go backwards.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        price: Callable[[ModelCall], float | None] | None = None,
        spool: IO[bytes] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits or Limits()
        self._price = price
        self._spool = spool
        self._clock = clock
        self._started = clock()
        self._events: list[Any] = []
        self._requests = RequestTable()
        self._turns = 0
        self._last_message_index: int | None = None
        self._spent_usd = 0.0
        self._termination: Termination | None = None
        self._lock = threading.Lock()

    @property
    def events(self) -> tuple[AnyEvent, ...]:
        """The events so far."""
        return tuple(self._events)

    @property
    def turns(self) -> int:
        """Number of messages so far."""
        return self._turns

    @property
    def last_message_index(self) -> int | None:
        """Index of the newest message; None before the first."""
        return self._last_message_index

    @property
    def termination(self) -> Termination | None:
        """The termination, once the conversation has ended."""
        return self._termination

    def message(self, **fields: Any) -> Message:
        """Record a message.

        Raises:
            LimitReached: If the scenario's turns are used up; the message is not kept.
        """
        limit = self._limits.turns
        if limit is not None and self._turns >= limit:
            raise LimitReached(
                "turn_limit",
                f"{fields.get('speaker')} wanted to say message {limit + 1}, but the scenario "
                f"allows {limit} turns.",
            )
        event = self._keep(Message, fields)
        self._turns += 1
        self._last_message_index = event.index
        return event

    def model_call(self, *, sent: Sequence[RequestMessage] = (), **fields: Any) -> ModelCall:
        """Record a model call.

        Args:
            sent: Every message of its request, in order.
            fields: The other fields of the event.

        Raises:
            LimitReached: If all calls together, this one included, cost more than allowed.
        """
        event = self._keep(ModelCall, fields, sent)
        limit = self._limits.cost_usd
        if limit is None or self._price is None:
            return event
        self._spent_usd += self._price(event) or 0.0
        if self._spent_usd > limit:
            raise LimitReached(
                "cost_limit",
                f"The model calls cost ${self._spent_usd:.6g} so far, more than the scenario's "
                f"cost_usd of ${limit:.6g}.",
            )
        return event

    def code_execution(self, **fields: Any) -> CodeExecution:
        """Record a code block that ran."""
        return self._keep(CodeExecution, fields)

    def tool_call(self, **fields: Any) -> ToolInvocation:
        """Record that a tool is called."""
        return self._keep(ToolInvocation, fields)

    def tool_result(self, **fields: Any) -> ToolResult:
        """Record what a tool call returned."""
        return self._keep(ToolResult, fields)

    def speaker_selection(self, **fields: Any) -> SpeakerSelection:
        """Record who was chosen to speak next."""
        return self._keep(SpeakerSelection, fields)

    def human_input(self, **fields: Any) -> HumanInput:
        """Record a question to a human and the answer."""
        return self._keep(HumanInput, fields)

    def fault(self, **fields: Any) -> Fault:
        """Record a fault that a mock injected."""
        return self._keep(Fault, fields)

    def terminate(
        self,
        reason: TerminationReason,
        detail: str,
        *,
        agent: str | None = None,
        message_index: int | None = None,
        exception: ExceptionInfo | None = None,
    ) -> Termination:
        """Record why the conversation ended; the first reason given stands.

        Returns:
            The termination that stands.
        """
        if self._termination is None:
            fields = {
                "reason": reason,
                "detail": detail,
                "agent": agent,
                "message_index": message_index,
                "exception": exception,
            }
            self._termination = self._keep(Termination, fields)
        return self._termination

    def terminate_for(self, error: BaseException) -> Termination:
        """Record that an exception ended the conversation: a limit, or else an error."""
        index = self._last_message_index
        if isinstance(error, LimitReached):
            return self.terminate(error.reason, str(error), message_index=index)
        return self.terminate(
            "error",
            f"{type(error).__name__}: {text_of(error)}",
            message_index=index,
            exception=exception_info(error),
        )

    def overrule(self, error: BaseException) -> None:
        """Put an error in place of the termination: the conversation went on over it."""
        with self._lock:
            if self._termination is not None and self._termination.reason != "error":
                self._events.pop()
                self._termination = None
        self.terminate_for(error)

    def transcript(self, engine: str, engine_version: str) -> Transcript:
        """The events so far as a transcript."""
        return Transcript(engine=engine, engine_version=engine_version, events=self.events)

    def _keep(
        self, kind: type[E], fields: dict[str, Any], sent: Sequence[RequestMessage] = ()
    ) -> E:
        for name, value in fields.items():
            # A lone surrogate cannot be stored as JSON; isascii() is free, so this costs nothing.
            if type(value) is str and not value.isascii():
                fields[name] = storable(value)
        with self._lock:
            if sent:
                # Under the lock: numbers count on from the call before.
                fields |= self._requests.enter(sent)
            event = kind(
                index=len(self._events),
                offset_seconds=round(max(0.0, self._clock() - self._started), 6),
                **fields,
            )
            if self._termination is None:
                self._events.append(event)
                if self._spool is not None:
                    self._spool.write(_encoder.encode(event) + b"\n")
                    self._spool.flush()
        return event


def read_spool(data: bytes) -> tuple[AnyEvent, ...]:
    """Read back what a recorder spooled, ignoring a last line that was cut short.

    Args:
        data: What the spool file holds.

    Returns:
        The events up to the first line that is torn or damaged.
    """
    decoder = msgspec.json.Decoder(AnyEvent)
    events: list[AnyEvent] = []
    for line in data.split(b"\n")[:-1]:
        try:
            event = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            break
        if event.index != len(events):
            break
        events.append(event)
    return tuple(events)


def exception_info(error: BaseException, *, with_traceback: bool = True) -> ExceptionInfo:
    """Turn an exception into data.

    Args:
        error: The exception.
        with_traceback: Whether to format the traceback, which is slow.
    """
    kind = type(error)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    lines = traceback.format_exception(error) if with_traceback else ()
    return ExceptionInfo(
        type=f"{module}{kind.__qualname__}",
        message=storable(_message(error)),
        traceback=storable("".join(lines)),
        where=storable(_place(error)),
    )


def text_of(error: BaseException) -> str:
    """The error's own text, also where making it fails."""
    try:
        return str(error)
    except Exception as fault:
        return f"(its text cannot be made: {type(fault).__name__})"


def _message(error: BaseException) -> str:
    """The error's text; an SDK's "Connection error." says what it was only in its cause."""
    root, seen = error, {id(error)}
    # Causes may be made to go in a circle.
    while root.__cause__ is not None and id(root.__cause__) not in seen:
        root = root.__cause__
        seen.add(id(root))
    message, cause = text_of(error), text_of(root)
    if root is error or not cause or cause in message:
        return message
    return f"{message} (cause: {type(root).__name__}: {cause})"


# Code of ours, of installed packages and of Python itself is not where a user's mistake is.
_FOREIGN = tuple(
    {
        os.path.dirname(os.path.abspath(__file__)) + os.sep,
        sysconfig.get_path("stdlib") + os.sep,
        sysconfig.get_path("purelib") + os.sep,
        sysconfig.get_path("platlib") + os.sep,
        "<",
    }
)


def is_own_code(path: str) -> bool:
    """Whether a file is the user's own: not of harness, an installed package or Python itself."""
    return not path.startswith(_FOREIGN)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if is_own_code(frame.filename)]
    if not own:
        return ""
    path = own[-1].filename
    inside = path.removeprefix(os.getcwd() + os.sep)
    return f"{inside}:{own[-1].lineno}"


def storable(text: str) -> str:
    """The text with lone surrogates, which JSON cannot hold, replaced by ``?``."""
    return text.encode("utf-8", "replace").decode()
