"""The scripted model as the reviewer: it reads the newest code and reports what it notices.

How much it notices depends on the prompt (a kind of defect that the prompt names is
looked for), on the temperature, and on how easily the defect is overlooked.
"""

from typing import Any

from harness.provider.script import Call
from harness.suites import sibling

conversation = sibling(__file__, "conversation")
findings = sibling(__file__, "findings")
phrases = sibling(__file__, "phrases")

CHANGES = "VERDICT: CHANGES REQUESTED"
APPROVED = "VERDICT: APPROVED"


def answer(call: Call, talk: Any) -> str:
    """The reviewer's next message."""
    turn = talk.count("reviewer") + 1
    if talk.outcome is not None and talk.outcome.exit_code != 0:
        return f"{call.choose(f'failed {turn}', phrases.RUN_FAILED)}\n\n{CHANGES}"
    if talk.is_approved and talk.outcome is not None:
        return f"{call.choose('closing', phrases.CLOSING)}\n\nTERMINATE"
    return _review(call, talk, turn)


def _review(call: Call, talk: Any, turn: int) -> str:
    code = talk.code
    found = [
        line
        for defect in talk.parts.defects
        if (line := _noticed(call, talk, turn, defect, defect.state(code)))
    ]
    found += _imagined(call, talk, turn)
    if not found:
        return _approval(call, turn)
    opening = call.choose(f"opening {turn}", phrases.FIRST_REVIEW if turn == 1 else phrases.REVIEW)
    lines = [_in_form(call, turn, each) for each in found]
    return "\n".join([opening, "", *lines, "", CHANGES])


def _approval(call: Call, turn: int) -> str:
    praise = call.choose(f"praise {turn}", phrases.APPROVAL)
    if call.draw(f"forgets the verdict {turn}") < _carelessness(call):
        return f"{praise} Looks good to me."
    return f"{praise}\n\n{APPROVED}"


def _in_form(call: Call, turn: int, finding: Any) -> str:
    """The line the prompt asks for, or, when the reviewer forgets, a plain bullet."""
    if call.draw(f"forgets the form {turn}") < _carelessness(call):
        return f"- {finding.where}(): {finding.what}"
    return str(finding.line)


def _carelessness(call: Call) -> float:
    hot = conversation.heat(call)
    return 0.005 + 0.01 * hot if _is_thorough(call) else 0.015 + 0.01 * hot


def _is_thorough(call: Call) -> bool:
    return "only what you can point to" in call.system.lower()


def _noticed(call: Call, talk: Any, turn: int, defect: Any, state: str) -> Any:
    """The finding about a defect, or None if it is gone or overlooked."""
    if state == "fixed" or call.draw(f"notices {defect.name} {turn}") >= _attention(
        call, talk, turn, defect, state
    ):
        return None
    wordings = defect.half_findings if state == "half" else defect.findings
    what = call.choose(f"words for {defect.name}", wordings)
    return findings.Finding(defect.where, defect.severity, what)


def _attention(call: Call, talk: Any, turn: int, defect: Any, state: str) -> float:
    """Chance that this look at the code finds this defect."""
    is_named = defect.kind in call.system.lower()
    base = 0.97 - 0.08 * defect.subtlety if is_named else 0.9 - 0.45 * defect.subtlety
    base -= 0.03 * conversation.heat(call)
    if state == "half":
        # Something was done about it, which is easily taken for a repair.
        return base - (0.05 if is_named else 0.3)
    if talk.was_reported(defect.findings):
        return max(base, 0.9)
    # Who overlooked it once is likely to overlook it again.
    return base * (0.5 if turn > 1 else 1.0)


def _imagined(call: Call, talk: Any, turn: int) -> list[Any]:
    """Findings that are not true; once made, a reviewer may insist on them."""
    hot = conversation.heat(call)
    chance = 0.04 + 0.04 * hot if _is_thorough(call) else 0.09 + 0.03 * hot
    insists = 0.93 if call.draw("is stubborn") < 0.06 + 0.06 * hot else 0.15
    found = []
    for mistake in talk.parts.mistakes:
        again = talk.was_reported((mistake.what,))
        limit = insists if again else chance * (1.0 if turn == 1 else 0.25)
        if call.draw(f"imagines {mistake.what} {turn}") < limit:
            found.append(findings.Finding(mistake.where, mistake.severity, mistake.what))
    return found
