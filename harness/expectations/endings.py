"""How a conversation ended, and what it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.expectations.subject import Finding, misnamed
from harness.expectations.words import compiled
from harness.model.score import Unscored
from harness.model.transcript import TERMINATION_REASONS
from harness.pricing import cost_of_call

if TYPE_CHECKING:
    from harness.expectations.subject import Subject


def ended(
    subject: Subject, reasons: tuple[str, ...], by: str | None, because: str | None
) -> Finding | None:
    """Ended for one of some reasons, by an agent, with a detail that fits a pattern."""
    _require_reasons(reasons)
    event = subject.transcript.termination_event
    if event is None:
        return Finding(text="It has not ended: the transcript holds no termination.")
    evidence = (event.index,) if event.message_index is None else (event.message_index, event.index)
    was = f"{event.reason} of {event.agent or 'nobody in particular'}: {event.detail}"
    if reasons and event.reason not in reasons:
        return Finding(
            text=f"Expected to end by {' or '.join(reasons)}; ended by {was}", evidence=evidence
        )
    if by is not None and event.agent != by:
        hint = misnamed(subject.transcript, by)
        return Finding(text=f"Expected {by} to end it; ended by {was}{hint}", evidence=evidence)
    if because is not None and not compiled(because).search(event.detail):
        return Finding(
            text=f"Expected to end for something like {because!r}; ended by {was}",
            evidence=evidence,
        )
    return None


def _require_reasons(reasons: tuple[str, ...]) -> None:
    for reason in reasons:
        if reason not in TERMINATION_REASONS:
            raise HarnessError(
                f"{reason!r} is no termination reason; valid choices: "
                f"{', '.join(TERMINATION_REASONS)}."
            )


def within(
    subject: Subject, turns: int | None, cost_usd: float | None, tokens: int | None
) -> Finding | None:
    """Took no more than this."""
    if turns is None and cost_usd is None and tokens is None:
        raise HarnessError("within() needs at least one of turns=, cost_usd= and tokens=.")
    checks = [
        _turns(subject, turns) if turns is not None else None,
        _cost(subject, cost_usd) if cost_usd is not None else None,
        _tokens(subject, tokens) if tokens is not None else None,
    ]
    return next((finding for finding in checks if finding), None)


def _turns(subject: Subject, limit: int) -> Finding | None:
    messages = subject.transcript.messages
    if not messages:
        return Finding(text="It has no turns to count: no message was exchanged.")
    if len(messages) <= limit:
        return None
    return Finding(
        text=f"Expected at most {limit} turns; it took {len(messages)}.",
        evidence=(messages[limit].index,),
    )


def _cost(subject: Subject, limit: float) -> Finding | None:
    if isinstance(subject.cost, Unscored):
        return Finding(text=f"Its cost is not known: {subject.cost.reason}")
    if subject.cost is not None:
        return _over(subject.cost.value, limit)
    calls = subject.transcript.model_calls
    if not calls:
        return Finding(text="Its cost is not known: no model call was made.")
    costs = [(call, cost_of_call(call)) for call in calls]
    unknown = [call for call, cost in costs if cost is None]
    if unknown:
        return Finding(
            text=f"Its cost is not known: {len(unknown)} of {len(calls)} model calls have no price "
            f"or no usage; the first asked {unknown[0].model_requested!r}.",
            evidence=(unknown[0].index,),
        )
    return _over(sum(cost for _, cost in costs if cost is not None), limit)


def _over(cost: float, limit: float) -> Finding | None:
    if cost <= limit:
        return None
    return Finding(text=f"Expected to cost at most ${limit:.6g}; it cost ${cost:.6g}.")


def _tokens(subject: Subject, limit: int) -> Finding | None:
    calls = subject.transcript.model_calls
    if not calls:
        return Finding(text="Its tokens are not known: no model call was made.")
    silent = [call for call in calls if call.usage is None]
    if silent:
        return Finding(
            text=f"Its tokens are not known: {len(silent)} of {len(calls)} calls tell no usage.",
            evidence=(silent[0].index,),
        )
    total = sum(call.usage.total_tokens for call in calls if call.usage)
    if total <= limit:
        return None
    return Finding(text=f"Expected at most {limit} tokens; it took {total}.")
