"""What must hold in every conversation, whatever was said in it: ends, exceptions, tools.

Each invariant is a function of a `Played`, the settings and the accepted reasons; it returns
a `Violation` or None. They judge the team, not the models: a model may say what it likes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.fuzzing.violation import Violation
from harness.model.transcript import CodeExecution, HumanInput, Message, ToolResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.fuzzing.moves import Said
    from harness.fuzzing.played import Played
    from harness.fuzzing.settings import FuzzSettings

# Ends that nothing in the team decided.
_STOPPED = ("turn_limit", "cost_limit", "timeout")


def no_exception(
    played: Played, _settings: FuzzSettings, _accepted: frozenset[str]
) -> Violation | None:
    """No exception leaves the team."""
    ending = played.transcript.termination_event
    if ending is None or ending.reason != "error":
        return None
    where = ending.exception.where if ending.exception else ""
    at = f", at {where}" if where else ""
    return Violation(
        invariant="no-exception",
        reason=f"The team crashed{at}: {ending.detail}",
        index=ending.index,
    )


def ends(played: Played, _settings: FuzzSettings, accepted: frozenset[str]) -> Violation | None:
    """The team ends every conversation, for a reason that is accepted."""
    ending = played.transcript.termination_event
    if ending is None or ending.reason == "error" or ending.reason in accepted:
        return None
    if ending.reason in _STOPPED:
        reason = f"The team did not end the conversation, the harness had to: {ending.detail}"
    else:
        reason = (
            f"It ended by {ending.reason} ({ending.detail}), which is not among the accepted "
            f"reasons: {', '.join(sorted(accepted))}."
        )
    return Violation(invariant="ends", reason=reason, index=ending.index)


def hears_the_end(
    played: Played, settings: FuzzSettings, _accepted: frozenset[str]
) -> Violation | None:
    """Nobody speaks after the closing word, unless a human wants to go on."""
    for said, message in _spoken(played):
        if said.means != "end" or message.recipient not in played.outer:
            continue
        after = next(_messages_after(played, message.index), None)
        if after is not None and not _human_spoke(played, message.index, after.index):
            return Violation(
                invariant="hears-the-end",
                reason=(
                    f"{message.speaker} ended the conversation by {settings.closing}, but it "
                    f"went on: {after.speaker} spoke. (If {message.speaker} may not end it, "
                    "name those who may as closers.)"
                ),
                index=after.index,
            )
    return None


def ends_when_meant(
    played: Played, settings: FuzzSettings, _accepted: frozenset[str]
) -> Violation | None:
    """A message that merely names the closing word ends nothing."""
    ending = played.transcript.termination_event
    if ending is None or ending.reason != "termination_message":
        return None
    last = played.transcript.messages[-1]
    means = _intentions(played).get(last.index, "either")
    if means != "go_on":
        return None
    return Violation(
        invariant="ends-when-meant",
        reason=(
            f"The conversation ended at a message of {last.speaker} that was no end: it "
            f"{'names' if settings.closing in last.content else 'does not even name'} "
            f"{settings.closing}. {ending.detail}"
        ),
        index=ending.index,
    )


def calls_get_results(
    played: Played, _settings: FuzzSettings, _accepted: frozenset[str]
) -> Violation | None:
    """Every tool call gets its result, unless a limit ended the conversation right there."""
    messages = played.transcript.messages
    events = played.transcript.events
    answered = {event.call_id for event in events if isinstance(event, ToolResult)}
    answered |= {message.tool_call_id for message in messages if message.tool_call_id}
    for message in messages:
        missing = [call for call in message.tool_calls if call.id not in answered]
        after = next(_messages_after(played, message.index), None)
        if missing and after is not None:
            return Violation(
                invariant="calls-get-results",
                reason=(
                    f"{message.speaker} called {', '.join(call.name for call in missing)}, and "
                    f"{after.speaker} spoke before there was a result."
                ),
                index=after.index,
            )
    return None


def _spoken(played: Played) -> Iterator[tuple[Said, Message]]:
    """Each reply of a model with the message it became, if it became one as it is."""
    messages = played.transcript.messages
    for said, before in played.said:
        if said.purpose != "reply":
            continue
        message = next((m for m in messages if m.index > before and m.speaker == said.agent), None)
        if message is not None and message.content == (said.text or ""):
            yield said, message


def _intentions(played: Played) -> dict[int, str]:
    """By index, what a message was meant to do; of messages nobody knows about, nothing."""
    known = {message.index: str(said.means) for said, message in _spoken(played)}
    known[played.transcript.messages[0].index] = "go_on"
    for event in played.transcript.events:
        if isinstance(event, CodeExecution):
            for after in _messages_after(played, event.index):
                known.setdefault(after.index, "go_on")
                break
    return known


def _messages_after(played: Played, index: int) -> Iterator[Message]:
    return (message for message in played.transcript.messages if message.index > index)


def _human_spoke(played: Played, start: int, end: int) -> bool:
    return any(
        isinstance(event, HumanInput) and event.reply not in ("", "exit")
        for event in played.transcript.events[start:end]
    )
