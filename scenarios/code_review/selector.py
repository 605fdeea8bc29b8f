"""The scripted model as the one who chooses the next speaker."""

import re
from typing import Any

from harness.provider.script import Call, text_of
from harness.suites import sibling

conversation = sibling(__file__, "conversation")

OPENING = "You are in a role play game."
_CANDIDATES = re.compile(r"select the next role from \[(.*?)\]")
_REMINDERS = ("You provided more than one name", "You didn't choose a speaker")

# Answers AutoGen cannot use: the first ones name several speakers, the last ones none.
RAMBLING = (
    "The coder and the reviewer are still at it, so one of them should go on.",
    "After what was said last it is between the reviewer and the executor, I would say.",
    "Somebody has to look at this before the conversation can go on.",
    "Whoever is responsible for the next step.",
)


def choose(call: Call, talk: Any) -> str:
    """The next speaker's name; seldom, when it is hot, an answer that AutoGen has to ask back."""
    reminders = sum(text_of(message).startswith(_REMINDERS) for message in call.messages)
    label = f"{len(talk.turns)} {reminders}"
    ramble = (0.06 if reminders == 0 else 0.15) * conversation.heat(call)
    if call.draw(f"rambles {label}") < ramble:
        return call.choose(f"rambling {label}", RAMBLING)
    name = _next(call, talk)
    candidates = _candidates(call)
    return name if name in candidates else candidates[0]


def _candidates(call: Call) -> list[str]:
    match = _CANDIDATES.search(call.system) or _CANDIDATES.search(call.last)
    return re.findall(r"'(\w+)'", match[1]) if match else list(conversation.SPEAKERS)


def _next(call: Call, talk: Any) -> str:
    last = talk.turns[-1].speaker
    if last == "coder":
        return "executor" if _is_too_early(call, talk) else "reviewer"
    if last == "reviewer":
        return _after_review(talk)
    return _after_execution(call, talk)


def _is_too_early(call: Call, talk: Any) -> bool:
    """Roles that only say who runs code, and not when, let the choice fall on them too soon."""
    hot = conversation.heat(call)
    says_when = "only after" in call.system
    chance = 0.015 * hot if says_when else 0.045 + 0.02 * hot
    return call.draw(f"too early {talk.count('coder')}") < chance


def _after_review(talk: Any) -> str:
    if talk.version() is None:
        return "coder"
    text = talk.turns[-1].text
    # A reviewer who forgets the form of a verdict is understood all the same.
    return "executor" if talk.is_approved or "Looks good" in text else "coder"


def _after_execution(call: Call, talk: Any) -> str:
    if len(talk.turns) == 1:
        starts_at_once = call.draw("coder starts") < 0.08 * conversation.heat(call)
        return "coder" if starts_at_once else "reviewer"
    if talk.version() is None:
        return "coder"
    failed = talk.outcome is not None and talk.outcome.exit_code != 0
    return "coder" if failed else "reviewer"
