from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.score import Unscored
from harness.model.transcript import ToolCall
from harness.scorers.turns import Turns

lines = st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(["x", "y", " "])), min_size=1)


def saying(pairs):
    def record(recorder):
        for speaker, text in pairs:
            recorder.message(speaker=speaker, recipient="all", content=text)
            # Events between messages, so that event indices differ from turn numbers.
            recorder.human_input(agent=speaker, prompt="?", reply="")

    return record


@pytest.fixture(scope="session")
def details(finished):
    return lambda pairs: Turns().score(finished(saying(pairs))).details


def test_turns_are_counted_per_speaker_in_order_of_appearance(finished):
    score = Turns().score(finished(saying([("b", "1"), ("a", "2"), ("b", "3")])))

    assert (score.value, score.unit, score.passed) == (3.0, "turns", None)
    assert list(score.details["by_agent"].items()) == [("b", 2), ("a", 1)]
    assert score.reason == "3 turns (b 2, a 1); no message repeated."


def test_a_message_repeats_the_first_one_with_its_speaker_and_words(details):
    pairs = [("a", "go on"), ("b", "go on"), ("a", " go \n on"), ("a", "Go on"), ("a", "go on")]

    assert details(pairs)["repeated"] == [[4, 0], [8, 0]]


def test_messages_that_call_tools_differently_are_not_the_same(finished):
    def record(recorder):
        for argument in ("1", "2", "1"):
            call = ToolCall(id=f"c{recorder.turns}", name="add", arguments=argument)
            recorder.message(speaker="a", recipient="b", content="", tool_calls=(call,))

    assert Turns().score(finished(record)).details["repeated"] == [[2, 0]]


@pytest.mark.parametrize(
    ("pairs", "loops"),
    [
        pytest.param("Ax Bx Ax Bx", [], id="said and said again only once"),
        pytest.param(
            "Ax Bx Ax Bx Ax Bx",
            [{"agents": ["A", "B"], "from": 0, "times": 3}],
            id="said again twice",
        ),
        pytest.param(
            "Cy Ax Bx Ax Bx Ax Bx Ax Cz",
            [{"agents": ["A", "B"], "from": 2, "times": 3}],
            id="with a beginning, an end and half a round",
        ),
        pytest.param("Ax Ax Ax Ax Ax Ax Ax Ax", [], id="one speaker alone"),
        pytest.param(
            "Ax Ay Bx Ax Ay Bx Ax Ay Bx",
            [{"agents": ["A", "A", "B"], "from": 0, "times": 3}],
            id="a speaker twice in a round",
        ),
        pytest.param("Ax Bx Cx Bx Ax Bx Cx Bx Ax Bx", [], id="two and a half rounds"),
        pytest.param(
            "Ax Bx Ax Bx Ax Bx Ay By Ay By Ay By",
            [
                {"agents": ["A", "B"], "from": 0, "times": 3},
                {"agents": ["A", "B"], "from": 12, "times": 3},
            ],
            id="two loops in a row",
        ),
    ],
)
def test_a_loop_is_a_round_of_several_speakers_said_three_times(details, pairs, loops):
    assert details([(pair[0], pair[1:]) for pair in pairs.split()])["loops"] == loops


def test_the_reason_tells_repetition_and_loops(finished):
    score = Turns().score(finished(saying([("A", "x"), ("B", "y")] * 3)))

    assert score.reason == (
        "6 turns (A 3, B 3); 4 repeated (event 4 repeats 0, 6 repeats 2, 8 repeats 0, "
        "10 repeats 2); from event 0, A and B say the same 3 times over."
    )
    assert score.evidence == (4, 6, 8, 10)


def test_a_reason_stays_short_however_much_is_repeated(finished):
    score = Turns().score(finished(saying([("A", "x"), ("B", "y")] * 50)))

    assert "98 repeated (event 4 repeats 0, " in score.reason
    assert " and 86 more)" in score.reason
    assert len(score.reason) < 400
    assert len(score.details["repeated"]) == 98


def test_without_messages_nothing_is_scored(finished):
    assert isinstance(Turns().score(finished()), Unscored)


@given(lines)
def test_counts_add_up_to_the_value(finished, pairs):
    score = Turns().score(finished(saying(pairs)))

    assert sum(score.details["by_agent"].values()) == score.value == len(pairs)


@given(lines)
def test_every_repetition_points_back_to_a_message_that_repeats_nothing(details, pairs):
    repeated = details(pairs)["repeated"]

    repeating = {index for index, _ in repeated}
    assert all(first < index and first not in repeating for index, first in repeated)
    assert len(pairs) - len(repeated) == len({(who, what.strip()) for who, what in pairs})


@given(lines)
def test_each_loop_is_really_said_that_often_and_loops_do_not_overlap(details, pairs):
    said = [(who, what.strip()) for who, what in pairs]
    free_from = 0

    for loop in details(pairs)["loops"]:
        start, period = loop["from"] // 2, len(loop["agents"])
        round_ = said[start : start + period]
        end = start + period * loop["times"]
        assert said[start:end] == round_ * loop["times"]
        assert loop["times"] >= 3
        assert [who for who, _ in round_] == loop["agents"]
        assert len(set(loop["agents"])) > 1
        assert start >= free_from
        free_from = end


@given(lines, st.integers(3, 5))
def test_saying_a_round_of_several_speakers_again_and_again_is_found(details, pairs, times):
    looped = [*pairs, ("D", "z")] * times

    assert details(looped)["loops"]


@given(lines)
def test_renaming_the_speakers_changes_nothing_but_the_names(details, pairs):
    names = {"A": "B", "B": "C", "C": "A"}
    before, after = details(pairs), details([(names[who], what) for who, what in pairs])

    assert after["repeated"] == before["repeated"]
    assert after["by_agent"] == {names[who]: n for who, n in before["by_agent"].items()}
    assert [loop["from"] for loop in after["loops"]] == [loop["from"] for loop in before["loops"]]


@given(lines)
def test_one_more_new_message_leaves_what_was_found_as_it_was(details, pairs):
    before, after = details(pairs), details([*pairs, ("D", "new")])

    assert (after["repeated"], after["loops"]) == (before["repeated"], before["loops"])
