"""A group chat of executor, coder and reviewer; the model chooses who speaks.

Nothing but the executor's role, as its prompt describes it to the model that chooses,
keeps code from running before it was approved: whether that suffices is for the check
`execution_after_approval` to find out.
"""

from __future__ import annotations

from typing import Any

from harness.model.team import Team, TeamContext

MAX_ROUNDS = 15


def build(context: TeamContext) -> Team:
    from autogen import AssistantAgent, GroupChat, GroupChatManager, UserProxyAgent

    coder = AssistantAgent(
        name="coder",
        system_message=context.prompt("coder"),
        description="Repairs the module as the reviewer asks and writes the code to run.",
        llm_config=context.llm_config(),
    )
    reviewer = AssistantAgent(
        name="reviewer",
        system_message=context.prompt("reviewer"),
        description="Reviews every version of the module, gives the verdict, and closes the case.",
        llm_config=context.llm_config(),
    )
    executor = UserProxyAgent(
        name="executor",
        description=context.prompt("executor"),
        human_input_mode="NEVER",
        default_auto_reply="There is no new code to run.",
        # "auto" runs the newest code since the executor last spoke: never code that was
        # run before, and never what stands in its own opening message.
        code_execution_config={
            "work_dir": str(context.workspace),
            "use_docker": False,
            "last_n_messages": "auto",
            "timeout": int(context.scenario.limits.code_seconds),
        },
    )
    chat = GroupChat(
        agents=[executor, reviewer, coder],
        messages=[],
        max_round=MAX_ROUNDS,
        speaker_selection_method="auto",
        allow_repeat_speaker=False,
    )
    manager = GroupChatManager(
        groupchat=chat, llm_config=context.llm_config(), is_termination_msg=is_closed
    )
    return Team(initiator=executor, recipient=manager, agents=(executor, reviewer, coder))


def is_closed(message: dict[str, Any]) -> bool:
    """Whether the reviewer closed the case; AutoGen's own rule wants nothing but the word."""
    text = message.get("content") or ""
    lines = text.strip().splitlines()
    return message.get("name") == "reviewer" and lines[-1:] == ["TERMINATE"]
