"""Plays all four roles when the shipped cassettes are recorded.

It has no memory. The architect leaves topics out by chance and puts in what the product
owner missed; whether something is missed at all depends on how the product owner was told
to look.
"""

from __future__ import annotations

import re

from harness.provider.script import Call, text_of

SECTIONS = {
    "channels": (
        "Channels: push first, then email, SMS and an in-app inbox. A channel that fails twice "
        "hands over to the next one the user allows."
    ),
    "latency": (
        "Latency: p99 below 5 s for urgent notifications, p95 below 60 s for all others, from "
        "the event to the hand-over to the channel."
    ),
    "preferences": (
        "Preferences: users opt out per channel and topic, and set quiet hours in their own time "
        "zone; what falls into them waits, unless it is about security."
    ),
    "analytics": (
        "Analytics: each notification leaves sent, delivered and opened events; the delivery "
        "rate and the open rate are shown per channel within a minute."
    ),
    "load": (
        "Load: 10,000,000 users x 5 a day = 50,000,000 a day, / 86,400 s = 579 per second on "
        "average; the queues are sized for ten times that."
    ),
}
# How likely the architect is to leave a section out at first.
OMITTED = {"channels": 0.0, "latency": 0.3, "preferences": 0.35, "analytics": 0.5, "load": 0.4}


def reply(call: Call) -> str:
    """The next message of whoever is asked."""
    role = re.match(r"You are the ([\w ]+)\.", call.system)
    return _ROLES[role[1]](call) if role else "Hm."


def _said_by_owner(call: Call) -> str:
    return "\n".join(text_of(m) for m in call.messages if m.get("name") == "product_owner")


def _newest_design(call: Call) -> str:
    designs = [text_of(m) for m in call.messages if text_of(m).startswith("DESIGN")]
    return designs[-1] if designs else ""


def _researcher(call: Call) -> str:
    facts = (
        "Push services accept a few thousand messages a second per connection.",
        "SMS is the slowest and dearest channel; carriers throttle senders.",
        "Mail providers slow down senders whose recipients never open anything.",
    )
    return f"Worth knowing: {call.choose(f'fact {len(call.messages)}', facts)}"


def _architect(call: Call) -> str:
    wanted = set(re.findall(r"MISSING: (\w+)", _said_by_owner(call)))
    kept = [
        text
        for topic, text in SECTIONS.items()
        if topic in wanted or call.draw_evenly(f"omits {topic}") >= OMITTED[topic]
    ]
    return "DESIGN\n\n" + "\n\n".join(kept)


def _developer(call: Call) -> str:
    remarks = (
        "Two weeks for the queues, another two for the channels. Retries must not send twice.",
        "The hand-over between channels is the hard part: it needs one record per notification.",
    )
    return call.choose(f"remark {len(call.messages)}", remarks)


def _owner(call: Call) -> str:
    eyesight = 0.97 if "point by point" in call.system else 0.55
    design = _newest_design(call)
    missing = [topic for topic, text in SECTIONS.items() if text not in design]
    seen = [t for t in missing if call.draw(f"sees {t} {len(call.messages)}") < eyesight]
    if not seen:
        return "That is what I need to decide.\n\nTERMINATE"
    return "Not there yet.\n" + "\n".join(f"MISSING: {topic}" for topic in seen)


_ROLES = {
    "researcher": _researcher,
    "architect": _architect,
    "developer": _developer,
    "product owner": _owner,
}
