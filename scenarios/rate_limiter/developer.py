"""The scripted developer."""

from __future__ import annotations

from collections.abc import Mapping

from harness.provider.chat import Outcome, outcome_of, outcomes_in
from harness.provider.parts import Part
from harness.provider.script import Call
from harness.suites import sibling

written = sibling(__file__, "written")

_EDGE_CASES = r"\bfractions?\b|\bedge cases?\b"


def reply(call: Call) -> str:
    """The developer's next message."""
    used = written.used_parts(call)
    outcome = outcome_of(call.last)
    if not used:
        return "\n\n".join((written.say(call, "open"), written.files(call, _planned(call))))
    if outcome is not None and outcome.exit_code != 0:
        return _after_failure(call, used, outcome)
    return _after_review(call, used)


def _planned(call: Call) -> dict[str, str]:
    slots = dict.fromkeys(part.slot for part in written.parts_of(call).parts)
    chosen = {slot: _variant(call, slot) for slot in slots if slot not in ("program", "lock")}
    if call.draw_evenly("thorough") < (0.72 if written.asks_for(call, _EDGE_CASES) else 0.1):
        chosen["tests"] = "thorough"
    return chosen


def _variant(call: Call, slot: str) -> str:
    """The slip that happens in a slot, if one does, or a sound variant."""
    drawn = call.draw_evenly(f"slip:{slot}")
    for part in written.parts_of(call).of(slot):
        drawn -= part.number("rate") * written.heat(call)
        if drawn < 0:
            return part.variant
    return _sound(call, slot)


def _sound(call: Call, slot: str) -> str:
    variants = [part.variant for part in written.parts_of(call).of(slot)]
    return call.choose(
        f"sound:{slot}", [variant for variant in variants if variant.startswith("good")]
    )


def _mended(call: Call, used: Mapping[str, str], guilty: list[Part]) -> dict[str, str]:
    mends = {part.slot: part.notes.get("then") or _sound(call, part.slot) for part in guilty}
    return {**used, **mends}


def _is_blind(call: Call, slot: str) -> bool:
    """Whether it cannot see what is wrong there, however often a test says so."""
    odds = 0.08 if written.asks_for(call, _EDGE_CASES) else 0.25
    return call.draw_evenly(f"blind:{slot}") < odds


def _after_failure(call: Call, used: Mapping[str, str], outcome: Outcome) -> str:
    failed = written.failed_tests(outcome)
    names = "`, `".join(failed)
    caught = [p for p in written.used_notes(call, used, "caught") if p.notes["caught"] in failed]
    guilty = [part for part in caught if not _is_blind(call, part.slot)]
    if guilty:
        words = "mend_test" if {part.slot for part in guilty} == {"tests"} else "mend"
        chosen = _mended(call, used, guilty)
    elif used.get("tests") == "thorough":
        words, chosen = "weaken", {**used, "tests": "good_basic"}
    elif sum(1 for past in outcomes_in(call.messages) if past.exit_code != 0) < 3:
        words, chosen = "again", dict(used)
    else:
        return written.say(call, "dispute", tests=names)
    return "\n\n".join((written.say(call, words, tests=names), written.files(call, chosen)))


def _after_review(call: Call, used: Mapping[str, str]) -> str:
    asked = [
        part
        for part in written.used_notes(call, used, "finding")
        if part.notes["finding"] in call.last
    ]
    if asked:
        words, chosen = _answer(call, used, asked)
    elif "docstring" in call.last:
        other = "good_short" if used.get("doc") == "good_long" else "good_long"
        words, chosen = "answer", {**used, "doc": other}
    elif (outcome := written.last_outcome(call)) is not None and outcome.exit_code != 0:
        words, chosen = "again", dict(used)
    else:
        return written.say(call, "done")
    return "\n\n".join((written.say(call, words), written.files(call, chosen)))


def _answer(call: Call, used: Mapping[str, str], asked: list[Part]) -> tuple[str, dict[str, str]]:
    """Mend what the reviewer asked for; now and then it would rather not."""
    if call.draw(f"stubborn:{len(call.messages)}") < 0.05 * written.heat(call):
        return "ignore", dict(used)
    return "answer", _mended(call, used, asked)
