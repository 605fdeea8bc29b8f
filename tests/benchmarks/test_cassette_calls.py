"""What a replayed call costs in the layer alone: no client on top, a static transport as floor.

Every layer gets the same prepared requests at the transport of the HTTP client and must give the
recorded answers back. The floor is a transport that has nothing to look up; its time is taken off.
"""

from __future__ import annotations

from contextlib import contextmanager
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
from cpu_time import Steps, in_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from cassette_data import Exchange
    from cassette_sides import Side

FLATNESS = 1.3
TIMES_STOCK = {20: 100, 100: 1000}
TIMES_CASSETTER = 5
# Rounds of ours to each turn, and those of a rival that takes as long as many of ours.
TURNS, ROUNDS, FEWER = 4, 5, 2
BLOCK = 5
# Stock vcrpy takes a tenth of a second and more per call at 100: these stand for all 100.
FEW = slice(10, None, 20)


class Layer:
    """What a side adds to each call: its CPU time, with that of the floor taken off."""

    def __init__(
        self, side: Side, path: Path, exchanges: Sequence[Exchange], block: int = BLOCK
    ) -> None:
        asked = [request(exchange) for exchange in exchanges]
        sending = transport()

        @contextmanager
        def replaying() -> Iterator[Callable[[Any], object]]:
            with side.replaying(path):
                yield lambda one: sending.handle_request(one).read()

        with replaying() as send:
            assert [send(one) for one in asked] == [_answer(side, one) for one in exchanges]
        self._with = Steps(replaying, asked, block=block)
        self._floor = _floor(exchanges, asked, block)

    def round(self) -> None:
        self._with.round()
        self._floor.round()

    @property
    def mean(self) -> float:
        """Seconds per call of a whole replay."""
        return self._with.mean - self._floor.mean

    def __str__(self) -> str:
        last = self._with.per_step[-1] - self._floor.per_step[-1]
        return f"{self.mean * 1e6:.0f} us (the last calls {last * 1e6:.0f} us)"


def _answer(side: Side, exchange: Exchange) -> bytes:
    """The recorded answer; cassetter gives the value back, in a style of its own."""
    if side is not CASSETTER_TOML:
        return exchange.response
    import cassetter

    body = cassetter._core.process_body(exchange.response, "application/json")
    return cassetter.compare.body_to_bytes(body)


def _floor(exchanges: Sequence[Exchange], asked: Sequence[Any], block: int) -> Steps:
    @contextmanager
    def answering() -> Iterator[Callable[[Any], object]]:
        static = StaticTransport([exchange.response for exchange in exchanges])
        yield lambda one: static.handle_request(one).read()

    return Steps(answering, asked, block=block)


def _ours(cassettes: Any, size: int) -> Layer:
    return Layer(OURS, cassettes(OURS, teams, size), list(teams(size)))


@pytest.mark.benchmark
def test_a_call_costs_the_same_in_a_long_cassette_as_in_a_short_one(
    cassettes, capsys: pytest.CaptureFixture[str]
) -> None:
    short, long = _ours(cassettes, 20), _ours(cassettes, 1000)

    in_turns(
        {short: ROUNDS, long: ROUNDS},
        turns=TURNS,
        holds=lambda: long.mean / short.mean <= FLATNESS,
    )

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
    theirs = Layer(STOCK_YAML, cassettes(STOCK_YAML, teams, size), chosen, block=1)

    in_turns(
        {ours: ROUNDS, theirs: 1},
        turns=TURNS,
        holds=lambda: theirs.mean / ours.mean >= TIMES_STOCK[size],
    )

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
    theirs = Layer(CASSETTER_TOML, path, list(teams(size)))

    in_turns(
        {ours: ROUNDS, theirs: FEWER},
        turns=TURNS,
        holds=lambda: theirs.mean / ours.mean >= TIMES_CASSETTER,
    )

    with capsys.disabled():
        print(
            f"\nlayer per call at {size}: ours {ours}, cassetter with json_body "
            f"{theirs}, ratio {theirs.mean / ours.mean:.1f} (at least {TIMES_CASSETTER})"
        )
    assert theirs.mean / ours.mean >= TIMES_CASSETTER
