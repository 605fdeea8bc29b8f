"""What recording costs per call: taking the request apart, removing secrets, encoding, writing.

The calls go through the transport of the HTTP client, as in a recording, to a provider that
answers at once; the time of that provider alone is taken off.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from cassette_data import API_KEY, growing_chat, teams
from cassette_sides import STOCK_YAML, header, provider, request
from cpu_time import Action, Steps, in_turns

from harness.cassettes import load_cassette, recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cassette_data import Exchange

ROUNDS = 5
BLOCK = 20
# What is aimed at on an idle machine; printed, as only a ratio is the same on every machine.
WANTED_SECONDS = 0.3e-3
# Of what stock vcrpy needs to keep a call and write it as YAML, without intercepting it.
MOST_OF_VCRPY = 0.5


class Recording:
    """CPU seconds that a recording adds to a call."""

    def __init__(self, exchanges: list[Exchange], path: Path) -> None:
        self._path, self._calls = path, len(exchanges)
        asked = [request(exchange) for exchange in exchanges]

        @contextmanager
        def live() -> Iterator[Callable[[Any], object]]:
            answering = provider(exchanges)
            yield lambda one: answering.handler(one).read()

        @contextmanager
        def recorded() -> Iterator[Callable[[Any], object]]:
            answering = provider(exchanges)
            with recording(path, header(), overwrite=True):
                yield lambda one: answering.handle_request(one).read()

        self._live = Steps(live, asked, block=BLOCK)
        self._recorded = Steps(recorded, asked, block=BLOCK)

    def round(self) -> None:
        self._live.round()
        self._recorded.round()
        assert len(load_cassette(self._path).interactions) == self._calls

    @property
    def per_call(self) -> float:
        return self._recorded.mean - self._live.mean


def _stock(exchanges: list[Exchange], path: Path) -> Action:
    """Stock vcrpy keeps and writes the calls."""

    def write() -> None:
        path.unlink(missing_ok=True)
        STOCK_YAML.write(path, exchanges)

    return Action(write)


@pytest.mark.benchmark
def test_recording_a_call_takes_half_of_what_stock_vcrpy_needs_at_the_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    exchanges = list(teams(400))
    ours = Recording(exchanges, tmp_path / "teams.jsonl")
    last = Recording(list(growing_chat(20)), tmp_path / "one.jsonl")
    growing = Recording(list(growing_chat(100)), tmp_path / "growing.jsonl")
    stock = _stock(exchanges, tmp_path / "stock.yaml")

    in_turns(
        {ours: 1, last: 1, growing: 1, stock: 1},
        turns=ROUNDS,
        holds=lambda: ours.per_call <= MOST_OF_VCRPY * stock.seconds / len(exchanges),
    )

    seconds, rival = ours.per_call, stock.seconds / len(exchanges)
    with capsys.disabled():
        print(
            f"\nrecording: {seconds / rival:.2f} of stock vcrpy (at most {MOST_OF_VCRPY}): "
            f"{seconds * 1e6:.0f} us per call of 20-turn agents (wanted: "
            f"{WANTED_SECONDS * 1e6:.0f}), stock vcrpy {rival * 1e6:.0f} us; one agent alone "
            f"{last.per_call * 1e6:.0f} us; one growing chat of 100 calls "
            f"{growing.per_call * 1e6:.0f} us"
        )
    assert seconds <= MOST_OF_VCRPY * rival
