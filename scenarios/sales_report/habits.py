"""How the scripted analyst behaves under a prompt and a temperature.

A prompt counts by what it asks for, found by the words it uses, so that a
prompt of your own has its effect too.
"""

from __future__ import annotations

import re

from harness.provider.parts import Part
from harness.provider.script import Call

_ASKED_BY = {
    "columns": r"\b(columns?|header|first (few )?rows)\b",
    "check": r"\b(assert\w*|verify|check (your|the) (own )?(results?|figures))\b",
    "picture": r"\b(blank|picture file|image file|chart file)\b",
    "dates": r"\bwhich date\b",
    "wait": r"\b(only after|never before|not before|wait for)\b",
}


def asks_for(call: Call, habit: str) -> bool:
    """Whether the system prompt asks for a habit."""
    return re.search(_ASKED_BY[habit], call.system, re.IGNORECASE) is not None


def heat(call: Call) -> float:
    """How much more careless a hot model is than a cool one."""
    return 0.4 + 0.19 * min(call.temperature, 1.5)


def slip_odds(call: Call, part: Part, *, has_looked: bool) -> float:
    """Probability that a part's slip happens; 0 for a sound part."""
    helped = part.notes.get("helped", "")
    odds = part.number("rate") * heat(call)
    if helped and asks_for(call, helped):
        odds *= 0.8
    if has_looked and helped == "columns":
        odds *= 0.4
    return odds


def looks_first(call: Call) -> bool:
    """Whether it looks at the data in a step of its own."""
    return call.draw_evenly("look") < (0.7 if asks_for(call, "columns") else 0.08)


def self_check(call: Call) -> str | None:
    """Which check of its own results the script ends with."""
    if not asks_for(call, "check"):
        return "sums" if call.draw_evenly("verify") < 0.12 else None
    drawn = call.draw_evenly("verify")
    if drawn < 0.72 - 0.15 * call.temperature:
        return "everything"
    return "sums" if drawn < 0.96 - 0.06 * call.temperature else None


def ends_too_early(call: Call) -> bool:
    """Whether it says TERMINATE in the very message that holds the code."""
    return call.draw_evenly("early") < (0.02 if asks_for(call, "wait") else 0.07) * heat(call)


def forgets_to_end(call: Call) -> bool:
    """Whether it closes with a question instead of the word that ends the chat."""
    return call.draw_evenly("polite") < (0.05 if asks_for(call, "wait") else 0.14) * heat(call)


def stays_polite(call: Call) -> bool:
    """Whether it goes on asking what else it can do until the chat is cut off."""
    return call.draw_evenly("stays polite") < 0.5


def is_blind(call: Call, slot: str) -> bool:
    """Whether it does not understand the error that a slot gives, however often it sees it."""
    odds = 0.12 if asks_for(call, "check") else 0.3
    return call.draw_evenly(f"blind:{slot}") < odds * heat(call)


def finds_it_now(call: Call, failures: int) -> bool:
    """Whether an error it can understand is mended at this attempt."""
    return call.draw(f"mend:{failures}") < 0.95 - 0.2 * call.temperature


def never_gives_up(call: Call) -> bool:
    """Whether it sends the same script until the executor stops answering."""
    return call.draw_evenly("loop") < 0.4
