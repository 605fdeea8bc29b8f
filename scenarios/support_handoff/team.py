"""Triage and billing at one desk: the desk runs their tools and asks a human for money."""

from __future__ import annotations

import json
from typing import Any

from harness.model.team import Team, TeamContext


def is_closed(message: dict[str, Any]) -> bool:
    """Only billing closes a case, with the word on the last line."""
    lines = str(message.get("content") or "").strip().splitlines()
    return message.get("name") == "billing" and lines[-1:] == ["TERMINATE"]


def build(context: TeamContext) -> Team:
    from autogen import AssistantAgent, GroupChat, GroupChatManager, UserProxyAgent

    desk = UserProxyAgent(
        name="desk",
        human_input_mode="NEVER",
        default_auto_reply="The desk has nothing to add.",
        code_execution_config=False,
    )
    triage, billing = (
        AssistantAgent(
            name=name, system_message=context.prompt(name), llm_config=context.llm_config()
        )
        for name in ("triage", "billing")
    )
    _give_tools(context, desk, triage, billing)

    def next_speaker(last_speaker: Any, groupchat: Any) -> Any:
        """Tools are run at once; their caller goes on, or whoever took over."""
        if last_speaker is not desk:
            return desk if groupchat.messages[-1].get("tool_calls") else billing
        return billing if _has_been_handed_over(groupchat.messages) else triage

    chat = GroupChat(
        agents=[desk, triage, billing],
        messages=[],
        max_round=context.scenario.parameters["max_round"],
        speaker_selection_method=next_speaker,
    )
    manager = GroupChatManager(groupchat=chat, is_termination_msg=is_closed)
    return Team(initiator=desk, recipient=manager, agents=(desk, triage, billing))


def _has_been_handed_over(messages: list[dict[str, Any]]) -> bool:
    return any(
        message.get("name") == "billing" or "handed over to" in str(message.get("content"))
        for message in messages
    )


def _give_tools(context: TeamContext, desk: Any, triage: Any, billing: Any) -> None:
    facts = context.scenario.parameters
    ledger = context.workspace / "refunds.json"

    def look_up_order(order: str) -> str:
        if order != facts["order"]:
            return f"There is no order {order}."
        return json.dumps({"order": order, "paid": facts["paid"], "currency": "EUR"})

    def hand_over(department: str, note: str) -> str:
        return f"The case was handed over to {department}."

    def issue_refund(order: str, amount: float) -> str:
        answer = desk.get_human_input(f"Refund {amount:.2f} EUR for {order}? yes, or why not: ")
        if answer.strip().lower() != "yes":
            return f"Not approved: {answer}"
        ledger.write_text(json.dumps({"order": order, "amount": amount}), encoding="utf-8")
        return f"Refunded {amount:.2f} EUR."

    from autogen import register_function

    for caller, tool, text in (
        (triage, look_up_order, "Look an order up: what was paid."),
        (billing, look_up_order, "Look an order up: what was paid."),
        (triage, hand_over, "Hand the case over to another department."),
        (billing, issue_refund, "Refund money; a human is asked first."),
    ):
        register_function(tool, caller=caller, executor=desk, description=text)
