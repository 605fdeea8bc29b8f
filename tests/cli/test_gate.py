"""``harness gate`` and ``harness baseline`` on real runs of a scripted suite."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from pathlib import Path

import pytest
from cli_project import Command, without_autogen, write_suite

GATE = "gate: {{{thresholds}}}\n"
BASELINE = Path("scenarios/talk/baseline.json")


def written(project: Path, thresholds: str, *, epochs: int = 6) -> Path:
    """A suite whose conversations fail while the project has a file named bad."""
    bad = project / "bad"
    suite = without_autogen(
        write_suite(
            project,
            behaviour=f"if __import__('os').path.exists({str(bad)!r}): return 'TERMINATE'",
            epochs=epochs,
        )
    )
    file = suite / "suite.yaml"
    file.write_text(file.read_text() + GATE.format(thresholds=thresholds))
    return bad


def ran(harness: Command) -> None:
    done = harness("run", "--no-report", "-n", "1")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_run_that_reaches_its_thresholds_passes(harness: Command, tmp_path: Path) -> None:
    written(tmp_path, "success: {at_least: 0.5}, turns: {at_most: 4}", epochs=8)
    ran(harness)

    done = harness("gate")

    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"Gate of talk, run \S+: PASSED\n", done.stdout)
    assert re.search(r"^plain +success +100 % \(8/8\) .* at least 50 %$", done.stdout, re.MULTILINE)
    assert done.stdout.endswith("\nPASSED: all 2 thresholds (talk) are met. Exit code 0.\n")


def test_a_run_that_fails_its_threshold_exits_with_1(harness: Command, tmp_path: Path) -> None:
    bad = written(tmp_path, "success: {at_least: 0.9}")
    bad.touch()
    ran(harness)

    done = harness("gate")

    assert (done.returncode, done.stderr) == (1, "")
    assert ": REGRESSED\n" in done.stdout
    assert re.search(r"^Regressed .*\nplain +success +0 % \(0/6\)", done.stdout, re.MULTILINE)
    assert done.stdout.endswith(
        "\nREGRESSED: the threshold of talk is missed by more than chance explains. Exit code 1.\n"
    )


@pytest.mark.parametrize(("rule", "code"), [("pass", 0), ("fail", 1)])
def test_too_few_epochs_are_inconclusive_and_say_so(
    harness: Command, tmp_path: Path, rule: str, code: int
) -> None:
    written(tmp_path, f"success: {{at_least: 0.9}}, on_inconclusive: {rule}", epochs=2)
    ran(harness)

    done = harness("gate")

    assert done.returncode == code
    assert "INCONCLUSIVE, which " in done.stdout
    assert f"(on_inconclusive: {rule})" in done.stdout
    assert re.search(r"about \d+ epochs per scenario would decide it", done.stdout)
    assert done.stdout.endswith(f" Exit code {code}.\n")


def test_a_baseline_is_kept_shown_and_never_replaced_unasked(
    harness: Command, tmp_path: Path
) -> None:
    written(tmp_path, "against_baseline: {success: {margin: 0.1}}")
    ran(harness)

    kept = harness("baseline", "set", "latest")
    text = (tmp_path / BASELINE).read_text()
    again = harness("baseline", "set", "latest")
    shown = harness("baseline", "show")

    assert kept.returncode == 0, kept.stderr
    assert f"6 of 6 samples passed. Commit {BASELINE}" in kept.stdout
    assert len(json.loads(text)["samples"]) == 6
    assert again.returncode == 2
    assert "nothing was overwritten" in again.stderr
    assert (tmp_path / BASELINE).read_text() == text
    assert harness("baseline", "set", "latest", "--overwrite").returncode == 0
    assert "plain: 6 of 6 passed" in shown.stdout


def test_a_run_against_its_baseline_regresses_only_when_it_got_worse(
    harness: Command, tmp_path: Path
) -> None:
    bad = written(tmp_path, "against_baseline: {success: {margin: 0.1}}")
    ran(harness)
    none_yet = harness("gate")
    harness("baseline", "set", "latest")
    itself = harness("gate")
    bad.touch()
    ran(harness)

    worse = harness("gate")
    named = harness("gate", "--baseline", "latest")

    assert none_yet.returncode == 2
    assert "harness baseline set RUN talk" in none_yet.stderr
    assert itself.returncode == 0
    assert "0 samples changed outcome" in itself.stdout
    assert worse.returncode == 1, worse.stdout
    assert re.search(
        r"^Regressed .*\nplain +vs baseline +-100 \(6/6 to 0/6\) .* at least -10$",
        worse.stdout,
        re.MULTILINE,
    )
    assert "Since the baseline 6 samples changed outcome." in worse.stdout
    assert named.returncode == 0


def test_a_changed_scenario_is_refused_by_gate_and_baseline(
    harness: Command, tmp_path: Path
) -> None:
    written(tmp_path, "against_baseline: {success: {margin: 0.1}}", epochs=1)
    ran(harness)
    harness("baseline", "set", "latest")
    scenario = tmp_path / "scenarios" / "talk" / "hello" / "scenario.yaml"
    scenario.write_text("title: Hello\ntask: Say goodbye.\n")

    old = harness("baseline", "set", "latest", "--overwrite")
    ran(harness)
    new = harness("gate")

    assert old.returncode == 2
    assert "cannot be the baseline of talk" in old.stderr
    assert new.returncode == 2
    assert "talk/hello (task) changed" in new.stderr
    (mended,) = re.findall(r"harness (baseline set latest .*)", new.stderr)
    assert harness(*mended.split()).returncode == 0
    assert harness("gate").returncode == 0


def test_errors_count_as_failures_and_the_gate_says_when_they_decide(
    harness: Command, tmp_path: Path
) -> None:
    suite = without_autogen(
        write_suite(tmp_path, behaviour="raise RuntimeError('broken')", epochs=6)
    )
    file = suite / "suite.yaml"
    file.write_text(file.read_text() + "gate: {success: {at_least: 0.9}}\n")
    assert harness("run", "--no-report", "-n", "1").returncode == 1

    done = harness("gate")

    assert done.returncode == 1
    assert (
        "WARNING: without the samples that did not complete it would be inconclusive: plain, "
        "success." in done.stdout
    )
    assert "Counted as failures: 6 samples with an error, a miss or no result." in done.stdout


def test_a_gate_that_is_not_there_is_a_mistake_with_an_example(
    harness: Command, tmp_path: Path
) -> None:
    without_autogen(write_suite(tmp_path, epochs=1))
    ran(harness)

    done = harness("gate")

    assert done.returncode == 2
    assert "gate: {success: {at_least: 0.8}}" in done.stderr


def test_a_baseline_that_no_gate_asks_for_is_a_mistake(harness: Command, tmp_path: Path) -> None:
    written(tmp_path, "success: {at_least: 0.5}", epochs=1)
    ran(harness)

    done = harness("gate", "--baseline", "latest")

    assert done.returncode == 2
    assert "against_baseline: {success: {margin: 0.1}}" in done.stderr


def test_a_damaged_baseline_is_named_with_what_mends_it(harness: Command, tmp_path: Path) -> None:
    written(tmp_path, "against_baseline: {success: {margin: 0.1}}", epochs=1)
    ran(harness)
    for text in ("{", '{"schema_version": 1}', "\xff"):
        (tmp_path / BASELINE).write_text(text, encoding="latin-1")

        done = harness("gate")

        assert done.returncode == 2, done.stderr
        assert f"{BASELINE}: the baseline is damaged" in done.stderr
        assert "harness baseline set RUN talk --overwrite" in done.stderr


def test_a_baseline_that_no_run_can_have_left_is_damaged(harness: Command, tmp_path: Path) -> None:
    written(tmp_path, "against_baseline: {success: {margin: 0.1}}", epochs=1)
    ran(harness)
    assert harness("baseline", "set", "latest").returncode == 0
    kept = json.loads((tmp_path / BASELINE).read_text())
    first = kept["samples"][0]
    for samples, fault in (
        ([*kept["samples"], first], "stands there 2 times"),
        ([first | {"epoch": -1}], "has no epoch"),
        ([first | {"turns": -5}], "has turns or a cost that none has"),
        ([first | {"cost_usd": -1e308}], "has turns or a cost that none has"),
    ):
        (tmp_path / BASELINE).write_text(json.dumps(kept | {"samples": samples}))

        done = harness("gate")

        assert done.returncode == 2, done.stderr
        assert fault in done.stderr


def test_markdown_goes_to_the_step_summary_and_the_comment(
    harness: Command, tmp_path: Path
) -> None:
    written(tmp_path, "success: {at_least: 0.5}")
    ran(harness)
    summary = tmp_path / "summary.md"
    summary.write_text("Before.\n")

    unasked = harness("gate", GITHUB_STEP_SUMMARY=str(summary))
    assert summary.read_text() == "Before.\n"
    done = harness(
        "gate", "--step-summary", "--comment", "comment.md", GITHUB_STEP_SUMMARY=str(summary)
    )
    outside = harness("gate", "--step-summary")

    comment = (tmp_path / "comment.md").read_text()
    assert (unasked.returncode, done.returncode, outside.returncode) == (0, 0, 0)
    assert comment.startswith("## Gate of talk, run ")
    assert "| passed | plain: success 100 % (6 of 6)" in comment
    assert summary.read_text() == f"Before.\n{comment}"
    assert "GITHUB_STEP_SUMMARY is not set" in outside.stderr


def imported(harness: Command, project: Path, *, passed: int, failed: int) -> None:
    """A run of conversations from elsewhere; the project has no folder of scenarios."""
    chats = project / "chats"
    chats.mkdir(exist_ok=True)
    for number in range(passed + failed):
        chat = {
            "messages": [{"name": "ann", "role": "user", "content": "Hello."}],
            "task": "hello",
            "seed": number,
            "ok": number < passed,
        }
        (chats / f"{number}.json").write_text(json.dumps(chat))
    (project / "chats.yaml").write_text("fields: {correct: ok, scenario: task, seed: seed}\n")
    done = harness("import", "chats", "--mapping", "chats.yaml")
    assert done.returncode == 0, done.stderr


def test_a_run_without_a_suite_is_held_against_thresholds_given_here(
    harness: Command, tmp_path: Path
) -> None:
    imported(harness, tmp_path, passed=12, failed=0)

    none = harness("gate")
    passed = harness("gate", "--success-at-least", "0.5", "--turns-at-most", "2")
    failed = harness("gate", "--turns-at-most", "0.5")
    (example,) = re.findall(r"harness (gate .*)", none.stderr)

    assert none.returncode == 2
    assert "There is no folder" not in none.stderr
    assert harness(*example.split()).returncode == 0
    assert (passed.returncode, failed.returncode) == (0, 1)
    assert passed.stdout.endswith("PASSED: all 2 thresholds (chats) are met. Exit code 0.\n")


def test_a_run_without_a_suite_is_held_against_another_run(
    harness: Command, tmp_path: Path
) -> None:
    imported(harness, tmp_path, passed=40, failed=0)
    first = harness("list", "--runs").stdout.split()[0]
    alone = harness("gate", "--margin", "0.1")
    imported(harness, tmp_path, passed=4, failed=36)

    worse = harness("gate", "--margin", "0.1", "--baseline", first)
    undecided = harness("gate", first, "--success-at-least", "0.99", "--on-inconclusive", "fail")

    assert alone.returncode == 2
    assert "--baseline RUN" in alone.stderr
    assert worse.returncode == 1, worse.stdout
    assert "vs baseline  -90 (40/40 to 4/40)" in worse.stdout
    assert undecided.returncode == 1
    assert "INCONCLUSIVE, which fails (on_inconclusive: fail)" in undecided.stdout


def test_thresholds_given_here_stand_for_those_of_the_suite(
    harness: Command, tmp_path: Path
) -> None:
    bad = written(tmp_path, "success: {at_least: 0.5}")
    bad.touch()
    ran(harness)

    assert harness("gate").returncode == 1
    assert harness("gate", "--turns-at-most", "9").returncode == 0


def test_a_run_without_any_result_is_not_judged(harness: Command, tmp_path: Path) -> None:
    written(tmp_path, "success: {at_least: 0.5}")
    ran(harness)
    (log,) = (tmp_path / ".harness" / "runs").glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(log)) as connection, connection:
        connection.execute("DELETE FROM sample")

    done = harness("gate")

    assert done.returncode == 2
    assert "holds no result yet, of 6 planned samples" in done.stderr
