"""Faults of a model's provider: which there are, what a scenario demands, what came of it.

They are injected at the HTTP layer, into the answer of a cassette or a script, so that the
team's own client, its retries and its parsing all take part.
"""

from __future__ import annotations

from typing import Literal

from harness.model.structs import Strict as _Strict

FaultClass = Literal["rate_limit", "server", "network", "malformed", "content", "tools", "speaker"]


class FaultKind(_Strict, frozen=True, kw_only=True):
    """One kind of fault.

    Attributes:
        name: As scenarios name it.
        group: The class it belongs to.
        summary: What the client gets.
    """

    name: str
    group: FaultClass
    summary: str


def _kind(group: FaultClass, name: str, summary: str) -> FaultKind:
    return FaultKind(name=name, group=group, summary=summary)


FAULTS: dict[str, FaultKind] = {
    kind.name: kind
    for kind in (
        _kind("rate_limit", "retry_after", "status 429 with Retry-After: 60"),
        _kind("rate_limit", "no_retry_after", "status 429 without Retry-After"),
        _kind("server", "server_error", "status 500"),
        _kind("server", "unavailable", "status 503"),
        _kind("network", "connection_reset", "the connection is reset"),
        _kind("network", "timeout", "no answer within the client's time limit"),
        _kind("network", "slow_first_byte", "the first byte comes after 45 seconds"),
        _kind("network", "stream_cut", "the connection ends in the middle of a chunk"),
        _kind("malformed", "malformed_json", "the body stops in the middle of its JSON"),
        _kind("malformed", "empty_choices", "choices: []"),
        _kind("malformed", "not_utf8", "bytes in the text that are not UTF-8"),
        _kind("content", "null_content", "content: null"),
        _kind("content", "refusal", "content: null and a refusal"),
        _kind("content", "cut_in_code", "finish_reason: length in the middle of a code fence"),
        _kind("content", "repeated", "what the agent said before, word for word"),
        _kind("content", "quoted_ending", "TERMINATE inside a sentence that ends nothing"),
        _kind("content", "unnamed_code", "a code fence without a language"),
        _kind("content", "unbounded", "a hundred thousand characters"),
        _kind("tools", "unknown_tool", "a call of a tool that does not exist"),
        _kind("tools", "invalid_arguments", "a call whose arguments are not JSON"),
        _kind("speaker", "unknown_speaker", "a speaker who does not exist is chosen"),
        _kind("speaker", "two_speakers", "two speakers are named"),
    )
}
FAULT_CLASSES: tuple[str, ...] = tuple(dict.fromkeys(kind.group for kind in FAULTS.values()))


class FaultRule(_Strict, frozen=True, kw_only=True):
    """When one fault is injected; what is left out fits every call.

    Attributes:
        fault: Name of the fault.
        agent: Only into calls of this agent.
        purpose: Only into calls made for this purpose.
        call: Into the how-manieth call that fits, from 1.
        times: How many requests in a row fail, from there on; the client's retries count.
    """

    fault: str
    agent: str | None = None
    purpose: str | None = None
    call: int = 1
    times: int = 1


class FaultPlan(_Strict, frozen=True, kw_only=True):
    """The faults of one conversation.

    Attributes:
        rules: Injected where they fit.
        rate: Share of all requests that get a fault by chance, 0 to 1.
        kinds: Faults that chance chooses from.
        seed: Chooses where and which; the same seed chooses the same.
    """

    rules: tuple[FaultRule, ...] = ()
    rate: float = 0.0
    kinds: tuple[str, ...] = ()
    seed: int = 0


class Resilience(_Strict, frozen=True, kw_only=True):
    """What a scenario demands of its team when the provider fails.

    Attributes:
        survive: Faults, each injected into a conversation of its own.
        calls: Each is injected once into each of the first so many calls that it fits.
        times: How many requests in a row fail.
        accept: Reasons to end for; empty for those that the scenario accepts.
        plan: Faults that are injected together into one more conversation.
    """

    survive: tuple[str, ...] = ()
    calls: int = 1
    times: int = 1
    accept: tuple[str, ...] = ()
    plan: FaultPlan | None = None

    @property
    def plans(self) -> tuple[tuple[str, FaultPlan], ...]:
        """Name and faults of each conversation to try."""
        single = tuple(
            (name, FaultPlan(rules=(FaultRule(fault=name, call=call, times=self.times),)))
            for name in self.survive
            for call in range(1, self.calls + 1)
        )
        return single if self.plan is None else (*single, ("planned", self.plan))


class FaultTrial(_Strict, frozen=True, kw_only=True):
    """What became of one conversation with faults.

    Attributes:
        fault: The fault, or "planned" for several together.
        where: The first request it was injected into, for people; "" if none fitted.
        injected: Number of requests that got a fault.
        outcome: Termination reason, or "not injected".
        passed: Whether it ended as demanded; None if nothing was injected.
        detail: One sentence.
        turns: Messages.
        cost_usd: US dollars; None if unknown.
        waited_seconds: Time that passed for the client, none of which was really waited.
    """

    fault: str
    where: str
    injected: int
    outcome: str
    passed: bool | None
    detail: str
    turns: int
    cost_usd: float | None = None
    waited_seconds: float = 0.0


def faults_named(name: str) -> tuple[str, ...]:
    """The faults that a name stands for: itself, or all of its class; none if unknown."""
    if name in FAULTS:
        return (name,)
    return tuple(kind.name for kind in FAULTS.values() if kind.group == name)


def group_of(fault: str) -> str:
    """The class of a fault; "" for several together."""
    return FAULTS[fault].group if fault in FAULTS else ""
