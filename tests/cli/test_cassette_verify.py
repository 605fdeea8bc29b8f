from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cassette_project import SAMPLES, cassette, contents, copy_project, edit
from cli_project import Command, write_suite

pytestmark = pytest.mark.slow


@pytest.fixture
def project(recorded: Path, tmp_path: Path) -> Path:
    return copy_project(recorded, tmp_path)


def found(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The groups that are not empty, as sample or path to reasons."""
    report = json.loads(done.stdout)
    assert report["is_good"] == (done.returncode == 0)
    return {
        group: {entry["sample"] or entry["path"]: " ".join(entry["reasons"]) for entry in entries}
        for group, entries in report["findings"].items()
        if entries
    }


def commands(done: subprocess.CompletedProcess[str], group: str) -> list[list[str]]:
    return [shlex.split(line) for line in json.loads(done.stdout)["commands"][group]]


def test_fresh_cassettes_are_all_good_and_nothing_is_left_behind(
    harness: Command, project: Path
) -> None:
    before = contents(project)

    done = harness("cassette", "verify")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 samples that play cassettes looked at, 2 replayed." in done.stdout
    assert "All good." in done.stdout
    assert "2/2 samples: 2 played" in done.stdout
    assert contents(project) == before
    assert sorted(path.name for path in project.iterdir()) == ["cassettes", "scenarios"]


def test_cassettes_that_the_users_code_plays_are_not_passed_over_in_silence(
    harness: Command, project: Path
) -> None:
    source = cassette(project, SAMPLES[0]).read_text()
    for name in ("pytest/tests.test_a.test_b.chat", "pytest/tests.test_a.test_c.chat", "exec/a"):
        place = project / "cassettes" / name / "default" / "1.jsonl"
        place.parent.mkdir(parents=True)
        place.write_text(source.replace(SAMPLES[0], f"{name}/default/1", 1))

    done = harness("cassette", "verify", "--no-replay")
    data = json.loads(harness("cassette", "verify", "--no-replay", "--json").stdout)

    assert done.returncode == 0, done.stdout
    words = " ".join(done.stdout.split())
    assert "Not looked at: 2 cassettes in pytest/, played by your own code." in words
    assert "Verify with: pytest --harness-strict Not looked at: 1 cassette in exec/" in words
    assert "Verify with: harness exec SCRIPT" in words
    assert data["not_looked_at"] == {"pytest": 2, "exec": 1}


def test_a_changed_temperature_is_stale_and_the_command_named_mends_it(
    harness: Command, project: Path
) -> None:
    edit(project / "scenarios/coding/suite.yaml", "temperature: 0.5", "temperature: 0.7")

    done = harness("cassette", "verify", "--no-replay", "--json")
    [command] = commands(done, "stale")
    mended = harness(*command[1:], "--no-report")
    again = harness("cassette", "verify")

    assert found(done) == {"stale": dict.fromkeys(SAMPLES, "temperature 0.5 -> 0.7")}
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert again.returncode == 0, again.stdout


def test_a_changed_prompt_is_stale_by_the_agents_name_and_diverges(
    harness: Command, project: Path
) -> None:
    edit(project / "scenarios/coding/suite.yaml", "You are a coder.", "You are a tester.")

    done = harness("cassette", "verify", "--json")

    assert done.returncode == 1
    assert set(found(done)) == {"stale", "diverged"}
    assert found(done)["stale"] == dict.fromkeys(SAMPLES, "the prompt of coder changed")
    assert set(found(done)["diverged"]) == set(SAMPLES)


def test_a_comment_added_to_the_team_is_no_fault_while_the_cassette_plays(
    harness: Command, project: Path
) -> None:
    edit(project / "scenarios/coding/team.py", "def build", "# A remark.\ndef build")

    done = harness("cassette", "verify")
    unplayed = harness("cassette", "verify", "--no-replay")

    assert done.returncode == 0, done.stdout
    assert "2 changed since recording" in done.stdout
    assert "and it still plays" in done.stdout
    assert unplayed.returncode == 0, unplayed.stdout
    assert "whether it still plays, a verify without --no-replay tells" in unplayed.stdout


def test_a_team_that_asks_otherwise_diverges_with_the_explanation(
    harness: Command, project: Path
) -> None:
    edit(project / "scenarios/coding/look/scenario.yaml", "Look around", "Look about")

    done = harness("cassette", "verify", "--json", "-e", "1")

    assert done.returncode == 1
    [(sample, reasons)] = found(done)["diverged"].items()
    assert sample == SAMPLES[0]
    assert "about" in reasons
    assert "the task, the team or the fixtures changed since it was recorded" in reasons
    [command] = commands(done, "diverged")
    assert command == ["harness", "record", "coding", "-e", "1", "--update", "--scripted"]
    assert harness(*command[1:], "--no-report").returncode == 0
    assert harness("cassette", "verify", "-e", "1").returncode == 0


def test_a_team_that_asks_less_leaves_interactions_unplayed(
    harness: Command, project: Path
) -> None:
    edit(project / "scenarios/coding/suite.yaml", "epochs: 2", "epochs: 2\nlimits: {turns: 2}")

    done = harness("cassette", "verify", "--json", "-e", "1")

    assert done.returncode == 1
    [(sample, reasons)] = found(done)["unplayed"].items()
    assert sample == SAMPLES[0]
    assert "1 recorded interaction was never asked for" in reasons
    [command] = commands(done, "unplayed")
    assert harness(*command[1:], "--no-report").returncode == 0
    assert harness("cassette", "verify", "-e", "1").returncode == 0


def test_a_sample_without_a_cassette_is_missing_and_the_command_named_records_it(
    harness: Command, project: Path
) -> None:
    cassette(project, SAMPLES[1]).unlink()

    done = harness("cassette", "verify", "--no-replay", "--json")
    [command] = commands(done, "missing")
    mended = harness(*command[1:], "--no-report")

    assert done.returncode == 1
    assert found(done) == {"missing": {SAMPLES[1]: ""}}
    assert command == ["harness", "record", "coding", "-e", "2", "--scripted"]
    assert mended.returncode == 0, mended.stdout
    assert harness("cassette", "verify", "--no-replay").returncode == 0


def test_what_no_suite_plays_is_orphaned_and_the_command_named_removes_only_that(
    harness: Command, project: Path
) -> None:
    edit(project / "scenarios/coding/suite.yaml", "epochs: 2", "epochs: 1")
    gone = project / "cassettes/old suite/look/plain/1.jsonl"
    gone.parent.mkdir(parents=True)
    gone.write_bytes(cassette(project).read_bytes())

    done = harness("cassette", "verify", "--no-replay", "--json")
    [command] = commands(done, "orphaned")
    subprocess.run(command, cwd=project, check=True)

    assert set(found(done)["orphaned"]) == {
        "cassettes/coding/look/plain/2.jsonl",
        "cassettes/old suite/look/plain/1.jsonl",
    }
    assert command[-2:] == ["cassettes/coding/look/plain/2.jsonl", "cassettes/old suite"]
    assert cassette(project).exists()
    assert not gone.exists()
    assert harness("cassette", "verify", "--no-replay").returncode == 0


def test_unfinished_recordings_are_listed_apart(harness: Command, project: Path) -> None:
    whole = cassette(project)
    for suffix in (".partial", ".partial.old", ".partial.old.1"):
        Path(f"{whole}{suffix}").write_bytes(whole.read_bytes()[:-40])

    done = harness("cassette", "verify", "--no-replay", "--json")

    assert done.returncode == 1
    assert set(found(done)) == {"unfinished"}
    assert sorted(Path(path).name for path in found(done)["unfinished"]) == [
        "1.jsonl.partial",
        "1.jsonl.partial.old",
        "1.jsonl.partial.old.1",
    ]


def test_a_recording_that_was_cut_short_is_gone_on_with_and_never_removed(
    harness: Command, project: Path
) -> None:
    whole = cassette(project)
    lines = whole.read_bytes().splitlines(keepends=True)
    last = max(at for at, line in enumerate(lines) if line.startswith(b'{"kind":"interaction"'))
    partial = Path(f"{whole}.partial")
    partial.write_bytes(b"".join(lines[:last]))
    older = Path(f"{partial}.old")
    older.write_bytes(b"".join(lines[:1]))
    whole.unlink()

    done = harness("cassette", "verify", "--no-replay", "--json")
    [removing, going_on] = commands(done, "unfinished")
    [missing] = commands(done, "missing")
    subprocess.run(removing, cwd=project, check=True)
    mended = harness(*going_on[1:], "--no-report")

    assert missing == going_on
    assert going_on == ["harness", "record", "coding", "-e", "1", "--update", "--scripted"]
    assert removing == ["rm", "-r", "--", "cassettes/coding/look/plain/1.jsonl.partial.old"]
    assert mended.returncode == 0, mended.stdout
    assert harness("cassette", "verify").returncode == 0


def test_an_unfinished_recording_older_than_the_cassette_is_not_called_a_start(
    harness: Command, project: Path
) -> None:
    whole = cassette(project)
    old, new = Path(f"{whole}.partial.old"), Path(f"{whole}.partial")
    for path in (old, new):
        path.write_bytes(whole.read_bytes()[:-40])
    os.utime(old, (1, 1))

    done = harness("cassette", "verify", "--no-replay", "--json")

    reasons = {Path(path).name: text for path, text in found(done)["unfinished"].items()}
    assert "no update takes anything" in str(reasons[old.name])
    assert "harness record --update" in str(reasons[new.name])


def test_a_truncated_cassette_is_damaged_and_the_others_are_still_replayed(
    harness: Command, project: Path
) -> None:
    torn = cassette(project)
    torn.write_bytes(torn.read_bytes()[:-200])

    done = harness("cassette", "verify", "--json")

    assert done.returncode == 1
    assert json.loads(done.stdout)["replayed"] == 1
    [(sample, reasons)] = found(done)["damaged"].items()
    assert sample == SAMPLES[0]
    assert "1.jsonl:" in reasons


def test_a_cassette_of_another_sample_is_damaged(harness: Command, project: Path) -> None:
    cassette(project, SAMPLES[1]).write_bytes(cassette(project).read_bytes())

    done = harness("cassette", "verify", "--no-replay", "--json")

    assert set(found(done)) == {"damaged"}
    assert f"recorded for {SAMPLES[0]}" in found(done)["damaged"][SAMPLES[1]]


def test_an_old_cassette_is_stale_only_by_the_age_asked_for(
    harness: Command, project: Path
) -> None:
    lines = cassette(project).read_text().split("\n", 1)
    header = {**json.loads(lines[0]), "recorded_at": "2001-02-03T04:05:06+00:00"}
    cassette(project).write_text(f"{json.dumps(header, separators=(',', ':'))}\n{lines[1]}")

    unlimited = harness("cassette", "verify", "--no-replay")
    limited = harness("cassette", "verify", "--no-replay", "--json", "--max-age", "90")

    assert unlimited.returncode == 0, unlimited.stdout
    assert limited.returncode == 1
    assert set(found(limited)["stale"]) == {SAMPLES[0]}
    assert "days ago, more than 90" in found(limited)["stale"][SAMPLES[0]]
    assert commands(limited, "stale") == [
        ["harness", "record", "coding", "-e", "1", "--overwrite", "--scripted"]
    ]


def test_a_replay_that_ends_in_an_error_is_told_apart_from_a_miss(
    harness: Command, project: Path
) -> None:
    edit(project / "scenarios/coding/team.py", "    from autogen", "    1 / 0\n    from autogen")

    done = harness("cassette", "verify", "--json", "-e", "1")

    assert done.returncode == 1
    assert "ZeroDivisionError" in found(done)["failed"][SAMPLES[0]]


def test_without_a_cassettes_folder_every_sample_is_missing(
    harness: Command, project: Path
) -> None:
    done = harness("cassette", "verify", "--json", "--cassettes", "nowhere")

    assert done.returncode == 1
    assert found(done) == {"missing": dict.fromkeys(SAMPLES, "")}
    assert commands(done, "missing") == [
        ["harness", "record", "coding", "--scripted", "--cassettes", "nowhere"]
    ]


def test_suites_scripted_in_process_need_no_cassette(harness: Command, tmp_path: Path) -> None:
    write_suite(tmp_path)

    done = harness("cassette", "verify")

    assert done.returncode == 0, done.stderr
    assert "0 samples that play cassettes looked at, 0 replayed; 2 more are scripted" in done.stdout


def test_an_empty_suite_is_the_users_mistake(harness: Command, tmp_path: Path) -> None:
    (tmp_path / "scenarios" / "empty").mkdir(parents=True)
    (tmp_path / "scenarios" / "empty" / "suite.yaml").write_text("title: Nothing\n")

    done = harness("cassette", "verify")

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_mistyped_suite_gets_the_nearest_name(harness: Command, project: Path) -> None:
    done = harness("cassette", "verify", "codin")

    assert done.returncode == 2
    assert "Did you mean 'coding'?" in done.stderr


def test_where_only_the_users_code_has_cassettes_no_suite_is_asked_for(
    harness: Command, tmp_path: Path
) -> None:
    (tmp_path / "cassettes" / "exec" / "talk").mkdir(parents=True)
    (tmp_path / "cassettes" / "exec" / "talk" / "1.jsonl").write_text("{}\n")

    done = harness("cassette", "verify")
    (tmp_path / "cassettes" / "lost.jsonl").write_text("{}\n")
    lost = harness("cassette", "verify")

    assert (done.returncode, done.stderr) == (0, "")
    assert "Not looked at: 1 cassette in exec/" in done.stdout
    assert "nothing was verified" in done.stdout
    assert "All good" not in done.stdout
    assert lost.returncode == 2
    assert "There is no folder scenarios" in lost.stderr
