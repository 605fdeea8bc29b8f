from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from cli_project import Command, environment

from harness.cassettes import CassetteHeader
from harness.cassettes.format import ResponseRecord
from harness.cassettes.matching import request_of
from harness.cassettes.payload import payload_of
from harness.cassettes.writer import CassetteWriter

Chat = list[tuple[str, str]]
BASE: Chat = [("one?", "First.\nIndeed."), ("two?", "Second."), ("three?", "Third.")]


def write(path: Path, chat: Chat, *, recorded_at: str = "2026-01-02T03:04:05+00:00") -> str:
    """A cassette of questions and answers."""
    header = CassetteHeader(
        recorded_at=recorded_at, source="api.openai.com", base_url="https://api.openai.com/v1"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = CassetteWriter(path, header, overwrite=True)
    for question, reply in chat:
        asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": question}]}
        answered = {"choices": [{"message": {"role": "assistant", "content": reply}}]}
        response = ResponseRecord(status=200, body=payload_of(json.dumps(answered).encode()))
        url = "https://api.openai.com/v1/chat/completions"
        writer.write(
            request_of("POST", url, json.dumps(asked).encode()), response, latency_seconds=0.1
        )
    writer.finish()
    return str(path)


def test_recording_the_same_again_is_no_difference(harness: Command, tmp_path: Path) -> None:
    one = write(tmp_path / "a.jsonl", BASE)
    other = write(tmp_path / "b.jsonl", BASE, recorded_at="2026-05-05T00:00:00+00:00")

    done = harness("cassette", "diff", one, other)

    assert done.returncode == 0, done.stdout
    assert "Interactions: 3 same." in done.stdout


def test_a_changed_reply_shows_as_its_changed_line(harness: Command, tmp_path: Path) -> None:
    one = write(tmp_path / "a.jsonl", BASE)
    other = write(tmp_path / "b.jsonl", [("one?", "First.\n-- Hardly."), *BASE[1:]])

    done = harness("cassette", "diff", one, other)

    assert done.returncode == 1
    assert "request: the same" in done.stdout
    assert "       First.\n      -Indeed.\n      +-- Hardly.\n" in done.stdout
    assert "Interactions: 2 same, 1 changed." in done.stdout


def test_a_removed_line_that_looks_like_a_file_name_is_kept(
    harness: Command, tmp_path: Path
) -> None:
    one = write(tmp_path / "a.jsonl", [("one?", "-- rule\nend")])
    other = write(tmp_path / "b.jsonl", [("one?", "end")])

    done = harness("cassette", "diff", one, other)

    assert "      --- rule\n" in done.stdout


def test_a_changed_request_shows_where_it_parts(harness: Command, tmp_path: Path) -> None:
    start = "x" * 5000
    one = write(tmp_path / "a.jsonl", [(f"{start} Friday", "Yes.")])
    other = write(tmp_path / "b.jsonl", [(f"{start} Monday", "Yes.")])

    done = harness("cassette", "diff", one, other)

    assert done.returncode == 1
    assert "$.messages[0].content, character 5002" in done.stdout
    assert "Friday'" in done.stdout
    assert "Monday'" in done.stdout
    assert "reply: the same" in done.stdout


def test_added_and_removed_interactions_leave_the_others_the_same(
    harness: Command, tmp_path: Path
) -> None:
    one = write(tmp_path / "a.jsonl", BASE)
    other = write(tmp_path / "b.jsonl", [BASE[0], *BASE[2:], ("four?", "Fourth.")])

    done = harness("cassette", "diff", one, other)

    assert done.returncode == 1
    assert "Interactions: 2 same, 1 added, 1 removed." in done.stdout
    assert "[-2] : removed" in done.stdout or "[-2] removed" in done.stdout
    assert "Fourth." in done.stdout


def test_a_cassette_is_compared_with_what_git_keeps_of_it(harness: Command, tmp_path: Path) -> None:
    git = shutil.which("git")
    assert git, "git is needed to develop here"
    path = tmp_path / "cassettes/s/one/plain/1.jsonl"
    write(path, BASE)
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "x"]):
        subprocess.run([git, *command], cwd=tmp_path, check=True, env=environment())
    write(path, [*BASE[:2], ("three?", "Changed.")])

    changed = harness("cassette", "diff", "s/one/plain/1@HEAD", "s/one/plain/1")
    by_path = harness("cassette", "diff", "cassettes/s/one/plain/1.jsonl@HEAD", str(path))
    path.unlink()
    gone = harness("cassette", "diff", "s/one/plain/1@HEAD", "s/one/plain/1@HEAD")
    unknown = harness("cassette", "diff", "s/one/plain/1@--output=x", "s/one/plain/1@HEAD")

    assert changed.returncode == 1, changed.stderr
    assert "+Changed." in changed.stdout
    assert by_path.stdout.splitlines()[2:] == changed.stdout.splitlines()[2:]
    assert gone.returncode == 0, gone.stderr
    assert unknown.returncode == 2
    assert "git does not have it" in unknown.stderr


def test_a_damaged_cassette_is_trouble_not_a_difference(harness: Command, tmp_path: Path) -> None:
    one = write(tmp_path / "a.jsonl", BASE)
    torn = tmp_path / "b.jsonl"
    torn.write_bytes((tmp_path / "a.jsonl").read_bytes()[:-60])

    done = harness("cassette", "diff", one, str(torn))

    assert done.returncode == 2
    assert "b.jsonl" in done.stderr


def test_an_empty_cassette_can_be_compared(harness: Command, tmp_path: Path) -> None:
    one = write(tmp_path / "a.jsonl", [])
    other = write(tmp_path / "b.jsonl", BASE)

    same = harness("cassette", "diff", one, one)
    more = harness("cassette", "diff", one, other)

    assert (same.returncode, more.returncode) == (0, 1)
    assert "none in either" in same.stdout
    assert "3 added" in more.stdout


@pytest.mark.parametrize("word", ["diff", "show"])
def test_the_help_tells_what_a_cassette_may_be_called(harness: Command, word: str) -> None:
    done = harness("cassette", word, "--help")

    assert done.returncode == 0
    assert "NAME@REVISION" in done.stdout
