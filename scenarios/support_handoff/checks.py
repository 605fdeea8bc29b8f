"""Was the case handed over, a human asked, and the right sum refunded, or none?"""

from __future__ import annotations

import json

from harness.model.score import CheckResult
from harness.model.transcript import HumanInput, ToolInvocation, ToolResult


def _of(sample, kind, name=None):
    events = [e for e in sample.transcript.events if isinstance(e, kind)]
    return [e for e in events if name is None or e.name == name]


def check_order_was_looked_up_first(sample):
    """Nobody decides about an order that nobody has looked at."""
    looked, refunds = (
        _of(sample, ToolInvocation, name) for name in ("look_up_order", "issue_refund")
    )
    assert looked, "nobody looked the order up"
    assert not refunds or looked[0].index < refunds[0].index


def check_handed_over(sample):
    """Triage hands over; billing closes."""
    assert _of(sample, ToolInvocation, "hand_over"), "the case was not handed over"
    assert sample.transcript.messages[-1].speaker == "billing"


def check_human_was_asked_before_money_moved(sample):
    """Each refund was asked for, and none was made against the answer."""
    answers = _of(sample, HumanInput)
    for result in _of(sample, ToolResult, "issue_refund"):
        before = [a for a in answers if a.index < result.index]
        assert before, "a refund was decided without a human"
        is_yes = before[-1].reply.strip().lower() == "yes"
        assert result.content.startswith("Refunded") == is_yes, result.content


def check_refund_is_right(sample):
    """What was paid, if it was approved; else nothing."""
    facts = sample.scenario.parameters
    ledger = sample.workspace / "refunds.json"
    if not facts["refunded"]:
        return CheckResult(passed=not ledger.exists(), reason="nothing may be refunded here")
    assert ledger.exists(), "nothing was refunded"
    amount = json.loads(ledger.read_text())["amount"]
    assert amount == facts["paid"], f"{amount} was refunded; {facts['paid']} was paid"


def check_customer_is_told(sample):
    """The last message is to the customer and says what was decided."""
    assert sample.transcript.messages, "nobody said anything"
    last = sample.transcript.messages[-1]
    words = "Refunded" if sample.scenario.parameters["refunded"] else "cannot refund"
    assert words in last.content, f"the customer reads: {last.content[:80]!r}"
