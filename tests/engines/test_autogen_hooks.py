"""The hooks: idle outside a sample, quiet inside one, and never mixing samples up."""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from harness.engines import autogen_hooks
from harness.engines.autogen import AutogenEngine
from harness.mocks import MockAgent, MockReply, ScriptedModel, empty, garbage
from harness.model.team import Team, TeamContext
from harness.model.transcript import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.model.transcript import Transcript


def chat(turns: int = 2) -> Callable[[TeamContext], Team]:
    def build(_context: TeamContext) -> Team:
        return Team(
            initiator=MockAgent("ann", "Hm.").as_autogen(),
            recipient=MockAgent("bob", "Hm.").as_autogen(),
            max_turns=turns,
        )

    return build


def assistant(context: TeamContext, name: str = "coder", **config: Any) -> Any:
    from autogen import AssistantAgent

    return AssistantAgent(name, llm_config={**context.llm_config(), **config})


def test_installing_twice_hooks_once() -> None:
    from autogen import ConversableAgent, OpenAIWrapper

    before = (ConversableAgent.initiate_chat, OpenAIWrapper.create)

    autogen_hooks.install()
    AutogenEngine().preload()

    assert (ConversableAgent.initiate_chat, OpenAIWrapper.create) == before
    assert not hasattr(OpenAIWrapper.create.__wrapped__, "__wrapped__")


def test_removing_gives_autogen_its_own_methods_back() -> None:
    from autogen import ConversableAgent

    hooked = ConversableAgent.initiate_chat
    try:
        autogen_hooks.remove()
        assert ConversableAgent.initiate_chat is hooked.__wrapped__
    finally:
        autogen_hooks.install()


class Console:
    """What AutoGen shows, counted."""

    def __init__(self) -> None:
        self.shown = 0

    def print(self, *_objects: Any, **_options: Any) -> None:
        self.shown += 1

    def send(self, _message: Any) -> None:
        self.shown += 1


def test_agents_used_after_their_sample_print_and_answer_as_ever(play: Any) -> None:
    from autogen.io import IOStream

    ann, bob = MockAgent("ann", "Hm.").as_autogen(), MockAgent("bob", "Hello.").as_autogen()
    play(lambda _context: Team(initiator=ann, recipient=bob, max_turns=1))
    console = Console()

    with IOStream.set_default(console):
        result = ann.initiate_chat(bob, message="Again?", max_turns=1)

    assert [message["content"] for message in result.chat_history] == ["Again?", "Hello."]
    assert console.shown >= 2
    assert play.recorder.turns == 2


@pytest.mark.parametrize("attempt", [1, 2, 3])
def test_nothing_reaches_the_terminal_and_stdout_is_back_afterwards(
    attempt: int, play: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def build(context: TeamContext) -> Team:
        config = {"work_dir": str(context.workspace), "use_docker": False}
        ann = MockAgent("ann", "Hm.").as_autogen(code_execution_config=config)
        bob = MockAgent("bob", ["```python\nprint(1)\n```", "TERMINATE"]).as_autogen()
        bob.register_reply([object], lambda *_a, **_k: (False, print("from a tool")), position=0)
        logging.getLogger("autogen.oai.client").warning("a price is not known")
        return Team(initiator=ann, recipient=bob, options={"silent": False})

    stdin, stdout = sys.stdin, sys.stdout

    play(build)

    assert (sys.stdin, sys.stdout) == (stdin, stdout)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
    print("still works")
    assert capsys.readouterr().out == "still works\n"


def test_a_printing_group_chat_is_quiet_too(play: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def build(context: TeamContext) -> Team:
        from autogen import GroupChat, GroupChatManager

        agents = [assistant(context, "ann"), assistant(context, "bob")]
        manager = GroupChatManager(
            GroupChat(agents=agents, messages=[], max_round=3, select_speaker_auto_verbose=True),
            llm_config=context.llm_config(),
        )
        return Team(initiator=agents[0], recipient=manager, options={"silent": False})

    transcript = play(build, script=ScriptedModel({"speaker_selection": "bob", "*": "Hm."}))

    assert transcript.termination == "max_round"
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_loggers_are_as_they_were_after_a_sample(play: Any) -> None:
    logger = logging.getLogger("autogen.oai.client")
    was_disabled = logger.disabled

    play(chat())

    assert logger.disabled == was_disabled


@pytest.mark.parametrize("seed", [None, 7])
def test_the_cache_of_autogen_never_answers(seed: int | None, play: Any) -> None:
    config = {} if seed is None else {"cache_seed": seed}

    def build(context: TeamContext) -> Team:
        llm_config = context.llm_config()
        llm_config.pop("cache_seed")
        from autogen import AssistantAgent

        coder = AssistantAgent("coder", llm_config={**llm_config, **config})
        user = MockAgent("user", "Hm.").as_autogen()
        return Team(initiator=user, recipient=coder, max_turns=1)

    first = play(build, script=ScriptedModel("One."))
    second = play(build, script=ScriptedModel("Two."))

    assert first.messages[-1].content == "One."
    assert second.messages[-1].content == "Two."


def test_samples_in_threads_keep_their_events_apart(play: Any, tmp_path: Any) -> None:
    transcripts: dict[int, Transcript] = {}

    def run(number: int) -> None:
        def build(_context: TeamContext) -> Team:
            ann = MockAgent(f"ann{number}", f"I am {number}.").as_autogen()
            bob = MockAgent(f"bob{number}", f"You are {number}.").as_autogen()
            return Team(initiator=ann, recipient=bob, max_turns=10)

        transcripts[number] = play(build, task=f"Number {number}.")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for number, transcript in transcripts.items():
        assert transcript.turns == 20
        assert {m.content for m in transcript.messages[1:]} == {
            f"I am {number}.",
            f"You are {number}.",
        }


def test_a_thread_without_a_context_is_known_by_its_agent(play: Any) -> None:
    """As AutoGen 0.2 asks the model in an executor that copies no context."""

    def build(context: TeamContext) -> Team:
        coder = assistant(context)
        user = MockAgent("user", "Hm.").as_autogen()

        def ask_elsewhere(agent: Any, messages: Any = None, **_kwargs: Any) -> tuple[bool, str]:
            found: list[str] = []

            def ask() -> None:
                response = agent.client.create(messages=messages, agent=agent)
                found.extend(agent.client.extract_text_or_completion_object(response))

            thread = threading.Thread(target=ask)
            thread.start()
            thread.join()
            return True, found[0]

        coder.register_reply([object], ask_elsewhere)
        return Team(initiator=user, recipient=coder, max_turns=1)

    transcript = play(build, script=ScriptedModel({"coder": ["From a thread."]}))

    assert transcript.messages[-1].content == "From a thread."
    assert [(call.agent, call.reply) for call in transcript.model_calls] == [
        ("coder", "From a thread.")
    ]


def test_long_conversations_do_not_run_out_of_stack(play: Any) -> None:
    """Without max_turns AutoGen answers recursively; the hooks must add nothing to that."""

    def build(_context: TeamContext) -> Team:
        agents = [MockAgent(name, "Hm.", max_replies=150).as_autogen() for name in ("ann", "bob")]
        return Team(initiator=agents[0], recipient=agents[1])

    transcript = play(build)

    assert transcript.termination == "max_consecutive_auto_reply"
    assert transcript.turns == 301


def test_injected_faults_are_recorded_where_they_strike(play: Any) -> None:
    def build(context: TeamContext) -> Team:
        user = MockAgent("user", [garbage(1, 30), "Hm."]).as_autogen()
        return Team(initiator=user, recipient=assistant(context), max_turns=2)

    transcript = play(build, script=ScriptedModel([MockReply("Fine."), empty()]))

    faults = [event for event in transcript.events if isinstance(event, Fault)]
    assert [(fault.agent, fault.kind) for fault in faults] == [
        ("user", "garbage"),
        ("coder", "empty"),
    ]
    assert transcript.messages[-1].content == ""


def test_what_is_no_team_is_explained(play: Any) -> None:
    nothing = play(lambda _context: None)
    mock = play(lambda _c: Team(initiator=MockAgent("ann", "Hm."), recipient=None))

    assert "returned a NoneType; a harness.Team was expected" in nothing.termination_event.detail
    assert "a MockAgent becomes one with .as_autogen()" in mock.termination_event.detail
