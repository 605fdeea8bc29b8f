"""The planted defects are real, the written repairs work, and every check can fail."""

from __future__ import annotations

import itertools
import textwrap
from pathlib import Path

import pytest

from harness.model.sample import SampleKey
from harness.model.team import FinishedSample
from harness.model.transcript import CodeExecution, Message, Transcript
from harness.provider.chat import code_in
from harness.sandboxes.process import ProcessSandbox
from harness.suites import load_checks, load_suite, sibling

FOLDER = Path(__file__).parents[2] / "scenarios" / "code_review"
HERE = str(FOLDER / "suite.yaml")
SUITE = load_suite(FOLDER)
SCENARIOS = {scenario.name: scenario for scenario in SUITE.scenarios}
PARTS = {name: sibling(HERE, f"parts_{name}").PARTS for name in SCENARIOS}
FINDINGS = sibling(HERE, "findings")
DEFECTS = [
    pytest.param(name, defect, id=f"{name}-{defect.name}")
    for name, parts in PARTS.items()
    for defect in parts.defects
]
EACH_SCENARIO = pytest.mark.parametrize("name", SCENARIOS)
APPROVED = "I have no more to say.\n\nVERDICT: APPROVED"
REFUSED = "FINDING: f | high | wrong\n\nVERDICT: CHANGES REQUESTED"


def handed_over(name: str) -> str:
    return Path(SCENARIOS[name].files[0][0]).read_text(encoding="utf-8")


def repaired(name: str, *, choice: int = 0, without: str = "") -> str:
    code = handed_over(name)
    for defect in PARTS[name].defects:
        if defect.name != without:
            code = defect.repaired(code, defect.fixes[choice])
    return code


def finished(name: str, workspace: Path, *events: tuple) -> FinishedSample:
    """A sample whose events are ("speaker", text) or ("ran", code[, exit code])."""
    made = [_event(index, *event) for index, event in enumerate(events)]
    return FinishedSample(
        key=SampleKey(suite="code_review", scenario=name, config="brief-t0.2", epoch=1),
        scenario=SCENARIOS[name],
        config=SUITE.configs[0],
        transcript=Transcript(engine="autogen", engine_version="-", events=tuple(made)),
        workspace=workspace,
        sandbox=ProcessSandbox(),
    )


def _event(index: int, kind: str, text: str, exit_code: int = 0) -> Message | CodeExecution:
    common = {"index": index, "offset_seconds": 0.0}
    if kind != "ran":
        return Message(**common, speaker=kind, recipient="manager", content=text)
    return CodeExecution(
        **common,
        agent="executor",
        language="python",
        code=text,
        exit_code=exit_code,
        output="",
        duration_seconds=0.0,
    )


def check(name: str, sample: FinishedSample):
    return load_checks(sample.scenario.checks)[name](sample)


def failed_tests(name: str, workspace: Path, code: str) -> set[str]:
    (workspace / PARTS[name].module).write_text(code, encoding="utf-8")
    result = check("hidden_tests", finished(name, workspace))
    names = {part.strip().split(":")[0] for part in result.reason.split(";")[1:]}
    assert result.passed is (not names)
    assert "hidden tests passed" in result.reason
    return {found for found in names if found.startswith("test_")}


@EACH_SCENARIO
def test_the_task_shows_the_module_that_lies_in_the_workspace(name: str) -> None:
    shown = textwrap.indent(handed_over(name), "    ", lambda line: bool(line.strip()))

    assert shown.rstrip() in SCENARIOS[name].task


@EACH_SCENARIO
def test_the_task_holds_nothing_that_an_executor_would_run(name: str) -> None:
    assert code_in(SCENARIOS[name].task) == []
    assert "```" not in SCENARIOS[name].task


@EACH_SCENARIO
def test_the_handed_over_module_fails_one_test_per_planted_defect(
    name: str, tmp_path: Path
) -> None:
    planted = [defect["name"] for defect in SCENARIOS[name].parameters["defects"]]

    failed = failed_tests(name, tmp_path, handed_over(name))

    assert 4 <= len(planted) <= 6
    assert failed == {f"test_{defect}" for defect in planted}


@EACH_SCENARIO
def test_each_scenario_has_defects_of_every_kind(name: str) -> None:
    kinds = {defect["kind"] for defect in SCENARIOS[name].parameters["defects"]}

    assert kinds == {"security", "correctness", "performance"}
    written = {(defect.name, defect.kind) for defect in PARTS[name].defects}
    known = {(each["name"], each["kind"]) for each in SCENARIOS[name].parameters["defects"]}
    assert written == known


@pytest.mark.parametrize(("name", "defect"), DEFECTS)
def test_a_repair_passes_the_test_of_its_defect_and_no_other(
    name: str, defect, tmp_path: Path
) -> None:
    others = {f"test_{each.name}" for each in PARTS[name].defects if each is not defect}

    for fix in defect.fixes:
        code = defect.repaired(handed_over(name), fix)
        assert defect.state(code) == "fixed"
        assert failed_tests(name, tmp_path, code) == others


@pytest.mark.parametrize(("name", "defect"), DEFECTS)
def test_one_defect_left_in_a_repaired_module_is_caught(name: str, defect, tmp_path: Path) -> None:
    code = repaired(name, without=defect.name)

    assert failed_tests(name, tmp_path, code) == {f"test_{defect.name}"}


@pytest.mark.parametrize(("name", "defect"), DEFECTS)
def test_a_half_repair_is_caught_and_can_be_made_whole(name: str, defect, tmp_path: Path) -> None:
    code = defect.half_fix.apply(repaired(name, without=defect.name))

    assert defect.state(code) == "half"
    assert failed_tests(name, tmp_path, code)
    assert defect.repaired(code, defect.fixes[0]) == repaired(name)


@EACH_SCENARIO
@pytest.mark.parametrize("choice", [0, 1])
def test_all_repairs_together_pass_every_test(name: str, choice: int, tmp_path: Path) -> None:
    assert failed_tests(name, tmp_path, repaired(name, choice=choice)) == set()


@EACH_SCENARIO
def test_all_combinations_of_repairs_can_be_told_apart(name: str) -> None:
    defects = PARTS[name].defects
    for chosen in itertools.product(*(defect.fixes for defect in defects)):
        code = handed_over(name)
        for defect, fix in zip(defects, chosen, strict=True):
            code = defect.repaired(code, fix)
        assert [defect.state(code) for defect in defects] == ["fixed"] * len(defects)
        compile(code, name, "exec")


@EACH_SCENARIO
def test_a_change_made_for_a_false_finding_breaks_the_module(name: str, tmp_path: Path) -> None:
    changes = [mistake.change for mistake in PARTS[name].mistakes if mistake.change]

    assert changes
    for change in changes:
        assert failed_tests(name, tmp_path, change.apply(repaired(name)))


@pytest.mark.parametrize(("name", "defect"), DEFECTS)
def test_every_wording_of_a_finding_matches_its_defect_alone(name: str, defect) -> None:
    rules = SCENARIOS[name].parameters["defects"]

    for wording in (*defect.findings, *defect.half_findings):
        finding = FINDINGS.Finding(f"{defect.where}()", "high", wording)
        matched = [rule["name"] for rule in rules if FINDINGS.matches(finding, rule)]
        assert matched == [defect.name], wording


@EACH_SCENARIO
def test_no_false_finding_matches_a_defect(name: str) -> None:
    made = [FINDINGS.Finding(each.where, "low", each.what) for each in PARTS[name].mistakes]

    assert FINDINGS.false_ones(made, SCENARIOS[name].parameters["defects"]) == made


@pytest.mark.parametrize(
    ("where", "what", "is_true"),
    [
        pytest.param("search_users", "SQL Injection through term", True, id="place and word"),
        pytest.param("user_search.py:search_users", "injection", True, id="place with file"),
        pytest.param("with_teams", "SQL injection", False, id="other place"),
        pytest.param("search_users2", "SQL injection", False, id="place is part of a name"),
        pytest.param("search_users", "needs a docstring", False, id="no word"),
        pytest.param("search_users", "reinjection", False, id="word inside another"),
        pytest.param("", "injection", False, id="no place"),
    ],
)
def test_a_finding_is_true_by_place_and_word(where: str, what: str, is_true: bool) -> None:
    rule = SCENARIOS["user_search"].parameters["defects"][0]

    assert FINDINGS.matches(FINDINGS.Finding(where, "high", what), rule) is is_true


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("FINDING: f | HIGH | a | b", [("f", "high", "a | b")], id="bars in text"),
        pytest.param("- **FINDING:** f() | low | x", [("f()", "low", "x")], id="in markdown"),
        pytest.param("FINDING: f", [("f", "", "")], id="fields left out"),
        pytest.param("My finding: f | low | x", [], id="in a sentence"),
        pytest.param("- f(): x", [], id="out of form"),
    ],
)
def test_findings_are_read_line_by_line(text: str, expected: list) -> None:
    found = [(each.where, each.severity, each.what) for each in FINDINGS.findings_in(text)]

    assert found == expected


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        pytest.param("VERDICT: APPROVED", "APPROVED", id="approved"),
        pytest.param("**VERDICT: APPROVED**", "APPROVED", id="in bold"),
        pytest.param("VERDICT: CHANGES REQUESTED", "CHANGES REQUESTED", id="refused"),
        pytest.param(
            "VERDICT: APPROVED\nVERDICT: CHANGES REQUESTED", "CHANGES REQUESTED", id="last"
        ),
        pytest.param("I would not write VERDICT: APPROVED yet", None, id="in a sentence"),
        pytest.param("VERDICT: NOT APPROVED", None, id="not approved"),
        pytest.param("Looks good to me.", None, id="no verdict"),
    ],
)
def test_only_a_line_of_its_own_is_a_verdict(text: str, verdict: str | None) -> None:
    assert FINDINGS.verdict_in(text) == verdict


TASK = ("executor", "the task")
FIRST = ("coder", "```python\nprint(1)\n```")
SECOND = ("coder", "```python\nprint(2)\n```")
OK = ("reviewer", APPROVED)
NOT_OK = ("reviewer", REFUSED)
RAN_FIRST, RAN_SECOND = ("ran", "print(1)"), ("ran", "print(2)")


@pytest.mark.parametrize(
    ("events", "passed", "evidence"),
    [
        pytest.param([TASK, NOT_OK, FIRST, OK, RAN_FIRST], True, (4,), id="approved"),
        pytest.param([TASK, FIRST, RAN_FIRST, OK], False, (2,), id="approved too late"),
        pytest.param([TASK, FIRST, NOT_OK, RAN_FIRST], False, (3,), id="refused"),
        pytest.param(
            [TASK, OK, FIRST, RAN_FIRST], False, (3,), id="approved before it was written"
        ),
        pytest.param(
            [TASK, FIRST, OK, RAN_FIRST, SECOND, RAN_SECOND], False, (5,), id="older version"
        ),
        pytest.param(
            [TASK, FIRST, OK, RAN_FIRST, SECOND, OK, RAN_SECOND], True, (3, 6), id="both approved"
        ),
        pytest.param([TASK, FIRST, OK, NOT_OK, RAN_FIRST], False, (4,), id="approval taken back"),
        pytest.param(
            [TASK, FIRST, ("coder", APPROVED), RAN_FIRST], False, (3,), id="not his to say"
        ),
        pytest.param(
            [TASK, FIRST, ("reviewer", "Looks good to me."), RAN_FIRST], False, (3,), id="no form"
        ),
        pytest.param([TASK, FIRST, OK], False, (), id="nothing ran"),
    ],
)
def test_what_ran_must_have_been_approved(
    events: list, passed: bool, evidence: tuple, tmp_path: Path
) -> None:
    result = check("execution_after_approval", finished("user_search", tmp_path, *events))

    assert (result.passed, result.evidence) == (passed, evidence), result.reason


def _lines(*names: str) -> str:
    defects = {defect.name: defect for defect in PARTS["user_search"].defects}
    chosen = [defects[name] for name in names]
    return "\n".join(f"FINDING: {each.where} | low | {each.findings[0]}" for each in chosen)


FOUR = ("sql_injection", "page_offset", "query_per_user", "slow_merge")


@pytest.mark.parametrize(
    ("events", "passed", "recall"),
    [
        pytest.param([("reviewer", _lines(*FOUR))], True, 0.8, id="four of five"),
        pytest.param([("reviewer", _lines(*FOUR[:3]))], False, 0.6, id="three of five"),
        pytest.param(
            [("reviewer", _lines(*FOUR[:2])), ("reviewer", _lines(*FOUR[1:]))], True, 0.8, id="bits"
        ),
        pytest.param([("coder", _lines(*FOUR))], False, 0.0, id="only the reviewer counts"),
        pytest.param([("reviewer", "All is bad.")], False, 0.0, id="no findings"),
    ],
)
def test_recall_decides_whether_enough_was_found(
    events: list, passed: bool, recall: float, tmp_path: Path
) -> None:
    result = check("defects_found", finished("user_search", tmp_path, *events))

    assert result.passed is passed
    assert result.value == pytest.approx(recall)


@pytest.mark.parametrize(
    ("wrong", "passed", "share"),
    [
        pytest.param([], True, 1.0, id="none"),
        pytest.param(["open_directory | low | a"], True, 0.8, id="one"),
        pytest.param(["f | low | a", "f | low | A"], True, 0.8, id="one, said twice"),
        pytest.param(["f | low | a", "g | low | b"], False, 4 / 6, id="two"),
    ],
)
def test_more_than_one_false_finding_fails(
    wrong: list[str], passed: bool, share: float, tmp_path: Path
) -> None:
    text = "\n".join([_lines(*FOUR), *(f"FINDING: {line}" for line in wrong)])

    result = check("false_findings", finished("user_search", tmp_path, ("reviewer", text)))

    assert result.passed is passed
    assert result.value == pytest.approx(share)


def test_a_review_without_findings_is_not_free_of_false_ones(tmp_path: Path) -> None:
    result = check("false_findings", finished("user_search", tmp_path, OK))

    assert not result.passed


@pytest.mark.parametrize(
    ("events", "passed"),
    [
        pytest.param([("ran", "x", 1), ("ran", "x", 0)], True, id="recovered"),
        pytest.param([("ran", "x", 0), ("ran", "x", 1)], False, id="failed at last"),
        pytest.param([TASK], False, id="nothing ran"),
    ],
)
def test_the_last_run_must_succeed(events: list, passed: bool, tmp_path: Path) -> None:
    result = check("last_run_succeeded", finished("user_search", tmp_path, *events))

    assert result.passed is passed


@pytest.mark.parametrize(
    "trick",
    [
        pytest.param("import os\nos._exit(0)", id="ends the process"),
        pytest.param("import sys\nsys.exit(0)", id="exits"),
        pytest.param("print('9 of 9 hidden tests passed')\nimport os\nos._exit(0)", id="claims"),
        pytest.param("def broken(:", id="is no Python"),
    ],
)
def test_a_module_cannot_pass_the_hidden_tests_by_not_running_them(
    trick: str, tmp_path: Path
) -> None:
    (tmp_path / "user_search.py").write_text(trick, encoding="utf-8")

    result = check("hidden_tests", finished("user_search", tmp_path))

    assert (result.passed, result.value) == (False, 0.0)


def test_an_empty_workspace_fails_the_hidden_tests(tmp_path: Path) -> None:
    assert check("hidden_tests", finished("user_search", tmp_path)).value == 0.0
