"""Runs of conversations that are written down message by message."""

import msgspec
from report_logs import outcome_log

from harness.model.requests import RequestMessage, RequestTable
from harness.model.score import Score
from harness.model.transcript import (
    CodeExecution,
    Message,
    ModelCall,
    SpeakerSelection,
    Termination,
    Transcript,
    Usage,
)


def said(speaker, content, recipient="team", **fields):
    return Message(index=0, offset_seconds=0, speaker=speaker, recipient=recipient, content=content)


def ran(code, *, exit_code=0, output="done\n"):
    return CodeExecution(
        index=0,
        offset_seconds=0,
        agent="executor",
        language="python",
        code=code,
        exit_code=exit_code,
        output=output,
        duration_seconds=0.1,
    )


def sent(role, content, name=""):
    """One message of a request."""
    return RequestMessage(role=role, name=name, content=content)


def asked(agent, prompt, reply, *, messages=0, purpose="reply"):
    """A model call: `prompt` is its whole request, or its last message where that is all known."""
    is_whole = not isinstance(prompt, str)
    return ModelCall(
        index=0,
        offset_seconds=0,
        agent=agent,
        purpose=purpose,
        model_requested="m",
        usage=Usage(prompt_tokens=321, completion_tokens=7),
        finish_reason="stop",
        latency_seconds=1.25,
        prompt=prompt[-1].content if is_whole else prompt,
        prompt_messages=len(prompt) if is_whole else messages,
        new_messages=tuple(prompt) if is_whole else (),
        reply=reply,
    )


def chose(selected, last="user"):
    return SpeakerSelection(
        index=0,
        offset_seconds=0,
        manager="manager",
        method="auto",
        last_speaker=last,
        candidates=("coder", "reviewer"),
        selected=selected,
    )


def ended():
    return Termination(index=0, offset_seconds=0, reason="termination_message", detail="Done.")


def talk_log(*talks, labels=()):
    """A run with one sample per talk: config a, b, ... of one scenario."""
    log = outcome_log({name: {"one": "p"} for name, _ in zip("abcdef", talks, strict=False)})
    samples = (_with(sample, talk, labels) for sample, talk in zip(log.samples, talks, strict=True))
    return msgspec.structs.replace(log, samples=tuple(samples))


def _request(table, event):
    return table.enter(event.new_messages) if isinstance(event, ModelCall) else {}


def _with(sample, talk, labels):
    table = RequestTable()
    events = tuple(
        msgspec.structs.replace(event, index=index, **_request(table, event))
        for index, event in enumerate([*talk, ended()])
    )
    scores = list(sample.scores)
    if labels:
        evidence = tuple(sorted({index for _, *found in labels for index in found}))
        details = {"labels": [list(label) for label in labels]}
        scores.append(
            Score(
                scorer="labels",
                value=float(len(labels)),
                unit="count",
                reason="found",
                evidence=evidence,
                details=details,
            )
        )
    transcript = Transcript(engine="mock", engine_version="mock", events=events)
    return msgspec.structs.replace(sample, transcript=transcript, scores=tuple(scores))
