"""A pattern of speakers means what a regular expression means, and never takes for ever."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spoken import say, transcript

from harness import expect

NAMES = "abc"
SPOKEN = st.lists(st.sampled_from(NAMES), min_size=1, max_size=8)
BOUNDS = st.sampled_from(["*", "+", "?", "{0}", "{2}", "{1,}", "{,2}", "{1,3}", "{0,0}"])


def _patterns() -> st.SearchStrategy[str]:
    one = st.sampled_from([*NAMES, "."])

    def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.builds("{} {}".format, inner, inner),
            st.builds("( {} |{} )".format, inner, inner),
            st.builds("({}){}".format, inner, BOUNDS),
            st.builds("(|{})".format, inner),
        )

    return st.recursive(one, grown, max_leaves=12)


def _matches(spoken: list[str], pattern: str) -> bool:
    try:
        expect(transcript(*map(say, spoken))).speakers_match(pattern)
    except AssertionError:
        return False
    return True


@given(pattern=_patterns(), spoken=SPOKEN)
def test_a_pattern_matches_what_the_regular_expression_of_its_letters_matches(
    pattern: str, spoken: list[str]
) -> None:
    letters = pattern.replace(" ", "").replace("{,", "{0,")

    assert _matches(spoken, pattern) == bool(re.fullmatch(letters, "".join(spoken)))


@pytest.mark.parametrize("pattern", ["(.+)+ zed", "((a|.)*)* zed", "(.*){30} zed", "(a?){60} zed"])
def test_repeated_repetitions_come_to_a_verdict(pattern: str) -> None:
    assert not _matches(["a"] * 200, pattern)
    assert _matches([*["a"] * 20, "zed"], pattern)


def test_a_conversation_that_stops_too_early_is_told_so() -> None:
    with pytest.raises(AssertionError, match="all turns fit, and more should follow"):
        expect(transcript(say("a"), say("b"))).speakers_match("a b c")
