"""Imported conversations whose result nobody judged: neither solved nor failed, wherever told."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from harness.comparison import compare_configs, compare_runs, judge, noise_of, outcomes_of
from harness.errors import HarnessError
from harness.history import history_of, run_of
from harness.logs import create_log, open_log_unchanged
from harness.model.gate import Gate, Thresholds
from harness.model.table import rows_of
from harness.reports.console import print_comparison, print_summary
from harness.reports.gate import notes_of
from harness.reports.html import HtmlReporter
from harness.reports.json import JsonReporter
from harness.reports.junit import JunitReporter
from harness.reports.markdown import MarkdownReporter
from harness.reports.noise import print_noise
from harness.reports.transcript import print_transcript
from harness.runner.importing import import_run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.model.run import RunLog

MAPPED = "config: {config}\nfields: {{correct: ok}}\n"
UNMAPPED = "config: {config}\n"


def chat(end: str, **more: object) -> dict[str, object]:
    said = [
        {"name": "asker", "content": "How many\nare there?"},
        {"name": "solver", "content": f"Six. {end}"},
    ]
    return {"messages": said, **more}


def imported(
    root: Path, files: Mapping[str, object], mapping: str = UNMAPPED, config: str = "imported"
) -> RunLog:
    folder = root / "chats"
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in files.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    (root / "m.yaml").write_text(mapping.format(config=config))
    return import_run(folder, "autogen", root / "m.yaml", root / "runs")


@pytest.fixture
def log(tmp_path: Path) -> RunLog:
    """Two that ended as accepted, and one of which not even the end is known."""
    return imported(tmp_path, {"a": chat("TERMINATE"), "b": chat("TERMINATE"), "c": chat("")})


def summary(log: RunLog) -> str:
    stream = io.StringIO()
    print_summary(log, compare_configs(log), stream)
    return " ".join(stream.getvalue().split())


def test_what_nobody_judged_is_neither_a_pass_nor_a_failure(log: RunLog) -> None:
    assert [sample.outcome for sample in log.samples] == ["unjudged"] * 3
    assert [sample.is_success for sample in log.samples] == [True, True, False]


def test_its_headline_says_how_it_ended_and_that_the_rest_is_not_known(log: RunLog) -> None:
    (suite,) = compare_configs(log).suites

    assert suite.headline.startswith("imported: 2 of 3 ended as accepted (67 %, interval ")
    assert "whether they solved the task is not known" in suite.headline
    assert not suite.is_judged
    assert "solves" not in suite.verdict


@pytest.mark.parametrize("reporter", [HtmlReporter(), MarkdownReporter()])
def test_reports_call_it_not_judged_and_never_solved_or_failed(
    log: RunLog, reporter: HtmlReporter | MarkdownReporter
) -> None:
    text = reporter.render(log, compare_configs(log))

    assert "3 not judged" in text
    assert "whether they solved the task is not known" in text
    assert "passed" not in text.partition("<h2")[0].partition("</style>")[2]
    assert "Failures:" not in text
    assert 'class="outcome fail"' not in text
    assert ">Solved<" not in text


def test_the_terminal_agrees(log: RunLog) -> None:
    told = summary(log)

    assert "Samples: 3 of 3, 3 not judged." in told
    assert "imported: 2 of 3 ended as accepted" in told
    assert "Failed most often" not in told
    assert "Ended as accepted" in told


def test_two_imports_are_compared_by_how_they_ended_and_it_is_said(log: RunLog) -> None:
    stream = io.StringIO()
    comparison = compare_runs(log, log)
    print_comparison(comparison, stream)

    assert comparison.verdict.startswith("The two are identical, conversation by conversation")
    assert "Nobody judged whether the tasks were solved" in " ".join(stream.getvalue().split())


def test_an_end_that_the_file_does_not_tell_is_called_so_and_nothing_else_wherever_told(
    log: RunLog, tmp_path: Path
) -> None:
    other = imported(tmp_path / "other", {"a": chat("TERMINATE"), "b": chat(""), "c": chat("")})
    compared, shown = io.StringIO(), io.StringIO()
    print_comparison(compare_runs(log, other, despite_drift=True), compared)
    print_transcript(log.samples[2], shown)

    lines = compared.getvalue().splitlines()
    changed = next(line for line in lines if line.startswith("chats/b/imported/1"))
    assert changed.endswith("the file does not tell")
    assert "Ended by: 1 of 3 pairs differ." in lines
    assert sum(line.startswith("the file does not tell ") for line in lines) == 1
    assert "The file does not tell how the conversation ended." in shown.getvalue()
    for claim in ("not ended", "did not end", "record ends"):
        assert claim not in compared.getvalue() + shown.getvalue()


def test_configs_that_nobody_judged_end_more_or_less_often_and_solve_nothing(
    tmp_path: Path,
) -> None:
    field = "fields: {{config: who}}\n"
    files = {
        f"{who}{n}": chat("TERMINATE" if who == "good" else "", who=who, id=f"q{n}")
        for who in ("good", "bad")
        for n in range(12)
    }
    log = imported(tmp_path, files, field.replace("who}", "who, scenario: id}"))
    (suite,) = compare_configs(log).suites

    assert suite.headline == "good ends 100 points more often as accepted than bad."
    assert not any(each.is_judged for each in suite.contrasts)


def test_what_was_judged_is_told_as_ever_and_what_was_not_beside_it(tmp_path: Path) -> None:
    files = {
        "a": chat("TERMINATE", ok=True),
        "b": chat("TERMINATE", ok=False),
        "c": chat("TERMINATE", ok=None),
    }
    log = imported(tmp_path, files, MAPPED)
    (suite,) = compare_configs(log).suites

    assert [sample.outcome for sample in log.samples] == ["pass", "fail", "unjudged"]
    assert [sample.is_success for sample in log.samples] == [True, False, False]
    assert suite.is_judged
    assert suite.headline.startswith("imported solves 1 of 3 samples, 1 of them not judged")
    assert suite.alert == "1 of 3 samples was not judged."
    assert "Samples: 3 of 3, 1 passed, 1 not judged." in summary(log)
    assert "what nobody judged counts as not solved" in " ".join(suite.notes)


def test_a_config_that_nobody_judged_is_not_compared_with_one_that_was(tmp_path: Path) -> None:
    files = {
        f"{who}{n}": chat("TERMINATE", who=who, id=f"q{n}", ok=None if who == "a" else n % 2 == 0)
        for who in ("a", "b")
        for n in range(12)
    }
    rules = MAPPED.replace("correct: ok", "correct: ok, config: who, scenario: id")
    (suite,) = compare_configs(imported(tmp_path, files, rules)).suites

    assert [each.verdict for each in suite.contrasts] == ["not comparable"]
    assert suite.alert == "Not comparable: 12 of 24 samples were not judged."
    assert "a 12 of 12, b 0 of 12" in suite.verdict


def test_an_import_without_and_one_with_correctness_are_not_compared(tmp_path: Path) -> None:
    files = {f"q{n}": chat("TERMINATE", ok=n % 3 == 0) for n in range(12)}
    without = imported(tmp_path, files)
    judged = imported(tmp_path, files, MAPPED)
    comparison = compare_runs(without, judged)
    (one,), (other,) = outcomes_of(without), outcomes_of(judged)

    assert [each.contrast.verdict for each in comparison.configs] == ["not comparable"]
    assert comparison.alert.startswith("Not comparable: in the first run 12 of 12 ")
    for run, baseline in ((one, other), (other, one)):
        with pytest.raises(HarnessError, match=r"Nobody judged .* cannot be compared"):
            judge(Gate(success_margin=0.1), run, baseline)


def test_noise_says_what_its_rate_is_where_nobody_judged(log: RunLog) -> None:
    stream = io.StringIO()
    print_noise(noise_of(log), stream)
    told = " ".join(stream.getvalue().split())

    assert "Config Ended as accepted Scenarios" in told
    assert "Nobody judged 3 samples: what is told is how many ended as accepted" in told


def test_a_history_keeps_no_success_of_what_nobody_judged(log: RunLog) -> None:
    with pytest.raises(HarnessError, match="there is no success to keep"):
        run_of(log)


def test_a_history_tells_how_many_nobody_judged_where_others_were(tmp_path: Path) -> None:
    files = {"a": chat("TERMINATE", ok=True), "b": chat("TERMINATE", ok=None)}
    kept = run_of(imported(tmp_path, files, MAPPED))

    (entry,) = history_of([kept]).entries

    assert (entry.success.successes, entry.success.n) == (1, 2)
    assert (entry.unjudged, entry.errors) == (1, 0)


def test_a_log_tells_it_without_reading_the_whole_run(tmp_path: Path) -> None:
    log = imported(tmp_path, {"a": chat("TERMINATE", ok=True), "b": chat("", ok=None)}, MAPPED)
    store = open_log_unchanged(tmp_path / "runs" / f"{log.header.run_id}.sqlite")

    rows = store.read_rows()
    store.close()

    assert {row.key.scenario: row.outcome for row in rows} == {"a": "pass", "b": "unjudged"}


def test_results_name_the_outcome_and_count_it(log: RunLog) -> None:
    found = json.loads(JsonReporter().render(log, compare_configs(log)))

    assert [each["outcome"] for each in found["samples"]] == ["unjudged"] * 3
    assert found["comparison"]["suites"][0]["configs"][0]["unknown"] == 3


def test_a_row_of_the_table_and_a_case_of_junit_do_not_call_it_a_success(log: RunLog) -> None:
    cases = ElementTree.fromstring(JunitReporter().render(log, compare_configs(log)))

    assert [row["success"] for row in rows_of(log)] == [None] * 3
    told = cases.findall(".//property[@name='success']")
    assert [each.get("value") for each in told] == ["unknown"] * 3


def test_junit_skips_what_nobody_judged_and_counts_it(tmp_path: Path) -> None:
    files = {
        "a": chat("TERMINATE", ok=True),
        "b": chat("TERMINATE", ok=False),
        "c": chat("TERMINATE", ok=None),
    }
    log = imported(tmp_path, files, MAPPED)

    (suite,) = ElementTree.fromstring(JunitReporter().render(log, compare_configs(log)))

    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "3", "failures": "0", "errors": "0", "skipped": "1"}
    skipped = [case.findtext("skipped") is not None for case in suite]
    assert skipped == [False, False, True]
    (told,) = suite.findall("testcase/skipped")
    assert "nobody judged" in str(told.get("message"))


def test_a_summary_says_that_none_failed_only_of_those_that_were_judged(tmp_path: Path) -> None:
    ends = []
    for verdicts in ([True, True], [True, None], [None, None]):
        files = {f"q{n}": chat("TERMINATE", ok=ok) for n, ok in enumerate(verdicts)}
        log = imported(tmp_path, files, MAPPED)
        text = MarkdownReporter().render(log, compare_configs(log))
        ends.append(text.splitlines()[-1])

    assert ends == ["No sample failed.", "No judged sample failed.", "No sample was judged."]


def test_what_calls_cost_is_not_known_where_a_file_holds_none(log: RunLog) -> None:
    (cost,) = {s.reason for each in log.samples for s in each.scores if s.scorer == "cost"}

    assert cost == "no model call reported usage: the transcript holds none"


def test_a_gate_says_what_a_success_is_where_nobody_judged(log: RunLog) -> None:
    (run,) = outcomes_of(log)

    found = judge(Gate(thresholds=Thresholds(success_at_least=0.1)), run)

    assert found.unjudged == 3
    note = next(each for each in notes_of(found) if "judged" in each)
    assert note == (
        "Nobody judged 3 samples: of these, a success is no more than a conversation that ended "
        "as accepted."
    )


def test_titles_stand_where_names_are_ids(tmp_path: Path) -> None:
    uuid = "4d51c4bf-4b0e-4f3d-897b-3f6687a7d9f2"
    error = {"messages": [{"name": "asker", "content": "Count the <b>awnings</b>."}], "ok": False}
    log = imported(tmp_path, {uuid: error}, MAPPED)

    assert log.header.title_of(log.samples[0].key) == "Count the <b>awnings</b>."
    assert f"Count the <b>awnings</b>. ({uuid}): 1 " in summary(log)
    page = HtmlReporter().render(log, compare_configs(log))
    assert (
        f'imported/1">Count the &lt;b&gt;awnings&lt;/b&gt;.</a> <span class="muted">{uuid}' in page
    )


def test_titles_leave_out_the_preamble_that_all_tasks_share(tmp_path: Path) -> None:
    preamble = "You are given a general task and the plan of a manager.\n\n# Task\n"
    files = {
        name: {"messages": [{"name": "asker", "content": f"{preamble}Count the {what}."}]}
        for name, what in {"q1": "awnings", "q2": "aisles", "q3": "<b>doors</b>"}.items()
    }
    log = imported(tmp_path, files)

    titles = log.header.titles["chats"]
    assert titles == {
        "q1": "Count the awnings.",
        "q2": "Count the aisles.",
        "q3": "Count the <b>doors</b>.",
    }


def test_a_title_holds_no_half_of_a_secret(tmp_path: Path) -> None:
    key = "sk-proj-" + "Ab3" * 16
    task = f"Please look into the matter that I told you of and use this one: {key}"
    log = imported(tmp_path, {"q1": {"messages": [{"name": "asker", "content": task}]}})

    kept = (tmp_path / "runs" / f"{log.header.run_id}.sqlite").read_bytes()
    assert key[:12].encode() not in kept
    assert log.header.titles["chats"]["q1"].startswith("Please look into the matter")


def test_what_ran_here_keeps_the_names_that_the_user_gave(log: RunLog, tmp_path: Path) -> None:
    from msgspec.structs import replace

    header = replace(log.header, mode="replay", run_id="mine")
    store = create_log(tmp_path / "runs", header)
    store.close()

    assert header.titles == {}
    assert log.header.titles == {"chats": dict.fromkeys("abc", "How many")}
