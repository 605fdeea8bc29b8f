"""Plays the model when the shipped cassettes are recorded.

The answers are composed from the parts in ``parts_<scenario>.py``. What a speaker does
follows from the conversation so far and from its prompt; `Call.draw` stands for chance
and is the same on every machine. No outcome is written down anywhere: whether a sample
succeeds is known when its code has run.
"""

import re

from harness.errors import ScriptError
from harness.provider.script import Call
from harness.suites import sibling

conversation = sibling(__file__, "conversation")
selector = sibling(__file__, "selector")

_ROLE = re.compile(r"\s*You are the (coder|reviewer)\b")


def reply(call: Call) -> str:
    parts = sibling(__file__, f"parts_{call.scenario}").PARTS
    talk = conversation.conversation_of(call, parts)
    if not talk.turns:
        raise ScriptError("The request holds no message of executor, reviewer or coder.")
    if call.system.startswith(selector.OPENING):
        return str(selector.choose(call, talk))
    role = _ROLE.match(call.system)
    if role is None:
        raise ScriptError(
            "The system prompt begins neither with 'You are the coder' nor with 'You are the "
            f"reviewer', so the scripted model does not know whom to play: {call.system[:60]!r}"
        )
    return str(sibling(__file__, role[1]).answer(call, talk))
