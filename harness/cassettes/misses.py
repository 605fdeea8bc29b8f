"""Explaining a miss: the recorded call it was meant to be, what differs, and what to do.

A message is laid out in lines: which call it is and what became of it; what is nearest in the
cassette; what was recorded and asked where the two part, below each other; and the command.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.cassettes.again import command_for, cost_of, estimate, recorded_again
from harness.cassettes.authors import author_of, reply_of, said_in
from harness.cassettes.differences import ABSENT, CONVERSATION, SHORT, Difference, differences
from harness.cassettes.executions import executed_differently
from harness.cassettes.kinds import Cause, Kind, cause_of, message_at, settings_of
from harness.cassettes.nearest import is_the_same, nearest
from harness.cassettes.volatile import rules_for
from harness.model.sample import SCRIPTED_SOURCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.cassettes.cassette import Cassette, Interaction
    from harness.cassettes.matching import Index, Request

_COMMAND = "To record it again: "  # reports show what follows it as code
_NEXT = "\n  "  # begins a line of what was found out
_INSIDE = "\n    "  # and of what stands where two requests part
_MOST_FURTHER = 3  # further differences that are named; the rest is counted


@dataclass(frozen=True)
class Asked:
    """Who asked.

    Attributes:
        agent: Name of the agent; "" if nobody said.
        purpose: Why.
        number: Which request of the sample, from 1.
        agent_number: Which request of this agent, from 1.
    """

    agent: str
    purpose: str
    number: int
    agent_number: int

    def __str__(self) -> str:
        if not self.agent:
            return f"call {self.number}"
        return f"call {self.number} ({self.agent}'s {_ordinal(self.agent_number)}, {self.purpose})"


@dataclass(frozen=True)
class Miss:
    """A request that a cassette has no answer for.

    Attributes:
        kind: What became of the recorded call it was meant to be.
        text: All of it, a thing a line, ending in the command that mends it.
        interaction: Number of the nearest interaction; None in an empty cassette.
        path: JSON path of the first difference; "" if there is none to show.
        calls: How many calls it takes to record again from there.
        cost_usd: What they cost when they were recorded, US dollars; 0 if a scripted
            provider answered; None if one has no price.
    """

    kind: Kind
    text: str
    interaction: int | None = None
    path: str = ""
    calls: int = 0
    cost_usd: float | None = 0.0


@dataclass(frozen=True)
class _Finding:
    """What a comparison with the cassette came to."""

    kind: Kind
    said: str
    entry: Interaction | None = None
    path: str = ""
    is_free: bool = False


def explain(  # noqa: PLR0913 - all but five are keyword-only
    label: str,
    cassette: Cassette,
    index: Index,
    request: Request,
    asked: Asked,
    *,
    rules: Sequence[str] = (),
    command: str = "",
) -> str:
    """Say why a request has no answer; see `miss_of`."""
    return miss_of(label, cassette, index, request, asked, rules=rules, command=command).text


def as_stray(text: str) -> str:
    """Add to an explanation that the request came from a context that belongs to no sample."""
    reason, command, how = text.partition(_COMMAND)
    stray = (
        "The request came from a thread or task that belongs to no sample, so it was refused "
        "although it may be recorded: start it inside the sample."
    )
    return f"{reason.rstrip()}{_NEXT}{stray}\n{command}{how}".rstrip()


def explain_finished(label: str, request: Request, asked: Asked) -> str:
    """Say that a request came after its replay had ended."""
    return (
        f"{label}: {asked}, {request.method} {request.path}, was made after the replay had "
        "ended, by a thread or task that outlived its sample."
    )


def miss_of(  # noqa: PLR0913 - all but five are keyword-only
    label: str,
    cassette: Cassette,
    index: Index,
    request: Request,
    asked: Asked,
    *,
    rules: Sequence[str] = (),
    command: str = "",
) -> Miss:
    """Find out why a request has no answer.

    Args:
        label: What to call the cassette.
        cassette: Where an answer was looked for.
        index: What of it is still unplayed.
        request: The request.
        asked: Who asked.
        rules: What the scenario has matching overlook by now.
        command: What records the cassette again; "" for ``harness record``.
    """
    entries = cassette.interactions
    finding = _finding(entries, index, request, asked, rules)
    number = finding.entry.number if finding.entry else None
    call = f"{_call(asked, entries)}, {request.method} {request.path}"
    text = f"{label}: no recorded answer for {call}: {finding.said}"
    if finding.kind == "stray call":
        return Miss(finding.kind, text, number)
    if finding.is_free:
        text = f"{text}\n{_COMMAND}{command or command_for(cassette)}"
        return Miss(finding.kind, text, number, finding.path)
    again = recorded_again(entries, index, finding.entry)
    is_scripted = cassette.header.source == SCRIPTED_SOURCE
    cost_usd = 0.0 if is_scripted else cost_of(again)
    price = estimate(len(again), cost_usd, is_scripted=is_scripted)
    price = f"{_NEXT}{price}" if price else ""
    text = f"{text}{price}\n{_COMMAND}{command or command_for(cassette)}"
    return Miss(finding.kind, text, number, finding.path, len(again), cost_usd)


def _call(asked: Asked, entries: Sequence[Interaction]) -> str:
    """Which call of how many, e.g. "call 4 of 6 recorded (coder's 3rd call of 5 recorded)"."""
    which = f"call {asked.number}{_of(asked.number, len(entries))}"
    if not asked.agent:
        return which
    recorded = sum(entry.agent == asked.agent for entry in entries)
    own = f"{asked.agent}'s {_ordinal(asked.agent_number)} call"
    own += _of(asked.agent_number, recorded)
    return f"{which} ({own}; {asked.purpose})" if asked.purpose else f"{which} ({own})"


def _of(number: int, recorded: int) -> str:
    return f" of {recorded} recorded" if number <= recorded else f", {recorded or 'none'} recorded"


def _finding(
    entries: Sequence[Interaction],
    index: Index,
    request: Request,
    asked: Asked,
    set_rules: Sequence[str],
) -> _Finding:
    if not entries:
        return _Finding("new call", "new call, the cassette holds no interaction.")
    same = [entry for entry in entries if is_the_same(entry.request, request)]
    if same:
        return _same(same, index, len(entries))
    entry = nearest(entries, index, request, asked.agent)
    found = differences(entry.request, request)
    real = [each for each in found if each.is_real]
    if not real and found:
        rules = rules_for(found, entry.request, request)
        if rules:
            return _volatile(rules, found, entry, index, set_rules)
    return _different(real or found, entry, entries, index, request, asked)


def _same(same: Sequence[Interaction], index: Index, total: int) -> _Finding:
    """The very request is recorded."""
    waiting = [entry for entry in same if index.is_unplayed(entry)]
    if waiting:
        said = f"stray call, the answer is interaction {waiting[0].number} of {total}."
        return _Finding("stray call", said, waiting[0])
    numbers = ", ".join(str(entry.number) for entry in same)
    said = (
        f"already played, as interaction {numbers} of {total}: the request was made more often "
        "than when recorded."
    )
    return _Finding("already played", said, same[-1])


def _volatile(
    rules: tuple[str, ...],
    found: Sequence[Difference],
    entry: Interaction,
    index: Index,
    set_rules: Sequence[str],
) -> _Finding:
    listed = ", ".join(rule if rule.isidentifier() else f'"{rule}"' for rule in rules)
    kinds = sorted({kind for each in found for kind in each.volatile})
    is_set = set(rules) <= set(set_rules)
    what_next = (
        f"The scenario overlooks that by now (cassette: {{ignore: [{listed}]}}), but this cassette "
        "is older and keeps the rules it was recorded with. An update takes the new ones over "
        "and asks for nothing that is recorded."
        if is_set
        else f"To overlook that, write `cassette: {{ignore: [{listed}]}}` in scenario.yaml and "
        "run the command below."
    )
    said = (
        f"only volatile differs ({', '.join(kinds)}).{_NEXT}The nearest is "
        f"{_named(entry, index)}; they part at {found[0].in_lines(_INSIDE)}."
        f"{_further(found[1:])}{_NEXT}{what_next}"
    )
    return _Finding("only volatile differs", said, entry, found[0].path, is_free=is_set)


def _different(
    found: Sequence[Difference],
    entry: Interaction,
    entries: Sequence[Interaction],
    index: Index,
    request: Request,
    asked: Asked,
) -> _Finding:
    if not found:
        said = f"new call, unlike {_named(entry, index)} in a way that cannot be shown."
        return _Finding("new call", said, entry)
    wanted = settings_of(request)
    are_new = all(settings_of(each.request) != wanted for each in entries)
    cause = cause_of(found, entry.request, request, are_settings_new=are_new)
    cause = _unless_additional(cause, entries, index, entry, asked)
    first = cause.first
    detail = cause.detail or _whose(first, entry, entries, request)
    kind = f"new call, {detail}" if cause.kind == "new call" else f"{cause.kind} ({detail})"
    rest = [each for each in found if each is not first and not _is_shifted(each, first)]
    said = (
        f"{kind}.{_NEXT}The nearest is {_named(entry, index)}; they part at "
        f"{_shown(first, request, entry, entries)}.{'' if first.path == 'path' else _further(rest)}"
    )
    return _Finding(cause.kind, said, entry, first.path)


def _unless_additional(
    cause: Cause,
    entries: Sequence[Interaction],
    index: Index,
    entry: Interaction,
    asked: Asked,
) -> Cause:
    """Call it new where what it resembles was played already, or by an agent that never called."""
    if cause.kind not in ("prompt changed", "earlier turn diverged"):
        return cause
    agents = Counter(each.agent for each in entries if each.agent)
    if asked.agent and agents and asked.agent not in agents:
        calls = ", ".join(f"{name} {count}" for name, count in agents.items())
        detail = f"{asked.agent} made no call in the recording, others did ({calls})"
        return Cause("new call", detail, cause.first)
    if not index.is_unplayed(entry):
        return Cause("new call", "the recorded call that is most like it is played", cause.first)
    return cause


def _named(entry: Interaction, index: Index) -> str:
    played = "" if index.is_unplayed(entry) else "already played"
    known = ", ".join(each for each in (entry.agent, entry.purpose, played) if each)
    return f"interaction {entry.number}{f' ({known})' if known else ''}"


def _shown(
    first: Difference, request: Request, entry: Interaction, entries: Sequence[Interaction]
) -> str:
    """A difference, with the message it stands in; a whole message in a few words."""
    if first.list_name not in CONVERSATION:
        return first.in_lines(_INSIDE)
    recorded, asked = message_at(entry.request, first), message_at(request, first)
    if recorded is ABSENT or asked is ABSENT:
        here, side = (asked, "asked") if recorded is ABSENT else (recorded, "recorded")
        reply = said_in(here, entries)
        whose = f" ({reply_of(reply)})" if reply else ""
        place, said = f"$.{first.list_name}[{first.position}], {side} only:", _in_short(here)
        return f"{place}{' ' if len(said) <= SHORT else _INSIDE}{said}{whose}"
    return f"{first.in_lines(_INSIDE)}, in {_sender(asked)}"


def _sender(message: Any) -> str:
    """Role and name of a message, e.g. "the user message of executor"."""
    role = message.get("role") or message.get("type") or "one"
    name = message.get("name")
    return f"the {role} message{f' of {name}' if name else ''}"


def _in_short(message: Any) -> str:
    content = message.get("content") or message
    text = repr(content)
    return f"{_sender(message)}, {text if len(text) <= 100 else f'{text[:100]}…'}"


def _whose(
    first: Difference, entry: Interaction, entries: Sequence[Interaction], request: Request
) -> str:
    """Whose message it is that differs, when recorded and now."""
    recorded, asked = message_at(entry.request, first), message_at(request, first)
    place = (first.list_name, first.position)
    parts = request.shape.lists.get(first.list_name, ())
    before = [part.value for part in parts[: first.position]]
    if ran := executed_differently(recorded, asked, before):
        return ran
    author = author_of(place, entry, entries[: entry.number - 1])
    now = said_in(asked, entries)
    was = author or f"{_sender(recorded)}, which is no recorded reply"
    return f"{was}; now {reply_of(now)}" if now else was


def _is_shifted(difference: Difference, first: Difference) -> bool:
    """Whether it stands in a message that follows a missing or different one: no news."""
    return (
        first.list_name == difference.list_name != ""
        and first.list_name in CONVERSATION
        and ABSENT in (first.recorded, first.asked)
        and difference.position >= first.position
    )


def _further(rest: Sequence[Difference]) -> str:
    if not rest:
        return ""
    paths = list(dict.fromkeys(each.path for each in rest))
    named = ", ".join(paths[:_MOST_FURTHER])
    more = ", …" if len(paths) > _MOST_FURTHER else ""
    return f"{_NEXT}{len(paths)} further difference{'s' * (len(paths) > 1)}: {named}{more}."


def _ordinal(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
