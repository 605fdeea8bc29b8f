"""A trajectory is compared with the one that was stored, and stored when asked to."""

from __future__ import annotations

from pathlib import Path

import pytest
from spoken import end, ran, say, tool, transcript

from harness import expect
from harness.errors import HarnessError
from harness.expectations.snapshots import UPDATE_VARIABLE

STEPS = (say("user"), say("coder"), tool("look", '{"at": "it"}'), ran(0))


@pytest.fixture
def follow(tmp_path: Path):
    """Expect from a file in the test's own folder, as a user's test would."""
    code = "from harness import expect\ndef check(t): expect(t).follows_snapshot('talk')\n"
    names: dict = {}
    exec(compile(code, str(tmp_path / "test_mine.py"), "exec"), names)
    return names["check"]


def test_a_snapshot_lies_beside_the_test_and_is_written_when_asked_for(
    follow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(UPDATE_VARIABLE, "1")
    follow(transcript(*STEPS, end()))
    monkeypatch.delenv(UPDATE_VARIABLE)

    follow(transcript(*STEPS, end()))

    assert (tmp_path / "snapshots" / "talk.trajectory").read_text() == (
        'user -> chat\ncoder -> chat\ncoder calls look({"at": "it"})\n'
        "executor runs python: exit 0\nended by termination_message of user\n"
    )


def test_what_diverges_first_is_shown(follow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(UPDATE_VARIABLE, "1")
    follow(transcript(*STEPS, end()))
    monkeypatch.delenv(UPDATE_VARIABLE)

    with pytest.raises(AssertionError) as caught:
        follow(transcript(*STEPS[:-1], ran(1, output="oh"), end("max_turns")))

    text = str(caught.value)
    assert "at step 4 of 5" in text
    assert "  - executor runs python: exit 0\n  + executor runs python: exit 1\n" in text
    assert "> executor ran python: exit 1" in text
    assert "pytest --harness-update-snapshots" in text


def test_a_missing_snapshot_and_an_empty_transcript_fail(follow) -> None:
    with pytest.raises(AssertionError, match=r"no snapshot .*talk\.trajectory yet"):
        follow(transcript(*STEPS))
    with pytest.raises(AssertionError, match="no trajectory"):
        expect(transcript()).follows_snapshot("talk")


@pytest.mark.parametrize(
    "name", ["two\nlines", "one\u2028two", "a\rb", "\x85", "caf\xe9", "x" * 400]
)
def test_a_speaker_of_any_name_follows_its_own_snapshot(
    name: str, follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = transcript(say(name), say("coder"), end())
    monkeypatch.setenv(UPDATE_VARIABLE, "1")
    follow(talk)
    monkeypatch.delenv(UPDATE_VARIABLE)

    follow(talk)


def test_arguments_that_differ_only_far_behind_are_told_apart(
    follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(UPDATE_VARIABLE, "1")
    follow(transcript(tool("look", f'{{"at": "{"x" * 300}"}}')))
    monkeypatch.delenv(UPDATE_VARIABLE)

    with pytest.raises(AssertionError, match="at step 1 of 1"):
        follow(transcript(tool("look", f'{{"at": "{"x" * 299}y"}}')))


def test_a_damaged_snapshot_is_a_mistake_with_a_way_out(follow, tmp_path: Path) -> None:
    path = tmp_path / "snapshots" / "talk.trajectory"
    path.parent.mkdir()
    path.write_bytes(b"user -> \xff\xfe")

    with pytest.raises(HarnessError, match=r"talk\.trajectory cannot be read.*write it anew with"):
        follow(transcript(*STEPS))
