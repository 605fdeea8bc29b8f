"""A scripted model: plays the provider for any agent, the speaker selector included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import ScriptError
from harness.mocks.replies import MockCall, MockReply, Replies, ReplySource


class ScriptedModel:
    """Answers model calls in process.

    Holds a position in its replies, so make a new one for every sample.

    Args:
        replies: Either replies for all agents together (a list, rules, a function or one
            text), or a mapping from who asks to their replies. A key of the mapping is,
            from the most to the least specific: ``"agent/purpose"``, a purpose other than
            reply (``"speaker_selection"``, ``"summary"``), an agent's name, or ``"*"``.
            Speaker selection is asked in the name of the group chat's manager, a summary
            in the name of the agent that opened the chat.

    Example:
        >>> model = ScriptedModel({"coder": ["print(1)", "TERMINATE"], "manager": "coder"})
        >>> model.reply("coder", "reply", []).text
        'print(1)'
    """

    def __init__(self, replies: Mapping[str, Replies] | Replies) -> None:
        by_name = replies if isinstance(replies, Mapping) else {"*": replies}
        self._sources = {name: ReplySource(listed, name) for name, listed in by_name.items()}

    def reply(
        self,
        agent: str,
        purpose: str,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> MockReply:
        """The reply to one model call.

        Args:
            agent: On whose behalf the model is asked.
            purpose: Why, as in `harness.model.transcript.Purpose`.
            messages: The request's messages.
            tools: Schemas of the tools it offers.

        Raises:
            ScriptError: If nothing is scripted for this call, or no reply is left.
        """
        call = MockCall(agent=agent, purpose=purpose, messages=tuple(messages), tools=tuple(tools))
        reply = self._source(agent, purpose).next(call)
        return MockReply("", fault="empty") if reply is None else reply

    def _source(self, agent: str, purpose: str) -> ReplySource:
        keys = [f"{agent}/{purpose}", agent, "*"]
        if purpose != "reply":
            keys.insert(1, purpose)
        for key in keys:
            if key in self._sources:
                return self._sources[key]
        raise ScriptError(
            f"Agent {agent!r} asked the scripted model for a {purpose} (call 1), but replies are "
            f"scripted only for: {', '.join(sorted(self._sources)) or 'nobody'}. Add {agent!r} "
            "or '*' to the script."
        )
