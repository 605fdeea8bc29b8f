"""Teams whose agents run code, in the ways AutoGen knows, and what they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.mocks import MockAgent
from harness.model.team import Team, TeamContext

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DICTIONARY, EXECUTOR = "dictionary", "executor"
WAYS = [DICTIONARY, EXECUTOR]


def block(code: str, language: str = "python") -> str:
    return f"```{language}\n{code}\n```"


def code_config(way: str, work_dir: Path, /, **options: Any) -> dict[str, Any]:
    """What `code_execution_config` is for that way of running code."""
    if way == DICTIONARY:
        return {"work_dir": str(work_dir), "use_docker": False, **options}
    from autogen.coding import LocalCommandLineCodeExecutor

    return {"executor": LocalCommandLineCodeExecutor(work_dir=work_dir, **options)}


def runs_code(way: str, *messages: str, **options: Any) -> Callable[[TeamContext], Team]:
    """A coder that says the messages, and a user that runs the code in them."""
    return with_config(lambda context: code_config(way, context.workspace, **options), *messages)


def with_config(
    configure: Callable[[TeamContext], dict[str, Any]], *messages: str
) -> Callable[[TeamContext], Team]:
    """The same with a configuration that is made for the sample."""

    def build(context: TeamContext) -> Team:
        user = MockAgent("user", "Nothing to run. TERMINATE").as_autogen(
            code_execution_config=configure(context)
        )
        coder = MockAgent("coder", [*messages, "TERMINATE"]).as_autogen()
        return Team(initiator=user, recipient=coder)

    return build


def answers(transcript: Any) -> list[str]:
    """What the coder was told of its code."""
    return [message.content for message in transcript.messages[2::2]]
