"""What recording costs per call: taking the request apart, removing secrets, encoding, writing.

The calls go through the transport of the HTTP client, as in a recording, to a provider that
answers at once; the time of that provider alone is taken off.
"""

from __future__ import annotations

from contextlib import contextmanager
from statistics import mean
from typing import TYPE_CHECKING, Any

import pytest
from cassette_data import API_KEY, growing_chat, teams
from cassette_sides import STOCK_YAML, header, provider, request
from cpu_time import fastest, per_step

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


def _per_call(exchanges: list[Exchange], path: Path) -> float:
    """CPU seconds that a recording adds to a call."""
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

    with_layer, without = (
        mean(per_step(entered, asked, rounds=ROUNDS, block=BLOCK)) for entered in (recorded, live)
    )
    assert len(load_cassette(path).interactions) == len(exchanges)
    return with_layer - without


def _stock_per_call(exchanges: list[Exchange], path: Path) -> float:
    """CPU seconds in which stock vcrpy keeps and writes a call."""

    def write() -> None:
        path.unlink(missing_ok=True)
        STOCK_YAML.write(path, exchanges)

    return fastest(write, rounds=3) / len(exchanges)


@pytest.mark.benchmark
def test_recording_a_call_takes_half_of_what_stock_vcrpy_needs_at_the_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    exchanges = list(teams(400))

    seconds = _per_call(exchanges, tmp_path / "teams.jsonl")
    last = _per_call(list(growing_chat(20)), tmp_path / "one.jsonl")
    growing = _per_call(list(growing_chat(100)), tmp_path / "growing.jsonl")
    rival = _stock_per_call(exchanges, tmp_path / "stock.yaml")

    with capsys.disabled():
        print(
            f"\nrecording: {seconds / rival:.2f} of stock vcrpy (at most {MOST_OF_VCRPY}): "
            f"{seconds * 1e6:.0f} us per call of 20-turn agents (wanted: "
            f"{WANTED_SECONDS * 1e6:.0f}), stock vcrpy {rival * 1e6:.0f} us; one agent alone "
            f"{last * 1e6:.0f} us; one growing chat of 100 calls {growing * 1e6:.0f} us"
        )
    assert seconds <= MOST_OF_VCRPY * rival
