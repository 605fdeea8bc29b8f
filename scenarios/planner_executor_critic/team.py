"""A loop of planning, running and judging; a function decides who speaks."""

from __future__ import annotations

from typing import Any

from harness.model.team import Team, TeamContext


def is_accepted(message: dict[str, Any]) -> bool:
    """Only the critic ends it, with the word on the last line."""
    lines = str(message.get("content") or "").strip().splitlines()
    return message.get("name") == "critic" and lines[-1:] == ["TERMINATE"]


def build(context: TeamContext) -> Team:
    from autogen import AssistantAgent, GroupChat, GroupChatManager, UserProxyAgent

    executor = UserProxyAgent(
        name="executor",
        human_input_mode="NEVER",
        default_auto_reply="There was no code to run.",
        # Only the newest message: looking further back would run old code again.
        code_execution_config={
            "work_dir": str(context.workspace),
            "use_docker": False,
            "last_n_messages": 1,
            "timeout": int(context.scenario.limits.code_seconds),
        },
    )
    planner, critic = (
        AssistantAgent(
            name=name, system_message=context.prompt(name), llm_config=context.llm_config()
        )
        for name in ("planner", "critic")
    )

    def next_speaker(last_speaker: Any, groupchat: Any) -> Any:
        """Plans are run, results are judged; the critic and the task lead to the planner."""
        if len(groupchat.messages) <= 1 or last_speaker is critic:
            return planner
        return executor if last_speaker is planner else critic

    chat = GroupChat(
        agents=[executor, planner, critic],
        messages=[],
        max_round=context.scenario.parameters["max_round"],
        speaker_selection_method=next_speaker,
    )
    manager = GroupChatManager(groupchat=chat, is_termination_msg=is_accepted)
    return Team(initiator=executor, recipient=manager, agents=(executor, planner, critic))
