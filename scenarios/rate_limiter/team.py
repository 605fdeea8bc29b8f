"""A group chat: the developer writes, the executor runs, the reviewer judges what ran."""

from __future__ import annotations

from harness.model.team import Team, TeamContext

NO_CODE = "There was no code to run in the last message."


def says_terminate(message: dict) -> bool:
    return str(message.get("content") or "").rstrip().endswith("TERMINATE")


def build(context: TeamContext) -> Team:
    from autogen import AssistantAgent, GroupChat, GroupChatManager, UserProxyAgent
    from autogen.coding import LocalCommandLineCodeExecutor

    runner = LocalCommandLineCodeExecutor(
        work_dir=context.workspace, timeout=int(context.scenario.limits.code_seconds)
    )
    executor = UserProxyAgent(
        name="executor",
        human_input_mode="NEVER",
        default_auto_reply=NO_CODE,
        # Only the newest message: looking further back would run old code again.
        code_execution_config={"executor": runner, "last_n_messages": 1},
    )
    developer, reviewer = (
        AssistantAgent(
            name=name, system_message=context.prompt(name), llm_config=context.llm_config()
        )
        for name in ("developer", "reviewer")
    )

    def next_speaker(last_speaker, groupchat):
        """Code is run at once; what ran without an error is reviewed."""
        newest = str(groupchat.messages[-1].get("content") or "")
        if last_speaker is developer:
            return executor if "```" in newest else reviewer
        if last_speaker is executor:
            return reviewer if newest.startswith("exitcode: 0") else developer
        return developer

    chat = GroupChat(
        agents=[executor, developer, reviewer],
        messages=[],
        max_round=context.scenario.parameters["max_round"],
        speaker_selection_method=next_speaker,
    )
    # The manager ends the chat, so it is the one that must know the word.
    manager = GroupChatManager(groupchat=chat, is_termination_msg=says_terminate)
    return Team(initiator=executor, recipient=manager, agents=(executor, developer, reviewer))
