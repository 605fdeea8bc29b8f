"""Every expectation holds where it should, fails where it should, and never passes on nothing."""

from __future__ import annotations

import pytest
from spoken import call, end, ran, say, spoken, tool, transcript

from harness import HarnessError, expect
from harness.expectations import ExpectationFailed
from harness.model.sample import Artefact, SampleKey, SampleResult
from harness.model.score import Unscored

KEY = SampleKey(suite="s", scenario="a", config="c", epoch=1)
EMPTY = transcript()
TALK = spoken("executor", "coder", "reviewer", "coder", "reviewer", "executor")
COSTLY = transcript(say("user"), call(), call(tokens=3000), end())
SEARCH = transcript(
    say("user"),
    tool("search", '{"query": "tea", "tags": ["a", "b"], "limit": 3}'),
    tool("fetch", "no json"),
    end(),
)
LOOP = transcript(*[say(name, "Thanks!") for name in ("ann", "bob") * 3], end())
SECRET = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"


def sample(shown: object = TALK, **fields: object) -> SampleResult:
    made = {"key": KEY, "status": "completed", "mode": "mock", "transcript": shown}
    return SampleResult(**{**made, "started_at": "", "duration_seconds": 0.0, **fields})


FILES = sample(artefacts=(Artefact(path="coding/chart.png", size_bytes=900, digest=""),))

HOLDS = [
    pytest.param(TALK, lambda e: e.ended(), id="ended anyhow"),
    pytest.param(TALK, lambda e: e.ended("max_turns", "termination_message"), id="one of reasons"),
    pytest.param(
        TALK, lambda e: e.ended(by="user", because="condition of u"), id="by whom and why"
    ),
    pytest.param(TALK, lambda e: e.within(turns=6), id="within turns"),
    pytest.param(COSTLY, lambda e: e.within(cost_usd=0.01, tokens=4000), id="within cost, tokens"),
    pytest.param(
        TALK,
        lambda e: e.spoken_by(["executor", "coder", "reviewer", "coder", "reviewer", "executor"]),
        id="exactly these speakers",
    ),
    pytest.param(TALK, lambda e: e.spoken_in_order(["coder", "executor"]), id="in order"),
    pytest.param(
        TALK, lambda e: e.speakers_match("executor (coder reviewer)+ executor"), id="a pattern"
    ),
    pytest.param(TALK, lambda e: e.speakers_match(". (coder|reviewer){4} .*"), id="all operators"),
    pytest.param(
        spoken("Chief Cook", "x-1.b"),
        lambda e: e.speakers_match('"Chief Cook" x-1.b'),
        id="odd names",
    ),
    pytest.param(spoken("a", "b"), lambda e: e.never_speaks_after("a", "b"), id="never after"),
    pytest.param(SEARCH, lambda e: e.tool_called("search"), id="a tool"),
    pytest.param(
        SEARCH,
        lambda e: e.tool_called("search", {"query": "tea", "tags": ["a", "b"], "limit": 3}),
        id="exact arguments",
    ),
    pytest.param(
        SEARCH,
        lambda e: e.tool_called("search", {"tags": ["b"], "limit": 3}, match="subset", times=1),
        id="a subset",
    ),
    pytest.param(
        SEARCH,
        lambda e: e.tool_called(
            "search", {"limit": 3, "tags": ["b", "a"], "query": "tea"}, match="unordered"
        ),
        id="in any order",
    ),
    pytest.param(transcript(ran(1), ran(0)), lambda e: e.code_ran("python"), id="code ran"),
    pytest.param(transcript(ran(1), ran(0)), lambda e: e.code_recovered(), id="recovered"),
    pytest.param(transcript(ran(1), ran(0)), lambda e: e.last_code_succeeded(), id="last exit 0"),
    pytest.param(FILES, lambda e: e.artefact("coding/chart.png", min_bytes=900), id="a file"),
    pytest.param(FILES, lambda e: e.artefact("*.png"), id="a file by pattern"),
    pytest.param(TALK, lambda e: e.said(r"Word \d", by="coder", turn=2), id="said"),
    pytest.param(TALK, lambda e: e.said("Word 5", turn=-1), id="said last"),
    pytest.param(TALK, lambda e: e.no_secrets(), id="no secrets"),
    pytest.param(TALK, lambda e: e.no_loop(), id="no loop"),
]

FAILS = [
    pytest.param(TALK, lambda e: e.ended("max_turns"), "ended by termination_message of user"),
    pytest.param(TALK, lambda e: e.ended(by="coder"), "Expected coder to end it"),
    pytest.param(TALK, lambda e: e.ended(by="codr"), "Did you mean 'coder'?"),
    pytest.param(TALK, lambda e: e.said("Word", by="codr"), "No agent is called 'codr'; there are"),
    pytest.param(TALK, lambda e: e.said("Word", by="codr"), "Did you mean 'coder'?"),
    pytest.param(TALK, lambda e: e.ended(because="exit"), "something like 'exit'"),
    pytest.param(transcript(say("a")), lambda e: e.ended(), "It has not ended"),
    pytest.param(TALK, lambda e: e.within(turns=5), "at most 5 turns; it took 6"),
    pytest.param(EMPTY, lambda e: e.within(turns=5), "no message was exchanged"),
    pytest.param(COSTLY, lambda e: e.within(cost_usd=0.0001), r"at most \$0.0001; it cost"),
    pytest.param(TALK, lambda e: e.within(cost_usd=1), "not known: no model call"),
    pytest.param(
        transcript(call("nobody-knows-it")), lambda e: e.within(cost_usd=1), "'nobody-knows-it'"
    ),
    pytest.param(
        sample(scores=(Unscored(scorer="cost", reason="No price."),)),
        lambda e: e.within(cost_usd=1),
        "not known: No price",
    ),
    pytest.param(COSTLY, lambda e: e.within(tokens=3999), "at most 3999 tokens; it took 4000"),
    pytest.param(transcript(call(tokens=None)), lambda e: e.within(tokens=9), "1 of 1 calls tell"),
    pytest.param(TALK, lambda e: e.within(tokens=9), "tokens are not known"),
    pytest.param(
        TALK,
        lambda e: e.spoken_by(["executor", "reviewer"]),
        "Expected reviewer to speak in turn 2",
    ),
    pytest.param(EMPTY, lambda e: e.spoken_by([]), "no speakers"),
    pytest.param(
        TALK,
        lambda e: e.spoken_in_order(["executor", "coder", "cook"]),
        "cook to speak after turn 2",
    ),
    pytest.param(EMPTY, lambda e: e.spoken_in_order(["a"]), "no speakers"),
    pytest.param(TALK, lambda e: e.speakers_match("executor coder"), "it fits up to turn 2"),
    pytest.param(TALK, lambda e: e.speakers_match("(codr .)+"), "Did you mean 'coder'"),
    pytest.param(EMPTY, lambda e: e.speakers_match(".*"), "no speakers"),
    pytest.param(TALK, lambda e: e.never_speaks_after("executor", "reviewer"), "it did in turn 6"),
    pytest.param(TALK, lambda e: e.never_speaks_after("coder", "cook"), "cook never spoke"),
    pytest.param(TALK, lambda e: e.never_speaks_after("codr", "coder"), "There is no codr"),
    pytest.param(EMPTY, lambda e: e.never_speaks_after("a", "b"), "no speakers"),
    pytest.param(TALK, lambda e: e.tool_called("search"), "no tool was called"),
    pytest.param(SEARCH, lambda e: e.tool_called("find"), "called were: search, fetch"),
    pytest.param(SEARCH, lambda e: e.tool_called("search", {"query": "tea"}), r"\(exact\)"),
    pytest.param(
        SEARCH, lambda e: e.tool_called("search", {"tags": ["c"]}, match="subset"), r"\(subset\)"
    ),
    pytest.param(
        SEARCH, lambda e: e.tool_called("search", {"tags": []}, match="unordered"), "unordered"
    ),
    pytest.param(SEARCH, lambda e: e.tool_called("fetch", {}), "it was called with no json"),
    pytest.param(SEARCH, lambda e: e.tool_called("search", times=2), "Expected 2 calls"),
    pytest.param(TALK, lambda e: e.code_ran(), "no code was executed"),
    pytest.param(transcript(ran(1)), lambda e: e.code_ran(), "exit codes in order: 1"),
    pytest.param(transcript(ran(0, "sh")), lambda e: e.code_ran("python"), "only sh did"),
    pytest.param(TALK, lambda e: e.code_recovered(), "no code was executed"),
    pytest.param(transcript(ran(0)), lambda e: e.code_recovered(), "none failed"),
    pytest.param(transcript(ran(0), ran(1)), lambda e: e.code_recovered(), "never did"),
    pytest.param(TALK, lambda e: e.last_code_succeeded(), "no code was executed"),
    pytest.param(transcript(ran(0), ran(2)), lambda e: e.last_code_succeeded(), "order: 0, 2"),
    pytest.param(TALK, lambda e: e.artefact("x"), "a bare transcript keeps no files"),
    pytest.param(FILES, lambda e: e.artefact("x"), "were: coding/chart.png"),
    pytest.param(FILES, lambda e: e.artefact("*.png", min_bytes=901), "has 900"),
    pytest.param(TALK, lambda e: e.said("Word 9"), "of 6 messages none does"),
    pytest.param(TALK, lambda e: e.said("Word", by="cook"), "cook to say 'Word'; it said nothing"),
    pytest.param(TALK, lambda e: e.said("Word", turn=7), "There is no turn 7; there are 6"),
    pytest.param(EMPTY, lambda e: e.said("x"), "no message was exchanged"),
    pytest.param(spoken("a", "b"), lambda e: e.never_speaks_after("b", "a"), "it did in turn 2"),
    pytest.param(transcript(say("a", SECRET)), lambda e: e.no_secrets(), "1 events hold one"),
    pytest.param(transcript(ran(0, output=SECRET)), lambda e: e.no_secrets(), "1 events hold one"),
    pytest.param(EMPTY, lambda e: e.no_secrets(), "the transcript is empty"),
    pytest.param(LOOP, lambda e: e.no_loop(), "ann and bob say the same 3 times over"),
    pytest.param(EMPTY, lambda e: e.no_loop(), "not known"),
]


@pytest.mark.parametrize(("about", "expectation"), HOLDS)
def test_an_expectation_that_holds_chains(about, expectation) -> None:
    assert expectation(expect(about)).ended is not None


@pytest.mark.parametrize(("about", "expectation", "text"), FAILS)
def test_an_expectation_that_does_not_hold_says_why(about, expectation, text: str) -> None:
    with pytest.raises(AssertionError, match=text) as caught:
        expectation(expect(about))

    assert isinstance(caught.value, ExpectationFailed)


MISTAKES = [
    pytest.param(lambda e: e.ended("terminated"), "'terminated' is no termination reason"),
    pytest.param(lambda e: e.within(), "needs at least one"),
    pytest.param(lambda e: e.speakers_match("(coder"), "not well formed: missing"),
    pytest.param(lambda e: e.speakers_match("coder {x}"), "not well formed: '{' was not expected"),
    pytest.param(lambda e: e.speakers_match("coder{}"), "'{}' has no number"),
    pytest.param(lambda e: e.speakers_match("coder{3,2}"), "ends before it begins"),
    pytest.param(lambda e: e.speakers_match("coder**"), "repeats a repetition"),
    pytest.param(lambda e: e.speakers_match("| +"), "has nothing to repeat"),
    pytest.param(lambda e: e.speakers_match("coder)"), r"'\)' was not expected"),
    pytest.param(lambda e: e.speakers_match("coder{99999999999}"), "more than 5,000 speakers"),
    pytest.param(lambda e: e.speakers_match("((a{80}){80}){80}"), "more than 5,000 speakers"),
    pytest.param(lambda e: e.speakers_match("(" * 5000 + "a" + ")" * 5000), "more than 50 groups"),
    pytest.param(lambda e: e.said("("), "no regular expression: missing"),
    pytest.param(lambda e: e.ended(because="["), "no regular expression: unterminated"),
    pytest.param(lambda e: e.speakers_match("((){5000}){5000}"), "more than 5,000 speakers"),
    pytest.param(lambda e: e.follows_snapshot("../x"), "cannot name a snapshot"),
    pytest.param(lambda e: e.follows_snapshot("x" * 300), "cannot name a snapshot"),
]


@pytest.mark.parametrize(("expectation", "text"), MISTAKES)
def test_a_mistake_in_an_expectation_is_no_verdict(expectation, text: str) -> None:
    with pytest.raises(HarnessError, match=text):
        expectation(expect(TALK))


def test_something_that_is_no_conversation_is_refused() -> None:
    with pytest.raises(HarnessError, match="it got a list"):
        expect([])


def test_a_failure_shows_the_turns_around_the_evidence_and_how_to_read_the_rest() -> None:
    with pytest.raises(AssertionError) as caught:
        expect(sample()).never_speaks_after("executor", "reviewer")

    lines = str(caught.value).splitlines()
    assert lines[1:] == [
        "  ... 1 turn left out",
        "  [2] coder to chat",
        "      Word 1.",
        "> [3] reviewer to chat",
        ">     Word 2.",
        "  [4] coder to chat",
        "      Word 3.",
        "  [5] reviewer to chat",
        "      Word 4.",
        "> [6] executor to chat",
        ">     Word 5.",
        "  Ended by termination_message (user): The last message met the condition of user.",
        "Read it whole: harness show s/a/c/1",
    ]


def test_long_messages_are_cut_and_nothing_in_them_steers_the_terminal() -> None:
    long = "\n".join(["\x1b[31mred", "x" * 500, *map(str, range(50))])

    with pytest.raises(AssertionError) as caught:
        expect(transcript(say("a", long))).ended()

    text = str(caught.value)
    assert "\x1b" not in text
    assert "... 46 more lines" in text
    assert max(map(len, text.splitlines())) < 120


def test_of_what_failed_code_printed_the_end_is_shown_which_says_why() -> None:
    printed = "\n".join([*map(str, range(30)), "ValueError: the reason"])
    told = f"exitcode: 1 (execution failed)\nCode output: {printed}"
    fine = f"exitcode: 0 (execution succeeded)\nCode output: {printed}"

    with pytest.raises(AssertionError) as failed:
        expect(transcript(say("a", told))).ended()
    with pytest.raises(AssertionError) as succeeded:
        expect(transcript(say("a", fine))).ended()

    lines = [line.strip("> ") for line in str(failed.value).splitlines()]
    start = lines.index("exitcode: 1 (execution failed)")
    assert lines[start + 1 : start + 7] == [
        "Code output: 0",
        "1",
        "... 26 more lines",
        "28",
        "29",
        "ValueError: the reason",
    ]
    assert "ValueError" not in str(succeeded.value)


def test_a_secret_that_was_said_is_not_said_again() -> None:
    with pytest.raises(AssertionError) as caught:
        expect(transcript(say("a", f"My key is {SECRET}."))).no_secrets()

    assert SECRET not in str(caught.value)
    assert "My key is [redacted]" in str(caught.value)
