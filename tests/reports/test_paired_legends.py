"""What a terminal says beside the tables of a comparison: of what, in what unit, corrected how."""

from __future__ import annotations

import io

import msgspec
import pytest
from report_logs import outcome_log, realistic_log
from spoken import end, say, transcript

from harness.comparison import compare_config_pair, compare_configs, compare_runs
from harness.reports.console import print_comparison, print_config_pair, print_summary

CONFIGS = ("brief-t0.2", "careful-t0.2")


def talking(log):
    """The log in which every config says its own words, so that no two are identical."""
    samples = tuple(
        msgspec.structs.replace(
            each,
            transcript=transcript(
                say("user", "Go."), say("coder", f"{log.header.run_id} {each.key.config}"), end()
            ),
        )
        for each in log.samples
    )
    return msgspec.structs.replace(log, samples=samples)


def said(write, comparison):
    stream = io.StringIO()
    write(comparison, stream)
    return stream.getvalue()


def pair_of(log, *configs):
    return said(print_config_pair, compare_config_pair(log, log, *configs))


@pytest.fixture
def close():
    """Two configs so far apart that the interval decides, but for the exact test."""
    return talking(outcome_log({"one": {"a": "fff"}, "two": {"a": "ppp"}}))


def test_an_interval_without_0_beside_an_open_verdict_is_explained_in_the_terminal(close):
    comparison = compare_config_pair(close, close, "one", "two")
    (suite,) = comparison.suites
    assert suite.contrast.is_held_back

    told = said(print_config_pair, comparison)

    assert "An interval excludes 0 where the verdict is open: a verdict needs p below 0.05" in told
    same = talking(outcome_log({"one": {"a": "pff"}, "two": {"a": "pff"}}))
    assert "An interval excludes 0" not in pair_of(same, "one", "two")


def test_of_two_runs_the_same_is_explained_and_for_how_many_p_is_corrected():
    before = talking(outcome_log({"one": {"a": "ffff"}, "two": {"a": "pppp"}}))
    after = talking(outcome_log({"one": {"a": "pppp"}, "two": {"a": "pppp"}}, run_id="run-2"))

    told = said(print_comparison, compare_runs(before, after))

    assert "corrected for both comparisons of this table, which hold together at 95 %." in told
    assert "An interval excludes 0 where the verdict is open" in told
    assert "and p is corrected for all 2 comparisons (Holm)." in told


def test_what_a_comparison_sees_has_a_unit_wherever_a_table_tells_it():
    log = realistic_log()
    legend = "Sees: the smallest difference, in points, that so many samples show in 80 of 100 runs"
    stream = io.StringIO()

    print_summary(log, compare_configs(log), stream)

    assert legend in pair_of(log, *CONFIGS)
    assert legend in stream.getvalue()


def test_what_no_row_tells_is_not_explained(close):
    stream = io.StringIO()

    print_summary(close, compare_configs(close), stream)
    told = pair_of(close, "one", "two")

    assert "Sees: the smallest difference" not in told + stream.getvalue()
    assert "Interval, p and what it sees are of this comparison alone, at 95 %." in told


def test_of_identical_sides_no_interval_is_told():
    log = realistic_log(suites=("sales_report",))
    started = [each for each in log.samples if each.status == "completed"]
    log = msgspec.structs.replace(log, samples=tuple(started))

    told = said(print_comparison, compare_runs(log, log))

    rows = [line for line in told.splitlines() if line.startswith("sales_report/")]
    assert [row.split()[-1] for row in rows] == ["identical"] * 4
    assert not [row for row in rows if " to " in row]


def test_suites_that_one_side_alone_has_are_named_at_the_head():
    log = realistic_log()
    second = log.header.suites[1]
    lacking = [s for s in log.samples if (s.key.suite, s.key.config) != (second.name, CONFIGS[1])]
    log = msgspec.structs.replace(log, samples=tuple(lacking))

    told = pair_of(log, *CONFIGS)

    note = f"Suite not compared, as {CONFIGS[0]} alone has samples: {second.name}."
    assert note in told
    assert told.index(note) < told.index("Verdict")
    assert "not compared, as" not in pair_of(realistic_log(), *CONFIGS)


def test_what_is_pooled_over_suites_is_said_and_how_to_read_one_alone():
    log = realistic_log()

    several = pair_of(log, *CONFIGS)
    alone = pair_of(realistic_log(suites=("code_review",)), *CONFIGS)

    assert "Pooled over 2 suites (code_review, sales_report): how they ended, code, turns and" in (
        several
    )
    assert "-k code_review" in several
    assert "Pooled" not in alone


def test_of_several_suites_a_setting_says_whose_it_is_unless_it_is_everybodys():
    log = realistic_log()
    first, second = log.header.suites
    careful = second.configs[2]
    other = msgspec.structs.replace(careful, prompts={"analyst": "You are careful, and exact."})
    changed = msgspec.structs.replace(
        second, configs=tuple(other if each is careful else each for each in second.configs)
    )
    header = msgspec.structs.replace(log.header, suites=(first, changed))

    alike = compare_config_pair(log, log, *CONFIGS).settings
    log = msgspec.structs.replace(log, header=header)
    unlike = compare_config_pair(log, log, *CONFIGS).settings

    assert [each.partition(" says")[0] for each in alike] == ["the prompt of analyst"]
    assert sorted(each.partition(" says")[0] for each in unlike) == [
        f"{suite}: the prompt of analyst" for suite in sorted((first.name, second.name))
    ]


def test_medians_of_cost_are_called_that_and_a_ratio_is_one_of_means():
    told = pair_of(realistic_log(suites=("code_review",)), *CONFIGS)

    (row,) = [line for line in told.splitlines() if line.startswith("Cost per sample")]
    heading = told.splitlines()[told.splitlines().index(row) - 2]
    assert heading.split()[:4] == ["Medians", "First", "Second", "Difference"]
    assert "the median over pairs of second minus first, which is not the difference of" in told
    (suite,) = compare_configs(realistic_log(suites=("code_review",))).suites
    assert ", at about the same mean cost (p" in suite.verdict
