"""What a suite says about itself cannot steer the terminal that lists it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from cli_project import write_suite

if TYPE_CHECKING:
    from pathlib import Path

    from cli_project import Command

# Sets the window's title, rings, hides, turns the reading direction, starts a line of its own.
STEERING = r"\e]0;owned\a\e[8mA\u202eB\u2066\r\n  config fake: free\x9b2J"


def test_titles_and_model_names_are_shown_without_steering(
    harness: Command, tmp_path: Path
) -> None:
    write_suite(tmp_path)
    suite = next((tmp_path / "scenarios").glob("*/suite.yaml"))
    text = suite.read_text().replace("title: Small talk", f'title: "{STEERING}"')
    suite.write_text(text.replace("model: written", f'model: "x{STEERING}"'))
    scenario = next(suite.parent.glob("*/scenario.yaml"))
    titled = re.sub("(?m)^title:.*$", "", scenario.read_text())
    scenario.write_text(f'{titled}\ntitle: "{STEERING}"\n')

    listed = harness("list")

    assert listed.returncode == 0, listed.stderr
    hidden = [char for char in listed.stdout if char != "\n" and not char.isprintable()]
    assert hidden == []
    assert listed.stdout.count("A[U+202E]B[U+2066] config fake: free") == 3
    assert [line for line in listed.stdout.splitlines() if line.startswith("  config fake")] == []


def imported(harness: Command, project: Path) -> None:
    """A run of two conversations from elsewhere; the project has no folder of scenarios."""
    chats = project / "chats"
    chats.mkdir()
    for name in ("hello", "goodbye"):
        chat = {"messages": [{"name": "ann", "role": "user", "content": "So."}], "ok": True}
        (chats / f"{name}.json").write_text(json.dumps(chat))
    (project / "chats.yaml").write_text("fields: {correct: ok}\n")
    assert harness("import", "chats", "--mapping", "chats.yaml").returncode == 0


def test_without_suites_the_newest_run_is_listed(harness: Command, tmp_path: Path) -> None:
    nothing = harness("list")
    imported(harness, tmp_path)

    listed, samples = harness("list"), harness("list", "--samples", "-k", "hello")

    assert nothing.returncode == 2
    assert "There is no folder scenarios" in nothing.stderr
    assert listed.stdout.splitlines()[0] == (
        "There is no suite in scenarios; this is the newest run:"
    )
    assert "  scenario goodbye: So." in listed.stdout.splitlines()
    assert "  config imported: (model not known)" in listed.stdout.splitlines()
    assert listed.stdout.endswith("2 samples selected\n")
    assert samples.stdout.splitlines()[1:] == ["chats/hello/imported/1  pass"]


def test_the_samples_of_a_run_are_listed_with_their_outcomes(
    harness: Command, tmp_path: Path
) -> None:
    write_suite(tmp_path, epochs=2)
    imported(harness, tmp_path)

    of_run = harness("list", "--samples", "--run", "latest")
    wrong = harness("show", "hullo")
    (advised,) = re.findall(r"harness (list .*)", wrong.stderr)

    assert of_run.stdout.splitlines() == [
        "chats/goodbye/imported/1  pass",
        "chats/hello/imported/1  pass",
    ]
    assert harness(*advised.split()).stdout == of_run.stdout


def test_a_baseline_of_a_run_without_a_suite_has_no_place_and_the_command_named_works(
    harness: Command, tmp_path: Path
) -> None:
    imported(harness, tmp_path)

    done = harness("baseline", "set", "latest")
    shown = harness("baseline", "show")
    (advised,) = re.findall(r"harness (gate .*)", done.stderr)

    assert (done.returncode, shown.returncode) == (2, 2)
    assert harness(*advised.split()).returncode == 0
    assert "harness gate RUN --baseline RUN --margin 0.1" in shown.stderr


def test_baselines_are_shown_also_of_suites_that_have_none(
    harness: Command, tmp_path: Path
) -> None:
    write_suite(tmp_path, epochs=1)
    write_suite(tmp_path, "walk", epochs=1)
    assert harness("run", "talk", "--no-report", "-n", "1").returncode == 0
    assert harness("baseline", "set", "latest").returncode == 0

    shown = harness("baseline", "show")

    assert shown.stdout.splitlines()[1] == "  plain: 1 of 1 passed, cost per sample \u2013, turns 4"
    assert shown.stdout.splitlines()[2] == (
        "walk: no baseline. Keep one with: harness baseline set RUN"
    )


def test_a_damaged_run_log_hides_no_other_and_the_newest_that_is_good_is_named(
    harness: Command, tmp_path: Path
) -> None:
    imported(harness, tmp_path)
    runs = tmp_path / ".harness" / "runs"
    (good,) = (path.stem for path in runs.glob("*.sqlite"))
    (runs / "99990101T000000-bad.sqlite").write_text("not a database at all, but long enough")
    (runs / "99990102T000000-odd.sqlite").write_text("")

    refused = harness("report")
    listed = harness("list", "--runs")
    command = re.search(r"can be read is '([^']+)'", refused.stderr)
    assert command, refused.stderr
    made = harness("report", command[1], "--format", "markdown")

    assert refused.returncode == 2
    assert "99990102T000000-odd.sqlite: the run log has layout version 0" in refused.stderr
    assert "harness list --runs" in refused.stderr
    assert command[1] == good
    assert made.returncode == 0, made.stderr
    assert listed.returncode == 0, listed.stderr
    first, *others = listed.stdout.splitlines()
    assert first.startswith(f"{good}  imported")
    assert ["cannot be read" in line for line in others] == [True, True]


def test_a_sample_of_an_older_run_is_named_with_the_command_that_reads_it(
    harness: Command, tmp_path: Path
) -> None:
    write_suite(tmp_path, epochs=1)
    for _ in range(2):
        assert harness("run", "--no-report", "-n", "1").returncode == 0
    first, second = sorted(path.stem for path in (tmp_path / ".harness" / "runs").glob("*.sqlite"))
    (tmp_path / ".harness" / "runs" / "0-broken.sqlite").write_text("no run log")
    imported(harness, tmp_path)

    wrong = harness("show", "talk/hello/plain/1")
    (advised,) = re.findall(r"harness (show .*)", wrong.stderr)

    assert wrong.returncode == 2
    assert f"but 2 other runs have it: {second}, {first}. Read the newest with: " in wrong.stderr
    assert advised == f"show talk/hello/plain/1 --run {second}"
    assert "fine, thanks" in harness(*advised.split()).stdout


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("list runs", "list --runs"),
        ("list run", "list --runs"),
        ("runs", "list --runs"),
        ("list samples", "list --samples"),
        ("samples", "list --samples"),
        ("list suites", "list"),
        ("list scenarios", "list"),
        ("suites", "list"),
        ("ls", "list"),
    ],
)
def test_a_near_guess_is_told_the_command_that_lists_it(
    harness: Command, tmp_path: Path, typed: str, meant: str
) -> None:
    write_suite(tmp_path)

    wrong = harness(*typed.split())

    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert f"Did you mean: harness {meant}?" in wrong.stderr
    assert harness(*meant.split()).returncode == 0


def test_a_suite_may_be_called_what_else_is_listed(harness: Command, tmp_path: Path) -> None:
    write_suite(tmp_path, "runs")

    assert "2 samples selected" in harness("list", "runs").stdout
    assert "2 samples selected" in harness("list", "runs", "--scenarios", ".").stdout


def test_where_there_is_no_suite_at_all_a_near_guess_is_told_the_command_too(
    harness: Command,
) -> None:
    assert "Did you mean: harness list --runs?" in harness("list", "runs").stderr


def test_one_epoch_is_listed_in_the_singular(harness: Command, tmp_path: Path) -> None:
    write_suite(tmp_path, epochs=1)

    assert "talk: Small talk (1 epoch)" in harness("list").stdout.splitlines()
