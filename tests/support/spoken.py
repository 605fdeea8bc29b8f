"""Transcripts written down line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.capture import Recorder
from harness.model.transcript import Transcript, Usage

if TYPE_CHECKING:
    from collections.abc import Callable


def transcript(*steps: Callable[[Recorder], Any]) -> Transcript:
    recorder = Recorder(clock=lambda: 0.0)
    for step in steps:
        step(recorder)
    return recorder.transcript("autogen", "autogen 0.14.1")


def say(speaker: str, content: str = "Well.", to: str = "chat") -> Callable[[Recorder], Any]:
    return lambda recorder: recorder.message(speaker=speaker, recipient=to, content=content)


def ran(exit_code: int, language: str = "python", output: str = "") -> Callable[[Recorder], Any]:
    return lambda recorder: recorder.code_execution(
        agent="executor",
        language=language,
        code="print()",
        exit_code=exit_code,
        output=output,
        duration_seconds=0.1,
    )


def tool(name: str, arguments: str) -> Callable[[Recorder], Any]:
    return lambda recorder: recorder.tool_call(agent="coder", name=name, arguments=arguments)


def call(model: str = "gpt-4o-mini", tokens: int | None = 1000) -> Callable[[Recorder], Any]:
    usage = None if tokens is None else Usage(prompt_tokens=tokens, completion_tokens=0)
    return lambda recorder: recorder.model_call(
        agent="coder", model_requested=model, model_answered=model, usage=usage
    )


def end(reason: Any = "termination_message", agent: str | None = "user") -> Any:
    detail = f"The last message met the condition of {agent}."
    return lambda recorder: recorder.terminate(
        reason, detail, agent=agent, message_index=recorder.last_message_index
    )


def spoken(*speakers: str) -> Transcript:
    """Each says one thing, then it ends."""
    return transcript(*(say(name, f"Word {n}.") for n, name in enumerate(speakers)), end())
