"""A cassette is named the same way whichever command reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cassette_project import SAMPLES, copy_project
from cli_project import Command

NAMES = [
    pytest.param(f"cassettes/{SAMPLES[0]}.jsonl", 1, id="path"),
    pytest.param(SAMPLES[0], 1, id="key"),
    pytest.param("plain/1", 1, id="part of a key"),
    pytest.param("plain", 2, id="part that fits several"),
    pytest.param("coding", 2, id="suite"),
    pytest.param("cassettes/coding", 2, id="folder"),
]


@pytest.mark.parametrize(("name", "count"), NAMES)
def test_a_name_means_the_same_to_every_command_that_takes_several(
    harness: Command, tmp_path: Path, recorded: Path, name: str, count: int
) -> None:
    copy_project(recorded, tmp_path)

    stats = harness("cassette", "stats", name)
    scrubbed = harness("cassette", "scrub", "--check", name)
    exported = harness("cassette", "export", name, "--to", "out")

    for done in (stats, scrubbed, exported):
        assert done.returncode == 0, done.stderr
    assert f"{count} cassette" in scrubbed.stdout
    assert len(list((tmp_path / "out").rglob("*.yaml"))) == count


@pytest.mark.parametrize("command", ["show", "stats", "scrub", "export"])
def test_a_sample_that_is_not_recorded_is_said_to_be_so(
    harness: Command, tmp_path: Path, recorded: Path, command: str
) -> None:
    copy_project(recorded, tmp_path)

    done = harness("cassette", command, "my_suite/hello/brief-t0.2/1")

    assert done.returncode == 2
    assert "Did you mean" not in done.stderr
    assert "not recorded yet: harness record my_suite -k hello -c brief-t0.2 -e 1" in done.stderr


def test_a_mistyped_key_gets_the_nearest(harness: Command, tmp_path: Path, recorded: Path) -> None:
    copy_project(recorded, tmp_path)

    done = harness("cassette", "show", "coding/lok/plain/1")

    assert done.returncode == 2
    assert "Did you mean 'coding/look/plain/1'?" in done.stderr
