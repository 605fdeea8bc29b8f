import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_hostile import PAYLOADS

from harness.model.estimates import Estimate
from harness.reports import numbers
from harness.reports.text import one_line, visible, visible_data

anything = st.text(alphabet=st.characters(codec=None, exclude_categories=()))


@given(anything)
def test_visible_text_holds_no_control_and_can_always_be_encoded(text):
    shown = visible(text)

    shown.encode("utf-8")
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", shown
    )


@given(anything)
def test_making_text_visible_twice_changes_nothing_more(text):
    assert visible(visible(text)) == visible(text)


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"])))
def test_ordinary_text_is_left_alone(text):
    assert visible(text) == text


@pytest.mark.parametrize(("raw", "shown"), PAYLOADS[9:14], ids=range(5))
def test_hidden_characters_are_named(raw, shown):
    assert visible(raw) == shown


def test_newlines_tabs_and_joined_emoji_survive():
    assert visible("a\r\n\tb \U0001f469\u200d\U0001f4bb") == "a\n\tb \U0001f469\u200d\U0001f4bb"


def test_all_strings_of_nested_data_become_visible():
    assert visible_data({"\x1b": ["\x00", 1, None, {"k": "\x07"}]}) == {
        "\u241b": ["\u2400", 1, None, {"k": "\u2407"}]
    }


def test_one_line_is_cut_with_an_ellipsis():
    assert one_line("a\nb   c") == "a b c"
    assert one_line("x" * 300, 10) == "x" * 9 + "\u2026"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "\u2013"),
        (0.0, "$0.00"),
        (1234.5, "$1,234.50"),
        (0.5, "$0.500"),
        (0.00069, "$0.00069"),
        (0.0001, "$0.00010"),
        (3e-9, "$0.0000000030"),
    ],
)
def test_dollars_keep_two_significant_digits_and_absence_is_a_dash(amount, text):
    assert numbers.usd(amount) == text


@pytest.mark.parametrize("value", [-0.04, 0.04, 0.0])
def test_what_rounds_to_nothing_has_no_sign(value):
    assert numbers.change(Estimate(value=value, interval=None)) == "0"
