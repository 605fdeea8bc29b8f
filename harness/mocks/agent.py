"""Mock agents: participants whose words are written down, with or without a framework."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.mocks.faults import deliver
from harness.mocks.replies import MockCall, MockReply, Replies, ReplySource, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def ends_with_terminate(text: str) -> bool:
    """Whether the text's last word is TERMINATE."""
    return text.rstrip().endswith("TERMINATE")


class MockAgent:
    """A participant whose words are written down.

    The mock engine uses it as it is; `as_autogen` makes the same participant for a team of
    AutoGen agents. Holds a position in its replies, so make a new one for every sample.

    Args:
        name: Unique in its team.
        replies: A list, rules, a function or one text, as `ScriptedModel` takes; None asks
            the scenario's scripted model. A reply of None keeps silent, which ends the chat.
        is_termination: Whether a received message ends the conversation; by default when
            its last word is TERMINATE.
        max_replies: Replies it gives before it falls silent, >= 0.
        description: What other agents are told about it.
    """

    def __init__(
        self,
        name: str,
        replies: Replies | None = None,
        *,
        is_termination: Callable[[str], bool] = ends_with_terminate,
        max_replies: int = 100,
        description: str = "",
    ) -> None:
        self.name = name
        self.is_termination = is_termination
        self.max_replies = max_replies
        self.description = description
        self._source = None if replies is None else ReplySource(replies, name)
        self._replied = 0

    @property
    def asks_model(self) -> bool:
        """Whether its words come from the scenario's scripted model."""
        return self._source is None

    def reply(self, messages: Sequence[Mapping[str, Any]]) -> MockReply | None:
        """Its next words, faults taking effect; None keeps silent.

        Args:
            messages: The conversation, newest last.

        Raises:
            ScriptError: If no reply is left.
        """
        if self._source is None:
            raise TypeError(f"agent {self.name!r} has no replies of its own: ask the model")
        self._replied += 1
        reply = self._source.next(MockCall(agent=self.name, messages=tuple(messages)))
        return None if reply is None else deliver(reply, self.name)

    def as_autogen(self, **options: Any) -> Any:
        """The same participant as an AutoGen agent.

        Args:
            **options: Further keyword arguments of AutoGen's ``ConversableAgent``.

        Returns:
            A ``ConversableAgent``; termination, reply cap and tools stay AutoGen's own.
        """
        from autogen import ConversableAgent

        settings: dict[str, Any] = {
            "human_input_mode": "NEVER",
            "llm_config": False,
            "code_execution_config": False,
            "description": self.description,
            "max_consecutive_auto_reply": self.max_replies,
            "is_termination_msg": lambda message: self.is_termination(text_of(message)),
        }
        agent = ConversableAgent(self.name, **{**settings, **options})
        if self._source is not None:
            # Last in line, so that termination, tools and code come first as for any agent.
            position = len(agent._reply_func_list)
            agent.register_reply([object, None], self._autogen_reply, position=position)
        return agent

    def _autogen_reply(
        self, _agent: Any, messages: Any = None, sender: Any = None, config: Any = None
    ) -> tuple[bool, Any]:
        reply = self.reply(messages or ())
        if reply is None:
            return True, None
        if not reply.tool_calls:
            return True, reply.text
        return True, {"role": "assistant", "content": reply.text, "tool_calls": self._calls(reply)}

    def _calls(self, reply: MockReply) -> list[dict[str, Any]]:
        return [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in reply.calls(f"call_{self.name}_{self._replied}")
        ]
