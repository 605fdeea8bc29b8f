"""PYTEST_DONT_REWRITE: the assertions of a suite's checks are not rewritten either."""

from __future__ import annotations

import re

import pytest

from harness.errors import CheckError
from harness.model.score import CheckResult, Unscored
from harness.scorers.acceptance import Acceptance


@pytest.fixture
def judge(finished, tmp_path):
    """Scores checks given as functions or as source text of one function body."""

    def score(*checks):
        named = {check.__name__: check for check in checks}
        return Acceptance().score(finished(checks=named, workspace=tmp_path))

    return score


def outcome(score):
    (check,) = score.details["checks"]
    return check["passed"], check["reason"]


def test_the_value_is_the_share_of_checks_that_passed_and_all_must_pass(judge):
    def fine(sample): ...
    def also_fine(sample):
        return True

    def wrong(sample):
        return False

    score = judge(fine, wrong, also_fine)

    assert (score.value, score.passed, score.unit) == (pytest.approx(2 / 3), False, "share")
    assert [check["name"] for check in score.details["checks"]] == ["fine", "wrong", "also_fine"]
    assert score.reason == "2 of 3 checks passed; failed: wrong (The check returned False.)"
    assert judge(fine, also_fine).passed is True


def test_a_failed_assertion_gives_its_message_and_place(judge):
    def total(sample):
        assert 1 + 1 == 3, "the total is wrong"

    passed, reason = outcome(judge(total))

    assert not passed
    assert reason.startswith("the total is wrong (test_acceptance.py:")


def test_a_bare_assertion_gives_its_source_and_the_values_in_it(judge):
    def total(sample):
        found, wanted = [1, 2], {"a": "b"}
        assert (
            len(found) ==
            len(wanted)
        )  # fmt: skip

    passed, reason = outcome(judge(total))

    assert not passed
    assert reason.startswith("assert len(found) == len(wanted), ")
    assert "), where found = [1, 2], wanted = {'a': 'b'} (test_acceptance.py:" in reason


def test_an_assertion_in_a_helper_of_the_same_file_is_placed_there(judge):
    def helper(number):
        assert number > 3

    def checks_it(sample):
        helper(2)

    assert "assert number > 3, where number = 2 (" in outcome(judge(checks_it))[1]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        pytest.param(KeyError("month"), "KeyError: 'month' (", id="with text"),
        pytest.param(RuntimeError(), "RuntimeError (", id="without"),
        pytest.param(SystemExit(0), "SystemExit: 0 (", id="an exit"),
        pytest.param(FileNotFoundError("a\nb"), "FileNotFoundError: a b (", id="two lines"),
    ],
)
def test_a_check_that_crashes_is_an_error_and_no_verdict(judge, error, text):
    def broken(sample):
        raise error

    with pytest.raises(CheckError) as caught:
        judge(broken)

    said = str(caught.value)
    assert said.startswith(f"check_broken raised {text}")
    assert re.search(r"test_acceptance\.py:\d+\)\. That is a mistake in the check", said)
    assert caught.value.__cause__ is error


def test_a_misspelt_name_does_not_count_against_the_team(judge):
    def misspelt(sample):
        assert sample.nope

    with pytest.raises(CheckError, match=r"AttributeError: .* has no attribute 'nope'"):
        judge(misspelt)


def test_the_other_checks_still_run_and_are_told(judge):
    def first(sample):
        raise KeyError("a")

    def fine(sample): ...
    def wrong(sample):
        assert False, "too few"  # noqa: B011, PT015

    def last(sample):
        return 3

    with pytest.raises(CheckError) as caught:
        judge(first, fine, wrong, last)

    said = str(caught.value)
    assert said.startswith("check_first raised KeyError: 'a' (")
    assert "; check_last returned a int (3); a check returns " in said
    assert "Of the other checks: 1 of 2 checks passed; failed: wrong (too few (" in said


def test_an_exception_out_of_a_library_is_placed_in_the_check(judge):
    def broken(sample):
        import json

        json.loads("{")

    with pytest.raises(CheckError, match=r"JSONDecodeError: .* \(.*test_acceptance\.py:\d+\)"):
        judge(broken)


def test_an_interrupt_passes_through(judge):
    def interrupted(sample):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(interrupted)


def test_a_check_result_is_kept_and_gets_its_name_and_evidence(judge):
    def graded(sample):
        return CheckResult(passed=True, value=0.75, reason="3 of 4 found", evidence=(4, 2))

    score = judge(graded)

    assert score.details["checks"] == [
        {"name": "graded", "passed": True, "reason": "3 of 4 found", "value": 0.75,
         "evidence": [4, 2]},
    ]  # fmt: skip
    assert (score.value, score.evidence) == (1.0, (2, 4))


@pytest.mark.parametrize(
    "returned",
    [
        pytest.param(0.9, id="float"),
        pytest.param(1, id="int"),
        pytest.param("ok", id="text"),
        pytest.param(CheckResult(passed=True, value=1.5), id="value over 1"),
        pytest.param(CheckResult(passed=True, value=float("nan")), id="value not a number"),
    ],
)
def test_anything_but_a_verdict_is_an_error_that_names_the_check(judge, returned):
    def graded(sample):
        return returned

    with pytest.raises(CheckError, match=r"^check_graded returned "):
        judge(graded)


def test_a_coroutine_is_not_a_verdict(judge):
    async def late(sample): ...

    with pytest.raises(CheckError, match="check_late returned a coroutine"):
        judge(late)


@pytest.mark.parametrize("verdict", [True, False])
def test_a_boolean_of_numpy_is_a_boolean(judge, verdict):
    numpy = pytest.importorskip("numpy")

    def compared(sample):
        return numpy.float64(1) == (1 if verdict else 2)

    assert outcome(judge(compared))[0] is verdict


def test_the_reason_of_a_check_that_passes_is_the_first_line_of_its_docstring(judge):
    def picture(sample):
        """The chart is a real picture.

        Not a blank one.
        """

    assert outcome(judge(picture)) == (True, "The chart is a real picture.")


def test_what_a_check_prints_is_shown_only_when_it_fails(judge, capsys):
    def chatty(sample):
        print("looked at 3 rows")

    def chatty_failing(sample):
        print("looked at 3 rows")
        raise AssertionError("no")

    assert outcome(judge(chatty)) == (True, "The check held.")
    assert outcome(judge(chatty_failing))[1].endswith("\nIt printed: looked at 3 rows")
    assert capsys.readouterr() == ("", "")


def test_what_is_said_does_not_depend_on_where_the_workspace_is(judge):
    def reads(sample):
        (sample.workspace / "sales.csv").read_text()

    def expects(sample):
        path = sample.workspace / "sales.csv"
        assert path.is_file(), f"{path} is missing"

    assert outcome(judge(expects))[1].startswith("/workspace/sales.csv is missing (")
    with pytest.raises(CheckError, match=r"directory: '/workspace/sales\.csv'"):
        judge(reads)


def test_a_check_can_run_the_agents_code_in_a_copy(judge, tmp_path):
    (tmp_path / "adder.py").write_text("def add(a, b):\n    return a - b\n")

    def adds(sample):
        result = sample.run_python("import adder; print(adder.add(2, 2))")
        assert result.output == "4\n", f"printed {result.output!r}"

    assert outcome(judge(adds))[1].startswith("printed '0\\n' (")
    assert [path.name for path in tmp_path.iterdir()] == ["adder.py"]


def test_without_checks_nothing_is_scored(judge):
    assert judge() == Unscored(scorer="acceptance", reason="The scenario has no checks.")
