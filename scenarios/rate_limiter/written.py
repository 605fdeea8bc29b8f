"""What developer and reviewer have in common: the written parts, and what is in the chat."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from harness.provider.chat import Outcome, code_in, fenced, outcomes_in
from harness.provider.parts import Part, Parts, read_parts
from harness.provider.script import Call, text_of

_HERE = Path(__file__).parent / "parts"
_FAILED_TEST = re.compile(r"^(?:FAIL|ERROR): (\w+)", re.MULTILINE)


def parts_of(call: Call) -> Parts:
    return read_parts(_HERE / f"{call.scenario}.txt")


def say(call: Call, slot: str, **values: object) -> str:
    """One of the phrasings of a slot; a cool model has fewer of them."""
    talk = read_parts(_HERE / "talk.txt")
    options = talk.of(slot)
    if call.temperature < 0.5:
        options = options[: (len(options) + 1) // 2]
    part = call.choose(f"say:{slot}:{len(call.messages)}", options)
    return talk.compose(part.name, {}, values)


def heat(call: Call) -> float:
    """How much more careless a hot model is than a cool one."""
    return 0.5 + 0.12 * min(call.temperature, 1.5)


def asks_for(call: Call, pattern: str) -> bool:
    """Whether the system prompt asks for something, by the words it uses."""
    return re.search(pattern, call.system, re.IGNORECASE) is not None


def used_parts(call: Call) -> dict[str, str]:
    """Variant by slot of the newest code in the conversation."""
    for message in reversed(call.messages):
        code = "\n".join(code_in(text_of(message)))
        if "# filename: rate_limiter.py" in code:
            found = parts_of(call).recognise(code)
            return {slot: variant for slot, variant in found.items() if slot != "program"}
    return {}


def files(call: Call, chosen: Mapping[str, str]) -> str:
    """Both files as code blocks."""
    parts = parts_of(call)
    needed = {parts.get(f"{slot}/{variant}").notes.get("lock") for slot, variant in chosen.items()}
    slots = {slot: variant for slot, variant in chosen.items() if slot != "lock"}
    if "reentrant" in needed:
        slots["lock"] = "reentrant"
    elif "none" not in needed:
        slots["lock"] = "plain"
    names = ("program/module", "program/tests")
    return "\n\n".join(fenced(parts.compose(name, slots)) for name in names)


def used_notes(call: Call, used: Mapping[str, str], note: str) -> list[Part]:
    """The parts in use that carry a note."""
    parts = [parts_of(call).get(f"{slot}/{variant}") for slot, variant in used.items()]
    return [part for part in parts if note in part.notes]


def last_outcome(call: Call) -> Outcome | None:
    """What the executor reported last."""
    return next(reversed(outcomes_in(call.messages)), None)


def failed_tests(outcome: Outcome) -> list[str]:
    return _FAILED_TEST.findall(outcome.output)
