"""Bytes of the same conversation in a cassette of ours, of stock vcrpy and of cassetter."""

from __future__ import annotations

import pytest
from cassette_data import growing_chat, teams
from cassette_sides import CASSETTER_TOML, NO_CASSETTER, OURS, STOCK_JSON, STOCK_YAML, has_cassetter

TARGET = 6


@pytest.mark.benchmark
@pytest.mark.parametrize("size", [20, 100, 1000])
def test_a_cassette_of_20_turn_agents_is_a_sixth_of_stock_vcrpys(
    size: int, cassettes, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, yaml, json = (
        cassettes(side, teams, size).stat().st_size for side in (OURS, STOCK_YAML, STOCK_JSON)
    )

    with capsys.disabled():
        print(
            f"\nsize, 20-turn agents, {size}: ours {ours / 1e6:.3f} MB, stock vcrpy YAML "
            f"{yaml / 1e6:.2f} MB, ratio {yaml / ours:.2f} (at least {TARGET}); "
            f"stock JSON {json / 1e6:.2f} MB, ratio {json / ours:.2f}"
        )
    assert yaml / ours >= TARGET


@pytest.mark.benchmark
def test_a_growing_chat_takes_linear_space(cassettes, capsys: pytest.CaptureFixture[str]) -> None:
    ours = {size: cassettes(OURS, growing_chat, size).stat().st_size for size in (100, 300)}
    yaml = {size: cassettes(STOCK_YAML, growing_chat, size).stat().st_size for size in (100, 300)}

    with capsys.disabled():
        for size in ours:
            print(
                f"\nsize, one growing chat, {size}: ours {ours[size] / 1e6:.3f} MB, stock vcrpy "
                f"YAML {yaml[size] / 1e6:.1f} MB, ratio {yaml[size] / ours[size]:.1f}"
            )
    assert ours[300] <= 3.1 * ours[100]
    assert yaml[300] >= 8 * yaml[100]


@pytest.mark.benchmark
@pytest.mark.skipif(not has_cassetter(), reason=NO_CASSETTER)
def test_a_cassette_is_smaller_than_cassetters(
    cassettes, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = (cassettes(side, teams, 1000).stat().st_size for side in (OURS, CASSETTER_TOML))

    with capsys.disabled():
        print(
            f"\nsize, 20-turn agents, 1000: ours {ours / 1e6:.3f} MB, cassetter TOML "
            f"{theirs / 1e6:.2f} MB, ratio {theirs / ours:.2f}"
        )
    assert theirs > ours
