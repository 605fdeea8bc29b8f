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
from cpu_time import Action, in_turns

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
TURNS, OUR_ROUNDS = 3, 7
TARGETS = {"20-turn agents, 100": 20, "20-turn agents, 1000": 40}


def _entering(side: Side, path: Path) -> Action:
    def enter() -> None:
        with side.replaying(path):
            pass

    return Action(enter)


def _looking_at_all(path: Path) -> Action:
    def look() -> None:
        for interaction in load_cassette(path).interactions:
            assert interaction.request.digest
            assert interaction.content

    return Action(look)


@pytest.mark.benchmark
@pytest.mark.parametrize("name", SIZES)
def test_a_cassette_loads_many_times_faster_than_stock_vcrpys(
    name: str, cassettes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = cassettes(OURS, *SIZES[name])
    ours, looking = _entering(OURS, path), _looking_at_all(path)
    yaml, json = (
        _entering(side, cassettes(side, *SIZES[name])) for side in (STOCK_YAML, STOCK_JSON)
    )

    target = TARGETS.get(name)

    in_turns(
        {ours: OUR_ROUNDS, looking: 2, yaml: 1, json: 1},
        turns=TURNS,
        holds=lambda: target is None or yaml.seconds / ours.seconds >= target,
    )

    ratio = yaml.seconds / ours.seconds
    with capsys.disabled():
        print(
            f"\nloading, {name}: ours {ours.seconds * 1000:.2f} ms, stock vcrpy YAML "
            f"{yaml.seconds * 1000:.1f} ms, ratio {ratio:.1f}"
            f"{f' (at least {target})' if target else ''}; stock JSON "
            f"{json.seconds * 1000:.1f} ms, ratio {json.seconds / ours.seconds:.1f}; "
            f"ours looking at every request and response {looking.seconds * 1000:.2f} ms, "
            f"ratio to YAML {yaml.seconds / looking.seconds:.1f}"
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

    ours = _entering(OURS, cassettes(OURS, *SIZES[name]))
    results: dict[Side, float | None] = {}
    for side in (CASSETTER_TOML, CASSETTER_YAML):
        theirs = _entering(side, cassettes(side, *SIZES[name]))
        try:
            in_turns(
                {ours: OUR_ROUNDS, theirs: 1},
                turns=TURNS,
                holds=lambda theirs=theirs: theirs.seconds > ours.seconds,
            )
            results[side] = theirs.seconds
        except cassetter.CassetteLoadError:
            results[side] = None

    with capsys.disabled():
        for side, seconds in results.items():
            print(
                f"\nloading, {name}: ours {ours.seconds * 1000:.2f} ms, {side.name} "
                + (
                    f"{seconds * 1000:.1f} ms, ratio {seconds / ours.seconds:.1f}"
                    if seconds
                    else "cannot read the file it wrote"
                )
            )
    assert results[CASSETTER_TOML] > ours.seconds


@pytest.mark.benchmark
def test_loading_a_growing_chat_takes_linear_time(
    cassettes, capsys: pytest.CaptureFixture[str]
) -> None:
    # Ours alone: the others would write half a gigabyte.
    short, long = (_entering(OURS, cassettes(OURS, growing_chat, size)) for size in (100, 1000))

    in_turns(
        {short: OUR_ROUNDS, long: OUR_ROUNDS},
        turns=TURNS,
        holds=lambda: long.seconds / short.seconds <= LINEAR,
    )

    with capsys.disabled():
        print(
            f"\nloading, one growing chat: ours {short.seconds * 1000:.2f} ms at 100, "
            f"{long.seconds * 1000:.2f} ms at 1000, ratio {long.seconds / short.seconds:.1f} "
            f"(at most {LINEAR})"
        )
    assert long.seconds / short.seconds <= LINEAR
