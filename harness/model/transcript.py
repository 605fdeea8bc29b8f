"""What happened in one sample: an ordered tuple of events, and the encoding of it.

The JSON form is versioned. `decode_transcript` refuses unknown fields and
migrates older versions (see `harness.model.migrations`).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from harness.model.execution import FileChange, LimitName
from harness.model.requests import RequestMessage, ToolCall
from harness.model.structs import Strict as _Strict

SCHEMA_VERSION = 3

TerminationReason = Literal[
    "termination_message",
    "max_consecutive_auto_reply",
    "max_turns",
    "max_round",
    "no_reply",
    "no_next_speaker",
    "human_exit",
    "error",
    "timeout",
    "cost_limit",
    "turn_limit",
]
TERMINATION_REASONS: tuple[TerminationReason, ...] = (
    "termination_message",
    "max_consecutive_auto_reply",
    "max_turns",
    "max_round",
    "no_reply",
    "no_next_speaker",
    "human_exit",
    "error",
    "timeout",
    "cost_limit",
    "turn_limit",
)

Purpose = Literal["reply", "speaker_selection", "summary", "other"]


class Usage(_Strict, frozen=True, kw_only=True):
    """Tokens of one model call, as the provider counted them.

    Attributes:
        prompt_tokens: Input tokens, cached ones included, >= 0.
        completion_tokens: Output tokens, reasoning ones included, >= 0.
        cached_tokens: The part of prompt_tokens read from the provider's cache.
        reasoning_tokens: The part of completion_tokens spent on hidden reasoning.
        cache_write_tokens: The part of prompt_tokens written to the provider's cache,
            where that has a price of its own.
        cache_write_1h_tokens: The part of cache_write_tokens kept for an hour, not minutes.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Prompt plus completion tokens."""
        return self.prompt_tokens + self.completion_tokens


class ExceptionInfo(_Strict, frozen=True, kw_only=True):
    """An exception as data.

    Attributes:
        type: Qualified name of its type.
        message: Its text, with that of its root cause when it does not tell it itself.
        traceback: Formatted; may be empty.
        where: "file:line" of the innermost frame in the user's own code; "" if there is none.
    """

    type: str
    message: str
    traceback: str = ""
    where: str = ""


class Event(_Strict, frozen=True, kw_only=True, gc=False):
    """What every event has.

    Events refer to nothing that could refer back, so the collector of cycles need not know them:
    a run has hundreds of thousands.

    Attributes:
        index: Position in the transcript, from 0 without gaps.
        offset_seconds: Wall-clock seconds since the sample began, >= 0.
    """

    index: int
    offset_seconds: float


class Message(Event, frozen=True, kw_only=True, tag="message"):
    """One turn: a message in the conversation that the participants see.

    Attributes:
        speaker: Name of the agent that said it.
        recipient: Name of the agent it was sent to (the manager, in a group chat).
        role: Role the framework gave the message.
        content: Text as the participants see it; empty for a bare tool call.
        tool_calls: Tool calls the message carries.
        tool_call_id: For a tool result sent as a message, the call it answers.
    """

    speaker: str
    recipient: str
    role: Literal["user", "assistant", "tool", "function", "system"] = "assistant"
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


class ModelCall(Event, frozen=True, kw_only=True, tag="model_call"):
    """One request to a model, also those the framework hides.

    Attributes:
        agent: Name of the agent on whose behalf it was made; for speaker
            selection, the manager that needed to choose.
        purpose: Why it was made.
        attempt: 1 for the first try, 2 and up for the framework's own retries.
        model_requested: Model the request named.
        model_answered: Model the response named; None if there was no response.
        usage: Tokens; None when the provider sent no usage.
        finish_reason: As the provider said: "stop", "length", "tool_calls", ...
        latency_seconds: Seconds the provider took; in a replay, as recorded.
        prompt: Text of the last message of the request.
        prompt_messages: Number of messages in the request.
        new_messages: The messages of the request that no call before it had sent.
        request: The whole request, see `Transcript.request_of`: numbers of messages, counted
            from 0 over the `new_messages` of all calls up to this one; empty if unknown.
        reply: Text of the response.
        tool_calls: Tool calls in the response.
        error: The exception that ended the call, if any.
    """

    agent: str
    purpose: Purpose = "reply"
    attempt: int = 1
    model_requested: str
    model_answered: str | None = None
    usage: Usage | None = None
    finish_reason: str | None = None
    latency_seconds: float = 0.0
    prompt: str = ""
    prompt_messages: int = 0
    new_messages: tuple[RequestMessage, ...] = ()
    request: tuple[int, ...] = ()
    reply: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    error: ExceptionInfo | None = None


class CodeExecution(Event, frozen=True, kw_only=True, tag="code_execution"):
    """One code block that was run.

    Attributes:
        agent: Name of the agent that ran it.
        language: Normalised name: "python", "sh", or what the block claimed.
        code: Source as run.
        exit_code: Exit code the agents saw; 0 is success.
        output: What the agents were told of its stdout and stderr.
        duration_seconds: Wall-clock time of the run.
        timed_out: Whether the time limit ended it.
        sandbox: Label of the sandbox that ran it; empty for a block that was not run.
        stdout: Standard output, at most as long as the scenario's limit.
        stderr: Standard error, likewise.
        cut_bytes: How much of both was cut out of their middle.
        cpu_seconds: Processor time of all its processes; None where it was not measured.
        peak_memory_bytes: Most memory in use, libraries included; None likewise.
        limit: The limit that ended it or that it reached; None if it kept within all.
        files: What it did to the files of the workspace, in order of path.
        contained: What the sandbox refused it, in the words of the error it met.
        infrastructure: Why it could not be run although nothing was wrong with the code:
            AutoGen's own executor would have crashed here. Empty if it ran.
        is_remembered: Whether the outcome is that of an earlier run of the same code.
    """

    agent: str
    language: str
    code: str
    exit_code: int
    output: str
    duration_seconds: float
    timed_out: bool = False
    sandbox: str = ""
    stdout: str = ""
    stderr: str = ""
    cut_bytes: int = 0
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    limit: LimitName | None = None
    files: tuple[FileChange, ...] = ()
    contained: tuple[str, ...] = ()
    infrastructure: str = ""
    is_remembered: bool = False


class ToolInvocation(Event, frozen=True, kw_only=True, tag="tool_call"):
    """A tool was called: who, which one, with which arguments (JSON text)."""

    agent: str
    name: str
    arguments: str
    call_id: str = ""


class ToolResult(Event, frozen=True, kw_only=True, tag="tool_result"):
    """What a tool call returned, or how it failed."""

    agent: str
    name: str
    content: str
    call_id: str = ""
    is_error: bool = False


class SpeakerSelection(Event, frozen=True, kw_only=True, tag="speaker_selection"):
    """A group chat chose who speaks next.

    Attributes:
        manager: Name of the group chat's manager, or "" if it has none.
        method: "auto", "round_robin", "random", "manual" or the custom function's name.
        last_speaker: Who spoke before.
        candidates: Names that could be chosen.
        selected: Who was chosen; None when nobody could be.
        model_calls: How many model calls the choice took; 0 when none was needed.
    """

    manager: str
    method: str
    last_speaker: str
    candidates: tuple[str, ...]
    selected: str | None
    model_calls: int = 0


class HumanInput(Event, frozen=True, kw_only=True, tag="human_input"):
    """A human (scripted or real) was asked, and what they answered; "" means skip."""

    agent: str
    prompt: str
    reply: str


class Fault(Event, frozen=True, kw_only=True, tag="fault"):
    """A fault a mock injected on purpose."""

    agent: str
    kind: str
    detail: str


class Termination(Event, frozen=True, kw_only=True, tag="termination"):
    """Why the conversation ended; always the last event of a finished transcript.

    Attributes:
        reason: One of TERMINATION_REASONS.
        agent: The agent whose condition, cap or answer ended it, if one did.
        detail: One sentence for a reader.
        message_index: Index of the message event that triggered it, if one did.
        exception: For "error", what was raised.
    """

    reason: TerminationReason
    detail: str
    agent: str | None = None
    message_index: int | None = None
    exception: ExceptionInfo | None = None


AnyEvent = (
    Message
    | ModelCall
    | CodeExecution
    | ToolInvocation
    | ToolResult
    | SpeakerSelection
    | HumanInput
    | Fault
    | Termination
)


class Transcript(_Strict, frozen=True, kw_only=True):
    """Every event of one sample, in order.

    Attributes:
        schema_version: Version of this JSON form.
        engine: Name of the engine that drove the team, e.g. "autogen".
        engine_version: Distribution and version of the framework, e.g. "autogen 0.14.1".
        events: The events; indices run from 0 without gaps.
    """

    schema_version: int = SCHEMA_VERSION
    engine: str
    engine_version: str
    events: tuple[AnyEvent, ...] = ()

    def __repr__(self) -> str:
        # All events would fill the screen wherever a debugger or an assertion shows one.
        end = f"ended by {self.termination}" if self.termination else "not ended"
        return f"<Transcript of {self.engine_version or self.engine}: {self.turns} turns, {end}>"

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages the participants saw, in order."""
        return tuple(event for event in self.events if isinstance(event, Message))

    @property
    def turns(self) -> int:
        """Number of messages the participants saw, the opening one included."""
        return len(self.messages)

    @property
    def speakers(self) -> list[str]:
        """Who spoke, turn by turn."""
        return [message.speaker for message in self.messages]

    @property
    def model_calls(self) -> tuple[ModelCall, ...]:
        """Every model call, hidden ones included, in order."""
        return tuple(event for event in self.events if isinstance(event, ModelCall))

    def request_of(self, call: ModelCall) -> tuple[RequestMessage, ...]:
        """Every message a call of this transcript was sent, in order.

        Empty where the request was not recorded, as in transcripts before version 3.
        """
        sent = [message for each in self.model_calls for message in each.new_messages]
        return tuple(sent[number] for number in call.request)

    @property
    def code_executions(self) -> tuple[CodeExecution, ...]:
        """Every code block that ran, in order."""
        return tuple(event for event in self.events if isinstance(event, CodeExecution))

    @property
    def termination_event(self) -> Termination | None:
        """The termination event; None while the conversation has not ended."""
        last = self.events[-1] if self.events else None
        return last if isinstance(last, Termination) else None

    @property
    def termination(self) -> TerminationReason | None:
        """The termination reason; None while the conversation has not ended."""
        event = self.termination_event
        return event.reason if event else None


def encode_transcript(transcript: Transcript) -> bytes:
    """Encode a transcript as UTF-8 JSON."""
    return msgspec.json.encode(transcript)


def decode_transcript(data: bytes | str) -> Transcript:
    """Decode a transcript of this or an older schema version.

    Args:
        data: JSON text.

    Returns:
        The transcript in the current schema version.

    Raises:
        SchemaError: If it is not JSON, has an unknown field, a wrong type, an
            unknown version, or event indices with gaps.
    """
    from harness.model.migrations import load_transcript

    return load_transcript(data)


def transcript_json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the current transcript version."""
    return msgspec.json.schema(Transcript)
