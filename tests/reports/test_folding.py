"""Lines are folded to a width in cells, and lose nothing by it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.reports.folding import cells, column_widths, folded, padded

TEXTS = st.text(st.sampled_from("ab cd/-_ \n漢字e\u0301🙂"), max_size=120)
PARTS = st.lists(st.tuples(TEXTS, st.sampled_from(["", "bold", "dim"])), max_size=4)


def joined(line):
    return "".join(text for text, _ in line)


@given(PARTS, st.integers(min_value=8, max_value=60))
def test_no_line_is_wider_than_it_may_be(parts, width):
    assert all(cells(joined(line)) <= width for line in folded(parts, width))


@given(PARTS, st.integers(min_value=8, max_value=60))
def test_folding_only_touches_spaces_and_keeps_every_style(parts, width):
    def marked(lines):
        return [(c, style) for line in lines for text, style in line for c in text if c != " "]

    assert marked(folded(parts, width)) == marked(folded(parts, None))


@given(PARTS)
def test_without_a_width_the_lines_are_those_of_the_text(parts):
    text = "".join(text for text, _ in parts)

    assert [joined(line) for line in folded(parts, None)] == text.split("\n")


def test_words_stay_whole_and_go_on_below_the_beginning_of_their_line():
    lines = folded([("    one two three four", "")], 14)

    assert [joined(line) for line in lines] == ["    one two", "    three four"]


def test_a_word_too_long_for_a_line_is_broken_after_punctuation():
    lines = folded([("support_handoff/damaged_kettle/brief/1", "")], 32)

    assert [joined(line) for line in lines] == ["support_handoff/damaged_kettle/", "brief/1"]


def test_a_last_space_without_room_is_left_out():
    lines = folded([("__字__字 ", "")], 8)

    assert [joined(line) for line in lines] == ["__字__字"]


def test_wide_characters_take_two_cells():
    assert cells("漢字") == 4
    assert padded("漢字", 6) == "漢字  "
    assert [joined(line) for line in folded([("漢字" * 6, "")], 10)] == [
        "漢字漢字漢",
        "字漢字漢字",
        "漢字",
    ]


@given(st.lists(st.lists(st.text("ab漢", max_size=90), min_size=4, max_size=4), min_size=1))
def test_columns_fit_the_page_or_are_as_narrow_as_they_get(rows):
    widths = column_widths(rows, 80)

    assert sum(widths) + 2 * 3 <= 80 or max(widths) <= 8
    assert column_widths(rows, None) == [
        max(map(cells, column)) for column in zip(*rows, strict=True)
    ]
