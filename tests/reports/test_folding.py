"""Lines are folded to a width in cells, and lose nothing by it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.reports.folding import cells, column_widths, folded, padded, unbroken

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


@given(st.lists(TEXTS), st.integers(min_value=8, max_value=60))
def test_lines_put_together_again_keep_every_word_in_order(texts, width):
    lines = "\n".join(texts).split("\n")

    found = unbroken(lines, width)

    assert " ".join(found).split() == " ".join(lines).split()
    assert unbroken(lines, None) == lines


def test_lines_that_end_where_no_width_made_them_end_stay_as_they_are():
    data = ["name: long", "text: a line that says what the module is meant for", "a,b,c,d", "e,f"]

    assert unbroken(data, 40)[0] == data[0]
    assert unbroken(data, 40)[-1] == data[-1]
    assert unbroken(["one or two or three", "four five"], 9) == ["one or two or three four five"]
    assert unbroken(["one or two or three", "four five"], 20) == [
        "one or two or three",
        "four five",
    ]
    assert unbroken(["a;b;c;d;e;f", "1;2;3;4;5;6"], 9) == ["a;b;c;d;e;f", "1;2;3;4;5;6"]
