"""What a provider script sees of a request, and what it answers.

A provider script is a function ``reply(call: Call) -> Reply | str`` in a
suite's folder. It plays the model for that suite's scenarios: its answers
depend on the conversation and, through `Call.draw`, on model, temperature,
prompt and epoch, the same on every machine and every day.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from harness.errors import ScriptError

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class ToolRequest:
    """A tool call the scripted model makes; arguments are a JSON-compatible mapping."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer of the scripted model.

    Attributes:
        content: Text; may be empty when there are tool calls.
        tool_calls: Tools to call.
        finish_reason: "stop", "length" or "tool_calls"; derived when None.
    """

    content: str = ""
    tool_calls: tuple[ToolRequest, ...] = ()
    finish_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, as a provider script sees it.

    Attributes:
        scenario: Name of the scenario whose task the conversation opened with.
        parameters: The scenario's free parameters.
        model: Model the request names.
        temperature: Temperature of the request; 1.0 when it names none.
        system: Text of the first system message; "" if there is none.
        messages: The request's messages as sent.
        tools: Tool schemas as sent.
        epoch: Which repeat this is, from 1; 1 when the client does not say.
        seed: Seed the server was started with.
    """

    scenario: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    model: str
    temperature: float = 1.0
    system: str = ""
    messages: tuple[Mapping[str, Any], ...] = ()
    tools: tuple[Mapping[str, Any], ...] = ()
    epoch: int = 1
    seed: int = 0

    @property
    def last(self) -> str:
        """Text of the newest message."""
        return text_of(self.messages[-1]) if self.messages else ""

    def said_by(self, name: str) -> list[str]:
        """Texts of the messages that carry this participant name, oldest first."""
        return [text_of(message) for message in self.messages if message.get("name") == name]

    def draw(self, label: str) -> float:
        """A number that looks random and is the same on every machine, Python and day.

        It depends on label, seed, scenario, model, temperature, system prompt and
        epoch, and on nothing else: the same label asked for twice in one sample
        gives the same number, so name a draw after what it decides.

        Args:
            label: What is being decided, e.g. "forgets the import".

        Returns:
            At least 0 and less than 1, uniformly spread over labels and epochs.
        """
        parts = (
            self.seed,
            self.scenario,
            self.model,
            # + 0.0 turns -0.0 into 0.0, which is the same temperature.
            round(float(self.temperature), 6) + 0.0,
            self.system,
            self.epoch,
            label,
        )
        # JSON escapes everything beyond ASCII. repr() does not: what it escapes
        # follows the Unicode tables, which differ from Python to Python.
        digest = hashlib.blake2b(json.dumps(parts).encode(), digest_size=8).digest()
        # 53 bits are what a float holds; dividing all 64 would round the largest to 1.0.
        return (int.from_bytes(digest, "big") >> 11) / 2**53

    def draw_evenly(self, label: str) -> float:
        """As `draw`, but the epochs of one scenario and config share [0, 1) out evenly.

        With it a few recorded epochs show what many would: an event with probability
        0.4 happens in two of five epochs, give or take one, instead of in none or all.

        Args:
            label: What is being decided.

        Returns:
            At least 0 and less than 1.
        """
        # Multiples of the golden ratio, modulo 1, keep apart however many there are.
        start = dataclasses.replace(self, epoch=0).draw(label)
        return (start + self.epoch * 0.6180339887498949) % 1.0

    def choose(self, label: str, options: Sequence[T]) -> T:
        """One of options, by `draw`.

        Raises:
            ScriptError: If there are no options.
        """
        if not options:
            raise ScriptError(
                f"call.choose({label!r}, ...) in the provider script of scenario "
                f"{self.scenario!r} was given no options; give it at least one."
            )
        return options[int(self.draw(label) * len(options))]


ReplyFunction = Callable[[Call], "Reply | str"]


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a chat message: plain content, or its text parts joined."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return ""
