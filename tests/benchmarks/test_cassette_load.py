"""Entering the cassette of a conversation, ready to answer: ours against stock vcrpy and cassetter.

Each is entered and left as its users do. Ours reads the text of a request or a response only
when somebody looks at it; so the second figure counts looking at all of them, which a replay of
the whole cassette never does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cassette_data import growing_chat, teams
from cassette_sides import (
    CASSETTER_TOML,
    CASSETTER_YAML,
    NO_CASSETTER,
    OURS,
    STOCK_JSON,
    STOCK_YAML,
    has_cassetter,
)
from cpu_time import fastest

from harness.cassettes import load_cassette

if TYPE_CHECKING:
    from pathlib import Path

    from cassette_sides import Side

SIZES = {
    "20-turn agents, 10": (teams, 10),
    "20-turn agents, 100": (teams, 100),
    "20-turn agents, 1000": (teams, 1000),
    "one growing chat, 100": (growing_chat, 100),
    "one growing chat, 300": (growing_chat, 300),
}
# Ten times the calls, and room for noise, garbage collection and full caches; squared is 100.
LINEAR = 20
TARGETS = {"20-turn agents, 100": 20, "20-turn agents, 1000": 40}


def _entering(side: Side, path: Path, rounds: int) -> float:
    def enter() -> None:
        with side.replaying(path):
            pass

    return fastest(enter, rounds)


def _looking_at_all(path: Path, rounds: int) -> float:
    def look() -> None:
        for interaction in load_cassette(path).interactions:
            assert interaction.request.digest
            assert interaction.content

    return fastest(look, rounds)


@pytest.mark.benchmark
@pytest.mark.parametrize("name", SIZES)
def test_a_cassette_loads_many_times_faster_than_stock_vcrpys(
    name: str, cassettes, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = cassettes(OURS, *SIZES[name])
    theirs = {side: cassettes(side, *SIZES[name]) for side in (STOCK_YAML, STOCK_JSON)}

    our_seconds = _entering(OURS, ours, rounds=20)
    looking_seconds = _looking_at_all(ours, rounds=5)
    seconds = {side: _entering(side, path, rounds=3) for side, path in theirs.items()}

    ratio = seconds[STOCK_YAML] / our_seconds
    target = TARGETS.get(name)
    with capsys.disabled():
        print(
            f"\nloading, {name}: ours {our_seconds * 1000:.2f} ms, stock vcrpy YAML "
            f"{seconds[STOCK_YAML] * 1000:.1f} ms, ratio {ratio:.1f}"
            f"{f' (at least {target})' if target else ''}; stock JSON "
            f"{seconds[STOCK_JSON] * 1000:.1f} ms, ratio {seconds[STOCK_JSON] / our_seconds:.1f}; "
            f"ours looking at every request and response {looking_seconds * 1000:.2f} ms, "
            f"ratio to YAML {seconds[STOCK_YAML] / looking_seconds:.1f}"
        )
    if target:
        assert ratio >= target


@pytest.mark.benchmark
@pytest.mark.skipif(not has_cassetter(), reason=NO_CASSETTER)
@pytest.mark.parametrize("name", SIZES)
def test_a_cassette_loads_faster_than_cassetters(
    name: str, cassettes, capsys: pytest.CaptureFixture[str]
) -> None:
    import cassetter

    our_seconds = _entering(OURS, cassettes(OURS, *SIZES[name]), rounds=20)
    results = {}
    for side in (CASSETTER_TOML, CASSETTER_YAML):
        try:
            results[side] = _entering(side, cassettes(side, *SIZES[name]), rounds=3)
        except cassetter.CassetteLoadError:
            results[side] = None

    with capsys.disabled():
        for side, seconds in results.items():
            print(
                f"\nloading, {name}: ours {our_seconds * 1000:.2f} ms, {side.name} "
                + (
                    f"{seconds * 1000:.1f} ms, ratio {seconds / our_seconds:.1f}"
                    if seconds
                    else "cannot read the file it wrote"
                )
            )
    assert results[CASSETTER_TOML] > our_seconds


@pytest.mark.benchmark
def test_loading_a_growing_chat_takes_linear_time(
    cassettes, capsys: pytest.CaptureFixture[str]
) -> None:
    # Ours alone: the others would write half a gigabyte.
    short, long = (
        _entering(OURS, cassettes(OURS, growing_chat, size), rounds=10) for size in (100, 1000)
    )

    with capsys.disabled():
        print(
            f"\nloading, one growing chat: ours {short * 1000:.2f} ms at 100, "
            f"{long * 1000:.2f} ms at 1000, ratio {long / short:.1f} (at most {LINEAR})"
        )
    assert long / short <= LINEAR
