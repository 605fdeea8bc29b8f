"""Two agents: an analyst that writes code and an executor that runs it."""

from __future__ import annotations

from harness.model.team import Team, TeamContext

NO_CODE = (
    "There is no code in your last message. Send the next Python block, "
    "or end your message with TERMINATE if the work is done."
)


def says_terminate(message: dict) -> bool:
    return str(message.get("content") or "").rstrip().endswith("TERMINATE")


def build(context: TeamContext) -> Team:
    from autogen import AssistantAgent, UserProxyAgent
    from autogen.coding import LocalCommandLineCodeExecutor

    analyst = AssistantAgent(
        name="analyst",
        system_message=context.prompt("analyst"),
        llm_config=context.llm_config(),
    )
    runner = LocalCommandLineCodeExecutor(
        work_dir=context.workspace, timeout=int(context.scenario.limits.code_seconds)
    )
    executor = UserProxyAgent(
        name="executor",
        human_input_mode="NEVER",
        max_consecutive_auto_reply=10,
        is_termination_msg=says_terminate,
        default_auto_reply=NO_CODE,
        # Only the newest message: looking further back would run old code again.
        code_execution_config={"executor": runner, "last_n_messages": 1},
    )
    return Team(initiator=executor, recipient=analyst, agents=(executor, analyst))
