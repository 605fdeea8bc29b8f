"""Which scenario a request belongs to, and asking that scenario's script."""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import ScriptError
from harness.provider.script import Call, Reply, ReplyFunction, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True)
class Behaviour:
    """How the scripted provider plays the model for one scenario.

    Attributes:
        scenario: Name, given to the script as `Call.scenario`.
        task: Opening message of the scenario; a request whose messages contain it belongs here.
        parameters: The scenario's free parameters, given to the script.
        reply: The script. It may be called from several threads at once.
        file: Where the scenario is written, for messages; "" if in no file.
    """

    scenario: str
    task: str
    parameters: Mapping[str, Any]
    reply: ReplyFunction
    file: str = ""

    def __str__(self) -> str:
        return f"{self.scenario!r} ({_shown(self.file)})" if self.file else repr(self.scenario)


class Behaviours:
    """All behaviours a server plays, longest task first.

    Raises:
        ScriptError: If there are none, a task is empty, or two tasks are the same text.
    """

    def __init__(self, behaviours: Iterable[Behaviour]) -> None:
        self._ordered = tuple(sorted(behaviours, key=lambda one: -len(one.task.strip())))
        if not self._ordered:
            raise ScriptError("The scripted provider was given no scenario to play.")
        first_with: dict[str, Behaviour] = {}
        for behaviour in self._ordered:
            task = behaviour.task.strip()
            if not task:
                raise ScriptError(
                    f"Scenario {behaviour.scenario!r} has an empty task, so the scripted provider "
                    "could not tell its requests from any other's; give it a task."
                )
            other = first_with.setdefault(task, behaviour)
            if other is not behaviour:
                raise ScriptError(
                    f"Scenarios {other} and {behaviour} have the same task, by which the scripted "
                    "provider tells requests apart; word them differently."
                )

    def find(self, messages: Sequence[Mapping[str, Any]]) -> Behaviour | None:
        """The behaviour whose task occurs in the messages; the longest such task wins."""
        texts = [text_of(message) for message in messages]
        for behaviour in self._ordered:
            task = behaviour.task.strip()
            if any(task in text for text in texts):
                return behaviour
        return None

    def known(self) -> str:
        """Every scenario with the beginning of its task, for an error text."""
        return "; ".join(
            f"{behaviour.scenario!r} ({_beginning(behaviour.task)!r})"
            for behaviour in sorted(self._ordered, key=lambda one: one.scenario)
        )


def ask(behaviour: Behaviour, call: Call) -> Reply:
    """The script's reply, checked.

    Raises:
        ScriptError: If the script raises, or returns what is no reply to this call.
    """
    try:
        reply = behaviour.reply(call)
    except Exception as error:
        raise ScriptError(
            f"The provider script of scenario {behaviour.scenario!r} raised "
            f"{type(error).__name__}: {error} ({_place(error)})."
        ) from error
    if isinstance(reply, str):
        reply = Reply(content=reply)
    if not isinstance(reply, Reply) or not isinstance(reply.content, str):
        raise ScriptError(
            f"The provider script of scenario {behaviour.scenario!r} returned {reply!r}; "
            "it must return a str, or a harness.provider.script.Reply whose content is one."
        )
    _check_tools(behaviour, call, reply)
    return reply


def _check_tools(behaviour: Behaviour, call: Call, reply: Reply) -> None:
    offered = [str(tool["function"]["name"]) for tool in call.tools]
    for request in reply.tool_calls:
        if request.name not in offered:
            raise ScriptError(
                f"The provider script of scenario {behaviour.scenario!r} called the tool "
                f"{request.name!r}, which the request does not offer; it offers: "
                f"{', '.join(offered) or 'none'}."
            )


def _place(error: Exception) -> str:
    """File, line and function where the script failed; the innermost frame."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}, in {frames[-1].name}"


def _shown(file: str) -> str:
    """A path for people: relative to the current directory when inside it."""
    relative = os.path.relpath(file)
    return file if relative.startswith(os.pardir) else relative


def _beginning(task: str) -> str:
    line = " ".join(task.split())
    return line if len(line) <= 60 else line[:57] + "..."
