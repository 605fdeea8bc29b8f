"""The AutoGen engine over real HTTP: live, recorded, and replayed without a network."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from harness import cassettes
from harness.errors import CassetteMiss
from harness.mocks import MockAgent
from harness.model.team import Endpoint, Team, TeamContext
from harness.provider.script import Call, Reply
from harness.provider.server import Behaviour, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TASK = "Plan the harvest festival."


def plays_the_model(call: Call) -> Reply | str:
    if "select the next role" in call.last or "choose a speaker" in call.last:
        spoken = [m.get("name") for m in call.messages]
        return "cook" if spoken.count("cook") <= spoken.count("baker") else "baker"
    return f"Idea for epoch {call.epoch}."


@contextmanager
def provider() -> Iterator[Any]:
    with serving([Behaviour("festival", TASK, {}, plays_the_model)]) as server:
        yield server


def duo(*, is_async: bool = False) -> Any:
    def build(context: TeamContext) -> Team:
        from autogen import AssistantAgent

        coder = AssistantAgent("cook", llm_config=context.llm_config())
        user = MockAgent("user", "More.").as_autogen()
        return Team(initiator=user, recipient=coder, max_turns=2, is_async=is_async)

    return build


def kitchen(context: TeamContext) -> Team:
    from autogen import AssistantAgent, GroupChat, GroupChatManager

    agents = [AssistantAgent(name, llm_config=context.llm_config()) for name in ("cook", "baker")]
    manager = GroupChatManager(
        GroupChat(agents=agents, messages=[], max_round=4, allow_repeat_speaker=True),
        name="boss",
        llm_config=context.llm_config(),
    )
    user = MockAgent("user", "Hm.").as_autogen()
    return Team(initiator=user, recipient=manager)


def record(play: Any, build: Any, path: Path) -> tuple[Any, Endpoint]:
    with provider() as server:
        endpoint = Endpoint(base_url=server.base_url, api_key="none", is_scripted=True)
        header = cassettes.CassetteHeader(
            recorded_at="2026-01-01T00:00:00+00:00",
            source="scripted provider",
            base_url=server.base_url,
        )
        with cassettes.recording(path, header):
            transcript = play(build, task=TASK, endpoint=endpoint, mode="record")
    return transcript, Endpoint(base_url=endpoint.base_url)


def said(transcript: Any) -> list[tuple[str, str]]:
    return [(message.speaker, message.content) for message in transcript.messages]


def calls(transcript: Any) -> list[Any]:
    return [
        (c.agent, c.purpose, c.attempt, c.model_answered, c.usage, c.reply, c.latency_seconds)
        for c in transcript.model_calls
    ]


def test_a_live_call_tells_tokens_model_and_finish_reason(play: Any) -> None:
    with provider() as server:
        endpoint = Endpoint(base_url=server.base_url)
        transcript = play(duo(), task=TASK, endpoint=endpoint, mode="live")

    first, second = transcript.model_calls
    assert (first.model_requested, first.model_answered) == ("mock-1", "mock-1")
    assert first.finish_reason == "stop"
    assert first.usage.prompt_tokens > 0
    assert second.usage.prompt_tokens > first.usage.prompt_tokens
    assert first.latency_seconds > 0
    assert server.requests == 2


def test_only_our_own_provider_is_told_the_epoch(play: Any) -> None:
    from harness.model.sample import SampleKey

    key = SampleKey(suite="suite", scenario="scenario", config="config", epoch=3)
    with provider() as server:
        ours = Endpoint(base_url=server.base_url, is_scripted=True)
        told = play(duo(), task=TASK, endpoint=ours, mode="record", key=key)
        other = Endpoint(base_url=server.base_url)
        untold = play(duo(), task=TASK, endpoint=other, mode="record", key=key)

    assert told.messages[1].content == "Idea for epoch 3."
    assert untold.messages[1].content == "Idea for epoch 1."


@pytest.mark.parametrize(
    "build", [duo(), duo(is_async=True), kitchen], ids=["duo", "async duo", "group"]
)
def test_a_replay_tells_what_the_recording_told_latencies_included(
    build: Any, play: Any, tmp_path: Path
) -> None:
    path = tmp_path / "cassette.jsonl"
    recorded, endpoint = record(play, build, path)

    for _ in range(2):
        with cassettes.replaying(path) as session:
            replayed = play(build, task=TASK, endpoint=endpoint, mode="replay")

        assert said(replayed) == said(recorded)
        assert [c[:-1] for c in calls(replayed)] == [c[:-1] for c in calls(recorded)]
        assert replayed.termination == recorded.termination
        assert (session.misses, session.unplayed, session.sockets_opened) == ((), 0, 0)
    on_tape = {one.latency_seconds for one in cassettes.load_cassette(path).interactions}
    assert {call.latency_seconds for call in replayed.model_calls} == on_tape


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_miss_stops_the_sample_and_names_the_agent(
    is_async: bool, play: Any, tmp_path: Path
) -> None:
    path = tmp_path / "cassette.jsonl"
    _, endpoint = record(play, duo(is_async=is_async), path)

    with (
        cassettes.replaying(path),
        pytest.raises(CassetteMiss, match="cook"),
    ):
        play(duo(is_async=is_async), task=f"{TASK} Now.", endpoint=endpoint, mode="replay")

    assert play.recorder.termination.reason == "error"
    assert play.recorder.termination.exception.type == "harness.errors.CassetteMiss"
    assert play.recorder.turns == 1


def test_a_provider_that_is_down_ends_the_conversation_with_its_error(play: Any) -> None:
    def build(context: TeamContext) -> Team:
        from autogen import AssistantAgent

        config = context.llm_config()
        # Not every line takes max_retries; without it openai waits and tries again.
        coder = AssistantAgent("cook", llm_config=config)
        user = MockAgent("user", "More.").as_autogen()
        return Team(initiator=user, recipient=coder, max_turns=1)

    transcript = play(build, task=TASK, mode="live")

    (call,) = transcript.model_calls
    assert call.error.type.endswith("APIConnectionError")
    assert transcript.termination == "error"
    assert transcript.turns == 1
