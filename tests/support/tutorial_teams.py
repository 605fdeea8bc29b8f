"""Teams written the way tutorials write them, each with its one mistake, and teams without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.engines.autogen import AutogenEngine
from harness.fuzzing import Subject
from harness.model.scenario import AgentConfig, Limits, PythonReference, Scenario
from harness.model.team import Team, TeamContext

Build = Callable[[TeamContext], Team]


def subject(
    build: Build, *, task: str = "Sort this list.", limits: Limits | None = None
) -> Subject:
    scenario = Scenario(
        name="task",
        suite="tutorials",
        title="A task",
        task=task,
        folder="/nowhere",
        team=PythonReference(path="team.py", attribute="build"),
        limits=limits or Limits(),
    )
    config = AgentConfig(name="only", model="gpt-4o-mini")
    return Subject(scenario=scenario, config=config, build_team=build, engine=AutogenEngine())


def ends_with_the_word(message: dict[str, Any]) -> bool:
    return str(message.get("content") or "").rstrip().endswith("TERMINATE")


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def two_agents(
    *, is_termination_msg: Any = ends_with_the_word, has_tool: bool = False, **user: Any
) -> Build:
    """An assistant and a user proxy that runs its code."""

    def build(context: TeamContext) -> Team:
        from autogen import AssistantAgent, UserProxyAgent, register_function

        assistant = AssistantAgent("assistant", llm_config=context.llm_config())
        proxy = UserProxyAgent(
            "user_proxy",
            **{
                "human_input_mode": "NEVER",
                "max_consecutive_auto_reply": 10,
                "is_termination_msg": is_termination_msg,
                "code_execution_config": {
                    "work_dir": str(context.workspace),
                    "use_docker": False,
                    "last_n_messages": 1,
                },
                **user,
            },
        )
        if has_tool:
            register_function(add, caller=assistant, executor=proxy, description="Adds.")
        return Team(initiator=proxy, recipient=assistant)

    return build


def group(*, manager: dict[str, Any] | None = None, **chat: Any) -> Build:
    """A user who runs code, a coder and a reviewer; the model chooses who speaks."""

    def build(context: TeamContext) -> Team:
        from autogen import AssistantAgent, GroupChat, GroupChatManager, UserProxyAgent

        user = UserProxyAgent(
            "user_proxy",
            human_input_mode="NEVER",
            code_execution_config={"use_docker": False, "last_n_messages": "auto"},
        )
        coder, reviewer = (
            AssistantAgent(name, llm_config=context.llm_config()) for name in ("coder", "reviewer")
        )
        options = {"max_round": 15, **chat}
        chooser = options.get("speaker_selection_method")
        if callable(chooser):
            options["speaker_selection_method"] = chooser(user, coder, reviewer)
        groupchat = GroupChat(agents=[user, coder, reviewer], messages=[], **options)
        return Team(
            initiator=user,
            recipient=GroupChatManager(
                groupchat, llm_config=context.llm_config(), **(manager or {})
            ),
        )

    return build


def code_after_review(user: Any, coder: Any, reviewer: Any) -> Any:
    """Who speaks next: code is reviewed, and run only when it was approved."""

    def next_speaker(last: Any, groupchat: Any) -> Any:
        newest = str(groupchat.messages[-1].get("content") or "")
        if last is coder:
            return reviewer
        if last is reviewer and newest == "APPROVED":
            return user
        return coder

    return next_speaker
