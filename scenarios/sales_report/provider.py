"""Plays the analyst when the shipped cassettes are recorded.

It has no memory: from the conversation it tells which written parts its last
script was made of, and what became of running it, and answers that. Which
slips it makes follows from model, temperature, prompt and epoch; whether a
slip is noticed, and what comes of it, from the code that really ran.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from harness.provider.chat import Outcome, code_in, fenced, outcome_of, outcomes_in
from harness.provider.parts import Part, Parts, read_parts
from harness.provider.script import Call, text_of
from harness.suites import sibling

habits = sibling(__file__, "habits")

_HERE = Path(__file__).parent / "parts"
_SEEDS = (3, 11, 23, 42, 101, 2025)
# Where the script writes what; named in its closing words.
_FILES = {
    "widgets": ("revenue_by_product.png", "sales.csv"),
    "regions": ("revenue_by_region.png", "clean_sales.csv"),
    "returns": ("net_revenue_by_quarter.png", "net_revenue.csv"),
}


def reply(call: Call) -> str:
    """The analyst's next message."""
    mine = [text_of(message) for message in call.messages if message.get("role") == "assistant"]
    outcome = outcome_of(call.last)
    if not mine:
        return _opening(call)
    if outcome is None:
        return _nudged(call, mine)
    if outcome.exit_code != 0:
        return _after_failure(call, mine, outcome)
    if not _is_report(mine[-1]):
        return _report(call, "next", _planned(call, has_looked=True), template="second")
    return _closing(call, outcome)


def _written(call: Call) -> Parts:
    return read_parts(_HERE / f"{call.scenario}.txt")


def _say(call: Call, slot: str, label: str = "", **values: object) -> str:
    """One of the phrasings of a slot; a cool model has fewer of them."""
    talk = read_parts(_HERE / "talk.txt")
    options = talk.of(slot)
    if call.temperature < 0.5:
        options = options[: (len(options) + 1) // 2]
    return talk.compose(call.choose(f"say:{slot}:{label}", options).name, {}, values)


def _is_report(message: str) -> bool:
    return "# filename: report.py" in message


# --- what the script is made of -------------------------------------------------------


def _planned(call: Call, *, has_looked: bool) -> dict[str, str]:
    """Variant by slot of the first report: the slips that happen to it, and its checks."""
    written = _written(call)
    slots = dict.fromkeys(part.slot for part in written.parts)
    chosen = {
        slot: _variant(call, slot, has_looked=has_looked)
        for slot in slots
        if slot not in ("first", "program", "verify")
    }
    verify = habits.self_check(call)
    return {**chosen, **({"verify": verify} if verify else {})}


def _variant(call: Call, slot: str, *, has_looked: bool) -> str:
    """The slip that happens in a slot, if one does, or a sound variant."""
    parts = _written(call).of(slot)
    drawn = call.draw_evenly(f"slip:{slot}")
    for part in parts:
        drawn -= habits.slip_odds(call, part, has_looked=has_looked)
        if drawn < 0:
            return part.variant
    return _sound(call, slot)


def _sound(call: Call, slot: str) -> str:
    sound = [part.variant for part in _written(call).of(slot) if part.variant.startswith("good")]
    return call.choose(f"sound:{slot}", sound)


def _opening(call: Call) -> str:
    chosen = _planned(call, has_looked=False)
    if habits.looks_first(call):
        code = _compose(call, "first/whole", chosen)
        return "\n\n".join((_say(call, "look"), fenced(code)))
    text = _report(call, "open_checked" if "verify" in chosen else "open", chosen)
    # Ended before anything ran: the executor stops at the word and never sees the code.
    return f"{text}\n\nTERMINATE" if habits.ends_too_early(call) else text


def _compose(call: Call, template: str, chosen: Mapping[str, str]) -> str:
    return _written(call).compose(template, chosen, {"seed": call.choose("seed", _SEEDS)})


def _report(
    call: Call, words: str, chosen: Mapping[str, str], template: str = "whole", error: str = ""
) -> str:
    """A message with the report script, introduced by one of the given words."""
    turn = str(len(call.messages))
    if not any(part.variant == template for part in _written(call).of("program")):
        template = "whole"
    code = _compose(call, f"program/{template}", chosen)
    said = _say(call, words, turn, error=error)
    return "\n\n".join(filter(None, (said, fenced(code), _say(call, "run", turn))))


# --- reacting -------------------------------------------------------------------------


def _after_failure(call: Call, mine: list[str], outcome: Outcome) -> str:
    failures = sum(1 for past in outcomes_in(call.messages) if past.exit_code != 0)
    used = _used(call, mine)
    guilty = _guilty(call, used, outcome)
    template = "whole" if _has_rows_of_its_own(used, mine, guilty) else "second"
    blind = guilty is None or habits.is_blind(call, guilty.slot)
    if blind and "AssertionError" in outcome.output:
        lenient = {slot: variant for slot, variant in used.items() if slot != "verify"}
        return _report(call, "weaken", lenient, template, outcome.error)
    if guilty is not None and not blind and habits.finds_it_now(call, failures):
        mended = {**used, guilty.slot: guilty.notes.get("then") or _sound(call, guilty.slot)}
        return _report(call, "fix", mended, template, outcome.error)
    if blind and failures >= 3 and not habits.never_gives_up(call):
        return read_parts(_HERE / "talk.txt").get(f"giveup/{call.scenario}").text
    return _report(call, "stubborn", used, template, outcome.error)


def _used(call: Call, mine: list[str]) -> dict[str, str]:
    """Variant by slot of the newest script, and what earlier ones had that it builds on."""
    written = _written(call)
    scripts = [code for text in mine for code in code_in(text)]
    earlier = written.recognise(scripts[0]) if not _is_report(mine[0]) else {}
    used = {**earlier, **written.recognise(scripts[-1])}
    return {slot: variant for slot, variant in used.items() if slot not in ("first", "program")}


def _guilty(call: Call, used: Mapping[str, str], outcome: Outcome) -> Part | None:
    """The slip that gave itself away in the output."""
    for slot, variant in used.items():
        part = _written(call).get(f"{slot}/{variant}")
        if part.notes.get("error", "\0") in outcome.output:
            return part
    return None


def _has_rows_of_its_own(used: Mapping[str, str], mine: list[str], guilty: Part | None) -> bool:
    """Whether the next script must also make the rows, not only report on them."""
    made_before = "generate" in used and not _is_report(mine[0])
    return not made_before or (guilty is not None and guilty.slot == "generate")


def _nudged(call: Call, mine: list[str]) -> str:
    """The executor found no code in the last message."""
    past = outcomes_in(call.messages)
    if past and not habits.stays_polite(call):
        return _farewell(call, past[-1])
    return mine[-1]


def _closing(call: Call, outcome: Outcome) -> str:
    if habits.forgets_to_end(call):
        chart, _ = _FILES[call.scenario]
        return _say(call, "polite", chart=chart)
    return _farewell(call, outcome)


def _farewell(call: Call, outcome: Outcome) -> str:
    """The closing words, quoting the lines of the output that hold figures."""
    lines = [line.strip() for line in outcome.output.splitlines() if re.search(r"\d", line)]
    chart, table = _FILES[call.scenario]
    result = "\n".join(f"- {' '.join(line.split())}" for line in lines)
    return _say(call, "finish", result=result, chart=chart, files=f"{table} and {chart}")
