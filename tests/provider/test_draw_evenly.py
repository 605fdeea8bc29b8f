"""Draws that a few epochs share out evenly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.provider.script import Call


def draws(label: str, epochs: int, system: str = "") -> list[float]:
    return [
        Call(scenario="s", model="m", system=system, epoch=epoch).draw_evenly(label)
        for epoch in range(1, epochs + 1)
    ]


@given(st.text(), st.integers(1, 9).map(lambda tenths: tenths / 10))
def test_five_epochs_show_what_many_would(label: str, odds: float) -> None:
    happened = sum(drawn < odds for drawn in draws(label, 5))

    assert abs(happened - 5 * odds) < 1.5


@given(st.text())
def test_even_draws_stay_between_0_and_1_and_differ(label: str) -> None:
    drawn = draws(label, 50)

    assert all(0 <= number < 1 for number in drawn)
    assert len(set(drawn)) == 50


def test_even_draws_depend_on_label_and_prompt() -> None:
    assert draws("a", 5) == draws("a", 5)
    assert draws("a", 5) != draws("b", 5)
    assert draws("a", 5) != draws("a", 5, system="Be careful.")
