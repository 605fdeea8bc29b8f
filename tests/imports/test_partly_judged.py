"""Imports of which some conversations were judged: the others are not known, whoever counts."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from harness.comparison import compare_configs, compare_runs, judge, outcomes_of
from harness.model.gate import Gate, Thresholds
from harness.reports.console import print_comparison
from harness.reports.gate import finding_sentence, notes_of
from harness.reports.junit import JunitReporter
from harness.reports.numbers import DASH
from harness.runner.importing import import_run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from harness.model.gate import SuiteGate, SuiteOutcomes
    from harness.model.run import RunLog

NAMED = "fields: {config: who, scenario: id}\n"
JUDGED = "fields: {config: who, scenario: id, correct: ok}\n"


def chat(task: str = "How many?", end: str = "TERMINATE", **more: object) -> dict[str, object]:
    said = [{"name": "asker", "content": task}, {"name": "solver", "content": f"Six. {end}"}]
    return {"messages": said, **more}


def imported(root: Path, files: Mapping[str, object], mapping: str) -> RunLog:
    folder = root / "chats"
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in files.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    (root / "m.yaml").write_text(mapping)
    return import_run(folder, "autogen", root / "m.yaml", root / "runs")


def of_two(verdicts: Mapping[str, Sequence[bool | None]]) -> dict[str, object]:
    """Conversations of every config, judged so."""
    return {
        f"{who}{n}": chat(who=who, id=f"q{n}", ok=ok)
        for who, all_of_it in verdicts.items()
        for n, ok in enumerate(all_of_it)
    }


def compared(first: RunLog, second: RunLog) -> str:
    stream = io.StringIO()
    print_comparison(compare_runs(first, second), stream)
    return stream.getvalue()


def outcomes(root: Path, verdicts: Mapping[str, Sequence[bool | None]]) -> SuiteOutcomes:
    (suite,) = outcomes_of(imported(root, of_two(verdicts), JUDGED))
    return suite


def found(gate: SuiteGate, config: str) -> str:
    (finding,) = (each for each in gate.findings if each.config == config)
    return finding.outcome


def test_a_config_judged_in_neither_run_is_not_called_identical_where_others_were(
    tmp_path: Path,
) -> None:
    files = of_two({"a": [None] * 6, "b": [True] * 6})
    text = compared(imported(tmp_path, files, NAMED), imported(tmp_path, files, JUDGED))

    rows = [line for line in text.splitlines() if line.startswith(("chats/a ", "chats/b "))]
    assert len(rows) == 2
    assert [row.split()[1:] for row in rows] == [
        ["100", "%", "0", "%", *[DASH] * 4, "not", "comparable"],
        ["100", "%", "100", "%", *[DASH] * 4, "not", "comparable"],
    ]
    assert "identical" not in text
    assert "corrected for" not in text
    assert text.splitlines()[1].startswith("Not comparable: in the first run 12 of 12 ")
    assert "Nobody judged whether" not in text


def test_rates_of_endings_are_said_to_be_so_where_all_are(tmp_path: Path) -> None:
    first = imported(tmp_path / "1", of_two({"a": [None] * 6}), NAMED)
    again = imported(tmp_path / "2", of_two({"a": [None] * 6}), NAMED)

    assert "Nobody judged whether the tasks were solved: the rates" in " ".join(
        compared(first, again).split()
    )


def test_a_gate_tells_what_nobody_judged_from_what_failed(tmp_path: Path) -> None:
    run = outcomes(tmp_path, {"a": [None] * 4, "b": [True] * 40})

    gate = judge(Gate(thresholds=Thresholds(success_at_least=0.5)), run)

    assert (gate.incomplete, gate.unknown) == (0, 4)
    assert notes_of(gate) == [
        "Nobody judged 4 samples of the run, though others of it: what depends on how they fared "
        "is inconclusive."
    ]


@pytest.mark.parametrize("many", [2, 40])
def test_a_threshold_is_open_where_it_depends_on_what_nobody_judged(
    tmp_path: Path, many: int
) -> None:
    run = outcomes(tmp_path, {"a": [None] * many, "b": [True] * 40})

    gate = judge(Gate(thresholds=Thresholds(success_at_least=0.5)), run)

    assert found(gate, "a") == "inconclusive"
    assert found(gate, "b") == "passed"
    (finding,) = (each for each in gate.findings if each.config == "a")
    assert f"cannot be decided: nobody judged {many} samples" in finding_sentence(finding)
    assert finding.epochs is None


@pytest.mark.parametrize(
    ("verdicts", "outcome"),
    [([True] * 60 + [None], "passed"), ([False] * 60 + [None], "regressed")],
)
def test_a_threshold_is_decided_where_what_nobody_judged_cannot_change_it(
    tmp_path: Path, verdicts: list[bool | None], outcome: str
) -> None:
    gate = judge(
        Gate(thresholds=Thresholds(success_at_least=0.5)), outcomes(tmp_path, {"a": verdicts})
    )

    assert found(gate, "a") == outcome


def test_against_a_baseline_too(tmp_path: Path) -> None:
    baseline = outcomes(tmp_path / "then", {"a": [True] * 40, "b": [True] * 40})
    run = outcomes(tmp_path / "now", {"a": [None] * 40, "b": [False] * 40})

    gate = judge(Gate(success_margin=0.1), run, baseline)

    assert found(gate, "a") == "inconclusive"
    assert found(gate, "b") == "regressed"
    back = judge(Gate(success_margin=0.1), baseline, run)
    assert found(back, "a") == "inconclusive"
    assert back.baseline_unknown == 40


def test_a_threshold_of_the_run_alone_is_open_for_nothing_of_the_baseline(tmp_path: Path) -> None:
    baseline = outcomes(tmp_path / "then", {"a": [True] * 5 + [None] * 5})
    run = outcomes(tmp_path / "now", {"a": [True] * 9 + [False]})
    gate = Gate(thresholds=Thresholds(success_at_least=0.7), success_margin=0.5)

    success, _ = judge(gate, run, baseline).findings

    assert (success.outcome, success.absent) == ("inconclusive", 0)
    assert success.epochs == 3


def test_a_margin_is_open_for_nothing_of_scenarios_that_the_baseline_lacks(tmp_path: Path) -> None:
    baseline = outcomes(tmp_path / "then", {"a": [True] * 34})
    run = outcomes(tmp_path / "now", {"a": [True] * 31 + [False] * 3 + [None] * 5})

    (finding,) = judge(Gate(success_margin=0.02), run, baseline).findings

    assert (finding.outcome, finding.absent) == ("inconclusive", 0)
    assert finding.epochs


def test_a_run_of_errors_alone_is_held_against_what_nobody_judged(tmp_path: Path) -> None:
    from msgspec.structs import replace

    (baseline,) = outcomes_of(imported(tmp_path, of_two({"a": [None] * 12}), NAMED))
    failed = tuple(replace(each, outcome="error", is_judged=True) for each in baseline.samples)
    run = replace(baseline, run_id="other", samples=failed)

    gate = judge(Gate(success_margin=0.1), run, baseline)

    assert found(gate, "a") == "regressed"
    assert gate.incomplete == 12


def test_junit_calls_an_end_that_the_file_does_not_tell_as_all_do(tmp_path: Path) -> None:
    files = {"q1": chat(end="", ok=True), "q2": chat(ok=True)}
    log = imported(tmp_path, files, "fields: {correct: ok}\n")

    cases = ElementTree.fromstring(JunitReporter().render(log, compare_configs(log)))

    told = [each.get("value") for each in cases.findall(".//property[@name='termination']")]
    assert told == ["the file does not tell", "termination_message"]


def titles(root: Path, *tasks: str) -> list[str]:
    files = {f"q{n}": chat(task) for n, task in enumerate(tasks)}
    log = imported(root, files, "config: c\n")
    return list(log.header.titles["chats"].values())


PREAMBLE = "You are given a general task and the plan of a manager. "


def test_a_preamble_is_found_among_tasks_of_which_one_is_empty(tmp_path: Path) -> None:
    assert titles(tmp_path, f"{PREAMBLE}Count awnings.", f"{PREAMBLE}Count doors.", " ") == [
        "Count awnings.",
        "Count doors.",
    ]


def test_a_preamble_does_not_end_within_a_number(tmp_path: Path) -> None:
    tasks = [f"{PREAMBLE}Count what is in version 3. {n} of it." for n in (4, 5)]

    assert titles(tmp_path, *tasks) == [
        "Count what is in version 3. 4 of it.",
        "Count what is in version 3. 5 of it.",
    ]


def test_a_preamble_may_end_with_a_year(tmp_path: Path) -> None:
    preamble = "You are given a long task of the whole of the year 2024. "

    assert titles(tmp_path, f"{preamble}Count doors.", f"{preamble}Count windows.") == [
        "Count doors.",
        "Count windows.",
    ]


def test_titles_differ_where_a_long_preamble_has_no_end(tmp_path: Path) -> None:
    words = "look at all that the plan of the manager says about the matter and then count the "

    assert titles(tmp_path, f"{words}red doors", f"{words}green doors") == [
        "red doors",
        "green doors",
    ]


def test_a_title_is_no_fence_of_a_code_block(tmp_path: Path) -> None:
    assert titles(tmp_path, "```python\nprint(6)\n```\nMend it.", "Count.") == [
        "print(6)",
        "Count.",
    ]
