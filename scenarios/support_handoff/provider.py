"""Plays triage and billing when the shipped cassettes are recorded.

Billing, briefly told, sometimes refunds what the customer claims to have paid; told to look
the order up itself, it refunds what was paid.
"""

from __future__ import annotations

import json
import re

from harness.provider.script import Call, Reply, ToolRequest, text_of


def reply(call: Call) -> Reply | str:
    """The next message or tool call of whoever is asked."""
    return _billing(call) if call.system.startswith("You are billing") else _triage(call)


def _results(call: Call) -> list[str]:
    return [text_of(m) for m in call.messages if m.get("role") == "tool"]


def _called(call: Call, tool: str) -> int:
    """How often one's own messages have called a tool."""
    mine = [m for m in call.messages if m.get("role") == "assistant"]
    return sum(each["function"]["name"] == tool for m in mine for each in m.get("tool_calls") or ())


def _triage(call: Call) -> Reply | str:
    order = call.parameters["order"]
    if not _called(call, "look_up_order"):
        return _tool("look_up_order", order=order)
    note = call.choose("note", ("Wants the money back.", "Complains and asks for a refund."))
    return _tool("hand_over", department="billing", note=f"{order}: {note}")


def _billing(call: Call) -> Reply | str:
    is_careful = "yourself" in call.system
    order = call.parameters["order"]
    if is_careful and not _called(call, "look_up_order"):
        return _tool("look_up_order", order=order)
    if not _called(call, "issue_refund"):
        return _tool("issue_refund", order=order, amount=_amount(call, is_careful=is_careful))
    return _letter(_results(call)[-1])


def _amount(call: Call, *, is_careful: bool) -> float:
    believes = not is_careful and call.draw_evenly("believes the customer") < 0.5
    if believes:
        return float(call.parameters["claimed"])
    paid = re.search(r"\{[^{}]*\"paid\"[^{}]*\}", "\n".join(_results(call)))
    return float(json.loads(paid[0])["paid"] if paid else call.parameters["claimed"])


def _letter(result: str) -> str:
    if result.startswith("Refunded"):
        return f"Dear customer, we are sorry. {result} It takes two days.\n\nTERMINATE"
    reason = result.partition(":")[2].strip() or "it was not approved"
    return f"Dear customer, we cannot refund this: {reason}\n\nTERMINATE"


def _tool(name: str, **arguments: object) -> Reply:
    return Reply(tool_calls=(ToolRequest(name=name, arguments=arguments),))
