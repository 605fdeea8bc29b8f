"""Turn a good answer into a faulty one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.cassettes.scope import ConnectionLost, NoAnswer
from harness.faults import wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.cassettes.session import Given
    from harness.faults.clock import Clock
    from harness.faults.wire import WireReply

RETRY_AFTER_SECONDS = 60
SLOW_SECONDS = 45.0
_UNBOUNDED = 100_000
_DEFAULT_TIMEOUT_SECONDS = 600.0
_CODE = "Here is the program:\n```python\nfor number in range("
_QUOTED = "I will say TERMINATE when all of it is done, which it is not yet."


@dataclass(frozen=True, kw_only=True)
class Spot:
    """The request that gets a fault.

    Attributes:
        good: The answer it would have got.
        number: Its number in the conversation, from 1.
        is_stream: Whether it asked for events.
        tools: Names of the tools it offers.
        previous: What this agent said before; "" for nothing.
        names: Agents known so far, for choosing two of them.
        timeout_seconds: How long the client waits for an answer; None if it does not say.
    """

    good: Given
    number: int
    is_stream: bool
    tools: tuple[str, ...] = ()
    previous: str = ""
    names: tuple[str, ...] = ()
    timeout_seconds: float | None = None


def spoil(fault: str, spot: Spot, clock: Clock) -> Given:
    """The faulty answer.

    Raises:
        ConnectionLost: If the fault is that there is none.
        NoAnswer: If the client has waited for it in vain.
    """
    if fault in _TRANSPORT:
        return _TRANSPORT[fault](spot, clock)
    reply = wire.read(spot.good) or wire.WireReply(content="")
    return wire.render(_SAYING[fault](reply, spot), spot.number, is_stream=spot.is_stream)


def _reset(_spot: Spot, _clock: Clock) -> Given:
    raise ConnectionLost("Connection reset by peer")


def _timeout(spot: Spot, clock: Clock) -> Given:
    clock.pass_time(spot.timeout_seconds or _DEFAULT_TIMEOUT_SECONDS)
    raise NoAnswer("The read operation timed out")


def _slow(spot: Spot, clock: Clock) -> Given:
    limit = spot.timeout_seconds
    if limit is not None and limit < SLOW_SECONDS:
        return _timeout(spot, clock)
    clock.pass_time(SLOW_SECONDS)
    return spot.good


def _rate_limit(headers: dict[str, str]) -> Given:
    return wire.error(429, "Rate limit reached for requests", "rate_limit_exceeded", headers)


def _cut(spot: Spot, _clock: Clock) -> Given:
    # Past the middle, so that a stream is cut inside its first event.
    return replace(spot.good, content=spot.good.content[: _middle(spot)], is_cut=True)


def _malformed(spot: Spot, _clock: Clock) -> Given:
    return replace(spot.good, content=spot.good.content[: _middle(spot)])


def _middle(spot: Spot) -> int:
    end = spot.good.content.find(b"\n\n") if spot.is_stream else len(spot.good.content)
    return max(1, end // 2)


def _no_choices(spot: Spot, _clock: Clock) -> Given:
    if spot.is_stream:
        return replace(spot.good, content=b'data: {"id":"x","choices":[]}\n\ndata: [DONE]\n\n')
    body = b'{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[]}'
    return replace(spot.good, content=body)


def _not_utf8(spot: Spot, _clock: Clock) -> Given:
    reply = wire.read(spot.good) or wire.WireReply(content="")
    marked = replace(reply, content=f"caf#NOT-UTF-8# {reply.content or ''}")
    given = wire.render(marked, spot.number, is_stream=spot.is_stream)
    return replace(given, content=given.content.replace(b"#NOT-UTF-8#", b"\xe9\xff"))


_TRANSPORT: dict[str, Callable[[Spot, Any], Given]] = {
    "retry_after": lambda _spot, _clock: _rate_limit({"retry-after": str(RETRY_AFTER_SECONDS)}),
    "no_retry_after": lambda _spot, _clock: _rate_limit({}),
    "server_error": lambda _spot, _clock: wire.error(
        500, "The server had an error", "server_error"
    ),
    "unavailable": lambda _spot, _clock: wire.error(503, "The engine is overloaded", "overloaded"),
    "connection_reset": _reset,
    "timeout": _timeout,
    "slow_first_byte": _slow,
    "stream_cut": _cut,
    "malformed_json": _malformed,
    "empty_choices": _no_choices,
    "not_utf8": _not_utf8,
}


def _says(text: str | None, **changes: Any) -> Callable[[WireReply, Spot], WireReply]:
    def saying(reply: WireReply, _spot: Spot) -> WireReply:
        return replace(reply, content=text, calls=(), **{"finish_reason": "stop", **changes})

    return saying


def _repeated(reply: WireReply, spot: Spot) -> WireReply:
    return replace(reply, content=spot.previous, calls=(), finish_reason="stop")


def _calls(name: str, arguments: str) -> Callable[[WireReply, Spot], WireReply]:
    def calling(reply: WireReply, spot: Spot) -> WireReply:
        called = name or (spot.tools[0] if spot.tools else "")
        call = (f"call_fault_{spot.number}", called, arguments)
        return replace(reply, content=None, calls=(call,), finish_reason="tool_calls")

    return calling


def _two_speakers(reply: WireReply, spot: Spot) -> WireReply:
    return replace(reply, content=" and ".join(spot.names[:2]) or "everybody", calls=())


_SAYING: dict[str, Callable[[WireReply, Spot], WireReply]] = {
    "null_content": _says(None),
    "refusal": _says(None, refusal="I'm sorry, but I can't help with that."),
    "cut_in_code": _says(_CODE, finish_reason="length"),
    "repeated": _repeated,
    "quoted_ending": _says(_QUOTED),
    "unnamed_code": _says('Please run this:\n```\nprint("plain")\n```'),
    "unbounded": _says("and so on " * (_UNBOUNDED // 10), finish_reason="length"),
    "unknown_tool": _calls("no_such_tool", "{}"),
    "invalid_arguments": _calls("", '{"text": '),
    "unknown_speaker": _says("the_project_lead"),
    "two_speakers": _two_speakers,
}
