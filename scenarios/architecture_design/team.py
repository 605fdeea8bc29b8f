"""Four roles round a table: each speaks in turn, the product owner opens and closes."""

from __future__ import annotations

from harness.model.team import Team, TeamContext

ROLES = ("product_owner", "researcher", "architect", "developer")


def is_accepted(message: dict) -> bool:
    """Only the product owner closes, with the word on the last line."""
    lines = str(message.get("content") or "").strip().splitlines()
    return message.get("name") == "product_owner" and lines[-1:] == ["TERMINATE"]


def build(context: TeamContext) -> Team:
    from autogen import AssistantAgent, GroupChat, GroupChatManager

    agents = [
        AssistantAgent(
            name=role, system_message=context.prompt(role), llm_config=context.llm_config()
        )
        for role in ROLES
    ]
    chat = GroupChat(
        agents=agents,
        messages=[],
        max_round=context.scenario.parameters["max_round"],
        speaker_selection_method="round_robin",
    )
    manager = GroupChatManager(groupchat=chat, is_termination_msg=is_accepted)
    return Team(initiator=agents[0], recipient=manager, agents=tuple(agents))
