"""The scripted model as the coder: it repairs the newest code and writes a check for it."""

import textwrap
from typing import Any

from harness.provider.chat import fenced
from harness.provider.script import Call
from harness.suites import sibling

conversation = sibling(__file__, "conversation")
phrases = sibling(__file__, "phrases")

CHECK_LOOP = """\
failures = 0
for check in [{names}]:
    try:
        check()
    except Exception as error:
        failures += 1
        print(f"FAILED {{check.__name__}}: {{type(error).__name__}}")
    else:
        print(f"passed {{check.__name__}}")
print(f"{{failures}} of {count} failed")
raise SystemExit(1 if failures else 0)
"""


def answer(call: Call, talk: Any) -> str:
    """The coder's next message: what was done, the module, and a check of it."""
    turn = talk.count("coder") + 1
    code, remarks = talk.code, []
    for defect in talk.parts.defects:
        code, said = _mended(call, talk, turn, defect, code)
        remarks += said
    for mistake in talk.parts.mistakes:
        code, said = _believed(call, talk, mistake, code)
        remarks += said
    if "NameError" in _failures(talk):
        remarks.append("the check itself lacked an import")
    opening = call.choose(f"opening {turn}", phrases.REPAIRED if remarks else phrases.UNCHANGED)
    module = f"# filename: {talk.parts.module}\n{code}".rstrip("\n")
    check = _check(call, talk, turn, code)
    bullets = [f"- {remark}" for remark in remarks]
    handover = call.choose(f"handover {turn}", phrases.CHECK)
    return "\n".join([opening, "", *bullets, "", fenced(module), "", handover, "", fenced(check)])


def _is_careful(call: Call) -> bool:
    return "not symptoms" in call.system


def _failures(talk: Any) -> str:
    """The output of the newest run if it failed and nothing newer has been written."""
    outcome = talk.outcome
    return outcome.output if outcome is not None and outcome.exit_code != 0 else ""


def _is_asked(talk: Any, defect: Any) -> bool:
    wordings = (*defect.findings, *defect.half_findings)
    # An answered review is done with; a newer version can only be about what came after it.
    said = "\n".join(turn.text for turn in talk.since_version())
    complained = any(wording in said for wording in wordings)
    return complained or f"FAILED check_{defect.name}: A" in _failures(talk)


def _mended(call: Call, talk: Any, turn: int, defect: Any, code: str) -> tuple[str, list[str]]:
    """The code after the coder dealt with a defect, and what it says about that."""
    state = defect.state(code)
    if state == "fixed":
        return code, []
    hot = conversation.heat(call)
    asked = _is_asked(talk, defect)
    if not asked and call.draw(f"sees {defect.name} {turn}") >= _own_eye(call):
        return code, []
    luck = call.draw(f"repairs {defect.name} {turn}")
    if luck < (0.95 if _is_careful(call) else 0.87) - 0.02 * hot:
        fix = call.choose(f"repair of {defect.name}", defect.fixes)
        return defect.repaired(code, fix), [fix.said]
    if state == "planted" and luck < 0.99 and defect.half_fix.can_apply(code):
        return defect.half_fix.apply(code), [defect.half_fix.said]
    return code, []


def _own_eye(call: Call) -> float:
    """Chance of seeing a defect that nobody has mentioned."""
    return 0.15 if "you notice yourself" in call.system else 0.04


def _believed(call: Call, talk: Any, mistake: Any, code: str) -> tuple[str, list[str]]:
    """The code after the coder dealt with a finding that is not true."""
    if mistake.what not in "\n".join(turn.text for turn in talk.since_version()):
        return code, []
    trust = 0.25 if _is_careful(call) else 0.6
    change = mistake.change
    is_taken_in = change is not None and call.draw(f"believes {mistake.what}") < trust
    if is_taken_in and change.can_apply(code):
        return change.apply(code), [change.said]
    return code, [f"not changed: {mistake.refusal}"]


def _check(call: Call, talk: Any, turn: int, code: str) -> str:
    """A script that checks the repairs made so far; a hurried coder checks only some."""
    parts = talk.parts
    repaired = [defect for defect in parts.defects if defect.state(code) != "planted"]
    share = 1.0 if _is_careful(call) else 0.6
    checked = [each for each in repaired if call.draw(f"checks {each.name}") < share]
    head = f"# filename: check_{parts.module}\n"
    if not checked:
        return f'{head}import {parts.module.removesuffix(".py")}\n\nprint("the module loads")'
    names = ", ".join(f"check_{defect.name}" for defect in checked)
    bodies = [_function(defect) for defect in checked]
    loop = CHECK_LOOP.format(names=names, count=len(checked))
    setup = _setup(call, talk, turn)
    return (head + "\n\n".join([setup, *bodies, loop])).rstrip("\n")


def _setup(call: Call, talk: Any, turn: int) -> str:
    """The imports and helpers of the check, now and then with an import forgotten."""
    setup = str(talk.parts.check_setup)
    forgets = 0.04 + (0.0 if _is_careful(call) else 0.06) + 0.05 * conversation.heat(call)
    if turn == 1 and call.draw("forgets an import") < forgets:
        old, new = talk.parts.forgotten
        return setup.replace(old, new, 1)
    return setup


def _function(defect: Any) -> str:
    body = textwrap.indent(defect.probe, "    ").rstrip("\n")
    return f"def check_{defect.name}():\n{body}\n"
