"""Written parts: composing a text and telling afterwards what it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ScriptError
from harness.provider.chat import Outcome, code_in, fenced, outcome_of, outcomes_in
from harness.provider.parts import Part, Parts, read_parts

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """A remark before the first part.
@@ program/main
def total(prices):
    <<sum>>


<<print>>
# seed <<seed>>
@@ sum/good
return sum(prices)

@@ sum/skips_first rate=0.25 error="does not match"
rest = prices[1:]
return sum(rest)

@@ print/good
print(total([<<seed>>, 2]))
"""


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    path = tmp_path / "parts.txt"
    path.write_text(TEXT, encoding="utf-8")
    return read_parts(path)


def test_a_part_takes_the_indentation_of_its_slot(parts: Parts) -> None:
    text = parts.compose("program/main", {"sum": "skips_first", "print": "good"}, {"seed": 7})

    assert text == (
        "def total(prices):\n    rest = prices[1:]\n    return sum(rest)\n\n\n"
        "print(total([7, 2]))\n# seed 7"
    )


def test_a_slot_that_is_not_chosen_is_left_out(parts: Parts) -> None:
    assert parts.compose("program/main", {"sum": "good"}, {"seed": 1}).endswith("\n# seed 1")


def test_notes_are_read_with_quotes_and_as_numbers(parts: Parts) -> None:
    part = parts.get("sum/skips_first")

    assert part.number("rate") == 0.25
    assert part.notes["error"] == "does not match"
    assert parts.get("sum/good").number("rate") == 0


@pytest.mark.parametrize("variant", ["good", "skips_first"])
def test_a_composed_text_shows_its_parts(parts: Parts, variant: str) -> None:
    text = parts.compose("program/main", {"sum": variant, "print": "good"}, {"seed": 99})

    assert parts.recognise(text) == {"sum": variant, "print": "good"}


def test_the_longest_of_several_fitting_variants_is_recognised() -> None:
    short = Part(slot="draw", variant="unsaved", text="draw()")
    long = Part(slot="draw", variant="saved", text="draw()\nsave()")

    for order in ((short, long), (long, short)):
        assert Parts(source="-", parts=order).recognise("draw()\nsave()") == {"draw": "saved"}


LINE = st.text(alphabet="abc()[]{}.*+?^$|\\ ", min_size=1).filter(lambda line: line.strip())


@given(lines=st.lists(LINE, min_size=1, max_size=5), indent=st.integers(0, 8))
def test_any_text_is_recognised_however_it_is_indented(lines: list[str], indent: int) -> None:
    parts = Parts(source="-", parts=(Part(slot="a", variant="b", text="\n".join(lines)),))
    shifted = "\n".join(" " * indent + line for line in lines)

    assert parts.recognise(f"before\n{shifted}\nafter") == {"a": "b"}


def test_an_unknown_part_is_named_with_its_nearest(parts: Parts) -> None:
    with pytest.raises(ScriptError, match=r"no part 'sum/skip_first'\. Did you mean 'sum/skips_f"):
        parts.get("sum/skip_first")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("@@ total\n", r":1: a part opens with", id="no-variant"),
        pytest.param("@@ total/a rate\n", r":1: a part opens with", id="note-without-value"),
        pytest.param("@@ a/b\n1\n@@ a/b\n2\n", r":3: there are two parts 'a/b'", id="twice"),
    ],
)
def test_a_wrong_parts_file_says_where(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "wrong.txt"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ScriptError, match=message):
        read_parts(path)


def test_a_missing_parts_file_is_a_script_error(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="cannot be read"):
        read_parts(tmp_path / "none.txt")


def test_an_execution_report_is_read() -> None:
    outcome = outcome_of("exitcode: 1 (execution failed)\nCode output: a\nKeyError: 'x'\n")

    assert outcome == Outcome(exit_code=1, output="a\nKeyError: 'x'")
    assert outcome.error == "KeyError: 'x'"


@pytest.mark.parametrize("text", ["", "exitcode: one", "So: exitcode: 0 (fine)\nCode output: "])
def test_other_texts_are_no_execution_report(text: str) -> None:
    assert outcome_of(text) is None
    assert outcomes_in(({"role": "user", "content": text},)) == []


@given(st.lists(LINE, min_size=1, max_size=4).map("\n".join))
def test_fenced_code_is_found_again(code: str) -> None:
    assert code_in(f"Here:\n\n{fenced(code)}\n\nDone.") == [code.rstrip("\n")]
