"""Plays developer and reviewer when the shipped cassettes are recorded.

Neither has a memory: both tell from the code in the conversation which written
parts it is made of. The developer's slips follow from model, temperature,
prompt and epoch; whether one is noticed depends on the tests that really ran
and on what the reviewer looks for.
"""

from __future__ import annotations

from harness.provider.script import Call
from harness.suites import sibling

developer = sibling(__file__, "developer")
reviewer = sibling(__file__, "reviewer")


def reply(call: Call) -> str:
    """The next message of whoever is asked."""
    return reviewer.reply(call) if _asks_the_reviewer(call) else developer.reply(call)


def _asks_the_reviewer(call: Call) -> bool:
    """One's own messages come back as the assistant's; the others carry a name."""
    mine = {m.get("name") for m in call.messages if m.get("role") == "assistant"}
    others = {m.get("name") for m in call.messages if m.get("role") != "assistant"}
    return "reviewer" in mine or ("developer" in others and "developer" not in mine)
