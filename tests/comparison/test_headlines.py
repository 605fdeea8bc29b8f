"""The verdict in one short sentence, and the lines that it rests on."""

import pytest
from report_logs import outcome_log

from harness.comparison import compare_configs

FACTORS = {
    f"{prompts}-t{heat}": {"prompts": prompts, "temperature": heat}
    for prompts in ("brief", "careful")
    for heat in ("0.2", "1.0")
}
# Of 15 samples: too few for a pair to be decided among six comparisons, enough for its interval.
HALF = {"a": "pppff", "b": "ppfff", "c": "ppfff"}
MOST = {"a": "ppppp", "b": "ppppp", "c": "ppppf"}


def only_suite(log):
    (suite,) = compare_configs(log).suites
    return suite


@pytest.fixture(scope="module")
def matrix():
    outcomes = {name: MOST if "careful" in name else HALF for name in FACTORS}
    return only_suite(outcome_log(outcomes, factors=FACTORS, baseline="brief-t0.2"))


def test_the_headline_says_what_was_found_without_the_numbers_behind_it(matrix):
    assert matrix.headline == (
        "prompts=careful solves 47 points more than brief; temperature=1.0 against 0.2: "
        "inconclusive."
    )


def test_a_line_for_each_comparison_of_the_headline_tells_what_it_rests_on(matrix):
    prompts, temperature = matrix.findings

    assert prompts.startswith("prompts=careful against brief: +47 points, interval +")
    assert "n = 3 scenarios \N{MULTIPLICATION SIGN} 10 samples" in prompts
    assert "would not be seen" not in prompts
    assert temperature.startswith("temperature=1.0 against 0.2: 0 points, interval -")
    seen = 100 * matrix.effects[1].seen
    assert temperature.endswith(f"; a difference smaller than {seen:.0f} points would not be seen.")


def test_where_p_holds_back_what_the_interval_shows_a_note_says_so(matrix):
    (pair,) = [each for each in matrix.contrasts if each.candidate == "careful-t0.2"]
    assert pair.verdict == "inconclusive"
    assert pair.difference.interval.low > 0

    assert matrix.notes[1] == (
        "An interval excludes 0 where the verdict is open: a verdict needs p below 0.05 as well, "
        "and p is corrected for all 6 comparisons (Holm)."
    )


def test_the_line_of_a_comparison_that_p_holds_back_says_so():
    several = only_suite(
        outcome_log({"base": {"a": "ffff"}, "new": {"a": "pppp"}, "b": {"a": "ffff"}})
    )
    alone = only_suite(outcome_log({"base": {"a": "ffff"}, "new": {"a": "pppf"}}))

    needs = "; a verdict needs p below 0.05 too"
    assert [several.contrasts[0].is_held_back, alone.contrasts[0].is_held_back] == [True, True]
    assert several.findings[0].endswith(f"{needs}, corrected for 2 comparisons.")
    assert alone.findings[0].endswith(f"{needs}.")
    assert alone.notes[1].endswith("a verdict needs p below 0.05 as well.")


def test_where_interval_and_p_agree_no_note_speaks_of_them():
    suite = only_suite(outcome_log({"base": {"a": "pfpf"}, "new": {"a": "ppff"}}))

    assert not [note for note in suite.notes if "Holm" in note]


def test_without_a_claim_the_headline_is_the_verdict():
    alone = only_suite(outcome_log({"one": {"a": "pp"}}))
    barred = only_suite(outcome_log({"base": {"a": "mmmm"}, "new": {"a": "pppp"}}))

    assert [each.headline == each.verdict for each in (alone, barred)] == [True, True]
    assert [each.findings for each in (alone, barred)] == [(), ()]


def test_many_open_comparisons_are_counted_in_the_headline():
    outcomes = {name: {"a": "pf"} for name in ("base", "b", "c", "d", "e")}

    suite = only_suite(outcome_log(outcomes, baseline="base"))

    assert suite.headline == "4 comparisons: inconclusive."
    assert suite.findings == ("Too few repeats: the smallest p reachable is 1.00.",)


def test_a_decided_result_says_nothing_of_what_could_not_be_seen():
    suite = only_suite(outcome_log({"base": {"a": "f" * 9}, "new": {"a": "p" * 9}}))

    assert suite.contrasts[0].seen is None
    assert suite.verdict.endswith("(p < 0.001).")


def test_an_open_result_says_why_it_is_not_known_what_it_could_see():
    suite = only_suite(outcome_log({"base": {"a": "pp"}, "new": {"a": "pp"}}))

    why = "what it could see is not known: no repeat came out otherwise than another"
    assert why in suite.verdict
    assert suite.findings[0].endswith(f"; {why}.")


def test_where_nothing_could_be_seen_the_line_says_so():
    suite = only_suite(outcome_log({"base": {"a": "pf"}, "new": {"a": "fp"}}))

    assert suite.contrasts[0].seen > 1
    assert suite.findings[0].endswith("; no difference would be seen, however large.")


def test_configs_that_vary_in_one_factor_are_compared_once():
    factors = {f"brief-t{heat}": {"prompts": "brief", "temperature": heat} for heat in "01"}
    outcomes = {name: {"a": "ppff"} for name in factors}

    suite = only_suite(outcome_log(outcomes, factors=factors, baseline="brief-t0"))

    assert suite.effects == ()
    assert [each.candidate for each in suite.contrasts] == ["brief-t1"]
    assert suite.notes[0].endswith("One comparison is shown: its interval is one of 95 %.")
