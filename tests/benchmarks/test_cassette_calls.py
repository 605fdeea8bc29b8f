"""What a replayed call costs in the layer alone: no client on top, a static transport as floor.

Every layer gets the same prepared requests at the transport of the HTTP client and must give the
recorded answers back. The floor is a transport that has nothing to look up; its time is taken off.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING, Any

import pytest
from cassette_data import teams
from cassette_sides import (
    CASSETTER_TOML,
    NO_CASSETTER,
    OURS,
    STOCK_YAML,
    StaticTransport,
    has_cassetter,
    request,
    transport,
)
from cpu_time import per_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from cassette_data import Exchange
    from cassette_sides import Side

FLATNESS = 1.3
TIMES_STOCK = {20: 100, 100: 1000}
TIMES_CASSETTER = 5
ROUNDS = 12
BLOCK = 5
# Stock vcrpy takes a tenth of a second and more per call at 100: these stand for all 100.
FEW = slice(10, None, 20)


@dataclass(frozen=True)
class Cost:
    """CPU seconds per call, the floor taken off.

    Attributes:
        mean: Of the calls of a whole replay.
        last: Of the last block of calls: those with the longest history.
    """

    mean: float
    last: float

    def __str__(self) -> str:
        return f"{self.mean * 1e6:.0f} us (the last calls {self.last * 1e6:.0f} us)"


def _layer(
    side: Side, path: Path, exchanges: Sequence[Exchange], rounds: int, block: int = BLOCK
) -> Cost:
    asked = [request(exchange) for exchange in exchanges]
    sending = transport()

    @contextmanager
    def replaying() -> Iterator[Callable[[Any], object]]:
        with side.replaying(path):
            yield lambda one: sending.handle_request(one).read()

    with replaying() as send:
        assert [send(one) for one in asked] == [_answer(side, one) for one in exchanges]
    with_layer = per_step(replaying, asked, rounds=rounds, block=block)
    without = _floor(exchanges, asked, block)
    return Cost(mean(with_layer) - mean(without), with_layer[-1] - without[-1])


def _answer(side: Side, exchange: Exchange) -> bytes:
    """The recorded answer; cassetter gives the value back, in a style of its own."""
    if side is not CASSETTER_TOML:
        return exchange.response
    import cassetter

    body = cassetter._core.process_body(exchange.response, "application/json")
    return cassetter.compare.body_to_bytes(body)


def _floor(exchanges: Sequence[Exchange], asked: Sequence[Any], block: int) -> list[float]:
    @contextmanager
    def answering() -> Iterator[Callable[[Any], object]]:
        static = StaticTransport([exchange.response for exchange in exchanges])
        yield lambda one: static.handle_request(one).read()

    return per_step(answering, asked, rounds=ROUNDS, block=block)


def _ours(cassettes: Any, size: int) -> Cost:
    return _layer(OURS, cassettes(OURS, teams, size), list(teams(size)), ROUNDS)


@pytest.mark.benchmark
def test_a_call_costs_the_same_in_a_long_cassette_as_in_a_short_one(
    cassettes, capsys: pytest.CaptureFixture[str]
) -> None:
    short, long = _ours(cassettes, 20), _ours(cassettes, 1000)

    with capsys.disabled():
        print(
            f"\nlayer per call: {short} at 20, {long} at 1000 "
            f"interactions, ratio {long.mean / short.mean:.2f} (at most {FLATNESS})"
        )
    assert long.mean / short.mean <= FLATNESS


@pytest.mark.benchmark
@pytest.mark.parametrize("size", TIMES_STOCK)
def test_a_call_costs_a_small_part_of_stock_vcrpys_with_bodies(
    size: int, cassettes, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = _ours(cassettes, size)
    exchanges = list(teams(size))
    chosen = exchanges if size == 20 else exchanges[FEW]

    theirs = _layer(STOCK_YAML, cassettes(STOCK_YAML, teams, size), chosen, rounds=1, block=1)

    with capsys.disabled():
        print(
            f"\nlayer per call at {size}: ours {ours}, stock vcrpy with body "
            f"{theirs} ({len(chosen)} calls), ratio {theirs.mean / ours.mean:.0f} "
            f"(at least {TIMES_STOCK[size]})"
        )
    assert theirs.mean / ours.mean >= TIMES_STOCK[size]


@pytest.mark.benchmark
@pytest.mark.skipif(not has_cassetter(), reason=NO_CASSETTER)
@pytest.mark.parametrize("size", [20, 100])
def test_a_call_costs_a_fifth_of_cassetters_with_json_bodies(
    size: int, cassettes, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = _ours(cassettes, size)

    path = cassettes(CASSETTER_TOML, teams, size)
    theirs = _layer(CASSETTER_TOML, path, list(teams(size)), rounds=5)

    with capsys.disabled():
        print(
            f"\nlayer per call at {size}: ours {ours}, cassetter with json_body "
            f"{theirs}, ratio {theirs.mean / ours.mean:.1f} (at least {TIMES_CASSETTER})"
        )
    assert theirs.mean / ours.mean >= TIMES_CASSETTER
