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
from cpu_time import in_turns

from harness.cassettes import replaying

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cassette_data import Exchange

CHATS = 12
TURNS_OF_BOTH = 10
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


class Both:
    """CPU seconds of each call, in its fastest round, without and with the layer.

    Both ways in turns, call by call, so that whatever slows the machine slows both, and which
    goes first changes from round to round, so that neither is always the one to warm a cache.
    """

    def __init__(self, exchanges: Sequence[Exchange], path: Path, client: Any) -> None:
        self._exchanges, self._path, self._client = exchanges, path, client
        self._seconds = [(float("inf"), float("inf"))] * len(exchanges)
        self._rounds = 0

    def round(self) -> None:
        exchanges = self._exchanges
        static = StaticTransport([exchange.response for exchange in exchanges])
        with _client(transport=static) as static_client, replaying(self._path) as session:
            for number, exchange in enumerate(exchanges):
                bare, replayed = self._seconds[number]
                first, second = self._ask_both(static_client, exchange)
                self._seconds[number] = (min(bare, first), min(replayed, second))
        assert session.served == len(exchanges)
        self._rounds += 1

    def _ask_both(self, static_client: Any, exchange: Exchange) -> tuple[float, float]:
        if self._rounds % 2:
            return _ask(static_client, exchange), _ask(self._client, exchange)
        replayed = _ask(self._client, exchange)
        return _ask(static_client, exchange), replayed

    def means(self, calls: int) -> tuple[float, float]:
        """Seconds per call, bare and replayed, of the last so many calls."""
        bare, replayed = zip(*self._seconds[-calls:], strict=True)
        return mean(bare), mean(replayed)

    def adds(self) -> float:
        """What the layer adds to a call at the last turn, as a part of the bare one."""
        bare, replayed = self.means(CHATS)
        return replayed / bare - 1


@pytest.mark.benchmark
def test_a_replay_adds_a_twentieth_to_the_clients_own_time_at_20_turns(
    cassettes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = cassettes(OURS, teams, CHATS * TURNS)
    exchanges = list(teams(CHATS * TURNS))

    with _client() as client:
        both = Both(exchanges, path, client)
        in_turns({both: 1}, turns=TURNS_OF_BOTH, holds=lambda: both.adds() <= MOST)

    bare, replayed = both.means(CHATS)
    all_bare, all_replayed = both.means(len(exchanges))
    with capsys.disabled():
        print(
            f"\nopenai client at {TURNS} turns: {bare * 1000:.2f} ms per call, replayed "
            f"{replayed * 1000:.2f} ms, {both.adds():+.1%} (at most {MOST:.0%}); "
            f"all turns: {all_bare * 1000:.2f} ms, replayed {all_replayed * 1000:.2f} "
            f"ms, {all_replayed / all_bare - 1:+.1%}"
        )
    assert both.adds() <= MOST
