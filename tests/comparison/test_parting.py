"""Two conversations of one sample are told apart at their first turn that differs."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_logs import outcome_log
from spoken import end, ran, say, transcript

from harness.comparison import compare_runs
from harness.comparison.parting import parting
from harness.reports.console import print_comparison

TALK = (say("user", "Add it up."), say("coder", "I add it."), say("executor", "exitcode: 0"))
words = st.lists(st.tuples(st.sampled_from("ab"), st.text(max_size=5)), max_size=6)


@given(words, words)
def test_they_part_exactly_where_what_is_said_differs_first(one, other):
    found = parting(transcript(*(say(*m) for m in one)), transcript(*(say(*m) for m in other)))

    if found is None:
        assert one == other
    else:
        assert one[: found.turn - 1] == other[: found.turn - 1]
        assert one[found.turn - 1 : found.turn] != other[found.turn - 1 : found.turn]


def test_the_words_around_the_difference_are_shown_of_long_messages():
    long = "so " * 5_000
    found = parting(transcript(say("a", long + "yes")), transcript(say("a", long + "no")))

    assert found.turn == 1
    assert found.first.startswith("a: …so so")
    assert found.first.endswith("so yes")
    assert found.second.endswith("so no")
    assert len(found.first) < 150


def test_one_that_goes_on_parts_from_one_that_is_over():
    found = parting(transcript(*TALK, end()), transcript(*TALK, say("user", "More!"), end()))

    assert (found.turn, found.first) == (4, "(the conversation is over)")
    assert found.second == "user: More!"


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (ran(0), ran(1), "the same code ended with exit 1 instead of 0"),
        (ran(0, output="3"), ran(0, output="4"), "the same code printed something else"),
        (ran(0), ran(0), ""),
    ],
)
def test_what_differed_before_that_turn_is_told(one, other, why):
    found = parting(
        transcript(say("coder"), one, say("executor", "A")),
        transcript(say("coder"), other, say("executor", "B")),
    )

    assert (found.turn, found.why) == (2, why)


def test_comparing_two_runs_prints_where_changed_samples_part():
    import msgspec

    def saying(log, text):
        spoken = transcript(say("user", "Go."), say("coder", text), end())
        samples = tuple(msgspec.structs.replace(each, transcript=spoken) for each in log.samples)
        return msgspec.structs.replace(log, samples=samples)

    before = saying(outcome_log({"one": {"a": "p"}}), "I test it first.")
    after = saying(outcome_log({"one": {"a": "f"}}, run_id="run-2"), "I \x1b[31mskip\x1b[0m tests.")
    stream = io.StringIO()

    print_comparison(compare_runs(before, after), stream)

    told = stream.getvalue().split("Where they part:\n")[1]
    assert told.splitlines()[:3] == [
        "shop/a/one/1, turn 2: pass, then fail",
        "  - coder: I test it first.",
        "  + coder: I ␛[31mskip␛[0m tests.",
    ]
