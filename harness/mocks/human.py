"""A scripted human, for agents that ask one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from harness.errors import ScriptError

Answers = Sequence[str] | Mapping[str, Sequence[str]] | Callable[[str, str], str]

IN_SCENARIO = "the scenario's answers with human: ['', 'some text', 'exit']"
ON_COMMAND_LINE = "all answers in order, as in: harness exec --human '' --human 'some text' SCRIPT"
IN_TEST = "all answers in order, as in: conversation.record(human=['', 'some text', 'exit'])"


class ScriptedHuman:
    """Answers agents that ask a human, without ever touching the terminal.

    Args:
        answers: What is typed: ``""`` skips, ``"exit"`` ends the conversation, anything
            else is said in the agent's name; for a choice of speakers, the number of one.
            Either one list for all that is asked, in order; or lists by the agent that
            asks; or a function of agent and prompt.
        place: Where the user gives them: the text of the next step when there are too few.
    """

    def __init__(self, answers: Answers = (), *, place: str = IN_SCENARIO) -> None:
        self._place = place
        self._function: Callable[[str, str], str] | None = None
        self._by_agent: dict[str, tuple[str, ...]] = {}
        self._answers: tuple[str, ...] = ()
        if callable(answers):
            self._function = answers
        elif isinstance(answers, Mapping):
            self._by_agent = {agent: tuple(given) for agent, given in answers.items()}
        else:
            self._answers = tuple(answers)
        self._asked: Counter[str | None] = Counter()

    def answer(self, agent: str, prompt: str) -> str:
        """The next answer.

        Args:
            agent: Name of the agent that asks.
            prompt: What it asks.

        Raises:
            ScriptError: If no answer is left.
        """
        if self._function is not None:
            return self._function(agent, prompt)
        # One list is shared by all that ask.
        who = agent if self._by_agent else None
        answers = self._by_agent.get(agent, ()) if self._by_agent else self._answers
        self._asked[who] += 1
        if self._asked[who] > len(answers):
            raise ScriptError(
                _exhausted(agent, prompt, self._asked[who], len(answers), self._place)
            )
        return answers[self._asked[who] - 1]


def _exhausted(agent: str, prompt: str, asked: int, count: int, place: str) -> str:
    scripted = f"only {count} are scripted" if count else "none is scripted"
    return (
        f"Agent {agent!r} asked a human for answer {asked}, but {scripted} and nobody "
        f"sits at the keyboard. It asked: {prompt.strip()!r}. Give {place} "
        "('' skips, 'exit' ends), or set the agent's human_input_mode to NEVER."
    )
