"""A scripted human, for agents that ask one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import ScriptError

if TYPE_CHECKING:
    from collections.abc import Sequence


class ScriptedHuman:
    """Answers agents that ask a human, in order, without ever touching the terminal.

    Args:
        answers: What is typed: ``""`` skips, ``"exit"`` ends the conversation, anything
            else is said in the agent's name.
    """

    def __init__(self, answers: Sequence[str] = ()) -> None:
        self._answers = tuple(answers)
        self._asked = 0

    def answer(self, agent: str, prompt: str) -> str:
        """The next answer.

        Args:
            agent: Name of the agent that asks.
            prompt: What it asks.

        Raises:
            ScriptError: If no answer is left.
        """
        self._asked += 1
        if self._asked > len(self._answers):
            raise ScriptError(self._exhausted(agent, prompt))
        return self._answers[self._asked - 1]

    def _exhausted(self, agent: str, prompt: str) -> str:
        scripted = (
            f"only {len(self._answers)} are scripted" if self._answers else "none is scripted"
        )
        return (
            f"Agent {agent!r} asked a human for answer {self._asked}, but {scripted} and nobody "
            f"sits at the keyboard. It asked: {prompt.strip()!r}. Give the scenario's answers with "
            "human: ['', 'some text', 'exit'] ('' skips, 'exit' ends), or set the agent's "
            "human_input_mode to NEVER."
        )
