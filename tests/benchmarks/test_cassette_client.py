"""What a replay adds to the openai client's own time, at 20 turns of conversation.

The client is the same on both sides; below it is either a transport that returns the recorded
answers in order, or the transport that a replay holds back.
"""

from __future__ import annotations

import time
from statistics import mean
from typing import TYPE_CHECKING, Any

import pytest
from cassette_data import API_KEY, BASE_URL, MODEL, TEMPERATURE, TURNS, teams
from cassette_sides import OURS, StaticTransport

from harness.cassettes import replaying

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cassette_data import Exchange

CHATS = 12
ROUNDS = 10
MOST = 0.05


def _client(**options: Any) -> Any:
    import openai

    http_client = openai.DefaultHttpxClient(**options)
    return openai.OpenAI(api_key=API_KEY, base_url=BASE_URL, http_client=http_client)


def _ask(client: Any, exchange: Exchange) -> float:
    """CPU seconds of one call."""
    began = time.process_time()
    answer = client.chat.completions.create(
        model=MODEL, temperature=TEMPERATURE, messages=exchange.messages
    )
    seconds = time.process_time() - began
    assert answer.choices[0].message.content.encode()[:20] in exchange.response
    return seconds


def _bare_and_replayed(exchanges: Sequence[Exchange], path: Path) -> list[tuple[float, float]]:
    """CPU seconds of each call, in its fastest round, without and with the layer.

    Both ways in turns, call by call, so that whatever slows the machine slows both, and which
    goes first changes from round to round, so that neither is always the one to warm a cache.
    """
    seconds = [(float("inf"), float("inf"))] * len(exchanges)
    with _client() as client:
        for turn in range(ROUNDS):
            static = StaticTransport([exchange.response for exchange in exchanges])
            with _client(transport=static) as static_client, replaying(path) as session:
                both = (static_client, client)
                for number, exchange in enumerate(exchanges):
                    bare, replayed = seconds[number]
                    asked = [_ask(each, exchange) for each in both[:: 1 if turn % 2 else -1]]
                    first, second = asked if turn % 2 else reversed(asked)
                    seconds[number] = (min(bare, first), min(replayed, second))
            assert session.served == len(exchanges)
    return seconds


def _mean(seconds: Sequence[tuple[float, float]]) -> tuple[float, float]:
    bare, replayed = zip(*seconds, strict=True)
    return mean(bare), mean(replayed)


@pytest.mark.benchmark
def test_a_replay_adds_a_twentieth_to_the_clients_own_time_at_20_turns(
    cassettes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = cassettes(OURS, teams, CHATS * TURNS)
    exchanges = list(teams(CHATS * TURNS))

    seconds = _bare_and_replayed(exchanges, path)

    bare, replayed = _mean(seconds[-CHATS:])
    all_bare, all_replayed = _mean(seconds)
    with capsys.disabled():
        print(
            f"\nopenai client at {TURNS} turns: {bare * 1000:.2f} ms per call, replayed "
            f"{replayed * 1000:.2f} ms, {replayed / bare - 1:+.1%} (at most {MOST:.0%}); "
            f"all turns: {all_bare * 1000:.2f} ms, replayed {all_replayed * 1000:.2f} "
            f"ms, {all_replayed / all_bare - 1:+.1%}"
        )
    assert replayed / bare - 1 <= MOST
