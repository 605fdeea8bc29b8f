"""The scripted reviewer. It reads the newest code, not the developer's mind."""

from __future__ import annotations

from harness.provider.script import Call
from harness.suites import sibling

written = sibling(__file__, "written")

_CHECKLIST = r"\bone by one\b|\bchecklist\b"


def reply(call: Call) -> str:
    """The reviewer's next message."""
    is_strict = written.asks_for(call, _CHECKLIST)
    rounds = sum(1 for message in call.messages if message.get("role") == "assistant")
    outcome = written.last_outcome(call)
    is_red = outcome is None or outcome.exit_code != 0
    if is_red and call.draw(f"red:{rounds}") < (0.95 if is_strict else 0.6):
        return written.say(call, "red")
    found = _findings(call, rounds, 0.68 if is_strict else 0.22)
    if found:
        points = "\n".join(f"{number}. {text}" for number, text in enumerate(found, start=1))
        return written.say(call, "findings", list=points)
    if rounds == 0 and call.draw("nit") < 0.12:
        return written.say(call, "nit")
    is_polite = call.draw_evenly("polite") < (0.02 if is_strict else 0.08)
    return written.say(call, "approve_open" if is_polite else "approve")


def _findings(call: Call, rounds: int, eyesight: float) -> list[str]:
    """What it notices in this round of what is wrong."""
    odds = eyesight - 0.04 * call.temperature
    return [
        part.notes["finding"]
        for part in written.used_notes(call, written.used_parts(call), "finding")
        if call.draw(f"see:{part.name}:{rounds}") < odds
    ]
