"""Entering and leaving a cassette: what every test pays that replays one.

Once with a cassette of one small call, read from its file; and once with a cassette that is in
memory already, so that only the entering itself is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cassette_data import growing_chat
from cassette_sides import CASSETTER_TOML, NO_CASSETTER, OURS, STOCK_YAML, has_cassetter
from cpu_time import Action, in_turns

from harness.cassettes import load_cassette
from harness.cassettes.replaying import ReplaySession
from harness.cassettes.session import entered

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

TIMES = 10
REPETITIONS = 20
ROUNDS = 15


def _action(enter: Callable[[], AbstractContextManager[Any]]) -> Action:
    def enter_and_leave() -> None:
        for _ in range(REPETITIONS):
            with enter():
                pass

    return Action(enter_and_leave)


def _seconds(
    ours: Callable[[], AbstractContextManager[Any]],
    theirs: Callable[[], AbstractContextManager[Any]],
) -> tuple[float, float]:
    our_action, their_action = _action(ours), _action(theirs)
    in_turns(
        {our_action: 1, their_action: 1},
        turns=ROUNDS,
        holds=lambda: their_action.seconds / our_action.seconds >= TIMES,
    )
    return our_action.seconds / REPETITIONS, their_action.seconds / REPETITIONS


def _stock_in_memory(path: Path) -> Callable[[], AbstractContextManager[Any]]:
    from vcr.cassette import Cassette, CassetteContextDecorator

    loaded = Cassette.load(path=path)

    class InMemory(Cassette):
        @classmethod
        def load(cls, **_options: Any) -> Any:
            return loaded

    return lambda: CassetteContextDecorator(InMemory, lambda: {"path": str(path)})


def _ours_in_memory(path: Path) -> Callable[[], AbstractContextManager[Any]]:
    replay = ReplaySession(load_cassette(path))
    return lambda: entered(replay)


def _cassetter(cassettes: Any) -> float:
    path = cassettes(CASSETTER_TOML, growing_chat, 1)
    action = _action(lambda: CASSETTER_TOML.replaying(path))
    in_turns({action: 1}, turns=ROUNDS)
    return action.seconds / REPETITIONS


@pytest.mark.benchmark
def test_entering_and_leaving_costs_a_tenth_of_stock_vcrpys(
    cassettes, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = (cassettes(side, growing_chat, 1) for side in (OURS, STOCK_YAML))

    read = _seconds(lambda: OURS.replaying(ours), lambda: STOCK_YAML.replaying(theirs))
    in_memory = _seconds(_ours_in_memory(ours), _stock_in_memory(theirs))
    other = f"{_cassetter(cassettes) * 1e6:.0f} us" if has_cassetter() else NO_CASSETTER

    figures = {"from its file": read, "in memory": in_memory}
    with capsys.disabled():
        for name, (our_seconds, their_seconds) in figures.items():
            print(
                f"\nentering and leaving a cassette of one call, {name}: "
                f"ours {our_seconds * 1e6:.1f} us, stock vcrpy {their_seconds * 1e6:.0f} us, "
                f"ratio {their_seconds / our_seconds:.1f} (at least {TIMES})"
            )
        print(f"cassetter TOML, from its file: {other}")
    assert read[1] / read[0] >= TIMES
    assert in_memory[1] / in_memory[0] >= TIMES
