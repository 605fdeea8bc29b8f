"""The commands that import and export: where files go, what is printed, how they end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_project import Command, environment

RECORDING = """\
interactions:
- request:
    body: '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}'
    headers: {content-type: [application/json], authorization: [Bearer opaque-credential-1]}
    method: POST
    uri: https://api.openai.com/v1/chat/completions
  response:
    body:
      string: '{"model": "gpt-4o-mini-2024-07-18", "choices": [],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}}'
    headers: {content-type: [application/json], date: ["Tue, 24 Sep 2024 21:38:46 GMT"]}
    status: {code: 200, message: OK}
version: 1
"""


@pytest.fixture
def harness(tmp_path: Path) -> Command:
    """Run the command line in the test's own folder and return what it printed."""

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "harness", "cassette", *arguments],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )

    return command


@pytest.fixture
def recordings(tmp_path) -> Path:
    """A folder with two recordings, one of them further down."""
    folder = tmp_path / "old"
    (folder / "deep").mkdir(parents=True)
    (folder / "one.yaml").write_text(RECORDING)
    leaking = RECORDING.replace('"choices": []', '"choices": ["opaque-credential-1"]')
    (folder / "deep" / "two.test.yml").write_text(leaking)
    (folder / "notes.txt").write_text("no recording")
    return folder


def words(line: str) -> list[str]:
    return re.split(r"\s{2,}", line.strip())


def test_a_folder_is_imported_into_another_of_the_same_shape(harness, recordings, tmp_path):
    done = harness("import", "old", "--to", "new")

    assert (done.returncode, done.stderr) == (0, "")
    head, one, two, summary = map(words, done.stdout.splitlines())
    assert head == ["file", "interactions", "priced", "cost", "notes"]
    assert one == ["old/one.yaml", "1", "1", "$0.000210", "vcrpy -> new/one.jsonl"]
    assert two == [
        "old/deep/two.test.yml",
        "1",
        "1",
        "$0.000210",
        "vcrpy -> new/deep/two.test.jsonl; secrets replaced in 1 interaction",
    ]
    assert summary == [
        "2 of 2 files imported: 2 interactions, 2 priced at $0.000420, secrets replaced in 1"
    ]
    assert sorted(path.name for path in (tmp_path / "new").rglob("*.*")) == [
        "one.jsonl",
        "two.test.jsonl",
    ]


def test_without_to_a_cassette_stands_beside_its_recording(harness, recordings):
    done = harness("import", "old/one.yaml")

    assert done.returncode == 0
    assert (recordings / "one.jsonl").is_file()


def test_a_cassette_comes_back_as_a_recording(harness, recordings, tmp_path):
    harness("import", "old/one.yaml", "--to", "cassettes/s/c/k/1.jsonl")

    by_key = harness("export", "s/c/k/1", "--to", "by_key.yaml")
    by_folder = harness("export", "cassettes", "--to", "out")

    assert (by_key.returncode, by_folder.returncode) == (0, 0)
    assert by_key.stdout == "cassettes/s/c/k/1.jsonl -> by_key.yaml: 1 interactions\n"
    assert (tmp_path / "by_key.yaml").read_text() == (tmp_path / "out/s/c/k/1.yaml").read_text()


def test_what_cannot_be_imported_is_explained_after_all_else(harness, recordings, tmp_path):
    (recordings / "bad.yaml").write_text("interactions:\n- !!python/name:os.system ''\n")
    (recordings / "compose.yml").write_text("services: {}\n")

    done = harness("import", "old", "--to", "new")

    assert done.returncode == 2
    assert "2 of 4 files imported" in done.stdout
    first, second = done.stderr.splitlines()
    assert first.startswith("Error: old/bad.yaml:2: the tag !!python/name:os.system asks for")
    assert second.startswith("Error: old/compose.yml:1: this is no known recording")
    assert (tmp_path / "new" / "one.jsonl").is_file()


def test_nothing_is_replaced_without_overwrite(harness, recordings):
    target = recordings / "one.jsonl"
    target.write_text("precious")

    kept = harness("import", "old/one.yaml")

    assert kept.returncode == 2
    assert "old/one.jsonl: the file exists and was not replaced" in kept.stderr
    assert "harness cassette import --overwrite" in kept.stderr
    assert target.read_text() == "precious"
    assert harness("import", "old/one.yaml", "--overwrite").returncode == 0
    assert target.read_text() != "precious"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["old", "--to", "../out"], "--to ../out: the path climbs out of the current folder"),
        (["old", "--to", "a/../../out"], "climbs out of the current folder"),
        (["old", "--to", "one.jsonl"], "that is one file, but there are 2 to write"),
        (["old/one.yaml", "--to", "folder.jsonl"], "--to folder.jsonl: that is a folder"),
        (["old", "--to", "old/notes.txt"], "that is a file, and its name does not end in .jsonl"),
        (["old/one.yaml", "--to", "old/notes.txt/a.jsonl"], "nothing can be written there"),
        (["old", "--to", "/proc/nowhere"], "/proc/nowhere: nothing can be written there"),
        (["old/one.yaml", "old/deep/../one.yaml", "--to", "n"], "both old/one.yaml and"),
        (["empty"], "empty: there is no .yaml or .yml or .json file below it"),
        (["absent.yaml"], "absent.yaml: there is no such file"),
        (["old", "--to", "linked"], "a link leads out of the folder --to linked"),
    ],
)
def test_a_destination_that_cannot_be_meant_is_refused(
    harness, recordings, tmp_path, arguments, expected
):
    for name in ("folder.jsonl", "empty", "linked", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "linked" / "deep").symlink_to(tmp_path / "elsewhere")

    done = harness("import", *arguments)

    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert not (tmp_path.parent / "out").exists()


def test_a_source_is_never_its_own_destination(harness, recordings):
    copy = recordings / "named.jsonl"
    copy.write_text(RECORDING)

    done = harness("import", "old/named.jsonl", "--to", "old/named.jsonl", "--overwrite")

    assert done.returncode == 2
    assert "that is the very file it would be made from" in done.stderr
    assert copy.read_text() == RECORDING


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(harness, recordings, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)

    done = harness("import", "old", "--to", "locked")

    assert done.returncode == 2
    assert "locked: nothing can be written there" in done.stderr


def test_a_damaged_cassette_is_explained_and_the_others_are_exported(harness, recordings, tmp_path):
    harness("import", "old", "--to", "new")
    (tmp_path / "new" / "broken.jsonl").write_text('{"kind":"header"')

    done = harness("export", "new", "--to", "out")

    assert done.returncode == 2
    assert "new/broken.jsonl:1: " in done.stderr
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.yaml")) == [
        "one.yaml",
        "two.test.yaml",
    ]


def test_what_was_imported_fits_a_terminal_and_stays_whole_in_a_pipe(recordings, tmp_path):
    names = ["test_a_conversation_of_two_agents_and_a_tool", "test_another_one_that_is_as_long"]
    for name in names:
        (recordings / f"{name}.yaml").write_text(RECORDING)

    def imported(folder, **extra):
        done = subprocess.run(
            [sys.executable, "-m", "harness", "cassette", "import", "old", "--to", folder],
            cwd=tmp_path,
            env=environment(**extra),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    narrow, whole = imported("new", COLUMNS="80"), imported("newer")

    assert max(map(len, narrow)) <= 80
    assert len(whole) == 1 + 4 + 1
    assert max(map(len, whole)) > 80
    flat = "".join("".join(narrow).split())
    for name in names:
        assert any(f"old/{name}.yaml" in line for line in whole)
        assert any(f"vcrpy -> newer/{name}.jsonl" in line for line in whole)
    assert flat.endswith("4of4filesimported:4interactions,4pricedat$0.000840,secretsreplacedin1")
