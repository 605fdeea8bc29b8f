"""Derive why a conversation ended, because AutoGen does not say, or says it wrong.

Whatever could end a chat is noted as a `Stop` on its frame the moment it shows, and
wiped out by the next message. When the chat is over, the stop that is left is the
reason; without one, the limits on turns or rounds decide. The rules:

- An agent falls silent at its cap or at a termination message: if the message it could
  not answer meets its condition, that is the reason, also when it was at its cap.
- A human who types ``exit`` ended the chat, even when asked because of a termination
  message; one who types nothing lets the termination message end it.
- On the last allowed turn or round, a message that meets the condition of the agent that
  would have spoken next is the reason, not the limit.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from harness.engines.autogen_scope import (
    ChatFrame,
    Frame,
    GroupFrame,
    Scope,
    Selection,
    Stop,
    entered,
    mark,
)

# Observers get AutoGen's arguments and, at their yield, its result.
Observer = Generator[None, Any, None]


def observe_chat(
    scope: Scope, initiator: Any, recipient: Any, *args: Any, **kwargs: Any
) -> Observer:
    """Around ``initiate_chat``: open a frame; when the chat is over, settle its reason."""
    if scope.selection is not None:
        yield
        return
    # max_turns is the fourth positional argument after the recipient.
    max_turns = kwargs.get("max_turns", args[3] if len(args) > 3 else None)
    frame = ChatFrame(
        initiator=initiator,
        recipient=recipient,
        max_turns=max_turns if isinstance(max_turns, int) else None,
    )
    if scope.frame is None:
        scope.sample.outcome = None
    with entered(Scope(scope.sample, frame)):
        yield
    if scope.frame is None:
        scope.sample.outcome = _settled_chat(frame)


def observe_preparation(scope: Scope, agent: Any, *_args: Any, **_kwargs: Any) -> Observer:
    """Around ``_prepare_chat``, which every participant goes through."""
    mark(agent, scope.sample)
    yield


def observe_group(scope: Scope, manager: Any, *_args: Any, **_kwargs: Any) -> Observer:
    """Around ``run_chat``: watch the manager's condition, and hand the reason to its chat."""
    parent = scope.frame
    frame = GroupFrame(manager=manager, max_round=manager.groupchat.max_round)
    frame.last_index = parent.last_index if parent else None
    condition = manager._is_termination_msg

    def watched(message: dict[str, Any]) -> Any:
        verdict = condition(message)
        # AutoGen asks exactly once per round; asking again could disturb a stateful condition.
        frame.rounds += 1
        frame.is_met = bool(verdict)
        return verdict

    manager._is_termination_msg = watched
    try:
        with entered(Scope(scope.sample, frame)):
            yield
    finally:
        manager._is_termination_msg = condition
    if isinstance(parent, ChatFrame):
        parent.last_index = frame.last_index
        parent.stop = parent.stop or _settled_group(frame)


def observe_reply(scope: Scope, agent: Any, *_args: Any, **_kwargs: Any) -> Observer:
    """Around ``generate_reply``: silence ends a chat, for whatever reason was noted before."""
    reply = yield
    frame = scope.frame
    if reply is None and frame is not None and frame.stop is None and scope.selection is None:
        frame.stop = _stop(frame, "no_reply", f"{agent.name} made no reply.", agent)


def observe_termination_check(
    scope: Scope,
    agent: Any,
    messages: Any = None,
    sender: Any = None,
    *_args: Any,
    **_kwargs: Any,
) -> Observer:
    """Around ``check_termination_and_human_reply``: note what made the agent stop."""
    frame = scope.frame
    if frame is None or scope.selection is not None:
        yield
        return
    counter, caps = agent._consecutive_auto_reply_counter, agent._max_consecutive_auto_reply_dict
    is_at_cap = counter[sender] >= caps[sender]
    answers_before = len(agent._human_input)
    is_final, reply = yield
    if is_final and reply is None and frame.stop is None:
        answers = agent._human_input[answers_before:]
        history = messages if messages is not None else agent._oai_messages[sender]
        frame.stop = _silence(frame, agent, history, answers, is_at_cap=is_at_cap)


def _silence(
    frame: Frame, agent: Any, messages: Any, answers: list[str], *, is_at_cap: bool
) -> Stop:
    if answers and answers[-1] == "exit":
        return _stop(frame, "human_exit", f"The human behind {agent.name} typed exit.", agent)
    never_asks = agent.human_input_mode == "NEVER"
    if never_asks and is_at_cap and not _meets(agent, messages[-1]):
        cap = agent.max_consecutive_auto_reply()
        detail = f"{agent.name} had used up its {cap} consecutive automatic replies."
        return _stop(frame, "max_consecutive_auto_reply", detail, agent)
    if not never_asks and not answers and not _meets(agent, messages[-1]):
        # The agent has its own way of asking; only a human can have stopped it here.
        return _stop(frame, "human_exit", f"The human behind {agent.name} ended it.", agent)
    return _stop(
        frame, "termination_message", f"The last message met the condition of {agent.name}.", agent
    )


def observe_early_end(
    scope: Scope, initiator: Any, recipient: Any, message: Any, *_args: Any, **_kwargs: Any
) -> Observer:
    """Around ``_should_terminate_chat``, by which 0.14 ends a chat without any event."""
    is_over = yield
    frame = scope.frame
    if is_over and frame is not None and frame.stop is None and scope.selection is None:
        # It asks the recipient about its own words; the condition of who hears them comes first.
        is_heard = frame.last_speaker is recipient and _meets(initiator, message)
        finisher = initiator if is_heard else recipient
        detail = f"The last message met the condition of {finisher.name}."
        frame.stop = _stop(frame, "termination_message", detail, finisher)


def observe_summary(scope: Scope, *_args: Any, **_kwargs: Any) -> Observer:
    """Around ``_summarize_chat``: model calls made in it are for the summary."""
    with entered(Scope(scope.sample, scope.frame, scope.selection, is_summary=True)):
        yield


def observe_speaker_selection(
    scope: Scope, groupchat: Any, last_speaker: Any, selector: Any, *_args: Any, **_kwargs: Any
) -> Observer:
    """Around ``select_speaker``: record the choice, and that nobody could be chosen."""
    selection = Selection(selector.name)
    try:
        with entered(Scope(scope.sample, scope.frame, selection)):
            chosen = yield
    except Exception as error:
        frame = scope.frame
        if is_no_eligible_speaker(error) and frame is not None:
            _record_selection(scope, groupchat, last_speaker, selection, None)
            frame.stop = frame.stop or _stop(frame, "no_next_speaker", str(error), selector)
        raise
    _record_selection(scope, groupchat, last_speaker, selection, chosen)


def observe_candidates(scope: Scope, groupchat: Any, *_args: Any, **_kwargs: Any) -> Observer:
    """Around ``_prepare_and_select_agents``, which knows who may be chosen."""
    _, agents, _ = yield
    if scope.selection is not None:
        scope.selection.candidates = tuple(a.name for a in agents or groupchat.agents)


def _record_selection(
    scope: Scope, groupchat: Any, last_speaker: Any, selection: Selection, chosen: Any
) -> None:
    method = groupchat.speaker_selection_method
    scope.sample.recorder.speaker_selection(
        manager=selection.manager,
        method=getattr(method, "__name__", type(method).__name__)
        if callable(method)
        else str(method).lower(),
        last_speaker=last_speaker.name,
        candidates=selection.candidates,
        selected=None if chosen is None else chosen.name,
        model_calls=selection.model_calls,
    )


def is_no_eligible_speaker(error: BaseException) -> bool:
    """Whether the exception is AutoGen's "nobody can speak", which changed its name in 0.9."""
    return type(error).__name__ in {"NoEligibleSpeaker", "NoEligibleSpeakerError"}


def _settled_chat(frame: ChatFrame) -> Stop:
    if frame.stop is not None:
        return frame.stop
    if frame.max_turns is None:
        return _stop(frame, "no_reply", f"{frame.recipient.name} made no reply.", frame.recipient)
    finisher = _finisher(frame)
    if finisher is not None:
        detail = f"The last message met the condition of {finisher.name}."
        return _stop(frame, "termination_message", detail, finisher)
    if frame.turns >= frame.max_turns:
        return _stop(frame, "max_turns", f"The chat had its {frame.max_turns} turns.")
    # Since 0.9 the loop also ends when the initiator's counter reaches the recipient's cap.
    cap = frame.recipient.max_consecutive_auto_reply()
    detail = f"The chat reached the cap of {frame.recipient.name}: {cap} consecutive replies."
    return _stop(frame, "max_consecutive_auto_reply", detail, frame.recipient)


def _finisher(frame: ChatFrame) -> Any:
    """The agent whose condition the last message meets, had there been another turn."""
    initiator, recipient = frame.initiator, frame.recipient
    history = initiator._oai_messages.get(recipient)
    if not history or frame.last_speaker is not recipient:
        return None
    if _meets(initiator, history[-1]):
        return initiator
    # Since 0.14 what the recipient says may meet the recipient's own condition.
    is_checked = hasattr(initiator, "_should_terminate_chat")
    return recipient if is_checked and _meets(recipient, history[-1]) else None


def _settled_group(frame: GroupFrame) -> Stop:
    if frame.stop is not None:
        return frame.stop
    manager = frame.manager
    if frame.is_met:
        detail = f"The last message met the condition of {manager.name}."
        return _stop(frame, "termination_message", detail, manager)
    if frame.rounds >= frame.max_round:
        return _stop(
            frame, "max_round", f"The group chat had its {frame.max_round} rounds.", manager
        )
    return _stop(frame, "no_reply", f"{manager.name} ended the group chat.", manager)


def _stop(frame: Frame, reason: Any, detail: str, agent: Any = None) -> Stop:
    return Stop(reason, detail, agent.name if agent is not None else None, frame.last_index)


def _meets(agent: Any, message: dict[str, Any]) -> bool:
    """Whether the message meets the agent's condition, where AutoGen did not ask itself."""
    if message.get("content") is None:
        return False
    try:
        return bool(agent._is_termination_msg(message))
    except Exception:
        # A condition that cannot judge the message did not end the chat.
        return False
